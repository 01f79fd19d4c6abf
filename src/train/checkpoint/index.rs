//! The files of all processes, and the index of those with parameters as Hugging Face's tools read it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::durable;
use super::manifest::ShardFile;
use super::shards::Written;
use crate::train::error::CheckpointError;

const FILE: &str = "model.safetensors.index.json";

/// Where a process tells the first one which files it wrote.
fn list(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("process{number}.json"))
}

/// Tells the first process which files this one wrote.
pub(super) fn tell(folder: &Path, number: usize, own: &Written) -> Result<(), CheckpointError> {
    let path = list(folder, number);
    let text = serde_json::to_string(own)
        .map_err(|error| CheckpointError::io("write", &path)(error.into()))?;
    durable::write(&path, text.as_bytes())
}

/// What another process told. Its file is removed.
pub(super) fn told(folder: &Path, number: usize) -> Result<Written, CheckpointError> {
    let path = list(folder, number);
    let text = std::fs::read(&path).map_err(CheckpointError::io("read", &path))?;
    let written = serde_json::from_slice(&text)
        .map_err(|error| CheckpointError::damaged(&path, "a list of files", error))?;
    std::fs::remove_file(&path).map_err(CheckpointError::io("remove", &path))?;
    Ok(written)
}

/// Writes the index, if files hold all of each parameter, and gives the files of all processes.
pub(super) fn finish(folder: &Path, all: Vec<Written>) -> Result<Vec<ShardFile>, CheckpointError> {
    let is_cut = all.iter().any(|written| written.model.is_cut);
    let bytes: u64 = all.iter().map(|written| written.model.bytes).sum();
    let mut files = vec![];
    let mut whole: BTreeMap<String, String> = BTreeMap::new();
    for Written { model, rest } in all {
        files.extend(model.files.into_iter().chain(rest.files));
        whole.extend(model.whole);
    }
    if !is_cut {
        let index = json!({ "metadata": { "total_size": bytes }, "weight_map": whole });
        let text = format!("{index:#}\n");
        durable::write(&folder.join(FILE), text.as_bytes())?;
        files.push(ShardFile::of(FILE.into(), text.as_bytes()));
    }
    Ok(files)
}
