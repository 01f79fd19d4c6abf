//! `tokenizer.json` of Hugging Face's tokenizers, as far as it describes one of the three kinds. A step that would change
//! ids and is not computed here is refused by its name.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::character_map::CharacterMap;
use super::clip::{Cleaning, ClipPairs};
use super::merges::pair;
use super::normaliser::Normaliser;
use super::parts::{Model, Parts};
use super::piece::{Piece, PieceType, byte_table};
use super::problem::{TokenizerProblem, damaged, unsupported};
use super::sentencepiece_pairs::{Order, SentencePiecePairs};
use super::specials::Specials;
use super::unigram::Unigram;

/// The expression by which CLIP's text is cut.
const CLIP_WORDS: &str = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";
const BLANK: &str = "\u{2581}";
const STARTS: [&str; 3] = ["<|startoftext|>", "<bos>", "<s>"];
const ENDS: [&str; 3] = ["<|endoftext|>", "<eos>", "</s>"];
/// More ids than any tokenizer has.
const MOST: u64 = 1 << 24;

pub(super) fn read(text: &str) -> Result<Parts, TokenizerProblem> {
    let text = text.trim_start_matches('\u{feff}');
    let json: Value = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    let model = &json["model"];
    if !model.is_object() {
        return Err(damaged("it is JSON without a model"));
    }
    let (mut steps, mut cuts) = (vec![], vec![]);
    flatten(&json["normalizer"], "normalizers", &mut steps);
    flatten(&json["pre_tokenizer"], "pretokenizers", &mut cuts);
    let added = added(&json["added_tokens"])?;
    // Files of the first version name no type.
    let kind = model["type"].as_str().unwrap_or(match &model["vocab"] {
        Value::Array(_) => "Unigram",
        _ => "BPE",
    });
    let in_words = model["end_of_word_suffix"].as_str().filter(|suffix| !suffix.is_empty());
    let (model, mut ids) = match (kind, in_words) {
        ("Unigram", _) => unigram(model, &steps, &cuts)?,
        ("BPE", Some("</w>")) => clip(model, &steps, &cuts)?,
        ("BPE", None) => pairs(model, &steps, &cuts)?,
        ("BPE", Some(suffix)) => {
            return Err(unsupported(format!("the ending of words {suffix:?}")));
        }
        (kind, _) => return Err(unsupported(format!("a model of the type {kind}"))),
    };
    ids.extend(added.clone());
    let vocabulary = ids.values().max().map_or(0, |id| *id as usize + 1);
    let named = |names: [&str; 3]| names.iter().find_map(|name| ids.get(*name)).copied();
    let (start, end) = (named(STARTS), named(ENDS));
    Ok(Parts { model, specials: Specials::new(added), vocabulary, start, end })
}

type Ids = HashMap<String, u32>;

/// The steps of a normaliser or of a cut, those of sequences one by one.
fn flatten<'a>(step: &'a Value, list: &str, out: &mut Vec<&'a Value>) {
    match step[list].as_array() {
        Some(steps) => steps.iter().for_each(|step| flatten(step, list, out)),
        None if step.is_null() => {}
        None => out.push(step),
    }
}

/// The tokens that are found before anything else.
fn added(tokens: &Value) -> Result<Ids, TokenizerProblem> {
    let tokens = tokens.as_array().map_or(&[][..], Vec::as_slice);
    let token = |token: &Value| {
        let content =
            token["content"].as_str().ok_or_else(|| damaged("an added token has no text"))?;
        let strips = ["lstrip", "rstrip", "single_word"].iter().find(|flag| token[**flag] == true);
        match strips {
            Some(flag) if token["special"] != true => {
                Err(unsupported(format!("the added token {content:?} with {flag}")))
            }
            _ => Ok((content.to_string(), id(&token["id"])?)),
        }
    };
    tokens.iter().map(token).collect()
}

fn id(value: &Value) -> Result<u32, TokenizerProblem> {
    let id = value.as_u64().filter(|id| *id < MOST);
    id.map(|id| id as u32).ok_or_else(|| damaged(format!("the id {value} is none")))
}

fn step_unsupported(step: &Value) -> TokenizerProblem {
    let name = step["type"].as_str().unwrap_or("a step without a type");
    let details: Vec<String> = ["pattern", "content", "behavior", "split"]
        .iter()
        .filter(|key| !step[**key].is_null())
        .map(|key| format!("{key} {}", step[*key]))
        .collect();
    unsupported(match details.is_empty() {
        true => format!("the step {name}"),
        false => format!("the step {name} ({})", details.join(", ")),
    })
}

fn is(step: &Value, name: &str) -> bool {
    step["type"] == name
}

fn replaces(step: &Value, kind: &str, pattern: &str, contents: &[&str]) -> bool {
    let content = step["content"].as_str().unwrap_or_default();
    is(step, "Replace") && step["pattern"][kind] == pattern && contents.contains(&content)
}

fn unigram(
    model: &Value,
    steps: &[&Value],
    cuts: &[&Value],
) -> Result<(Model, Ids), TokenizerProblem> {
    let vocab = model["vocab"].as_array().ok_or_else(|| damaged("its vocabulary is no list"))?;
    let unknown = id(&model["unk_id"])?;
    let piece = |(index, entry): (usize, &Value)| {
        let (text, score) = (entry[0].as_str(), entry[1].as_f64());
        let (Some(text), Some(score)) = (text, score) else {
            return Err(damaged(format!(
                "entry {index} of its vocabulary is no piece with a score"
            )));
        };
        // Any piece may be found in a text there, those of controls too.
        Ok(Piece { text: text.into(), score: score as f32, of: PieceType::Normal })
    };
    let pieces: Vec<Piece> = vocab.iter().enumerate().map(piece).collect::<Result<_, _>>()?;
    let mut normaliser =
        Normaliser { escape_blanks: true, is_metaspace: true, ..Normaliser::default() };
    for step in steps {
        if is(step, "Precompiled") {
            let text = step["precompiled_charsmap"].as_str().unwrap_or_default();
            let map = STANDARD.decode(text).ok().and_then(|bytes| CharacterMap::read(&bytes));
            normaliser.map = Some(map.ok_or_else(|| damaged("its character map is damaged"))?);
        } else if is(step, "Lowercase") {
            normaliser.lowercase = true;
        } else if is(step, "Strip")
            || replaces(step, "Regex", " {2,}", &[" ", BLANK])
            || replaces(step, "Regex", r"\s+", &[" "])
        {
            normaliser.collapse_blanks = true;
        } else {
            return Err(step_unsupported(step));
        }
    }
    for cut in cuts {
        if is(cut, "WhitespaceSplit") {
            normaliser.collapse_blanks = true;
        } else if is(cut, "Metaspace") && cut["replacement"].as_str().is_none_or(|by| by == BLANK) {
            normaliser.dummy_prefix = prepends(cut);
        } else {
            return Err(step_unsupported(cut));
        }
    }
    if !normaliser.collapse_blanks {
        return Err(unsupported("a unigram model that keeps runs of blanks"));
    }
    let ids = pieces.iter().zip(0..).map(|(piece, id)| (piece.text.clone(), id)).collect();
    let bytes = (model["byte_fallback"] == true).then(|| byte_table(&ids)).transpose()?;
    Ok((Model::Unigram(normaliser, Unigram::new(&pieces, unknown, bytes)?), ids))
}

/// Whether a `Metaspace` puts a blank before the text.
fn prepends(cut: &Value) -> bool {
    match cut["prepend_scheme"].as_str() {
        Some(scheme) => scheme != "never",
        None => cut["add_prefix_space"] != false,
    }
}

/// Vocabulary and merges of a BPE.
fn tables(model: &Value) -> Result<(Ids, Vec<(String, String)>), TokenizerProblem> {
    let vocab = model["vocab"].as_object().ok_or_else(|| damaged("its vocabulary is no table"))?;
    let ids = vocab.iter().map(|(text, value)| Ok((text.clone(), id(value)?)));
    let ids = ids.collect::<Result<Ids, TokenizerProblem>>()?;
    let merges = model["merges"].as_array().ok_or_else(|| damaged("its merges are no list"))?;
    let merge = |(index, entry): (usize, &Value)| {
        let parts = match entry {
            Value::String(line) => pair(line),
            entry => entry[0].as_str().zip(entry[1].as_str()),
        };
        let (one, other) = parts.ok_or_else(|| damaged(format!("merge {index} is no pair")))?;
        Ok((one.to_string(), other.to_string()))
    };
    let merges = merges.iter().enumerate().map(merge).collect::<Result<_, _>>()?;
    for key in ["dropout", "continuing_subword_prefix"] {
        let value = &model[key];
        if !value.is_null() && value != "" && value.as_f64() != Some(0.0) {
            return Err(unsupported(format!("a BPE with {key} = {value}")));
        }
    }
    Ok((ids, merges))
}

fn clip(
    model: &Value,
    steps: &[&Value],
    cuts: &[&Value],
) -> Result<(Model, Ids), TokenizerProblem> {
    let known = |step: &&&Value| {
        is(step, "NFC") || is(step, "Lowercase") || replaces(step, "Regex", r"\s+", &[" "])
    };
    if let Some(step) = steps.iter().find(|step| !known(step)) {
        return Err(step_unsupported(step));
    }
    if steps.len() != 3 {
        return Err(unsupported(
            "CLIP's BPE without one of NFC, Lowercase and the replacement of blanks",
        ));
    }
    let known = |cut: &&&Value| {
        is(cut, "ByteLevel") && cut["add_prefix_space"] != true
            || is(cut, "Split") && cut["pattern"]["Regex"] == CLIP_WORDS && cut["invert"] == true
    };
    if let Some(cut) = cuts.iter().find(|cut| !known(cut)) {
        return Err(step_unsupported(cut));
    }
    let (ids, merges) = tables(model)?;
    let unknown = model["unk_token"].as_str().and_then(|text| ids.get(text));
    let unknown = *unknown.ok_or_else(|| damaged("its token for unknown text has no id"))?;
    let pairs = ClipPairs::new(ids.clone(), merges, unknown, Cleaning::Composed);
    Ok((Model::Clip(Box::new(pairs)), ids))
}

fn pairs(
    model: &Value,
    steps: &[&Value],
    cuts: &[&Value],
) -> Result<(Model, Ids), TokenizerProblem> {
    if model["byte_fallback"] != true {
        return Err(unsupported("a BPE that neither ends words nor falls back to bytes"));
    }
    if model["ignore_merges"] == true {
        return Err(unsupported("a BPE with ignore_merges"));
    }
    let mut normaliser = Normaliser::default();
    for step in steps {
        if replaces(step, "String", " ", &[BLANK]) {
            normaliser.escape_blanks = true;
        } else if is(step, "Prepend") && step["prepend"] == BLANK {
            normaliser.dummy_prefix = true;
        } else if is(step, "Lowercase") {
            normaliser.lowercase = true;
        } else {
            return Err(step_unsupported(step));
        }
    }
    for cut in cuts {
        // Blanks were replaced by then, so that there is none to cut at.
        if is(cut, "Split") && cut["pattern"]["String"] == " " && normaliser.escape_blanks {
            continue;
        }
        if !is(cut, "Metaspace") || cut["split"] == true {
            return Err(step_unsupported(cut));
        }
        normaliser.escape_blanks = true;
        normaliser.dummy_prefix |= prepends(cut);
    }
    let (ids, merges) = tables(model)?;
    let bytes = Some(byte_table(&ids)?);
    let mut order = HashMap::new();
    for ((one, other), rank) in merges.iter().zip(0..) {
        let (Some(one), Some(other)) = (ids.get(one), ids.get(other)) else {
            return Err(damaged(format!("its merge {one:?} with {other:?} is of unknown pieces")));
        };
        order.entry((*one, *other)).or_insert(rank);
    }
    let count = ids.values().max().map_or(0, |id| *id as usize + 1);
    let reserved = || Piece { text: String::new(), score: 0.0, of: PieceType::Reserved };
    let mut pieces: Vec<Piece> = (0..count).map(|_| reserved()).collect();
    for (text, id) in &ids {
        let of = PieceType::Normal;
        pieces[*id as usize] = Piece { text: text.clone(), score: 0.0, of };
    }
    let unknown = model["unk_token"].as_str().and_then(|text| ids.get(text)).copied().unwrap_or(0);
    let kept = Specials::default();
    let pairs = SentencePiecePairs::new(&pieces, Order::Merges(order), unknown, bytes, kept);
    Ok((Model::Pairs(normaliser, pairs), ids))
}
