//! A section of the report, and how its numbers are written.

use serde_json::{Value, json};
use vit22b::report::{Block, Section, Table};

/// A section, what it adds to the summary, and its numbers.
pub(crate) struct Part {
    pub(crate) section: Section,
    /// What is measured, its value, and which way is better.
    pub(crate) summary: Vec<[String; 3]>,
    pub(crate) json: Value,
}

/// What a reader of the numbers has to know first, and more of it for programs. None where there is nothing.
pub(crate) fn cautions(of: &str, cautions: &[String], mut more: Value) -> Option<Part> {
    more["cautions"] = json!(cautions);
    (!cautions.is_empty()).then(|| Part {
        summary: vec![],
        json: more,
        section: Section {
            title: format!("{of}: cautions"),
            blocks: cautions.iter().map(|caution| Block::Text(format!("{caution}."))).collect(),
        },
    })
}

/// A line of the summary.
pub(crate) fn line(measured: &str, value: String, better: &str) -> [String; 3] {
    [measured.into(), value, better.into()]
}

/// A whole number in groups of three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(",")
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Three digits, for numbers that are no shares.
pub(crate) fn number(value: f64) -> String {
    format!("{value:.3}")
}

pub(crate) fn table<const N: usize>(columns: [&str; N], rows: Vec<Vec<String>>) -> Table {
    Table { columns: columns.map(String::from).to_vec(), rows }
}
