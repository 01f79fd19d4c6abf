//! Labels as people write them, in JSON and in text.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::data::json;

/// Names of the fields and columns that hold a label, in lower case. Of several, the first is read.
pub(super) const LABEL: [&str; 4] = ["label", "class", "cls", "target"];

/// The name of the field or column that holds labels, which are added to the label.
pub(super) const LABELS: &str = "labels";

/// An object of JSON, whose fields are found by names in any case.
pub(super) struct Object(Vec<(String, Value)>);

impl Object {
    /// Reads an object. The error says what there is instead.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match json::parse(text) {
            Ok(Value::Object(fields)) => {
                let lower = |(name, value): (String, Value)| (name.trim().to_lowercase(), value);
                Ok(Self(fields.into_iter().map(lower).collect()))
            }
            Ok(other) => Err(kind(&other).into()),
            Err(error) => {
                // The text is one line or one member, which the caller names.
                let text = error.to_string();
                let what = text.rsplit_once(" at line ").map_or(&*text, |(what, _)| what);
                Err(format!("no JSON: {what} in column {}", error.column()))
            }
        }
    }

    /// The fields with one of these names that are not null, in the order of the names.
    pub(super) fn fields(&self, names: &[&str]) -> impl Iterator<Item = (&str, &Value)> {
        let named = |name: &&str| {
            let name = name.to_string();
            self.0.iter().filter(move |(field, value)| *field == name && !value.is_null())
        };
        names
            .iter()
            .flat_map(named)
            .map(|(name, value)| (&**name, value))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// All labels, each once. Where fields disagree, as a number in `label` and a name in `class`, `label` and
    /// `labels` are meant, then `class`, `cls` and `target`; the second result names the fields that are not read.
    pub(super) fn labels(&self) -> Result<(Vec<String>, Vec<&str>), String> {
        let (mut names, mut unread) = (Vec::new(), Vec::new());
        for (field, value) in self.fields(&[LABEL[0], LABELS]) {
            texts(field, value)?.into_iter().for_each(|label| push(&mut names, label));
        }
        for (field, value) in self.fields(&LABEL[1..]) {
            let labels = texts(field, value)?;
            if names.is_empty() {
                labels.into_iter().for_each(|label| push(&mut names, label));
            } else if labels.iter().any(|label| !names.contains(label)) {
                unread.push(field);
            }
        }
        Ok((names, unread))
    }
}

/// What a value of JSON is.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Adds a label that is not there yet.
pub(super) fn push(names: &mut Vec<String>, label: String) {
    if !names.contains(&label) {
        names.push(label);
    }
}

/// The labels that a field holds.
fn texts(field: &str, value: &Value) -> Result<Vec<String>, String> {
    let text = |value: &Value| match value {
        Value::Null => Ok(String::new()),
        Value::Number(number) => Ok(number.to_string()),
        Value::String(name) => Ok(name.trim().to_string()),
        other => {
            Err(format!("{} in {field}, where a label is a text or a whole number", kind(other)))
        }
    };
    let labels = match value {
        Value::Array(labels) => labels.iter().map(text).collect::<Result<Vec<_>, _>>()?,
        one => vec![text(one)?],
    };
    Ok(labels.into_iter().filter(|label| !label.is_empty()).collect())
}

/// The classes of a set.
pub(crate) struct Classes {
    pub(crate) names: Vec<String>,
    of: HashMap<String, usize>,
    /// How many have no images, where whole numbers are indices of classes.
    pub(super) empty: usize,
}

impl Classes {
    /// The classes that all labels of a set are of. If all are whole numbers, they are indices of classes: 0, 1, … up to
    /// the largest. Else the labels, in the order of their numbers if they are such, or else sorted.
    pub(crate) fn of<'a>(labels: impl Iterator<Item = &'a String>) -> Self {
        let names: BTreeSet<&String> = labels.collect();
        let numbers: Option<BTreeSet<i64>> = names.iter().map(|name| integer(name)).collect();
        let numbers = numbers.filter(|numbers| !numbers.is_empty());
        let ends = numbers.as_ref().and_then(|numbers| Some((*numbers.first()?, *numbers.last()?)));
        let (names, empty) = match (numbers, ends) {
            (Some(numbers), Some((0.., last @ 0..MOST_CLASSES))) => {
                let all = (0..=last).map(|index| index.to_string()).collect::<Vec<_>>();
                let empty = all.len() - numbers.len();
                (all, empty)
            }
            (Some(numbers), _) => (numbers.iter().map(i64::to_string).collect(), 0),
            (None, _) => (names.into_iter().cloned().collect(), 0),
        };
        let of = names.iter().cloned().zip(0..).collect();
        Self { names, of, empty }
    }

    /// The class of a label, which may be a number in another form.
    pub(crate) fn index(&self, label: &str) -> Option<usize> {
        let number = || self.of.get(&integer(label)?.to_string());
        self.of.get(label).or_else(number).copied()
    }

    /// The first class that is a number below 0.
    pub(super) fn negative(&self) -> Option<&String> {
        self.names.iter().find(|name| integer(name).is_some_and(|number| number < 0))
    }
}

/// The most classes that whole numbers may be indices of.
const MOST_CLASSES: i64 = 1 << 20;

/// The number that a label is, also if it is written as a float.
fn integer(label: &str) -> Option<i64> {
    let whole = match label.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return None,
        None => label,
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    whole.parse().ok().filter(|_| is_number)
}

/// Whether a label is a whole number that can be the index of a class.
pub(super) fn is_index(label: &str) -> bool {
    integer(label).is_some_and(|number| (0..MOST_CLASSES).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(json: &str) -> (Vec<String>, Vec<String>) {
        let object = Object::parse(json).unwrap();
        let (names, unread) = object.labels().unwrap();
        (names, unread.into_iter().map(String::from).collect())
    }

    #[test]
    fn fields_of_json() {
        assert_eq!(names(r#"{"label": null, "labels": null}"#), (vec![], vec![]));
        assert_eq!(names(r#"{"label": 2, "cls": 2}"#), (vec!["2".into()], vec![]));
        let both = vec!["dog".to_string(), "pet".into()];
        assert_eq!(names(r#"{"label": ["dog", "pet"]}"#), (both.clone(), vec![]));
        assert_eq!(names(r#"{"Label": "dog", "LABELS": ["pet", null]}"#), (both, vec![]));
        let unread = vec!["class".to_string()];
        assert_eq!(
            names(r#"{"label": 3, "Class": "dog", "score": NaN}"#),
            (vec!["3".into()], unread)
        );
        assert_eq!(names(r#"{"label": null, "target": "dog"}"#), (vec!["dog".into()], vec![]));
        let error = |json: &str| match Object::parse(json) {
            Ok(object) => object.labels().unwrap_err(),
            Err(error) => error,
        };
        let label = "where a label is a text or a whole number";
        assert_eq!(error(r#"{"label": {"a": 1}}"#), format!("an object in label, {label}"));
        assert_eq!(
            error(r#"{"labels": ["a", true]}"#),
            format!("a truth value in labels, {label}")
        );
        assert_eq!(error("[1]"), "a list");
        assert_eq!(error("{\"a\":"), "no JSON: EOF while parsing a value in column 5");
    }

    fn classes(labels: &[&str]) -> (String, usize) {
        let labels: Vec<String> = labels.iter().map(ToString::to_string).collect();
        let classes = Classes::of(labels.iter());
        for label in &labels {
            assert!(classes.index(label).is_some(), "{label}");
        }
        (classes.names.join(" "), classes.empty)
    }

    #[test]
    fn whole_numbers_are_indices() {
        assert_eq!(classes(&["3.0", "2", "0.00"]), ("0 1 2 3".into(), 1));
        assert_eq!(classes(&["1", "0"]), ("0 1".into(), 0));
        for names in ["10 2 cat", "1.5 2", "+3 -1 1. 2", ""] {
            let labels: Vec<&str> = names.split_whitespace().rev().collect();
            assert_eq!(classes(&labels), (names.into(), 0));
        }
    }

    #[test]
    fn numbers_that_are_no_indices_are_in_their_order() {
        assert_eq!(classes(&["10", "2", "-1.0", "-1", "2.0"]), ("-1 2 10".into(), 0));
        assert_eq!(classes(&["7000000", "3"]), ("3 7000000".into(), 0));
        assert_eq!(classes(&["-0", "1"]), ("0 1".into(), 0));
    }
}
