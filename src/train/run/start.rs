//! How a run begins: anew, or from a checkpoint.

use std::fs::{File, TryLockError};

use burn::tensor::{Int, Tensor};
use serde_json::Value;

use crate::random::RandomKey;
use crate::runtime::{Runtime, host};
use crate::train::engine::{Engine, Start};
use crate::train::error::{CheckpointError, TrainError};
use crate::train::processes::Processes;
use crate::train::step::TrainStep;
use crate::train::task::Task;

use super::event::Event;
use super::resume::{changes, named_changes, task_changes};
use super::trainer::Trainer;

impl<T: Task> Trainer<T> {
    /// Locks the folder against other processes. The system releases the lock when this process ends,
    /// however it ends.
    pub(super) fn lock(&self) -> Result<File, TrainError> {
        let path = self.folder.join(".lock");
        let file = File::create(&path).map_err(TrainError::file("make", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(TrainError::Busy { folder: self.folder.clone() }),
            Err(TryLockError::Error(error)) => Err(TrainError::file("lock", &path)(error)),
        }
    }

    /// An error for a folder that holds another run, unless that is to go on.
    pub(super) fn check_vacant(&self) -> Result<(), TrainError> {
        match self.checkpoints.steps()?.pop() {
            Some(step) if !self.resume => {
                Err(TrainError::Occupied { folder: self.folder.clone(), step })
            }
            _ => Ok(()),
        }
    }

    /// The engine to begin with. If its state is that of a checkpoint, also the position in the data.
    pub(super) fn start(
        &self,
        runtime: &Runtime,
        train: TrainStep<T>,
        data: &Value,
        observe: &mut impl FnMut(&Event),
    ) -> Result<(Engine<T>, Option<u64>), TrainError> {
        let anew = |train| {
            let start = match &self.model {
                Some(model) => Start::From(model.clone(), self.seed),
                None => Start::Drawn(self.seed),
            };
            Ok((Engine::start(runtime, train, start)?, None))
        };
        self.check_vacant()?;
        if !self.resume {
            return anew(train);
        }
        let processes = Processes::of(runtime);
        let mut reasons = vec![];
        for step in self.checkpoints.steps()?.into_iter().rev() {
            // A file that only one process reads may be damaged; then all take the checkpoint before.
            let own = self.resumed(runtime, &train, data, step);
            let error = match processes.agree(own) {
                Ok((engine, position, events)) => {
                    events.iter().for_each(&mut *observe);
                    return Ok((engine, Some(position)));
                }
                Err(TrainError::Checkpoint(CheckpointError::Fit { step, reason })) => {
                    return Err(CheckpointError::Fit { step, reason }.into());
                }
                Err(TrainError::Checkpoint(error)) => error,
                Err(TrainError::Elsewhere { failed, of }) => {
                    let got = format!("damage that {failed} of {of} processes found");
                    let path = self.checkpoints.path(step);
                    CheckpointError::damaged(&path, "whole files", got)
                }
                Err(error) => return Err(error),
            };
            tracing::warn!(step, %error, "a checkpoint is not taken");
            reasons.push(error.to_string());
            observe(&Event::Damaged(error));
        }
        if reasons.is_empty() {
            return anew(train);
        }
        let folder = self.checkpoints.folder().to_owned();
        Err(CheckpointError::AllDamaged { folder, reasons }.into())
    }

    /// The engine with the state of a checkpoint, the position in the data, and what is to be told.
    fn resumed(
        &self,
        runtime: &Runtime,
        train: &TrainStep<T>,
        data: &Value,
        step: u64,
    ) -> Result<(Engine<T>, u64, Vec<Event>), TrainError> {
        let checkpoint = self.checkpoints.open(step)?;
        let manifest = checkpoint.manifest().clone();
        let saved = self.task.upgrade(manifest.task.clone());
        let (of_model, of_task) = task_changes(&saved, &self.task.describe());
        if !of_model.is_empty() {
            return Err(TrainError::OtherModel { step: manifest.step, changes: of_model });
        }
        let mut events = vec![Event::Resumed { step: manifest.step }];
        events.extend(of_task.into_iter().map(Event::TaskChanged));
        events
            .extend(changes(&manifest.recipe, &self.recipe).into_iter().map(Event::RecipeChanged));
        // A null is of an earlier version, or of data that cannot be told.
        if !manifest.data.is_null() && !data.is_null() {
            let of_data = named_changes(&manifest.data, data, "data");
            events.extend(of_data.into_iter().map(Event::DataChanged));
        }
        let saved = checkpoint.seed()?;
        let wanted: Tensor<1, Int> = RandomKey::new(self.seed, &host()).to_tensor();
        if saved != wanted.into_scalar::<i64>() as u64 {
            events.push(Event::SeedChanged { saved, wanted: self.seed });
        }
        let engine = Engine::start(runtime, train.clone(), Start::Saved(checkpoint))?;
        let names_mesh = manifest.names_mesh();
        let (saved, wanted) = (manifest.mesh, engine.mesh());
        if names_mesh && saved != wanted {
            events.push(Event::MeshChanged { saved, wanted });
        }
        Ok((engine, manifest.position, events))
    }
}
