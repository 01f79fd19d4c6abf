//! Tasks made of functions.

use core::fmt;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_trace::{LeafSpec, TensorTree};
use serde_json::{Value, json};

use super::{Task, loss_of_each};
use crate::params::NamedTensors;
use crate::random::RandomKey;
use crate::train::error::TrainError;

/// A task of any module and any loss. Made by [`from_fn`].
pub struct FromFn<M, B> {
    init: Arc<dyn Fn(&Device) -> M + Send + Sync>,
    loss: Arc<LossFn<M, B>>,
    scores: Option<Arc<ScoresFn<M, B>>>,
    description: Value,
}

type LossFn<M, B> = dyn Fn(&M, B, Option<&RandomKey>) -> Tensor<1> + Send + Sync;
type ScoresFn<M, B> = dyn Fn(&M, B, Tensor<1>) -> NamedTensors + Send + Sync;

/// A task of a function that makes a model and one that gives the mean loss of a batch. The loss has
/// a key in training, to draw dropout and its like from, and none in evaluation.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Device, Tensor};
/// use vit22b::Runtime;
/// use vit22b::train::{Engine, Recipe, Start, TrainStep, loss, task};
///
/// let task = task::from_fn(
///     |device: &Device| LinearConfig::new(2, 3).init(device),
///     |model: &Linear, (x, y): (Tensor<2>, Tensor<2>), _key| {
///         loss::softmax_cross_entropy(model.forward(x), y, 0.0)
///     },
/// );
/// let step = TrainStep::new(task, &Recipe::vit22b_scaled(3, 100, 0.1), None)?;
/// let mut engine = Engine::start(&Runtime::flex(), step, Start::Drawn(0))?;
/// let device = Device::flex();
/// let batch = (Tensor::ones([3, 2], &device), Tensor::eye(3, &device));
/// assert!(engine.step(batch)?.read()?.loss > 0.0);
/// # Ok::<(), vit22b::train::TrainError>(())
/// ```
pub fn from_fn<M: Module + 'static, B: TensorTree>(
    init: impl Fn(&Device) -> M + Send + Sync + 'static,
    loss: impl Fn(&M, B, Option<&RandomKey>) -> Tensor<1> + Send + Sync + 'static,
) -> FromFn<M, B> {
    let description = json!({ "task": "from_fn" });
    FromFn { init: Arc::new(init), loss: Arc::new(loss), scores: None, description }
}

impl<M, B> FromFn<M, B> {
    /// Scores in place of the default, the loss of each example alone: weighted sums by name, as
    /// [`Task::scores`] says.
    #[must_use]
    pub fn with_scores(
        mut self,
        scores: impl Fn(&M, B, Tensor<1>) -> NamedTensors + Send + Sync + 'static,
    ) -> Self {
        self.scores = Some(Arc::new(scores));
        self
    }

    /// What checkpoints say of the task, as [`Task::describe`] says.
    #[must_use]
    pub fn with_description(mut self, description: Value) -> Self {
        self.description = description;
        self
    }
}

impl<M, B> Clone for FromFn<M, B> {
    fn clone(&self) -> Self {
        Self {
            init: Arc::clone(&self.init),
            loss: Arc::clone(&self.loss),
            scores: self.scores.clone(),
            description: self.description.clone(),
        }
    }
}

impl<M, B> fmt::Debug for FromFn<M, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").field("description", &self.description).finish_non_exhaustive()
    }
}

impl<M: Module + 'static, B: TensorTree> Task for FromFn<M, B> {
    type Model = M;
    type Batch = B;

    fn init(&self, device: &Device) -> M {
        (self.init)(device)
    }

    /// Any batch: the loss panics for one that it cannot take.
    fn check(&self, _batch: &[LeafSpec]) -> Result<(), TrainError> {
        Ok(())
    }

    fn loss(&self, model: &M, batch: B, key: Option<&RandomKey>) -> Tensor<1> {
        (self.loss)(model, batch, key)
    }

    fn scores(&self, model: &M, batch: B, weights: Tensor<1>) -> NamedTensors {
        match &self.scores {
            Some(scores) => scores(model, batch, weights),
            None => loss_of_each(self, model, batch, weights),
        }
    }

    fn describe(&self) -> Value {
        self.description.clone()
    }
}
