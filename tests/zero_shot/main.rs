//! Text towers, tokenizers, prompts and retrieval beside what their own libraries compute.
//!
//! `VIT22B_FIXTURES=DIR` takes other folders of the same form, which may be of other sizes and seeds, where DIR, or its
//! folder `parts`, has them.

mod evaluation;
mod tokenizers;
mod towers;
mod tuning;

use std::path::{Path, PathBuf};

use serde_json::Value;

fn copies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A folder of golden values: the given one, or the copy.
fn folder(name: &str) -> PathBuf {
    let given = std::env::var_os("VIT22B_FIXTURES").map(PathBuf::from);
    let given = given.into_iter().flat_map(|dir| [dir.clone(), dir.join("parts")]);
    let mut folders = given.chain([copies().join("parts")]).map(|dir| dir.join(name));
    folders.find(|folder| folder.is_dir()).unwrap_or_else(|| panic!("no folder {name}"))
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}
