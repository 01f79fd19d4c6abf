//! Training on whatever a runtime has, behind one interface.

#[cfg(feature = "xla")]
mod ahead;
#[cfg(feature = "xla")]
pub(crate) mod compiled;
pub(crate) mod peak;
pub(crate) mod reading;
pub(crate) mod scores;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_trace::to_device;

use crate::params::{self, AnyTensor, ParamsError};
use crate::runtime::{Runtime, host};
use crate::train::checkpoint::{Checkpoint, Checkpoints};
#[cfg(feature = "xla")]
use crate::train::checkpoint::{Manifest, Writers};
use crate::train::error::TrainError;
use crate::train::precision::has_bf16;
use crate::train::processes::Processes;
use crate::train::step::TrainStep;
use crate::train::step::gradient::widened;
use crate::train::step::state::TrainState;
use crate::train::task::Task;

#[cfg(feature = "xla")]
use compiled::{Compiled, OnXla, StepOnXla};
use reading::StepReading;

/// A train state at work: one compiled program where the runtime is XLA, Burn operation by operation
/// elsewhere.
///
/// It is the door for those who write the loop themselves; a [`Trainer`](crate::train::Trainer) writes
/// it for them.
///
/// ```
/// use vit22b::Runtime;
/// use vit22b::data::{BatchSource, Drawings};
/// use vit22b::train::{Classify, Engine, Loss, Recipe, Start, TrainStep};
/// use vit22b::vit::ViT22BConfig;
///
/// let data = Drawings::new(8, 0);
/// let config = ViT22BConfig::new(data.hierarchy().names().len())
///     .with_image([8, 8]).with_patch(4)
///     .with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
/// let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
/// let step = TrainStep::new(task, &Recipe::vit22b_scaled(4, 100, 1e-3), None)?;
///
/// let runtime = Runtime::flex(); // or Runtime::auto(), which prefers XLA
/// let mut engine = Engine::start(&runtime, step, Start::Drawn(0))?;
/// let reading = engine.step(data.batch(0, 4)?)?.read()?;
/// assert!(reading.loss > 0.0);
/// assert_eq!(engine.state()?.step.into_scalar::<i64>(), 1);
/// # Ok::<(), vit22b::train::TrainError>(())
/// ```
#[derive(Debug)]
pub struct Engine<T: Task> {
    step: TrainStep<T>,
    at: At<T>,
    /// Steps done.
    done: u64,
    #[cfg_attr(not(feature = "xla"), allow(dead_code, reason = "one, on devices of Burn"))]
    processes: Processes,
}

/// What training begins with.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "a run has one, for a moment")]
pub enum Start<M> {
    /// Parameters that are drawn from a seed, where they are trained: no host ever holds those of an
    /// XLA device. Burn and XLA have generators of their own.
    Drawn(u64),
    /// A model, such as a published one, and the seed of what steps draw.
    From(M, u64),
    /// The state of a run that goes on.
    State(TrainState<M>),
    /// A checkpoint of a run that goes on. On XLA each process reads the parts that its devices hold, and no host
    /// ever holds the state.
    Saved(Checkpoint),
}

/// Where the state is.
#[derive(Debug)]
enum At<T: Task> {
    Burn(Box<OnBurn<T>>),
    #[cfg(feature = "xla")]
    Xla(Box<Compiled<T>>),
}

#[derive(Debug)]
struct OnBurn<T: Task> {
    state: TrainState<T::Model>,
    device: Device,
}

/// A batch where it is trained on. Made by [`Engine::upload`].
#[derive(Debug, Clone)]
pub struct Uploaded<B>(Batch<B>);

#[derive(Debug, Clone)]
enum Batch<B> {
    Burn(B),
    #[cfg(feature = "xla")]
    Xla(OnXla<B>),
}

impl<T: Task> Engine<T> {
    /// Training from parameters that are drawn, from a model, or from a state.
    ///
    /// # Errors
    ///
    /// [`TrainError::Params`] for a model or a state that is not the task's, [`TrainError::Checkpoint`] for a
    /// checkpoint that is not its, or is damaged, [`TrainError::Xla`] if the device has no room.
    pub fn start(
        runtime: &Runtime,
        step: TrainStep<T>,
        start: Start<T::Model>,
    ) -> Result<Self, TrainError> {
        let processes = Processes::of(runtime);
        let step = match device_of_burn(runtime) {
            Some(device) => step.suited_to(&device)?,
            None => step,
        };
        let (given, seed) = match start {
            Start::Saved(checkpoint) => {
                let done = checkpoint.steps_done()?;
                #[cfg(feature = "xla")]
                if let Some(xla) = runtime.as_xla() {
                    let at = At::Xla(Box::new(Compiled::saved(xla, &step, &checkpoint)?));
                    return Ok(Self { step, at, done, processes });
                }
                let device = runtime.device();
                let state = match has_bf16(&device) {
                    true => checkpoint.into_state(&step, &device)?,
                    false => moved(checkpoint.into_state(&step, &host())?, &device)?,
                };
                let at = At::Burn(Box::new(OnBurn { state, device }));
                return Ok(Self { step, at, done, processes });
            }
            Start::Drawn(seed) => (None, seed),
            Start::From(model, seed) => {
                check_model(&step, &model)?;
                (Some(step.init(model, seed)), seed)
            }
            Start::State(state) => {
                check_model(&step, &state.model)?;
                (Some(step.checked_state(state)?), 0)
            }
        };
        let done = given.as_ref().map_or(0, |state| state.step.clone().into_scalar::<i64>() as u64);
        #[cfg(feature = "xla")]
        if let Some(xla) = runtime.as_xla() {
            let compiled = match given {
                Some(state) => Compiled::new(xla, &step, state)?,
                None => Compiled::drawn(xla, &step, seed)?,
            };
            return Ok(Self { step, at: At::Xla(Box::new(compiled)), done, processes });
        }
        let device = runtime.device();
        let state = match given {
            Some(state) => moved(state, &device)?,
            None => drawn(&step, &device, seed),
        };
        Ok(Self { step, at: At::Burn(Box::new(OnBurn { state, device })), done, processes })
    }

    /// Steps done since the first parameters.
    pub fn steps_done(&self) -> u64 {
        self.done
    }

    /// The step.
    pub fn train_step(&self) -> &TrainStep<T> {
        &self.step
    }

    /// Compiles the step for batches of this size, and returns the seconds that it took. `None` where
    /// nothing is compiled, or the task gives no [dummy batch](Task::dummy_batch): its first batch compiles.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`].
    #[cfg_attr(not(feature = "xla"), allow(unused_variables, reason = "nothing is compiled"))]
    pub fn prepare(&self, batch_size: usize) -> Result<Option<f64>, TrainError> {
        match &self.at {
            At::Burn(_) => Ok(None),
            #[cfg(feature = "xla")]
            At::Xla(compiled) => compiled.prepare(batch_size),
        }
    }

    /// The mesh of the devices, if there is one.
    pub fn mesh(&self) -> Option<String> {
        match &self.at {
            At::Burn(_) => None,
            #[cfg(feature = "xla")]
            At::Xla(compiled) => compiled.mesh(),
        }
    }

    /// The rows of a batch of this size that this process brings: all of them where there is no other
    /// process.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`] if the processes cannot share so many, or the mesh gives this one rows that
    /// are not in one piece.
    pub fn rows(&self, batch_size: usize) -> Result<Range<usize>, TrainError> {
        match &self.at {
            At::Burn(_) => Ok(0..batch_size),
            #[cfg(feature = "xla")]
            At::Xla(compiled) => compiled.rows(batch_size),
        }
    }

    /// Copies a batch to where it is trained on. Of several processes each brings its
    /// [rows](Self::rows).
    ///
    /// # Errors
    ///
    /// [`TrainError::Batch`] for a batch that the model cannot take, or that the devices of a mesh
    /// cannot share; [`TrainError::Xla`].
    pub fn upload(&self, batch: &T::Batch) -> Result<Uploaded<T::Batch>, TrainError> {
        match &self.at {
            At::Burn(at) => Ok(Uploaded(Batch::Burn(to_device(batch, &at.device)?))),
            #[cfg(feature = "xla")]
            At::Xla(compiled) => Ok(Uploaded(Batch::Xla(compiled.upload(batch)?))),
        }
    }

    /// One step on a batch. On XLA it returns before the step is done; reading waits for it.
    ///
    /// # Errors
    ///
    /// As [`upload`](Self::upload); also [`TrainError::NonFinite`] and [`TrainError::Diverged`] as
    /// [`Pending::read`]. After [`TrainError::NonFinite`] the engine has the state before the step.
    pub fn step(&mut self, batch: T::Batch) -> Result<Pending, TrainError> {
        let batch = self.upload(&batch)?;
        self.step_uploaded(&batch)
    }

    /// [`step`](Self::step) on a batch that is on the device.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step); [`TrainError::Batch`] for a batch that is on another kind of device.
    pub fn step_uploaded(&mut self, batch: &Uploaded<T::Batch>) -> Result<Pending, TrainError> {
        let may_skip = self.step.recipe().skip_non_finite;
        let metrics = match (&mut self.at, &batch.0) {
            (At::Burn(at), Batch::Burn(batch)) => {
                let (next, metrics) = self.step.run(at.state.clone(), batch.clone())?;
                let before = std::mem::replace(&mut at.state, next);
                let reading = StepReading::of(metrics);
                if !(reading.finite || may_skip) {
                    let (loss, step) = (reading.loss, self.done + 1);
                    let found = self.step.ensure_finite(loss, step, &before.model, batch);
                    if let Err(error) = found {
                        at.state = before;
                        return Err(error);
                    }
                }
                Metrics::Read(reading)
            }
            #[cfg(feature = "xla")]
            (At::Xla(compiled), Batch::Xla(batch)) => {
                Metrics::OnXla(Box::new(compiled.step(batch)?))
            }
            #[cfg(feature = "xla")]
            _ => {
                return Err(TrainError::batch("batch", "one that this engine uploaded", "another"));
            }
        };
        self.done += 1;
        Ok(Pending { step: self.done, metrics, may_skip })
    }

    /// The task's scores of a batch: sums over the examples, each times its weight, as
    /// [`TrainStep::sum_scores`] says.
    ///
    /// # Shapes
    ///
    /// - weights: `[b]`, 0 for rows that are no example
    ///
    /// # Errors
    ///
    /// As [`upload`](Self::upload).
    pub fn sum_scores(
        &self,
        batch: T::Batch,
        weights: Tensor<1>,
    ) -> Result<BTreeMap<String, f64>, TrainError> {
        let scores = match &self.at {
            At::Burn(at) => {
                let (batch, weights) = to_device(&(batch, weights), &at.device)?;
                self.step.sum_scores(&at.state, batch, weights)?
            }
            #[cfg(feature = "xla")]
            At::Xla(compiled) => compiled.sum_scores(batch, weights)?,
        };
        let number = |any: &AnyTensor| any.to_data().iter::<f64>().sum();
        Ok(scores.iter().map(|(name, any)| (name.to_owned(), number(any))).collect())
    }

    /// The state as Burn tensors: on the runtime's device, or on the host where that is XLA's.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`] with the error of the step that should have made it.
    pub fn state(&self) -> Result<TrainState<T::Model>, TrainError> {
        match &self.at {
            At::Burn(at) => Ok(at.state.clone()),
            #[cfg(feature = "xla")]
            At::Xla(compiled) => compiled.state(),
        }
    }

    /// The model alone, with the averages of its parameters where the recipe keeps some, on the same devices as [`state`](Self::state):
    /// from XLA no moments come to the host. On the devices its parameters are copied meanwhile.
    ///
    /// # Errors
    ///
    /// As [`state`](Self::state).
    pub fn model(&self) -> Result<T::Model, TrainError> {
        match &self.at {
            At::Burn(at) => Ok(at.state.clone().averaged()),
            #[cfg(feature = "xla")]
            At::Xla(compiled) => compiled.model(),
        }
    }

    /// Saves the state of a run that has taken `position` examples from its data, as [`Checkpoints::save`] does. Of several
    /// processes each writes the parts that its devices hold; all of them save, and at the same step.
    ///
    /// # Errors
    ///
    /// [`TrainError::Checkpoint`] if it cannot be written, [`TrainError::Xla`] with the error of the step that
    /// should have made the state, [`TrainError::Elsewhere`] if another process failed.
    pub fn save(&self, to: &Checkpoints, position: u64) -> Result<PathBuf, TrainError> {
        match &self.at {
            At::Burn(at) => Ok(to.save(&self.step, &at.state, position)?),
            #[cfg(feature = "xla")]
            At::Xla(compiled) => {
                let about = to.about(&self.step, self.done, position);
                let about = Manifest { mesh: compiled.mesh(), ..about };
                let Processes { number, count, .. } = self.processes;
                let agree = |own| self.processes.agree(own);
                to.write(about, &compiled.parts(), &Writers { number, count, agree: &agree })
            }
        }
    }

    /// The compiled step, to look at, where the runtime is XLA.
    #[cfg(feature = "xla")]
    pub fn compiled(&self) -> Option<&Compiled<T>> {
        match &self.at {
            At::Burn(_) => None,
            At::Xla(compiled) => Some(compiled),
        }
    }
}

/// The device of a runtime that is Burn's.
fn device_of_burn(runtime: &Runtime) -> Option<Device> {
    #[cfg(feature = "xla")]
    if runtime.as_xla().is_some() {
        return None;
    }
    Some(runtime.device())
}

/// A state on a device. What is kept in bf16 elsewhere is f32 on one that has none.
fn moved<M: Module + 'static>(
    mut state: TrainState<M>,
    device: &Device,
) -> Result<TrainState<M>, TrainError> {
    if !has_bf16(device) {
        state.optimizer = widened(state.optimizer);
    }
    Ok(to_device(&state, device)?)
}

/// A state whose parameters are drawn on a device of Burn.
fn drawn<T: Task>(step: &TrainStep<T>, device: &Device, seed: u64) -> TrainState<T::Model> {
    let draw = || params::initialize(step.task().init(device));
    step.init(params::with_seed(device, seed, draw), seed)
}

/// An error for a model whose parameters are not those of the task's.
fn check_model<T: Task>(step: &TrainStep<T>, model: &T::Model) -> Result<(), TrainError> {
    let device = model.devices().into_iter().next().unwrap_or_default();
    let expected = params::shapes(&step.task().init(&device));
    let mut error = ParamsError::default();
    error.compare("", expected, &params::collect(model));
    Ok(error.into_result()?)
}

/// The metrics of a step that may not be done yet. Made by [`Engine::step`].
#[derive(Debug)]
pub struct Pending {
    step: u64,
    metrics: Metrics,
    may_skip: bool,
}

#[derive(Debug)]
enum Metrics {
    Read(StepReading),
    #[cfg(feature = "xla")]
    OnXla(Box<StepOnXla>),
}

impl Pending {
    /// The step, counted from 1.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Whether the metrics are on the host, so that [`read`](Self::read) does not wait.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.metrics, Metrics::Read(_))
    }

    /// Waits for the step.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`]; [`TrainError::NonFinite`] or [`TrainError::Diverged`] if loss or
    /// gradient is not finite and the recipe does not skip such steps. The state is then of no use.
    pub fn read(self) -> Result<StepReading, TrainError> {
        let reading = match self.metrics {
            Metrics::Read(reading) => reading,
            #[cfg(feature = "xla")]
            Metrics::OnXla(metrics) => metrics.read()?,
        };
        let StepReading { loss, gradient_norm, .. } = reading;
        match reading.finite || self.may_skip {
            true => Ok(reading),
            false => Err(TrainError::Diverged { step: self.step, loss, gradient_norm }),
        }
    }
}
