//! What a checkpoint says about itself.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::files::hex;
use crate::train::Recipe;

use super::durable;
use crate::train::error::CheckpointError;
use crate::train::task::classify;

/// The name and the version of the format.
const FORMAT: &str = "vit22b-checkpoint-3";
/// The format before: parameters are in the files of the rest, as `model/` and their paths.
const FORMAT_2: &str = "vit22b-checkpoint-2";
/// The first one: as format 2, but its manifest holds the config of a ViT, and its recipe also loss, mixup and CutMix.
const FORMAT_1: &str = "vit22b-checkpoint-1";
const FILE: &str = "manifest.json";
/// The manifest's hash, in the form of `sha256sum`.
const HASH_FILE: &str = "manifest.sha256";

/// The text beside the tensors of a checkpoint, `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// Name and version of the format.
    pub format: String,
    /// Number of steps done.
    pub step: u64,
    /// Number of examples that these steps have taken from the data.
    pub position: u64,
    /// What is trained, as [`Task::describe`](crate::train::Task::describe) says. A checkpoint of format
    /// 1 is of a [`Classify`](crate::train::Classify).
    pub task: Value,
    /// How it is trained.
    pub recipe: Recipe,
    /// What it is trained on, as [`BatchSource::describe`](crate::data::BatchSource::describe) says; null where that is not
    /// known.
    #[serde(default)]
    pub data: Value,
    /// The seed that was given to the run; null where that is not known.
    #[serde(default)]
    pub seed: Option<u64>,
    /// The mesh of devices that held the state; null for one device, and in earlier formats. It says nothing about the
    /// files, which are read on any mesh.
    #[serde(default)]
    pub mesh: Option<String>,
    /// The files with the tensors, and the index of those that hold the model.
    pub files: Vec<ShardFile>,
}

/// A file of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ShardFile {
    /// Its name in the checkpoint's folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// The beginning of the names of files with parameters.
pub(super) const MODEL_FILES: &str = "model";

impl ShardFile {
    pub(super) fn of(name: String, bytes: &[u8]) -> Self {
        Self { name, bytes: bytes.len() as u64, sha256: sha256(bytes) }
    }
}

impl Manifest {
    pub(super) fn new(step: u64, position: u64, task: Value, recipe: Recipe) -> Self {
        let (data, files) = (Value::Null, vec![]);
        let format = FORMAT.into();
        Self { format, step, position, task, recipe, data, seed: None, mesh: None, files }
    }

    /// Whether the tensors of a file are parameters under their paths alone.
    pub(super) fn names_are_paths(&self, file: &str) -> bool {
        self.format == FORMAT && file.starts_with(MODEL_FILES)
    }

    /// Whether it says on which mesh the state was, and null is one device.
    pub(crate) fn names_mesh(&self) -> bool {
        self.format == FORMAT
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), CheckpointError> {
        let path = folder.join(FILE);
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| CheckpointError::io("write", &path)(error.into()))?;
        durable::write(&path, text.as_bytes())?;
        let line = format!("{}  {FILE}\n", sha256(text.as_bytes()));
        durable::write(&folder.join(HASH_FILE), line.as_bytes())
    }

    pub(super) fn read(folder: &Path) -> Result<Self, CheckpointError> {
        let path = folder.join(FILE);
        let text = read(&path)?;
        let line = read(&folder.join(HASH_FILE))?;
        let (expected, got) = (String::from_utf8_lossy(&line), sha256(&text));
        let expected = expected.split(' ').next().unwrap_or_default();
        if expected != got {
            return Err(CheckpointError::damaged(&path, sha(expected), sha(&got)));
        }
        let mut json: Value = serde_json::from_slice(&text)
            .map_err(|error| CheckpointError::damaged(&path, "JSON", error))?;
        match json["format"].as_str().unwrap_or("none") {
            FORMAT | FORMAT_2 => {}
            FORMAT_1 => {
                json["task"] = classify::of_format_1(json["config"].take(), &json["recipe"])
            }
            format => {
                let (expected, got) = (FORMAT.into(), format.into());
                return Err(CheckpointError::Format { path, expected, got });
            }
        }
        serde_json::from_value(json)
            .map_err(|error| CheckpointError::damaged(&path, "the fields of a manifest", error))
    }
}

/// Reads a file of a checkpoint. One that is missing counts as damaged.
fn read(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => CheckpointError::damaged(path, "a file", "none"),
        _ => CheckpointError::io("read", path)(error),
    })
}

fn sha256(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes))
}

/// The start of a hash is enough to tell two apart.
fn sha(hash: &str) -> String {
    format!("SHA-256 {}…", hash.chars().take(12).collect::<String>())
}
