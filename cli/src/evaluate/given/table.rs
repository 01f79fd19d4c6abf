//! Logits in a table: a label and its logits in each line.

use anyhow::{Context, bail, ensure};

use super::arrays::{GivenLogits, bad_row};
use crate::terminal::counted;

/// Names of the column of labels, in lower case; without one of them it is the first column.
const LABELS: [&str; 5] = ["label", "labels", "class", "target", "y"];

/// Reads a table in UTF-8 whose fields stand between commas, semicolons or tabs, with or without a header.
pub(super) fn table(bytes: &[u8]) -> anyhow::Result<GivenLogits> {
    let is_wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    ensure!(!is_wide, "expected text in UTF-8, got UTF-16; save the file as UTF-8");
    let text =
        std::str::from_utf8(bytes).context("expected text in UTF-8; save the file as UTF-8")?;
    let text = text.trim_start_matches('\u{feff}');
    let mut lines =
        text.lines().zip(1usize..).filter(|(line, _)| !line.trim().is_empty()).peekable();
    let none = "expected lines of a label and its logits, got none";
    let (first, _) = lines.peek().context(none)?;
    let count = |separator: &char| first.matches(*separator).count();
    let separator = [',', '\t', ';'].into_iter().max_by_key(count).unwrap_or(',');
    let split = |line: &str| -> Vec<String> {
        line.split(separator).map(|field| field.trim().trim_matches('"').trim().into()).collect()
    };
    let number = |field: &str| -> Option<f64> {
        // Where commas do not separate, they stand before the decimals.
        if separator == ',' { field.parse().ok() } else { field.replace(',', ".").parse().ok() }
    };
    let names = split(first);
    let label = names.iter().position(|name| LABELS.contains(&name.to_lowercase().as_str()));
    let mut unnamed = Vec::new();
    if label.is_some() || names.iter().all(|name| number(name).is_none()) {
        lines.next();
        unnamed = (0..names.len()).filter(|at| names[*at].is_empty()).collect();
    }
    let label = label.unwrap_or_default();
    if !unnamed.is_empty() {
        let columns = counted(unnamed.len(), "column");
        eprintln!("note: --logits: left out: {columns} without a name");
    }
    let (mut logits, mut labels, mut classes) = (Vec::new(), Vec::new(), None);
    for (text, line) in lines {
        let fields = split(text);
        let class = fields.get(label).and_then(|field| class(field));
        let kept =
            fields.iter().enumerate().filter(|(at, _)| *at != label && !unnamed.contains(at));
        let row: Option<Vec<f64>> = kept.map(|(_, field)| number(field)).collect();
        let (Some(class), Some(row)) = (class, row) else {
            bail!("line {line}: expected the number of a class and its logits, got {text:?}");
        };
        let expected = *classes.get_or_insert(row.len());
        ensure!(
            row.len() == expected,
            "line {line}: expected {expected} logits, got {}",
            row.len()
        );
        ensure!(expected > 1, "line {line}: expected a logit for each of at least two classes");
        if let Some((_, problem)) = bad_row(&row, expected) {
            bail!("line {line}: {problem}");
        }
        ensure!(class < expected, "line {line}: class {class}, and there are {expected} logits");
        logits.extend(row);
        labels.push(class);
    }
    let classes = classes.context(none)?;
    Ok(GivenLogits { logits, labels, classes, unknown: None, groups: None })
}

/// The number of a class, perhaps written as a float.
fn class(field: &str) -> Option<usize> {
    let value: f64 = field.parse().ok()?;
    (value.fract() == 0.0 && (0.0..=u32::MAX.into()).contains(&value)).then_some(value as usize)
}
