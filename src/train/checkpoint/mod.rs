//! Checkpoints: train states on disk, each of them complete or absent.
//!
//! A checkpoint is a folder, `step-000000100`, of safetensors files and a manifest with their
//! hashes. It is written beside its place under a hidden name, file by file, each of them forced to
//! the disk; then the folder is renamed, which a file system does at once or not at all. So a
//! process, or a machine, that stops at any moment leaves the checkpoints before it as they were,
//! and at most a hidden folder, which the next save removes.
//!
//! Files that change afterwards are found by hashes: the manifest holds those of the other files, and a
//! file beside the manifest holds its own. [`Checkpoints::latest`] then takes the checkpoint before, and
//! says why.
//!
//! Parameters are in files `model-…` under their paths, beside the index that Hugging Face's tools read
//! (`model.safetensors.index.json`); all else is in files `state-…`. Of several processes each writes files of its
//! own, with the parts of tensors that its devices hold; a part has its ranges in its name, and there is no index. Nothing in the
//! files depends on where the state was trained: one that was saved on a mesh goes on on another, on one device, or under
//! Burn's CPU backend, and each process reads the parts that its devices need.

mod durable;
mod index;
mod manifest;
#[cfg(feature = "xla")]
mod on_devices;
pub(crate) mod part;
mod resumed;
mod shards;
mod state;
mod stored;
mod written;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use serde_json::Value;

use crate::train::error::{CheckpointError, TrainError};
use crate::train::step::TrainStep;
use crate::train::step::state::TrainState;
use crate::train::task::Task;

pub(crate) use durable::create_folder;
pub use manifest::{Manifest, ShardFile};
pub(crate) use written::Writers;

use stored::Stored;

/// The checkpoints of a run, in a folder of their own. One run at a time may write to it.
///
/// ```
/// use burn::tensor::Device;
/// use vit22b::train::{Checkpoints, Classify, Loss, Recipe, Task, TrainStep};
/// use vit22b::vit::ViT22BConfig;
///
/// let config = ViT22BConfig::new(3)
///     .with_image([8, 8]).with_patch(4)
///     .with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
/// let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
/// let train = TrainStep::new(task, &Recipe::vit22b_scaled(2, 100, 1e-3), None)?;
/// let state = train.init(train.task().init(&Device::flex()), 0);
///
/// let folder = std::env::temp_dir().join("vit22b-checkpoints-doc");
/// let checkpoints = Checkpoints::new(&folder).with_keep(2);
/// checkpoints.save(&train, &state, 0)?;
///
/// let latest = checkpoints.latest()?.checkpoint.expect("one was saved");
/// assert_eq!(latest.manifest().step, 0);
/// let state = latest.into_state(&train, &Device::flex())?;
/// # drop(state);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
    shard_bytes: u64,
    data: Value,
    seed: Option<u64>,
}

/// What is before the number in the name of a checkpoint's folder.
const PREFIX: &str = "step-";
/// The folder of a checkpoint that is being written.
const UNFINISHED: &str = ".part";
/// The folder of a checkpoint that is being removed.
const REMOVED: &str = ".gone";

impl Checkpoints {
    /// Checkpoints in a folder, which the first save makes: the last three are kept, in files of
    /// at most 1 GiB (or of one larger tensor).
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), keep: 3, shard_bytes: 1 << 30, data: Value::Null, seed: None }
    }

    /// Keeps the last `keep` checkpoints; 0 counts as 1. With 1 there is no other one to go on from if it
    /// is damaged.
    #[must_use]
    pub fn with_keep(mut self, keep: usize) -> Self {
        self.keep = keep.max(1);
        self
    }

    /// Writes files of at most this many bytes, unless one tensor is larger.
    #[must_use]
    pub fn with_shard_bytes(mut self, shard_bytes: u64) -> Self {
        self.shard_bytes = shard_bytes;
        self
    }

    /// Says in each manifest what the run is trained on, as
    /// [`BatchSource::describe`](crate::data::BatchSource::describe) tells it.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    /// Says in each manifest which seed the run was given.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Saves the state of a run that has taken `position` examples from its data. Checkpoints that are no
    /// longer kept are removed, and those of later steps too: the run has gone back before them.
    ///
    /// When it returns the checkpoint is on the disk; if the process stops before, it is not there.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Io`], [`CheckpointError::Tensor`].
    pub fn save<T: Task>(
        &self,
        train: &TrainStep<T>,
        state: &TrainState<T::Model>,
        position: u64,
    ) -> Result<PathBuf, CheckpointError> {
        let step = state.step.clone().into_scalar::<i64>() as u64;
        let about = self.about(train, step, position);
        self.write(about, &state::parts(state), &Writers { number: 0, count: 1, agree: &|own| own })
    }

    /// A manifest without files.
    pub(crate) fn about<T: Task>(
        &self,
        train: &TrainStep<T>,
        step: u64,
        position: u64,
    ) -> Manifest {
        let (task, recipe) = (train.task().describe(), train.recipe().clone());
        let manifest = Manifest::new(step, position, task, recipe);
        Manifest { data: self.data.clone(), seed: self.seed, ..manifest }
    }

    /// The steps of all checkpoints, rising; none if there is no folder.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Io`].
    pub fn steps(&self) -> Result<Vec<u64>, CheckpointError> {
        if !self.folder.is_dir() {
            return Ok(Vec::new());
        }
        let read = || {
            let mut steps = Vec::new();
            for entry in std::fs::read_dir(&self.folder)? {
                let name = entry?.file_name();
                let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
                steps.extend(digits.and_then(|digits| digits.parse::<u64>().ok()));
            }
            steps.sort_unstable();
            Ok(steps)
        };
        read().map_err(CheckpointError::io("list", &self.folder))
    }

    /// Opens the checkpoint of a step, as [`Checkpoint::open`].
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] that says what is not as it was written.
    pub fn open(&self, step: u64) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::open(&self.path(step))
    }

    /// Opens the checkpoint of a step and checks all of it.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] that says what is not as it was written.
    pub fn read(&self, step: u64) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::read(&self.path(step))
    }

    /// The last checkpoint that is not damaged.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::AllDamaged`] if there are checkpoints and all are damaged,
    /// [`CheckpointError::Io`].
    pub fn latest(&self) -> Result<Latest, CheckpointError> {
        let mut damaged = Vec::new();
        for step in self.steps()?.into_iter().rev() {
            match self.read(step) {
                Ok(checkpoint) => return Ok(Latest { checkpoint: Some(checkpoint), damaged }),
                Err(error) => {
                    tracing::warn!(step, %error, "a checkpoint is not taken");
                    damaged.push(error);
                }
            }
        }
        if damaged.is_empty() {
            return Ok(Latest { checkpoint: None, damaged });
        }
        let reasons = damaged.iter().map(CheckpointError::to_string).collect();
        Err(CheckpointError::AllDamaged { folder: self.folder.clone(), reasons })
    }

    pub(crate) fn path(&self, step: u64) -> PathBuf {
        self.folder.join(format!("{PREFIX}{step:09}"))
    }
}

/// What [`Checkpoints::latest`] found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Latest {
    /// The last checkpoint that is not damaged, if there is one.
    pub checkpoint: Option<Checkpoint>,
    /// What is wrong with the checkpoints after it, the last one first.
    pub damaged: Vec<CheckpointError>,
}

/// A checkpoint whose files are open; their values are read when they are needed.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    manifest: Manifest,
    stored: Stored,
}

impl Checkpoint {
    /// Opens a checkpoint's folder, and checks that all files are there. A file is compared with its hash before
    /// the first of its values is taken.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] that says what is not as it was written.
    pub fn open(folder: &Path) -> Result<Self, CheckpointError> {
        let manifest = Manifest::read(folder)?;
        let stored = Stored::open(folder, &manifest)?;
        Ok(Self { manifest, stored })
    }

    /// Opens a checkpoint's folder, and compares all files with their hashes.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] that says what is not as it was written.
    pub fn read(folder: &Path) -> Result<Self, CheckpointError> {
        let opened = Self::open(folder)?;
        opened.stored.verify()?;
        Ok(opened)
    }

    /// What the checkpoint says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The state on a device, to go on with by the steps of `train`.
    ///
    /// # Errors
    ///
    /// [`TrainError::Checkpoint`] if the tensors are not those of its model and optimizer, or a file is damaged.
    pub fn into_state<T: Task>(
        self,
        train: &TrainStep<T>,
        device: &Device,
    ) -> Result<TrainState<T::Model>, TrainError> {
        let step = self.manifest.step;
        let state = state::state(self.all_values()?, train.task().init(device), device, step)?;
        let state = train.checked_state(state);
        Ok(state.map_err(|reason| CheckpointError::Fit { step, reason })?)
    }
}
