//! The stages between a gradient and an update.

use serde::{Deserialize, Serialize};

use super::adafactor::Adafactor;
use super::adam::{Adam, Momentum};
use super::schedule::Schedule;
use crate::params::Rules;

/// One stage of the chain that turns gradients into an update; what comes out of the last one is
/// subtracted from the parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Scales all gradients by one factor so that their joint norm is at most `max_norm`.
    ClipGlobalNorm {
        /// Above 0.
        max_norm: f64,
    },
    /// Divides by the root of the second moment, and averages.
    Adafactor(Adafactor),
    /// Divides the first moment by the root of the second.
    Adam(Adam),
    /// Adds up gradients.
    Momentum(Momentum),
    /// Adds `rate × parameter`, with the rate that the rules give to each path. Between the optimizer and
    /// the learning rate this is decoupled decay.
    WeightDecay(Rules<f64>),
    /// Multiplies by the learning rate times a factor for each path; a path may also be frozen.
    LearningRate {
        /// The rate where the schedule is 1.
        peak: f64,
        /// Factors by path.
        factors: Rules<Tune>,
    },
    /// Multiplies by the schedule.
    Schedule(Schedule),
}

/// How a parameter takes part in training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tune {
    /// Trained with this factor, above 0, on the learning rate (and so on the decay).
    Factor(f64),
    /// Not trained: no gradient is computed and no state is kept.
    Frozen,
}
