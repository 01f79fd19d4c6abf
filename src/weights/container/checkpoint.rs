//! A checkpoint of training as weights: the parameters of its model, without optimizer and averages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::entry::Entry;
use super::error::{ContainerError, Damage};
use super::opened::{Container, Packing};

const FILE: &str = "manifest.json";
/// The formats without their number.
const FORMAT: &str = "vit22b-checkpoint-";
/// What the names of parameters begin with.
const MODEL: &str = "model/";

/// The folder of a checkpoint: the folder itself, or the last step of those that a run left.
pub(super) fn latest<'a>(
    folder: &Path,
    found: impl Iterator<Item = &'a PathBuf>,
) -> Option<PathBuf> {
    if folder.join(FILE).exists() {
        return Some(folder.into());
    }
    let is_step = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("step-") && path.join(FILE).exists()
    };
    // The names have the step with leading zeros.
    found.filter(is_step).max_by_key(|path| path.file_name()).cloned()
}

/// Opens the files of a checkpoint. The entry `vit22b` of its metadata is as in a file of this crate, without
/// preprocessing.
pub(super) fn open(folder: &Path) -> Result<Container, ContainerError> {
    let path = folder.join(FILE);
    let name = path.display().to_string();
    let text = std::fs::read_to_string(&path)
        .map_err(|reason| ContainerError::Io { file: name.clone(), reason })?;
    let invalid =
        |problem: String| Damage::Header { part: "manifest".into(), at: 0, problem }.in_file(&name);
    let manifest: Value =
        serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    let config = config(&manifest).map_err(invalid)?;

    let mut whole = Container {
        packing: Packing::Safetensors,
        files: vec![],
        entries: BTreeMap::new(),
        metadata: BTreeMap::new(),
    };
    let files = manifest["files"].as_array().into_iter().flatten();
    for file in files.map(|file| file["name"].as_str().unwrap_or_default()) {
        // A name, not a way out of the folder.
        if Path::new(file).file_name() != Some(file.as_ref()) || file.contains('\\') {
            return Err(invalid(format!("{file:?} is not the plain name of a file beside it")));
        }
        let part = Container::open_file(&folder.join(file))?;
        let number = whole.files.len();
        whole.files.extend(part.files);
        whole.entries.extend(part.entries.into_iter().filter_map(|(name, entry)| {
            Some((name.strip_prefix(MODEL)?.to_string(), Entry { file: number, ..entry }))
        }));
    }
    whole.metadata.insert("vit22b".into(), json!({ "format": 1, "config": config }).to_string());
    Ok(whole)
}

/// The config of the model that is trained.
fn config(manifest: &Value) -> Result<&Value, String> {
    let format = manifest["format"].as_str().unwrap_or_default();
    let task = &manifest["task"];
    match format.strip_prefix(FORMAT) {
        Some("1") => Ok(&manifest["config"]),
        Some("2") if task["task"] == "classify" => Ok(&task["model"]),
        Some("2") => Err(format!(
            "its task is {}, and weights are read of \"classify\" alone; \
             `Checkpoints` reads it with its task",
            task["task"]
        )),
        _ => Err(format!("its format is {format:?}, expected {FORMAT}2 or {FORMAT}1")),
    }
}
