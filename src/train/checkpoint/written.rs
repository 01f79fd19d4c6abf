//! A checkpoint that one process writes, or several together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::durable::{self, create_folder};
use super::index;
use super::manifest::{MODEL_FILES, Manifest};
use super::part::{MODEL, Part};
use super::shards::{self, Written};
use super::{Checkpoints, REMOVED, UNFINISHED};
use crate::train::error::CheckpointError;

/// The processes that write a checkpoint together. The first one makes the folder and the manifest; each writes
/// files of its own.
pub(crate) struct Writers<'a, E> {
    /// The number of this one.
    pub(crate) number: usize,
    /// How many there are.
    pub(crate) count: usize,
    /// Waits for all; an error where this one or another failed.
    pub(crate) agree: &'a dyn Fn(Result<(), E>) -> Result<(), E>,
}

impl<E> Writers<'_, E> {
    /// What the names of this process's files begin with. Parts of tensors have files of their own, so that other processes,
    /// which need the whole ones alone, need not read them.
    fn stem(&self, what: &str, is_cut: bool) -> String {
        match (self.count, is_cut) {
            (1, false) => what.to_owned(),
            (_, false) => format!("{what}-process{}", self.number),
            (_, true) => format!("{what}-parts-process{}", self.number),
        }
    }

    /// What only the first process does.
    fn first(&self, act: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        (self.agree)(if self.number == 0 { act() } else { Ok(()) })
    }
}

impl Checkpoints {
    /// Writes a checkpoint of these parts, of which each process has its own, and then removes those that are no longer kept.
    pub(crate) fn write<E: From<CheckpointError>>(
        &self,
        about: Manifest,
        parts: &[Part<'_, E>],
        writers: &Writers<'_, E>,
    ) -> Result<PathBuf, E> {
        let (unfinished, removed) = (self.folder.join(UNFINISHED), self.folder.join(REMOVED));
        let (step, path) = (about.step, self.path(about.step));
        writers.first(|| {
            create_folder(&self.folder)?;
            durable::clear(&unfinished)?;
            Ok(create_folder(&unfinished)?)
        })?;
        let mut written = None;
        let mut write = || {
            let own = self.write_own(&unfinished, &about, parts, writers)?;
            if writers.number > 0 {
                index::tell(&unfinished, writers.number, &own)?;
            }
            written = Some(own);
            Ok(())
        };
        let own = write();
        (writers.agree)(own)?;
        writers.first(|| {
            let mut all: Vec<Written> = written.into_iter().collect();
            for number in 1..writers.count {
                all.push(index::told(&unfinished, number)?);
            }
            let files = index::finish(&unfinished, all)?;
            Manifest { files, ..about }.write(&unfinished)?;
            durable::sync_folder(&unfinished)?;
            durable::remove_folder(&path, &removed)?;
            durable::rename(&unfinished, &path)?;
            Ok(self.forget(step, &removed)?)
        })?;
        Ok(path)
    }

    /// The files of this process.
    fn write_own<E: From<CheckpointError>>(
        &self,
        folder: &Path,
        about: &Manifest,
        parts: &[Part<'_, E>],
        writers: &Writers<'_, E>,
    ) -> Result<Written, E> {
        let is_model = |part: &&Part<'_, E>| part.names.iter().all(|name| name.starts_with(MODEL));
        let (model, rest): (Vec<_>, Vec<_>) = parts.iter().partition(is_model);
        let mut texts = BTreeMap::new();
        if about.task["task"] == "classify" {
            // As a file of weights says which model it holds.
            let model = json!({ "format": 1, "config": about.task["model"] });
            texts.insert("vit22b".to_owned(), model.to_string());
        }
        let write = |what: &str, prefix: &str, parts: Vec<&Part<'_, E>>, texts: &BTreeMap<_, _>| {
            let (whole, cut): (Vec<_>, Vec<_>) =
                parts.into_iter().partition(|part| part.piece.is_whole());
            let write = |is_cut, parts: &[&Part<'_, E>]| {
                let stem = writers.stem(what, is_cut);
                shards::write(folder, (&stem, prefix), parts, texts, self.shard_bytes)
            };
            Ok::<_, E>(write(false, &whole)?.and(write(true, &cut)?))
        };
        Ok(Written {
            model: write(MODEL_FILES, MODEL, model, &texts)?,
            rest: write("state", "", rest, &BTreeMap::new())?,
        })
    }

    /// Removes checkpoints that are no longer kept, and those of later steps than this one.
    fn forget(&self, step: u64, removed: &Path) -> Result<(), CheckpointError> {
        let (until_now, later): (Vec<u64>, _) = self.steps()?.into_iter().partition(|s| *s <= step);
        let old = until_now.len().saturating_sub(self.keep);
        for step in until_now[..old].iter().chain(&later) {
            durable::remove_folder(&self.path(*step), removed)?;
        }
        Ok(())
    }
}
