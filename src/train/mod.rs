//! Training, behind one door: a [`Task`] says what is trained, a [`Recipe`] how.
//!
//! To train: [`Trainer`], which takes data in, and puts metrics and checkpoints into a folder. To write
//! the loop yourself: [`Engine`], a train state at work on any runtime. To put a step into a program of
//! your own: [`TrainStep`], a function from state and batch to the next state.
//!
//! Everything that changes from step to step is a tensor of the [`TrainState`]: the step count, the
//! seed, and so the learning rate and all that is random. Nothing is counted on the host, so that the
//! same code can be recorded once and compiled.

mod checkpoint;
mod duration;
mod engine;
mod error;
mod precision;
mod processes;
mod recipe;
mod run;
mod step;
pub mod task;
mod update;

pub use crate::params::Rules;
pub use checkpoint::{Checkpoint, Checkpoints, Latest, Manifest, ShardFile};
pub use duration::{Budget, Duration};
#[cfg(feature = "xla")]
pub use engine::compiled::Compiled;
pub use engine::peak::measure_peak_flops;
pub use engine::reading::StepReading;
pub use engine::{Engine, Pending, Start, Uploaded};
pub use error::{Change, CheckpointError, TrainError};
pub use precision::Precision;
pub use recipe::layer_decay::layer_decay;
pub use recipe::{Recipe, weight_decay};
pub use run::curves::draw_curves;
pub use run::event::Event;
pub use run::metrics_log::{Record, read_records};
pub use run::progress::{Pace, Progress};
pub use run::trainer::{Ended, Trainer};
pub use step::TrainStep;
pub(crate) use step::Workers;
pub use step::gradient::value_and_grad;
pub use step::state::{StepMetrics, TrainState};
pub use task::cutmix::{CutMix, ResolvedCutMix};
pub use task::loss::{self, Loss};
pub use task::mixup::{Mixup, ResolvedMixup};
pub use task::{Classify, Regularisation, Task};
pub use update::adafactor::Adafactor;
pub use update::adam::{Adam, Momentum};
pub use update::ema::Ema;
pub use update::optimizer::{Optimizer, UpdateMetrics};
pub use update::polyak::Polyak;
pub use update::schedule::{Decay, ResolvedSchedule, Schedule};
pub use update::stage::{Stage, Tune};
