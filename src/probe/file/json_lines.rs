//! An object of JSON for each image, on a line of its own.

use std::io::{self, BufRead, Write};

use serde::Deserialize;

use super::broken::invalid;
use crate::probe::table::FeatureTable;

pub(super) fn write(table: &FeatureTable, out: &mut impl Write) -> io::Result<()> {
    for (row, features) in table.matrix().iter().enumerate() {
        let mut line = serde_json::json!({ "features": features });
        if let Some(name) = table.names().get(row) {
            line["name"] = name.as_str().into();
        }
        if let Some(labels) = table.labels().get(row) {
            let names: Vec<&str> = labels.iter().map(|label| &*table.classes()[*label]).collect();
            line["labels"] = names.into();
        }
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Line {
    name: Option<String>,
    features: Vec<f32>,
    #[serde(default)]
    labels: Vec<String>,
}

pub(super) fn read(file: impl BufRead) -> io::Result<FeatureTable> {
    let (mut values, mut columns) = (Vec::new(), 0);
    let (mut names, mut labels) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(file.lines()) {
        let bad = |what: String| invalid(format!("line {number}: {what}"));
        let line: Line = serde_json::from_str(&line?).map_err(|error| bad(error.to_string()))?;
        if number == 1 {
            columns = line.features.len();
        } else if columns != line.features.len() {
            return Err(bad(format!("expected {columns} features, got {}", line.features.len())));
        }
        values.extend(line.features);
        names.extend(line.name);
        labels.push(line.labels);
    }
    let table = FeatureTable::new(values, columns).map_err(|error| invalid(error.to_string()))?;
    let table = match names.is_empty() {
        true => table,
        false => table.with_names(names).map_err(|error| invalid(error.to_string()))?,
    };
    table.with_label_names(&labels)
}
