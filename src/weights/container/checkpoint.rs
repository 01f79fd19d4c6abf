//! A checkpoint of training as weights: the parameters of its model, without optimizer and averages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::entry::Entry;
use super::error::{ContainerError, Damage};
use super::opened::{Container, Packing};
use crate::data::preprocess::Preprocess;
use crate::files::mapped::Mapped;
use crate::params::pieces::Piece;

const FILE: &str = "manifest.json";
/// The formats without their number.
const FORMAT: &str = "vit22b-checkpoint-";
const NEWEST: &str = "vit22b-checkpoint-3";
const ENDING: &str = ".safetensors";
/// What the names of parameters begin with, up to format 2.
const MODEL: &str = "model/";
/// What the names of files with parameters begin with, from format 3 on.
const MODEL_FILES: &str = "model-";

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
    let prefix = if manifest["format"] == NEWEST { "" } else { MODEL };
    let mut cut: BTreeMap<String, Vec<(Piece, Entry)>> = BTreeMap::new();
    let files = manifest["files"].as_array().into_iter().flatten();
    for file in files.map(|file| file["name"].as_str().unwrap_or_default()) {
        // A name, not a way out of the folder.
        if Path::new(file).file_name() != Some(file.as_ref()) || file.contains('\\') {
            return Err(invalid(format!("{file:?} is not the plain name of a file beside it")));
        }
        if !file.ends_with(ENDING) || !(prefix == MODEL || file.starts_with(MODEL_FILES)) {
            continue;
        }
        let part = Container::open_file(&folder.join(file))?;
        let number = whole.files.len();
        whole.files.extend(part.files);
        for (name, entry) in part.entries {
            let Some(name) = name.strip_prefix(prefix) else { continue };
            let entry = Entry { file: number, ..entry };
            match Piece::of_name(name, &entry.shape) {
                Some((tensor, piece)) if !piece.is_whole() => {
                    cut.entry(tensor.to_owned()).or_default().push((piece, entry));
                }
                _ => drop(whole.entries.insert(name.to_owned(), entry)),
            }
        }
    }
    for (tensor, parts) in cut {
        let joined = whole.join(&tensor, &parts)?;
        whole.entries.insert(tensor, joined);
    }
    let said = json!({ "format": 1, "config": config, "values": values(&manifest) });
    whole.metadata.insert("vit22b".into(), said.to_string());
    Ok(whole)
}

impl Container {
    /// A tensor that several processes wrote, each the parts that its devices held, in memory.
    fn join(&mut self, tensor: &str, parts: &[(Piece, Entry)]) -> Result<Entry, ContainerError> {
        let (Piece { shape, .. }, first) = &parts[0];
        let damaged = |problem: String, entry: &Entry, of: &Self| {
            let part = format!("part of \"{tensor}\"");
            Damage::Header { part, at: 8, problem }.in_file(of.file(entry))
        };
        let all = Piece::whole(shape);
        let held: usize = parts.iter().map(|(piece, _)| piece.count()).sum();
        if held != all.count() {
            let problem = format!("the parts have {held} of its {} elements", all.count());
            return Err(damaged(problem, first, self));
        }
        let size = first.range.len() / parts[0].0.count().max(1);
        let mut bytes = vec![0; held * size];
        for (piece, entry) in parts {
            if (&piece.shape, &entry.element) != (shape, &first.element) {
                let problem = "it has another type or another whole than the others".to_owned();
                return Err(damaged(problem, entry, self));
            }
            let values = self.read(entry)?;
            piece.shared_runs(&all, |from, to, length| {
                let [from, to, length] = [from, to, length].map(|elements| elements * size);
                bytes[to..to + length].copy_from_slice(&values[from..from + length]);
            });
        }
        let (file, range) = (self.files.len(), 0..bytes.len());
        let name = self.file(first).to_owned();
        self.files.push((name, Mapped::from(bytes)));
        Ok(Entry { shape: shape.clone(), file, range, ..first.clone() })
    }
}

/// The step that made values of bytes in training, where the run was of images on disk.
fn values(manifest: &Value) -> Option<String> {
    let steps: Preprocess = manifest["data"]["preprocess"].as_str()?.parse().ok()?;
    steps.values().map(ToString::to_string)
}

/// The config of the model that is trained.
fn config(manifest: &Value) -> Result<&Value, String> {
    let format = manifest["format"].as_str().unwrap_or_default();
    let task = &manifest["task"];
    match format.strip_prefix(FORMAT) {
        Some("1") => Ok(&manifest["config"]),
        Some("2" | "3") if task["task"] == "classify" => Ok(&task["model"]),
        Some("2" | "3") => Err(format!(
            "its task is {}, and weights are read of \"classify\" alone; \
             `Checkpoints` reads it with its task",
            task["task"]
        )),
        _ => Err(format!("its format is {format:?}, expected {FORMAT}3, {FORMAT}2 or {FORMAT}1")),
    }
}
