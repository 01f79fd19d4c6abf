//! What is trained: a model, its batches, its loss and its scores.
//!
//! A [`Task`] is all that a step, an engine and a run know of a model. [`Classify`] trains a ViT on
//! labelled images; [`from_fn`] makes a task of any module and any loss; a type of one's own
//! implements the trait.

pub(crate) mod beta;
pub(crate) mod classify;
pub(crate) mod cutmix;
pub(crate) mod from_fn;
pub mod loss;
pub(crate) mod mixup;

use core::fmt::Debug;

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};
use burn_trace::{LeafSpec, TensorTree, rows, scan_as_loop};

use crate::params::{AnyTensor, NamedTensors};
use crate::random::RandomKey;
use crate::train::error::TrainError;

pub use classify::{Classify, Regularisation};
pub use from_fn::{FromFn, from_fn};

/// What is trained: which model, on which batches, by which loss.
///
/// A step, an engine and a run know the model by this trait alone. What a task does must follow from
/// its arguments: on XLA its functions are recorded once and compiled, and a number that they read
/// elsewhere is frozen into the program.
///
/// A part that is not trained, such as the teacher of a distillation, is a field of the model; a rule
/// with [`Tune::Frozen`](crate::train::Tune::Frozen) names its paths, and then no gradient, no moment
/// and no average is kept for it.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{DType, Device, Tensor};
/// use burn_trace::LeafSpec;
/// use vit22b::RandomKey;
/// use vit22b::train::{Recipe, Task, TrainError, TrainStep};
///
/// /// A line through points.
/// #[derive(Debug, Clone)]
/// struct Line;
///
/// impl Task for Line {
///     type Model = Linear;
///     type Batch = (Tensor<2>, Tensor<2>);
///
///     fn init(&self, device: &Device) -> Linear {
///         LinearConfig::new(1, 1).init(device)
///     }
///
///     fn check(&self, batch: &[LeafSpec]) -> Result<(), TrainError> {
///         match batch.iter().find(|leaf| leaf.ty.shape[1] != 1) {
///             None => Ok(()),
///             Some(leaf) => Err(TrainError::batch(&leaf.path, 1, leaf.ty.shape[1])),
///         }
///     }
///
///     fn loss(&self, line: &Linear, (x, y): Self::Batch, _: Option<&RandomKey>) -> Tensor<1> {
///         (line.forward(x) - y).square().mean()
///     }
///
///     fn describe(&self) -> serde_json::Value {
///         serde_json::json!({ "task": "line" })
///     }
/// }
///
/// let step = TrainStep::new(Line, &Recipe::vit22b_scaled(4, 100, 0.1), None)?;
/// let state = step.init(step.task().init(&Device::flex()), 0);
/// let x = Tensor::<2>::from_data([[0.0], [1.0], [2.0], [3.0]], &Device::flex());
/// let (state, metrics) = step.run(state, (x.clone(), x * 2.0))?;
/// assert!(metrics.loss.into_scalar::<f32>() > 0.0);
/// # drop(state);
/// # Ok::<(), TrainError>(())
/// ```
pub trait Task: Clone + Debug + Send + Sync + 'static {
    /// The model.
    type Model: Module + 'static;
    /// What a step is given: a tree of tensors. The first axis of each of them is the examples.
    type Batch: TensorTree;

    /// A model whose parameters are not drawn yet: Burn's layers draw them at first use.
    fn init(&self, device: &Device) -> Self::Model;

    /// Says whether the model can take a batch with these leaves. It has been checked that all have the same
    /// number of examples, at least one.
    ///
    /// # Errors
    ///
    /// [`TrainError::Batch`] that names the leaf and the axis.
    fn check(&self, batch: &[LeafSpec]) -> Result<(), TrainError>;

    /// The batch that is trained on, drawn from one that was loaded; by default the batch itself.
    fn augment(&self, batch: Self::Batch, _key: &RandomKey) -> Self::Batch {
        batch
    }

    /// The mean loss of a batch: with a key as in training, with dropout and the like drawn from it; without
    /// one as in evaluation.
    ///
    /// With [`Precision::Bf16`](crate::train::Precision::Bf16) the parameters of the model are bf16,
    /// except for those of norms, and the batch is as it was loaded. So a model casts its input to the
    /// type of its first weights, as in the example of [`from_fn`], and a loss casts outputs to f32
    /// before it sums them, as those of [`loss`] do. `layers::PatchEmbed` casts its images by itself.
    /// The loss may be of any float type; it is reported in f32.
    ///
    /// # Shapes
    ///
    /// - output: `[1]`
    fn loss(&self, model: &Self::Model, batch: Self::Batch, key: Option<&RandomKey>) -> Tensor<1>;

    /// Whether the loss compares the examples of a batch with each other, as a contrastive one does. Then the loss of a part of a batch is
    /// another one, so that the batch cannot be computed in [micro-batches](crate::train::Recipe::micro_batches), and the task has
    /// [`scores`](Self::scores) of its own. By default it does not: the loss is a mean over examples.
    fn compares_examples(&self) -> bool {
        false
    }

    /// Scores of a batch by name, each a sum over the examples of a score times the example's weight,
    /// which is 0 for rows that are no example. By default the loss of each example alone, as `loss`:
    /// the model is called for one example after the other, on XLA in a loop of one program. That is
    /// right for every loss, and slow. A task that can compute the loss of each example of a batch at
    /// once should do so in scores of its own. It must where a layout cuts activations along the
    /// examples, as over a mesh with an axis for data: one example alone cannot be cut.
    ///
    /// A score whose name begins with `precision` or `accuracy` is a share, and shown in percent.
    ///
    /// # Shapes
    ///
    /// - weights: `[b]`
    /// - outputs: `[1]` each
    fn scores(&self, model: &Self::Model, batch: Self::Batch, weights: Tensor<1>) -> NamedTensors {
        loss_of_each(self, model, batch, weights)
    }

    /// What the manifest of a checkpoint says of the task: the same value, the same task. Its field
    /// `model`, if there is one, is the architecture: a run is not resumed with another. A run may
    /// change the other fields, and reports it.
    fn describe(&self) -> serde_json::Value;

    /// The description that a checkpoint of an earlier version of the task holds, with the fields that
    /// this version has besides, as they were in effect then. A run that is resumed compares it with
    /// [`describe`](Self::describe). By default the description itself.
    fn upgrade(&self, description: serde_json::Value) -> serde_json::Value {
        description
    }

    /// A batch of this size with any values, by which a step is compiled before data is there. `None`,
    /// the default, says that the shapes follow from the data alone; the first batch then compiles.
    fn dummy_batch(&self, _size: usize, _device: &Device) -> Option<Self::Batch> {
        None
    }

    /// Floating-point operations of a step for each example, forward and backward: for utilisation.
    fn flops_per_example(&self) -> Option<f64> {
        None
    }

    /// What the examples are, for the line of a run's progress: `images` in `512 images/s`.
    fn unit(&self) -> &'static str {
        "examples"
    }

    /// Tensors that a forward pass makes, in the order of computation. After a step that is not finite
    /// the first of them with a NaN or an infinity is named.
    fn intermediates(&self, _model: &Self::Model, _batch: Self::Batch) -> Vec<(String, AnyTensor)> {
        vec![]
    }
}

/// The weighted sum of each example's own loss.
fn loss_of_each<T: Task>(
    task: &T,
    model: &T::Model,
    batch: T::Batch,
    weights: Tensor<1>,
) -> NamedTensors {
    let example = |index| {
        let example = rows(&batch, index, 1).expect("a batch is a tree of its own tensors");
        (example, weights.clone().narrow(0, index, 1))
    };
    let examples: Vec<_> = (0..weights.dims()[0]).map(example).collect();
    let start = Tensor::zeros([1], &weights.device());
    let (sum, _) = scan_as_loop(start, examples, |sum, (example, weight)| {
        let loss = task.loss(model, example, None).cast(DType::F32);
        (sum + loss * weight, ())
    });
    let mut scores = NamedTensors::default();
    scores.insert("loss", sum);
    scores
}
