//! CLIP's list of merges.

use std::collections::HashMap;
use std::io::Read;

use flate2::read::GzDecoder;

use super::clip::{Cleaning, ClipPairs, WORD_END, ordered_characters};
use super::parts::{Model, Parts};
use super::problem::{TokenizerProblem, damaged};
use super::specials::Specials;

/// How many merges CLIP takes of a longer list, as its published one is.
const MERGES: usize = 49_152 - 256 - 2;
/// The most bytes that a gzipped list unpacks to.
const LARGEST: u64 = 1 << 26;

/// The text of a gzipped list of merges.
pub(super) fn unpacked(bytes: &[u8]) -> Result<String, TokenizerProblem> {
    let mut text = String::new();
    let read = GzDecoder::new(bytes).take(LARGEST).read_to_string(&mut text);
    read.map_err(|error| damaged(format!("it is gzipped and cannot be unpacked: {error}")))?;
    Ok(text)
}

/// Whether a text looks as a list of merges: pairs on lines, from the second line on.
pub(super) fn is_merges(text: &str) -> bool {
    let mut lines = text.lines().skip(1).take(3).peekable();
    lines.peek().is_some() && lines.all(|line| pair(line).is_some())
}

/// The tokenizer of a list of merges. Ids are counted as CLIP does: bytes, bytes at the end of a word, merges, start
/// and end.
pub(super) fn read(text: &str) -> Result<Parts, TokenizerProblem> {
    if !is_merges(text) {
        return Err(damaged("its lines are no pairs of merges"));
    }
    let header = usize::from(text.starts_with("#version") || text.starts_with('"'));
    let lines = text.lines().enumerate().skip(header).filter(|(_, line)| !line.is_empty());
    let merges: Vec<(String, String)> = lines
        .take(MERGES)
        .map(|(index, line)| {
            let (one, other) = pair(line)
                .ok_or_else(|| damaged(format!("line {} is no pair of merges", index + 1)))?;
            Ok((one.to_string(), other.to_string()))
        })
        .collect::<Result<_, _>>()?;
    let bytes = ordered_characters().into_iter().map(String::from);
    let at_end = ordered_characters().into_iter().map(|byte| format!("{byte}{WORD_END}"));
    let joined = merges.iter().map(|(one, other)| format!("{one}{other}"));
    let ends = ["<start_of_text>", "<end_of_text>"].map(String::from);
    let words = bytes.chain(at_end).chain(joined).chain(ends.clone());
    let ids: HashMap<String, u32> = words.zip(0..).collect();
    let [start, end] = ends.each_ref().map(|end| ids[end]);
    let specials = Specials::new(HashMap::from(ends.map(|text| {
        let id = ids[&text];
        (text, id)
    })));
    let vocabulary = end as usize + 1;
    let model = Model::Clip(Box::new(ClipPairs::new(ids, merges, end, Cleaning::Clip)));
    Ok(Parts { model, specials, vocabulary, start: Some(start), end: Some(end) })
}

/// Both parts of a merge.
pub(super) fn pair(line: &str) -> Option<(&str, &str)> {
    let (one, other) = line.split_once(' ')?;
    let is_part = |part: &str| !part.is_empty() && !part.contains(' ');
    (is_part(one) && is_part(other)).then_some((one, other))
}
