//! How heads are trained.

use std::sync::Arc;

use super::result::ExperimentError;
use crate::data::BatchSource;
use crate::runtime::Runtime;
use crate::train::{Engine, Recipe, Start, Task, TrainStep};

/// On how much a head over a frozen tower is trained, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadTraining {
    /// Scenes or clips to train on, at least 1.
    pub examples: usize,
    /// Steps, at least 1.
    pub steps: u64,
    /// What the examples and the head are drawn from. Another seed has other examples, to test on too.
    pub seed: u64,
}

/// The model after all steps of a recipe.
pub(super) fn train<T: Task>(
    runtime: &Runtime,
    (task, recipe, start): (T, Recipe, Start<T::Model>),
    data: Arc<dyn BatchSource<T::Batch>>,
) -> Result<T::Model, ExperimentError> {
    let step = TrainStep::new(task, &recipe, None)?;
    let mut engine = Engine::start(runtime, step, start)?;
    engine.train(data, |_| ())?;
    Ok(engine.state()?.model)
}
