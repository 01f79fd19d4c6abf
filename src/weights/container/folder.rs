//! The weights in a folder.

use std::path::{Path, PathBuf};

use super::checkpoint;
use super::error::ContainerError;
use super::opened::Container;
use super::sharded;

/// Opens what is there, in this order: an index of shards or a file under the name that transformers and timm
/// give it, a checkpoint of training, and the only file with another name.
pub(super) fn open(folder: &Path) -> Result<Container, ContainerError> {
    let index = folder.join("model.safetensors.index.json");
    if index.exists() {
        return sharded::open(&index);
    }
    let usual = folder.join("model.safetensors");
    if usual.exists() {
        return Container::open_file(&usual);
    }
    let found = listed(folder)?;
    // A run keeps its checkpoints in a folder of their own.
    let steps = folder.join("checkpoints");
    let steps = if steps.is_dir() { listed(&steps)? } else { vec![] };
    if let Some(checkpoint) = checkpoint::latest(folder, steps.iter().chain(&found)) {
        return checkpoint::open(&checkpoint);
    }
    let weights = found.iter().filter(|path| is_weights(path)).collect::<Vec<_>>();
    match weights[..] {
        [file] => Container::open_file(file),
        _ => Err(ContainerError::Folder {
            folder: folder.display().to_string(),
            found: match weights.len() {
                0 => "no file of weights".into(),
                _ => format!("several: {}", names(&weights)),
            },
        }),
    }
}

/// What is in a folder, in the order of the names.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, ContainerError> {
    let io = |reason| ContainerError::Io { file: folder.display().to_string(), reason };
    let entries = std::fs::read_dir(folder).map_err(io)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<_, _>>().map_err(io)?;
    paths.sort();
    Ok(paths)
}

fn is_weights(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    path.is_file() && ["safetensors", "npz"].contains(&ending.to_ascii_lowercase().as_str())
}

fn names(paths: &[&PathBuf]) -> String {
    let name = |path: &&PathBuf| path.file_name().unwrap_or_default().display().to_string();
    paths.iter().map(name).collect::<Vec<_>>().join(", ")
}
