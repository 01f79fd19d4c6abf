//! Texts that are one id whatever stands around them.

use std::collections::{BTreeSet, HashMap};

/// Texts with their ids, found at any place of a text; of several the longest.
#[derive(Debug, Default, Clone)]
pub(super) struct Specials {
    ids: HashMap<String, u32>,
    /// The first bytes of the texts, and their lengths in bytes, the longest first.
    firsts: BTreeSet<u8>,
    lengths: Vec<usize>,
}

impl Specials {
    pub(super) fn new(ids: HashMap<String, u32>) -> Self {
        let texts = || ids.keys().filter(|text| !text.is_empty());
        let lengths: BTreeSet<usize> = texts().map(String::len).collect();
        let firsts = texts().filter_map(|text| text.bytes().next()).collect();
        Self { firsts, lengths: lengths.into_iter().rev().collect(), ids }
    }

    /// Length in bytes and id of the longest of the texts at the beginning of `text`.
    pub(super) fn longest(&self, text: &str) -> Option<(usize, u32)> {
        if !self.firsts.contains(text.as_bytes().first()?) {
            return None;
        }
        let at = |length: &usize| Some((*length, *self.ids.get(text.get(..*length)?)?));
        self.lengths.iter().find_map(at)
    }

    /// Hands the texts between these to `other`, and puts the ids of these between.
    pub(super) fn split(
        &self,
        text: &str,
        ids: &mut Vec<u32>,
        mut other: impl FnMut(&str, &mut Vec<u32>),
    ) {
        let (mut start, mut at) = (0, 0);
        while let Some(first) = text[at..].chars().next() {
            match self.longest(&text[at..]) {
                Some((length, id)) => {
                    if start < at {
                        other(&text[start..at], ids);
                    }
                    ids.push(id);
                    at += length;
                    start = at;
                }
                None => at += first.len_utf8(),
            }
        }
        if start < text.len() {
            other(&text[start..], ids);
        }
    }
}
