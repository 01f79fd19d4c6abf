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
    check: Option<Arc<CheckFn>>,
    scores: Option<Arc<ScoresFn<M, B>>>,
    dummy_batch: Option<Arc<DummyBatchFn<B>>>,
    flops_per_example: Option<f64>,
    unit: &'static str,
    description: Value,
}

type LossFn<M, B> = dyn Fn(&M, B, Option<&RandomKey>) -> Tensor<1> + Send + Sync;
type CheckFn = dyn Fn(&[LeafSpec]) -> Result<(), TrainError> + Send + Sync;
type DummyBatchFn<B> = dyn Fn(usize, &Device) -> B + Send + Sync;
type ScoresFn<M, B> = dyn Fn(&M, B, Tensor<1>) -> NamedTensors + Send + Sync;

/// A task of a function that makes a model and one that gives the mean loss of a batch. The loss has
/// a key in training, to draw dropout and its like from, and none in evaluation.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Device, Tensor};
/// use vit22b::Runtime;
/// use vit22b::train::{Engine, Precision, Recipe, Start, TrainStep, loss, task};
///
/// let task = task::from_fn(
///     |device: &Device| LinearConfig::new(2, 3).init(device),
///     |model: &Linear, (x, y): (Tensor<2>, Tensor<2>), _key| {
///         // The weights are bf16 in bf16 training, and batches are f32.
///         let x = x.cast(model.weight.dtype());
///         loss::softmax_cross_entropy(model.forward(x), y, 0.0)
///     },
/// );
/// let recipe = Recipe { precision: Precision::Bf16, ..Recipe::vit22b_scaled(3, 100, 0.1) };
/// let step = TrainStep::new(task, &recipe, None)?;
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
    FromFn {
        init: Arc::new(init),
        loss: Arc::new(loss),
        check: None,
        scores: None,
        dummy_batch: None,
        flops_per_example: None,
        unit: "examples",
        description: json!({ "task": "from_fn" }),
    }
}

impl<M, B> FromFn<M, B> {
    /// Says which batches the model can take, as [`Task::check`] does. Without it a batch that the model
    /// cannot take is a panic of the loss, or on XLA a function that cannot be recorded.
    #[must_use]
    pub fn with_check(
        mut self,
        check: impl Fn(&[LeafSpec]) -> Result<(), TrainError> + Send + Sync + 'static,
    ) -> Self {
        self.check = Some(Arc::new(check));
        self
    }

    /// Makes a batch of a size, with any values, as [`Task::dummy_batch`] does: by it a step is compiled
    /// before data is there.
    #[must_use]
    pub fn with_dummy_batch(
        mut self,
        dummy_batch: impl Fn(usize, &Device) -> B + Send + Sync + 'static,
    ) -> Self {
        self.dummy_batch = Some(Arc::new(dummy_batch));
        self
    }

    /// Floating-point operations of a step for each example, as [`Task::flops_per_example`] says.
    #[must_use]
    pub fn with_flops_per_example(mut self, flops: f64) -> Self {
        self.flops_per_example = Some(flops);
        self
    }

    /// What the examples are, as [`Task::unit`] says.
    #[must_use]
    pub fn with_unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

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
            check: self.check.clone(),
            scores: self.scores.clone(),
            dummy_batch: self.dummy_batch.clone(),
            flops_per_example: self.flops_per_example,
            unit: self.unit,
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

    fn check(&self, batch: &[LeafSpec]) -> Result<(), TrainError> {
        self.check.as_ref().map_or(Ok(()), |check| check(batch))
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

    fn dummy_batch(&self, size: usize, device: &Device) -> Option<B> {
        self.dummy_batch.as_ref().map(|make| make(size, device))
    }

    fn flops_per_example(&self) -> Option<f64> {
        self.flops_per_example
    }

    fn unit(&self) -> &'static str {
        self.unit
    }
}
