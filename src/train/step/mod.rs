//! One training step as a function of tensors.

pub(crate) mod finite;
pub(crate) mod gradient;
pub(crate) mod leaves;
pub(crate) mod micro_batches;
pub(crate) mod scores;
pub(crate) mod state;
mod workers;

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};
use burn_trace::{LeafSpec, Save, describe};

use crate::params::{self, NamedTensors, ParamsError};
use crate::random::RandomKey;
use crate::runtime::host;
use crate::train::duration::Budget;
use crate::train::error::{TrainError, invalid};
use crate::train::precision::{Precision, has_bf16};
use crate::train::recipe::Recipe;
use crate::train::task::Task;
use crate::train::update::ema::Ema;
use crate::train::update::optimizer::Optimizer;
use crate::train::update::polyak::ResolvedPolyak;

use gradient::widened;
use micro_batches::{checked_count, value_and_grad_over};
use state::{StepMetrics, TrainState, keep_unless};
pub(crate) use workers::Workers;

/// A recipe fitted to a task: a function from state and batch to the next state.
///
/// It is the step to put into a program of one's own. An [`Engine`](crate::train::Engine) keeps the
/// state of one and compiles it where a compiler is.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::data::ImageBatch;
/// use vit22b::train::{Classify, Loss, Recipe, Task, TrainStep};
/// use vit22b::vit::ViT22BConfig;
///
/// let device = Device::flex();
/// let config = ViT22BConfig::new(3)
///     .with_image([8, 8]).with_patch(4)
///     .with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
/// let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
///
/// let train = TrainStep::new(task, &Recipe::vit22b_scaled(2, 100, 1e-3), None)?;
/// let state = train.init(train.task().init(&device), 0);
/// let batch = ImageBatch {
///     images: Tensor::zeros([2, 3, 8, 8], &device),
///     targets: Tensor::from_data([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]], &device),
/// };
/// let (state, metrics) = train.run(state, batch)?;
/// assert_eq!(state.step.into_scalar::<i64>(), 1);
/// assert!(metrics.loss.into_scalar::<f32>() > 0.0);
/// # Ok::<(), vit22b::train::TrainError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TrainStep<T> {
    task: T,
    recipe: Recipe,
    optimizer: Optimizer,
    micro_batches: usize,
    workers: Option<Workers>,
    averages: Option<Averages>,
    rolled: Option<Save>,
}

impl<T: Task> TrainStep<T> {
    /// Fits a recipe to a task. `examples_per_epoch` is needed if a length of the recipe is in epochs.
    ///
    /// # Errors
    ///
    /// [`TrainError`] for a field of the recipe that is not valid, or rules that do not cover the model.
    pub fn new(
        task: T,
        recipe: &Recipe,
        examples_per_epoch: Option<u64>,
    ) -> Result<Self, TrainError> {
        let budget = Budget::new(recipe.total, recipe.batch_size, examples_per_epoch)?;
        let averages = match (recipe.ema, recipe.polyak) {
            (None, None) => None,
            (Some(ema), None) => {
                ema.validate()?;
                Some(Averages::Ema(ema))
            }
            (None, Some(polyak)) => Some(Averages::Polyak(polyak.resolve(&budget)?)),
            (Some(_), Some(polyak)) => {
                let rule = "a recipe keeps one kind of averages: `ema` or `polyak`";
                return Err(invalid("polyak.from", format!("{:?}", polyak.from), rule));
            }
        };
        let model = task.init(&host());
        Ok(Self {
            optimizer: Optimizer::new(&recipe.update, &budget, &model)?,
            micro_batches: checked_count(recipe, task.compares_examples())?,
            workers: None,
            averages,
            recipe: recipe.clone(),
            task,
            rolled: None,
        })
    }

    /// Compiles the blocks of the model, their gradients and their updates as one loop each, so that
    /// program and compile time do not grow with the depth. `save` says what the loop forward keeps
    /// for the loop backward; the rest is computed again. A step that is not compiled does not change.
    #[must_use]
    pub fn with_rolled_blocks(mut self, save: Save) -> Self {
        self.rolled = Some(save);
        self
    }

    /// Computes equal parts of each micro-batch at the same time, each by a worker with its share of the cores. It is for
    /// Burn's CPU backend, most of whose operations keep one core busy; loss and gradients are as those of so many times more
    /// micro-batches. What is compiled does not change.
    ///
    /// # Errors
    ///
    /// [`TrainError::Recipe`] for 0 workers, a batch that they cannot share, or a loss that compares examples.
    pub fn with_workers(mut self, count: usize) -> Result<Self, TrainError> {
        let examples = self.recipe.batch_size / self.micro_batches as u64;
        if count != 1 && self.task.compares_examples() {
            let rule = "1, since the loss compares all examples of a batch";
            return Err(invalid("workers", count, rule));
        }
        if !examples.is_multiple_of(count as u64) {
            let rule = format!("a divisor of the {examples} examples that are computed at once");
            return Err(invalid("workers", count, rule));
        }
        self.workers = if count == 1 { None } else { Some(Workers::new(count)?) };
        Ok(self)
    }

    /// The step for a device of Burn. One that has no bf16, such as WebGPU's, keeps in f32 what the recipe keeps in
    /// bf16.
    ///
    /// # Errors
    ///
    /// [`TrainError::Recipe`] for products in bf16 on a device that has none.
    pub(crate) fn suited_to(mut self, device: &Device) -> Result<Self, TrainError> {
        if !has_bf16(device) {
            if self.recipe.precision == Precision::Bf16 {
                let rule = format!("f32 on {device:?}, which has no bf16");
                return Err(invalid("precision", "bf16", rule));
            }
            self.optimizer = self.optimizer.with_wide_moments();
        }
        Ok(self)
    }

    /// What rolled blocks keep, if blocks are rolled.
    pub fn rolled(&self) -> Option<&Save> {
        self.rolled.as_ref()
    }

    /// What is trained.
    pub fn task(&self) -> &T {
        &self.task
    }

    /// How it is trained.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The state before the first step. Parameters that were not drawn yet are drawn now.
    pub fn init(&self, model: T::Model, seed: u64) -> TrainState<T::Model> {
        let device = model.devices().into_iter().next().unwrap_or_default();
        let averages = self.averages.is_some().then(|| self.trained(&model));
        TrainState {
            optimizer: self.optimizer.init(&model),
            ema: averages,
            step: Tensor::from_ints([0], &device),
            skipped: self.recipe.skip_non_finite.then(|| Tensor::from_ints([0], &device)),
            seed: RandomKey::new(seed, &device).to_tensor(),
            model,
        }
    }

    /// One step on a batch.
    ///
    /// # Errors
    ///
    /// [`TrainError::Batch`] for a batch that the model cannot take, or that cannot be divided into equal
    /// micro-batches; [`TrainError::Params`] if the state is not that of the model.
    pub fn run(
        &self,
        state: TrainState<T::Model>,
        batch: T::Batch,
    ) -> Result<(TrainState<T::Model>, StepMetrics), TrainError> {
        self.check_batch(&leaves_of(&batch))?;
        let key = state.key();
        let batch = self.task.augment(batch, &key.fold_in(0));
        let computing = self.recipe.precision.cast(state.model.clone());
        let frozen = |path: &str| self.optimizer.is_frozen(path);
        let (loss, gradients) = value_and_grad_over(
            (self.micro_batches, self.workers.as_ref()),
            (&computing, frozen),
            batch,
            &key.fold_in(1),
            |model, batch, key| self.task.loss(model, batch, Some(key)).cast(DType::F32),
        );
        self.update(state, loss, gradients)
    }

    fn update(
        &self,
        state: TrainState<T::Model>,
        loss: Tensor<1>,
        gradients: NamedTensors,
    ) -> Result<(TrainState<T::Model>, StepMetrics), TrainError> {
        let gradients = widened(gradients);
        let before = self.recipe.skip_non_finite.then(|| state.clone());
        let step = state.step.clone().float();
        let taken = match &state.skipped {
            Some(skipped) => (state.step.clone() - skipped.clone()).float(),
            None => step.clone(),
        };
        let (model, optimizer, update) =
            self.optimizer.update(state.model, gradients, state.optimizer, &step, &taken)?;
        let ema = match (&self.averages, state.ema) {
            (Some(of), Some(averages)) => {
                let trained = self.trained(&model);
                Some(match of {
                    Averages::Ema(ema) => ema.update(averages, &trained, &step),
                    Averages::Polyak(polyak) => polyak.update(averages, &trained, &taken),
                })
            }
            (_, averages) => averages,
        };
        let finite = (loss.clone() + update.gradient_norm.clone()).is_finite();
        let metrics = StepMetrics {
            loss,
            gradient_norm: update.gradient_norm,
            learning_rate: update.learning_rate,
            finite: finite.clone().int(),
        };
        let (step, skipped, seed) = (state.step.add_scalar(1), state.skipped, state.seed);
        let state = TrainState { model, optimizer, ema, step, skipped, seed };
        let state = match before {
            Some(before) => keep_unless(&finite, state, before),
            None => state,
        };
        Ok((state, metrics))
    }

    /// The parameters that are not frozen.
    fn trained(&self, model: &T::Model) -> NamedTensors {
        let parameters = params::collect(model).into_iter();
        parameters.filter(|(path, _)| !self.optimizer.is_frozen(path)).collect()
    }

    /// The state, if its optimizer state and its averages are those of its model; else an error. Older
    /// checkpoints also hold averages of frozen parameters, which are dropped, and do not say how many steps
    /// were left out, which counts as none.
    pub(crate) fn checked_state(
        &self,
        mut state: TrainState<T::Model>,
    ) -> Result<TrainState<T::Model>, ParamsError> {
        let is_frozen = |path: &str| self.optimizer.is_frozen(path);
        let averages = state.ema.take().unwrap_or_default().into_iter();
        let averages: NamedTensors = averages.filter(|(path, _)| !is_frozen(path)).collect();
        let parameters = params::collect(&state.model);
        let averaged = match self.averages {
            Some(_) => {
                let shapes = params::shapes(&state.model).into_iter();
                shapes.filter(|(path, _)| !is_frozen(path)).collect()
            }
            None => vec![],
        };
        let mut error = ParamsError::default();
        error.compare("", self.optimizer.slot_shapes(&parameters), &state.optimizer);
        error.compare(AVERAGE, averaged, &averages);
        error.into_result()?;
        state.ema = self.averages.is_some().then_some(averages);
        if self.recipe.skip_non_finite && state.skipped.is_none() {
            state.skipped = Some(state.step.zeros_like());
        }
        Ok(state)
    }

    /// The number of micro-batches of a batch.
    #[cfg(feature = "xla")]
    pub(crate) fn micro_batches(&self) -> usize {
        self.micro_batches
    }

    /// An error for a batch that the model cannot take, or that cannot be divided into equal micro-batches.
    pub(crate) fn check_batch(&self, leaves: &[LeafSpec]) -> Result<(), TrainError> {
        let (what, examples) = self.check_examples(leaves)?;
        let workers = self.workers.as_ref().map_or(1, Workers::count);
        if !examples.is_multiple_of(self.micro_batches * workers) {
            let expected = match workers {
                1 => format!("a multiple of the {} micro-batches", self.micro_batches),
                _ => format!(
                    "a multiple of {}, {} micro-batches of {workers} workers",
                    self.micro_batches * workers,
                    self.micro_batches
                ),
            };
            return Err(TrainError::batch(what, expected, examples));
        }
        self.task.check(leaves)
    }

    /// An error for a batch that the model cannot take, or for another number of weights than examples.
    pub(crate) fn check_scored(
        &self,
        leaves: &[LeafSpec],
        weights: usize,
    ) -> Result<(), TrainError> {
        let (_, examples) = self.check_examples(leaves)?;
        if weights != examples {
            let expected = format!("{examples}, one for each example");
            return Err(TrainError::batch("weights axis 0 (batch)", expected, weights));
        }
        self.task.check(leaves)
    }

    /// The number of examples of a batch, which is the length of the first axis of each of its tensors, and
    /// what an error calls that axis.
    fn check_examples(&self, leaves: &[LeafSpec]) -> Result<(String, usize), TrainError> {
        let name = |leaf: &LeafSpec| match leaf.path.as_str() {
            "" => "batch".to_owned(),
            path => path.to_owned(),
        };
        let axis = |leaf: &LeafSpec| format!("{} axis 0 (batch)", name(leaf));
        let [first, rest @ ..] = leaves else {
            return Err(TrainError::batch("batch", "at least one tensor", "none"));
        };
        let examples = first.ty.shape.first().copied().unwrap_or(0);
        if examples == 0 {
            return Err(TrainError::batch(axis(first), "at least 1", examples));
        }
        for leaf in rest {
            let got = leaf.ty.shape.first().copied().unwrap_or(0);
            if got != examples {
                let expected = format!("{examples} as in {}", name(first));
                return Err(TrainError::batch(axis(leaf), expected, got));
            }
        }
        Ok((axis(first), examples))
    }
}

/// How averages of the parameters are kept.
#[derive(Debug, Clone, Copy)]
enum Averages {
    Ema(Ema),
    Polyak(ResolvedPolyak),
}

/// Before the path of an average in an error.
const AVERAGE: &str = "average of ";

/// The leaves of a batch.
pub(crate) fn leaves_of(batch: &impl burn_trace::TensorTree) -> Vec<LeafSpec> {
    describe(batch).expect("a batch is a tree of tensors")
}
