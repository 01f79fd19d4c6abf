//! Labels as people write them, in JSON and in text.

use std::collections::BTreeSet;

use serde::Deserialize;

/// The fields of a JSON object that hold labels; other fields are ignored.
#[derive(Deserialize, Default)]
pub(super) struct Labels {
    label: Option<OneOrMany>,
    labels: Option<OneOrMany>,
    class: Option<OneOrMany>,
    cls: Option<OneOrMany>,
    target: Option<OneOrMany>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a label that is text, a whole number, or a list of these")]
enum OneOrMany {
    One(Label),
    Many(Vec<Option<Label>>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Number(serde_json::Number),
    Name(String),
}

impl Labels {
    /// All labels, each once. Where fields disagree, as a number in `label` and a name in `class`, `label` and
    /// `labels` are meant, then `class`, `cls` and `target`; the second result names the fields that are not read.
    pub(super) fn names(self) -> (Vec<String>, Vec<&'static str>) {
        let fields = [
            ("labels", self.labels),
            ("class", self.class),
            ("cls", self.cls),
            ("target", self.target),
        ];
        let mut names = self.label.map(texts).unwrap_or_default();
        let mut unread = Vec::new();
        for (field, labels) in fields {
            let labels = labels.map(texts).unwrap_or_default();
            let new = labels.iter().any(|label| !names.contains(label));
            if names.is_empty() || field == "labels" {
                labels.into_iter().for_each(|label| push(&mut names, label));
            } else if new {
                unread.push(field);
            }
        }
        (names, unread)
    }
}

/// Adds a label that is not there yet.
pub(super) fn push(names: &mut Vec<String>, label: String) {
    if !names.contains(&label) {
        names.push(label);
    }
}

fn texts(labels: OneOrMany) -> Vec<String> {
    let labels = match labels {
        OneOrMany::One(label) => vec![Some(label)],
        OneOrMany::Many(labels) => labels,
    };
    let text = |label| match label {
        Label::Number(number) => number.to_string(),
        Label::Name(name) => name.trim().to_string(),
    };
    labels.into_iter().flatten().map(text).filter(|label| !label.is_empty()).collect()
}

/// The most classes that whole numbers may be indices of.
const MOST_CLASSES: usize = 1 << 20;

/// The names of the classes of a set, from all of its labels: 0, 1, … up to the largest label if all are whole
/// numbers, since these are indices of classes; else the labels, sorted. The second result says how many classes
/// of the first kind have no images, if any.
pub(crate) fn classes<'a>(
    labels: impl Iterator<Item = &'a String>,
) -> (Vec<String>, Option<usize>) {
    let names: BTreeSet<&String> = labels.collect();
    let numbers: Option<BTreeSet<usize>> = names.iter().map(|name| index(name)).collect();
    match numbers.as_ref().and_then(|numbers| Some((numbers.len(), *numbers.last()?))) {
        Some((used, most)) => {
            let empty = Some(most + 1 - used).filter(|empty| *empty > 0);
            ((0..=most).map(|index| index.to_string()).collect(), empty)
        }
        None => (names.into_iter().cloned().collect(), None),
    }
}

/// The whole number that a label is, also if it is written as a float.
pub(crate) fn index(label: &str) -> Option<usize> {
    let whole = match label.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return None,
        None => label,
    };
    let digits = !whole.is_empty() && whole.bytes().all(|digit| digit.is_ascii_digit());
    whole.parse().ok().filter(|index| digits && *index < MOST_CLASSES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(json: &str) -> (Vec<String>, Vec<&'static str>) {
        serde_json::from_str::<Labels>(json).unwrap().names()
    }

    #[test]
    fn fields_of_json() {
        assert_eq!(names(r#"{"label": null, "labels": null}"#), (vec![], vec![]));
        assert_eq!(names(r#"{"label": 2, "cls": 2}"#), (vec!["2".into()], vec![]));
        let both = vec!["dog".to_string(), "pet".into()];
        assert_eq!(names(r#"{"label": ["dog", "pet"]}"#), (both.clone(), vec![]));
        assert_eq!(names(r#"{"label": "dog", "labels": ["pet", null]}"#), (both, vec![]));
        assert_eq!(names(r#"{"label": 3, "class": "dog"}"#), (vec!["3".into()], vec!["class"]));
        let error = serde_json::from_str::<Labels>(r#"{"label": {"a": 1}}"#).err().unwrap();
        assert!(error.to_string().contains("a whole number, or a list"), "{error}");
    }

    #[test]
    fn whole_numbers_are_indices() {
        let classes = |labels: &[&str]| {
            let labels: Vec<String> = labels.iter().map(ToString::to_string).collect();
            let (classes, empty) = classes(labels.iter());
            (classes.join(" "), empty)
        };
        assert_eq!(classes(&["3.0", "2", "0.00"]), ("0 1 2 3".into(), Some(1)));
        assert_eq!(classes(&["1", "0"]), ("0 1".into(), None));
        for names in ["10 2 cat", "1.5 2", "+3 -1 1. 2", ""] {
            let labels: Vec<&str> = names.split_whitespace().rev().collect();
            assert_eq!(classes(&labels), (names.into(), None));
        }
    }
}
