//! Label hierarchies in files.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::table::{Row, Table, read_text};
use crate::data::error::DataError;
use crate::data::labels::Hierarchy;

/// The parents of a label as they are written in JSON.
#[derive(Deserialize)]
#[serde(untagged)]
enum Parents {
    None(()),
    One(String),
    Many(Vec<String>),
}

impl Hierarchy {
    /// Reads a hierarchy, a tree or a directed acyclic graph, from a file. The ending of its name says
    /// the format:
    ///
    /// - `.csv`: a header `child,parent` and a line for each pair; for a label without parents, `parent` is
    ///   empty
    /// - `.json`: an object with the parent of each label, a list of parents, or null:
    ///   `{"dog": "pet", "pet": ["animal", "friend"]}`
    ///
    /// # Errors
    ///
    /// [`DataError::Line`] for the first line that does not have this form, [`DataError::Label`] for a
    /// label that is its own ancestor, [`DataError::Format`] for another ending, [`DataError::Io`].
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let parents = match &*ending {
            "csv" => csv(path)?,
            "json" => json(path)?,
            _ => {
                let expected = "a hierarchy that ends in .csv or .json";
                return Err(DataError::Format { path: path.into(), expected });
            }
        };
        Self::from_parents(parents)
            .map_err(|reason| DataError::Label { name: path.display().to_string(), reason })
    }
}

fn csv(path: &Path) -> Result<BTreeMap<String, Vec<String>>, DataError> {
    let table = Table::read(path, &["child", "parent"])?;
    let (child, parent) = (table.column("child")?, table.column("parent")?);
    let mut parents: BTreeMap<String, Vec<String>> = BTreeMap::new();
    table.rows(|row: Row<'_>| {
        let (child, parent) = (row.field(child), row.field(parent));
        if child.is_empty() {
            return Err(row.error("a label", "an empty field"));
        }
        let parents = parents.entry(child.to_string()).or_default();
        parents.extend(Some(parent.to_string()).filter(|parent| !parent.is_empty()));
        Ok(())
    })?;
    Ok(parents)
}

fn json(path: &Path) -> Result<BTreeMap<String, Vec<String>>, DataError> {
    let text = read_text(path)?;
    let written: BTreeMap<String, Parents> =
        serde_json::from_str(&text).map_err(|error| DataError::Line {
            path: path.into(),
            line: error.line() as u64,
            expected: "an object as {\"dog\": [\"animal\"]}".into(),
            got: error.to_string(),
        })?;
    let list = |parents| match parents {
        Parents::None(()) => Vec::new(),
        Parents::One(parent) => vec![parent],
        Parents::Many(parents) => parents,
    };
    Ok(written.into_iter().map(|(label, parents)| (label, list(parents))).collect())
}
