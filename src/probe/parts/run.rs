//! Features of any number of images, written in parts.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rayon::prelude::*;

use super::error::PartsError;
use super::manifest::{MANIFEST, MadeBy, Manifest, Part, PartFile, SkippedImages};
use super::plan::{Plan, Rewritten, listing, plan};
use super::records::{
    Contents, PartFiles, Reason, Record, is_as_written, label_names, read_features, read_records,
    shard,
};
use crate::data::ImageSet;
use crate::data::batch::Epoch;
use crate::data::loader::{ReadImage, RecordedBatch, RecordedImages};
use crate::files::hex;
use crate::probe::embedder::Embedder;
use crate::probe::error::EmbedError;
use crate::probe::file::FeatureForm;

/// Images of a part, unless it is said otherwise.
const IMAGES_PER_PART: usize = 10_000;
/// The most parts: the manifest is written anew with each.
const MOST_PARTS: usize = 10_000;

/// Where and how [`Embedder::embed_in_parts`] writes.
#[derive(Debug, Clone, PartialEq)]
pub struct PartsConfig {
    /// The folder.
    pub folder: PathBuf,
    /// The form of the parts. Default: that of the folder, safetensors for a new one.
    pub form: Option<FeatureForm>,
    /// Images of a part, rounded up to whole batches. Default: as in the folder, 10,000 for a new one. Three parts are
    /// in memory. Another number than that of the folder takes an update, which joins parts of less than half of it.
    pub images_per_part: Option<usize>,
    /// Whether a folder of other images is brought to these: images that are new or whose files have changed are
    /// embedded, those that are gone are dropped.
    pub update: bool,
}

impl PartsConfig {
    /// Parts in this folder, with the defaults.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), form: None, images_per_part: None, update: false }
    }
}

/// How far [`Embedder::embed_in_parts`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartsProgress {
    /// Images that are done, with those of earlier runs and those that were skipped.
    pub done: usize,
    /// Those of them that this run did.
    pub now: usize,
    /// All images.
    pub of: usize,
    /// Images that this run skipped.
    pub skipped: usize,
}

/// What [`Embedder::embed_in_parts`] did.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PartsReport {
    /// Rows of features in the folder.
    pub rows: usize,
    /// The length of a feature vector.
    pub columns: usize,
    /// Files of features.
    pub parts: usize,
    /// The form of these files.
    pub form: FeatureForm,
    /// Images that this run saw, with those that it skipped.
    pub seen: usize,
    /// Images that were in the folder and have changed.
    pub changed: usize,
    /// Images that were in the folder and are not in the set.
    pub gone: usize,
    /// Parts that were damaged, so that their images were done again.
    pub damaged: usize,
    /// All images without features, by the kind of reason.
    pub skipped: Vec<(String, SkippedImages)>,
}

impl PartsReport {
    /// How many images have no features.
    pub fn skipped_images(&self) -> usize {
        self.skipped.iter().map(|(_, skipped)| skipped.count).sum()
    }
}

impl Embedder {
    /// The pooled vectors of all images of a set, written to a folder in parts while they are computed. Memory
    /// does not grow with the number of images, but for the set itself and, where the folder has parts already, 25
    /// bytes for each image. `parameters` is the digest of the model's parameters,
    /// `FeatureKey::new("parameters").params(&model).digest()`, which the folder keeps beside config and
    /// preprocessing; features of others are not mixed with these.
    ///
    /// The folder holds `manifest.json`, which names the parts and says what made them, and for each part a file of
    /// features, as [`FeatureFile`](super::super::FeatureFile) describes them, and one that ends in
    /// `.images.jsonl`. That has a line for each image, in the order of the rows: name, labels, size, time and SHA-256
    /// of its file, or, for an image without features, why it was skipped. A part counts when both files are on the disk
    /// and the manifest names them.
    ///
    /// A run that was ended at any point goes on when it is called again: parts that count stay, and the images of
    /// the others are done again. Its result is that of a run without a break, bit for bit, if the size of the batches
    /// is the same. The manifest has the SHA-256 of each file of a part: a run that goes on reads them all and makes
    /// parts anew that have other bytes, and so does [`FeatureFolder`](super::FeatureFolder) for those that it reads, with an
    /// error.
    ///
    /// An image is the same as before if its name, its size and the time of its file are, or, where only the time
    /// differs, if its bytes have the same SHA-256. Other images than the folder was begun with, and images that have
    /// changed, are an error of which nothing is written, unless [`PartsConfig::update`] says that the folder is to follow them.
    /// Then what is new or has changed is embedded into new parts; of parts with images that are gone, have changed or
    /// have other labels, the other rows are copied.
    ///
    /// Images that cannot be read are skipped and counted by kind, if [`Self::with_broken`] does not say otherwise.
    ///
    /// # Errors
    ///
    /// [`PartsError`]; [`EmbedError::Features`] for an image whose features are NaN or infinite, of which nothing is
    /// written.
    pub fn embed_in_parts(
        &self,
        set: &ImageSet,
        parameters: &str,
        config: &PartsConfig,
        mut progress: impl FnMut(PartsProgress),
    ) -> Result<PartsReport, PartsError> {
        if set.is_empty() {
            return Err(EmbedError::Data(crate::data::DataError::Empty).into());
        }
        let folder = &config.folder;
        if !folder.join(MANIFEST).exists() {
            check_other_files(folder)?;
        }
        std::fs::create_dir_all(folder).map_err(PartsError::io(folder))?;
        let _lock = lock(folder)?;
        // Another run may have ended only now.
        let known = Manifest::read(folder)?;
        let mut manifest = self.manifest(set, parameters, config, known)?;
        let damaged = drop_damaged(folder, &mut manifest);
        manifest.updating |= config.update;
        let plan = plan(folder, &manifest, set)?;
        if !manifest.updating && plan.changed.count > 0 {
            let SkippedImages { count, examples: names } = plan.changed;
            return Err(PartsError::ChangedImages { folder: folder.clone(), count, names });
        }
        let files = PartFiles {
            folder: folder.clone(),
            form: manifest.form(folder)?,
            columns: manifest.columns,
        };
        manifest.complete = false;
        manifest.write(folder)?;
        remove_leftovers(folder, &manifest)?;
        let Plan { groups, pending, changed, gone } = plan;
        rewrite(&files, &mut manifest, set, groups)?;
        let seen = pending.len();
        if seen > 0 {
            let before = set.len() - seen;
            progress(PartsProgress { done: before, now: 0, of: set.len(), skipped: 0 });
            manifest = self.embed_pending(&files, manifest, (set, pending), |now, skipped| {
                progress(PartsProgress { done: before + now, now, of: set.len(), skipped });
            })?;
        }
        manifest.complete = true;
        manifest.updating = false;
        manifest.write(folder)?;
        let (rows, columns) = (manifest.rows(), manifest.columns);
        let skipped: Vec<(String, SkippedImages)> = manifest.skipped().into_iter().collect();
        if rows == 0 {
            let kinds: Vec<String> =
                skipped.iter().map(|(kind, images)| format!("{kind}: {images}")).collect();
            return Err(PartsError::Empty { folder: folder.clone(), why: kinds.join("; ") });
        }
        let parts = manifest.parts.iter().filter(|part| part.features.is_some()).count();
        let (form, changed) = (files.form, changed.count);
        Ok(PartsReport { rows, columns, parts, form, seen, changed, gone, damaged, skipped })
    }

    /// The manifest to go on with, or a new one.
    fn manifest(
        &self,
        set: &ImageSet,
        parameters: &str,
        config: &PartsConfig,
        known: Option<Manifest>,
    ) -> Result<Manifest, PartsError> {
        let folder = &config.folder;
        let decoding = self.decoding();
        let made_by = MadeBy {
            parameters: parameters.into(),
            model: serde_json::to_value(self.config()).unwrap_or_default(),
            precision: self.precision(),
            feature: "pooled".into(),
            preprocess: self.preprocess().to_string(),
            seed: self.preprocess().is_random().then_some(self.seed()),
            exif_orientation: decoding.exif_orientation,
            max_pixels: decoding.max_pixels,
        };
        let columns = self.config().width;
        let form = match &known {
            Some(known) => known.form(folder)?,
            None => config.form.unwrap_or(FeatureForm::Safetensors),
        };
        let of_folder = known.as_ref().map_or(IMAGES_PER_PART, |known| known.images_per_part);
        let images_per_part = config.images_per_part.unwrap_or(of_folder).max(1);
        if set.len().div_ceil(images_per_part.next_multiple_of(self.batch_size())) > MOST_PARTS {
            let (images, least) = (set.len(), set.len().div_ceil(MOST_PARTS));
            return Err(PartsError::ManyParts { images_per_part, images, most: MOST_PARTS, least });
        }
        let images = listing(set);
        let Some(mut known) = known else {
            return Ok(Manifest::new(made_by, form, columns, images_per_part, images));
        };
        let mut differences = known.made_by.differences(&made_by);
        if let Some(other) = config.form.filter(|other| *other != form) {
            differences.push(format!("the form was {}, is {}", form.ending(), other.ending()));
        }
        if !differences.is_empty() {
            let differences = differences.join(", ");
            return Err(PartsError::MadeOtherwise { folder: folder.clone(), differences });
        }
        if known.images != images && !config.update {
            let (was, is) = (known.images.count, images.count);
            return Err(PartsError::OtherImages { folder: folder.clone(), was, is });
        }
        if known.images_per_part != images_per_part && !config.update {
            let (was, is) = (known.images_per_part, images_per_part);
            return Err(PartsError::OtherSize { folder: folder.clone(), was, is });
        }
        known.images = images;
        known.images_per_part = images_per_part;
        Ok(known)
    }

    /// Embeds images of a set, by their places in it, into new parts. Another thread writes them.
    fn embed_pending(
        &self,
        files: &PartFiles,
        manifest: Manifest,
        images: (&ImageSet, Vec<u32>),
        progress: impl FnMut(usize, usize),
    ) -> Result<Manifest, PartsError> {
        let most = manifest.images_per_part.next_multiple_of(self.batch_size());
        let (send, receive) = sync_channel(1);
        std::thread::scope(|scope| {
            let writer = scope.spawn(move || write_parts(files, manifest, &receive));
            let computed = self.compute_parts(images, most, &send, progress);
            drop(send);
            let written = writer.join().expect("it panics nowhere")?;
            computed?;
            Ok(written)
        })
    }

    /// Hands on the parts of these images. Ends early if nobody takes them.
    fn compute_parts(
        &self,
        (set, places): (&ImageSet, Vec<u32>),
        images_per_part: usize,
        parts: &SyncSender<Contents>,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<(), EmbedError> {
        let places: Arc<[u32]> = places.into();
        let images = RecordedImages { loader: self.loader(set)?, places: Arc::clone(&places) };
        let mut part = Contents::default();
        let (mut done, mut skipped) = (0, 0);
        for batch in Epoch::new(Arc::new(images), self.batch_size(), self.threads()) {
            let batch = batch?;
            let RecordedBatch { batch: tensors, images } = batch.batch;
            let is_any = images.iter().any(|image| image.skipped.is_none());
            let features = if is_any { Some(self.pooled_of(tensors.images)?) } else { None };
            for (row, read) in images.into_iter().enumerate() {
                let record = record(set, places[batch.first + row] as usize, read);
                match (&record.skipped, &features) {
                    (None, Some(features)) => {
                        let values = features.image(row).values("pooled").unwrap_or_default();
                        if values.iter().any(|value| !value.is_finite()) {
                            return Err(EmbedError::Features { name: record.name });
                        }
                        part.values.extend(values);
                    }
                    _ => skipped += 1,
                }
                part.records.push(record);
                done += 1;
            }
            let is_full = part.records.len() >= images_per_part || done == places.len();
            if is_full && parts.send(std::mem::take(&mut part)).is_err() {
                return Ok(());
            }
            progress(done, skipped);
        }
        Ok(())
    }
}

fn record(set: &ImageSet, index: usize, read: ReadImage) -> Record {
    let item = set.item(index);
    Record {
        shard: shard(&item),
        labels: label_names(&item, set.classes()),
        name: item.name,
        stamp: read.stamp,
        sha256: read.sha256.map(hex),
        skipped: read.skipped.map(|(kind, reason)| Reason { kind, reason }),
    }
}

/// Writes parts, and names each in the manifest when it is complete.
fn write_parts(
    files: &PartFiles,
    mut manifest: Manifest,
    parts: &Receiver<Contents>,
) -> Result<Manifest, PartsError> {
    for contents in parts {
        let part = files.write(manifest.next, contents)?;
        manifest.next += 1;
        manifest.parts.push(part);
        manifest.write(&files.folder)?;
    }
    Ok(manifest)
}

/// Makes each group of parts one part of the rows that stay.
fn rewrite(
    files: &PartFiles,
    manifest: &mut Manifest,
    set: &ImageSet,
    groups: Vec<Vec<Rewritten>>,
) -> Result<(), PartsError> {
    let folder = &files.folder;
    // From the last to the first, so that the numbers of those before stay.
    for group in groups.into_iter().rev() {
        let mut contents = Contents::default();
        for Rewritten { part, survivors } in &group {
            let old = &manifest.parts[*part];
            let records = read_records(folder, old)?;
            let features = read_features(folder, old, files.columns)?;
            let rows = records.iter().scan(0, |next, record| {
                let row = *next;
                *next += usize::from(record.skipped.is_none());
                Some(row)
            });
            let rows: Vec<usize> = rows.collect();
            for survivor in survivors {
                let number = survivor.record as usize;
                let item = set.item(survivor.index as usize);
                let labels = label_names(&item, set.classes());
                let record = Record { labels, stamp: survivor.stamp, ..records[number].clone() };
                if let (None, Some(features)) = (&record.skipped, &features) {
                    contents.values.extend(features.matrix().row(rows[number]));
                }
                contents.records.push(record);
            }
        }
        let parts: Vec<usize> = group.iter().map(|rewritten| rewritten.part).collect();
        let first = parts[0];
        let mut old: Vec<Part> = Vec::new();
        for part in parts.into_iter().rev() {
            old.push(manifest.parts.remove(part));
        }
        if !contents.records.is_empty() {
            let part = files.write(manifest.next, contents)?;
            manifest.next += 1;
            manifest.parts.insert(first, part);
        }
        manifest.write(folder)?;
        for file in old.iter().flat_map(Part::files) {
            // What cannot be removed now is by the next run.
            let _ = std::fs::remove_file(folder.join(&file.name));
        }
    }
    Ok(())
}

/// Forgets parts whose files are not there or have other bytes than were written, and says how many. All of them are
/// read for that, which takes a small part of the time in which they were made.
fn drop_damaged(folder: &Path, manifest: &mut Manifest) -> usize {
    let is_whole = |file: &PartFile| is_as_written(folder, file).unwrap_or(false);
    let parts = std::mem::take(&mut manifest.parts);
    let before = parts.len();
    let parts = parts.into_par_iter().filter(|part| part.files().all(is_whole));
    manifest.parts = parts.collect();
    before - manifest.parts.len()
}

/// Removes files of parts that the manifest does not name: a run was ended while it wrote them.
fn remove_leftovers(folder: &Path, manifest: &Manifest) -> Result<(), PartsError> {
    let files = manifest.parts.iter().flat_map(Part::files);
    let known: std::collections::BTreeSet<&str> = files.map(|file| &*file.name).collect();
    for entry in std::fs::read_dir(folder).map_err(PartsError::io(folder))? {
        let entry = entry.map_err(PartsError::io(folder))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if PartFiles::is_of_a_part(name) && !known.contains(name) {
            std::fs::remove_file(entry.path()).map_err(PartsError::io(entry.path()))?;
        }
    }
    Ok(())
}

/// A folder without a manifest must be empty, or not there.
fn check_other_files(folder: &Path) -> Result<(), PartsError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    let names = entries.flatten().map(|entry| entry.file_name());
    // What a run leaves that was ended before its first manifest.
    let partial = format!("{MANIFEST}.partial");
    let others = names.filter(|name| name != LOCK && name.to_str() != Some(&partial));
    let others: Vec<_> = others.collect();
    let is_part = |name: &std::ffi::OsString| name.to_str().is_some_and(PartFiles::is_of_a_part);
    match &others[..] {
        [] => Ok(()),
        others if others.iter().any(is_part) => {
            Err(PartsError::LostManifest { folder: folder.into() })
        }
        _ => Err(PartsError::OtherFolder { folder: folder.into() }),
    }
}

const LOCK: &str = ".lock";

/// Locks the folder against other runs. The system releases the lock when this process ends, however it ends.
fn lock(folder: &Path) -> Result<File, PartsError> {
    let path = folder.join(LOCK);
    let file = File::create(&path).map_err(PartsError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PartsError::Busy { folder: folder.into() }),
        Err(TryLockError::Error(reason)) => Err(PartsError::Io { path, reason }),
    }
}
