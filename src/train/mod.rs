//! Training in plain Burn: losses, schedules, optimizers, and the step that joins them.
//!
//! A [`Recipe`] says what a run does; [`TrainStep`] fits it to a model and maps a [`TrainState`]
//! and a batch to the next state. Everything that changes from step to step is a tensor of the
//! state: the step count, the seed, and so the learning rate and all that is random. Nothing is
//! counted on the host, so that the same code can be recorded once and compiled.

mod adafactor;
mod adam;
mod ahead;
mod beta;
mod checkpoint;
mod compiled;
mod curves;
mod cutmix;
mod duration;
mod engine;
mod error;
mod evaluate;
mod event;
pub mod loss;
mod metrics_log;
mod mixup;
mod optimizer;
mod peak;
mod precision;
mod progress;
mod recipe;
mod schedule;
mod step;
mod trainer;

pub use crate::params::Rules;
pub use adafactor::Adafactor;
pub use adam::{Adam, Momentum};
pub use checkpoint::{Checkpoint, CheckpointError, Checkpoints, Latest, Manifest, ShardFile};
pub use compiled::CompiledTraining;
pub use curves::draw_curves;
pub use cutmix::{CutMix, ResolvedCutMix};
pub use duration::{Budget, Duration};
pub use engine::{Engine, Pending, Scores, StepReading};
pub use error::TrainError;
pub use evaluate::BatchScores;
pub use event::Event;
pub use loss::Loss;
pub use metrics_log::{Record, read_records};
pub use mixup::{Mixup, ResolvedMixup};
pub use optimizer::{Ema, Optimizer, Stage, Tune, UpdateMetrics};
pub use peak::measure_peak_flops;
pub use precision::Precision;
pub use progress::{Pace, Progress};
pub use recipe::{Recipe, weight_decay};
pub use schedule::{Decay, ResolvedSchedule, Schedule};
pub use step::{StepMetrics, TrainState, TrainStep, ensure_finite, value_and_grad};
pub use trainer::{Ended, Trainer};
