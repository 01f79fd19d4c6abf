//! One training step as a function of tensors.

pub(crate) mod gradient;
pub(crate) mod scores;
pub(crate) mod state;

use burn::module::Module;
use burn::tensor::{Bool, DType, Int, Tensor};
use burn_trace::{Save, Stacked, TensorTree, scan};

use crate::params::blocks::{self, by_block};
use crate::params::{self, NamedTensors, ParamsError, TensorFn};
use crate::random::RandomKey;
use crate::vit::{Draws, FeatureRequest, ViT22B, ViT22BConfig};

use crate::train::duration::Budget;
use crate::train::error::{TrainError, invalid};
use crate::train::precision::Precision;
use crate::train::recipe::Recipe;
use crate::train::task::cutmix::{ResolvedCutMix, mix_batch};
use crate::train::task::loss::Loss;
use crate::train::task::mixup::ResolvedMixup;
use crate::train::update::ema::Ema;
use crate::train::update::optimizer::Optimizer;

use gradient::{Widen, value_and_grad};
use state::{StepMetrics, TrainState};

/// A recipe fitted to a model: a function from state and batch to the next state.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::train::{Recipe, TrainStep};
/// use vit22b::vit::ViT22BConfig;
///
/// let device = Device::flex();
/// let model = ViT22BConfig::new(3)
///     .with_image([8, 8]).with_patch(4)
///     .with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2)
///     .init(&device)?;
///
/// let train = TrainStep::new(&Recipe::vit22b_scaled(2, 100, 1e-3), None, &model)?;
/// let state = train.init(model, 0);
/// let images = Tensor::<4>::zeros([2, 3, 8, 8], &device);
/// let targets = Tensor::<2>::from_data([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]], &device);
/// let (state, metrics) = train.run(state, images, targets)?;
/// assert_eq!(state.step.into_scalar::<i64>(), 1);
/// assert!(metrics.loss.into_scalar::<f32>() > 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TrainStep {
    pub(crate) loss: Loss,
    mixup: Option<ResolvedMixup>,
    cutmix: Option<ResolvedCutMix>,
    optimizer: Optimizer,
    ema: Option<Ema>,
    pub(crate) precision: Precision,
    micro_batches: usize,
    pub(crate) skip_non_finite: bool,
    rolled: Option<Save>,
}

impl TrainStep {
    /// Fits a recipe to a model. `examples_per_epoch` is needed where the recipe speaks of epochs.
    ///
    /// # Errors
    ///
    /// [`TrainError`] for a field of the recipe that has no meaning, or rules that do not cover
    /// the model.
    pub fn new<M: Module>(
        recipe: &Recipe,
        examples_per_epoch: Option<u64>,
        model: &M,
    ) -> Result<Self, TrainError> {
        let budget = Budget::new(recipe.total, recipe.batch_size, examples_per_epoch)?;
        if let Some(ema) = &recipe.ema {
            ema.validate()?;
        }
        Ok(Self {
            loss: recipe.loss,
            mixup: recipe.mixup.map(|mixup| mixup.resolve()).transpose()?,
            cutmix: recipe.cutmix.map(|cutmix| cutmix.resolve()).transpose()?,
            optimizer: Optimizer::new(&recipe.update, &budget, model)?,
            ema: recipe.ema,
            precision: recipe.precision,
            micro_batches: micro_batches(recipe)?,
            skip_non_finite: recipe.skip_non_finite,
            rolled: None,
        })
    }

    /// Compiles the blocks of the model, their gradients and their updates as one loop each, so that
    /// program and compile time do not grow with the depth. `save` says what the loop forward keeps
    /// for the loop backward; the rest is computed again. An eager step does not change.
    #[must_use]
    pub fn with_rolled_blocks(mut self, save: Save) -> Self {
        self.rolled = Some(save);
        self
    }

    /// What rolled blocks keep, if blocks are rolled.
    pub fn rolled(&self) -> Option<&Save> {
        self.rolled.as_ref()
    }

    /// The state before the first step. All parameters are drawn now.
    pub fn init<M: Module>(&self, model: M, seed: u64) -> TrainState<M> {
        let parameters = params::collect(&model);
        let device = model.devices().into_iter().next().unwrap_or_default();
        TrainState {
            optimizer: self.optimizer.init(&model),
            ema: self.ema.map(|_| parameters),
            step: Tensor::from_ints([0], &device),
            seed: RandomKey::new(seed, &device).to_tensor(),
            model,
        }
    }

    /// One step of a ViT on a batch.
    ///
    /// # Shapes
    ///
    /// - images: `[b, 3, height, width]`, values in [−1, 1]
    /// - targets: `[b, c]`
    ///
    /// # Errors
    ///
    /// [`TrainError::Batch`] for a batch that the model cannot take.
    pub fn run(
        &self,
        state: TrainState<ViT22B>,
        images: Tensor<4>,
        targets: Tensor<2>,
    ) -> Result<(TrainState<ViT22B>, StepMetrics), TrainError> {
        self.check_batch(state.model.config(), &images.dims(), &targets.dims())?;
        let key = state.key();
        let (mixup, cutmix) = (self.mixup.as_ref(), self.cutmix.as_ref());
        let (images, targets) = mix_batch(mixup, cutmix, images, targets, &key.fold_in(0));
        let computing = self.precision.cast(state.model.clone());
        let (loss, gradients) = self.accumulated(&computing, images, targets, &key);
        self.update(state, loss, gradients)
    }

    /// One step of any module on any loss; the key is the step's own. What the loss needs besides
    /// the module goes through `inputs`.
    ///
    /// # Errors
    ///
    /// [`TrainError::Params`] if the state is not that of the model.
    pub fn run_with<M: Module + 'static, I: TensorTree>(
        &self,
        state: TrainState<M>,
        inputs: I,
        loss: impl FnOnce(&M, I, &RandomKey) -> Tensor<1>,
    ) -> Result<(TrainState<M>, StepMetrics), TrainError> {
        let key = state.key();
        let frozen = |path: &str| self.optimizer.is_frozen(path);
        let computing = self.precision.cast(state.model.clone());
        let (loss, gradients) =
            value_and_grad(&computing, frozen, (inputs, key), |model, (inputs, key)| {
                loss(model, inputs, &key)
            });
        self.update(state, loss, gradients)
    }

    /// The loss and its gradients over equal parts of the batch, one after the other: the memory of
    /// one part's activations.
    fn accumulated(
        &self,
        model: &ViT22B,
        images: Tensor<4>,
        targets: Tensor<2>,
        key: &RandomKey,
    ) -> (Tensor<1>, NamedTensors) {
        let count = self.micro_batches;
        let size = images.dims()[0] / count;
        let part = |number: usize| {
            let index = Tensor::from_ints([number as i64], &images.device());
            let images = images.clone().narrow(0, number * size, size);
            (images, targets.clone().narrow(0, number * size, size), index)
        };
        type Part = (Tensor<4>, Tensor<2>, Tensor<1, Int>);
        let frozen = |path: &str| self.optimizer.is_frozen(path);
        let run = |(images, targets, number): Part| {
            let inputs = (images, targets, key.fold_in(1).fold_in_tensor(number));
            value_and_grad(model, frozen, inputs, |model, (images, targets, key)| {
                let images = self.precision.cast_tensor(images);
                let cfg = model.config();
                let draws = Draws::new(key)
                    .with_dropout(cfg.dropout)
                    .with_stochastic_depth(cfg.stochastic_depth);
                self.loss.forward(model.forward_train(images, &draws), targets)
            })
        };
        if count == 1 {
            return run(part(0));
        }
        let trained = params::collect(model).into_iter().filter(|(path, _)| !frozen(path));
        let zeros = blocks::map(trained.collect(), &mut Zeros);
        let batches: Vec<_> = (0..count).map(part).collect();
        let start = (Tensor::zeros([1], &images.device()), Stacked::new(zeros));
        let ((loss, gradients), _) = scan(start, batches, |(loss, gradients), part| {
            let (more_loss, more) = run(part);
            let [sum] = by_block([gradients.tree, more], |[sum, more]| [sum.map(&mut Add(more))]);
            ((loss + more_loss, Stacked::new(sum)), ())
        });
        let share = 1.0 / count as f64;
        (loss.mul_scalar(share), blocks::map(gradients.tree, &mut Scale(share)))
    }

    /// An error for a state whose optimizer or averages are not those of its model.
    pub(crate) fn check_state<M: Module>(&self, state: &TrainState<M>) -> Result<(), ParamsError> {
        let parameters = params::collect(&state.model);
        let averaged = if self.ema.is_some() { params::shapes(&state.model) } else { vec![] };
        let mut error = ParamsError::default();
        error.compare("", self.optimizer.slot_shapes(&parameters), &state.optimizer);
        error.compare(AVERAGE, averaged, state.ema.as_ref().unwrap_or(&NamedTensors::default()));
        error.into_result()
    }

    /// Into how many parts a batch is cut.
    pub(crate) fn micro_batches(&self) -> usize {
        self.micro_batches
    }

    /// An error for a batch that the model cannot take.
    pub(crate) fn check_batch(
        &self,
        cfg: &ViT22BConfig,
        images: &[usize],
        targets: &[usize],
    ) -> Result<(), TrainError> {
        let check = |what, valid: bool, expected: String, got: usize| match valid {
            true => Ok(()),
            false => Err(TrainError::Batch { what, expected, got: got.to_string() }),
        };
        let (&[b, channels, height, width], &[rows, classes]) = (images, targets) else {
            let expected = "four axes of images and two of targets".into();
            let got = format!("{} and {}", images.len(), targets.len());
            return Err(TrainError::Batch { what: "batch", expected, got });
        };
        let parts = self.micro_batches;
        check("images axis 0 (batch)", b > 0, "at least 1".into(), b)?;
        let rule = format!("a multiple of the {parts} micro-batches");
        check("images axis 0 (batch)", b.is_multiple_of(parts), rule, b)?;
        let expected = cfg.channels.to_string();
        check("images axis 1 (channels)", channels == cfg.channels, expected, channels)?;
        for (what, side) in [("images axis 2 (height)", height), ("images axis 3 (width)", width)] {
            let valid = side > 0 && side.is_multiple_of(cfg.patch);
            check(what, valid, format!("a positive multiple of the patch {}", cfg.patch), side)?;
        }
        check("targets axis 0 (batch)", rows == b, format!("{b} as in images"), rows)?;
        let outputs = cfg.outputs();
        check("targets axis 1 (classes)", classes == outputs, outputs.to_string(), classes)
    }

    fn update<M: Module>(
        &self,
        state: TrainState<M>,
        loss: Tensor<1>,
        gradients: NamedTensors,
    ) -> Result<(TrainState<M>, StepMetrics), TrainError> {
        let gradients = blocks::map(gradients, &mut Widen);
        let before = self.skip_non_finite.then(|| state.clone());
        let step = state.step.clone().float();
        let (model, optimizer, update) =
            self.optimizer.update(state.model, gradients, state.optimizer, &step)?;
        let ema = match (&self.ema, state.ema) {
            (Some(ema), Some(averages)) => {
                Some(ema.update(averages, &params::collect(&model), &step))
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
        let mut state =
            TrainState { model, optimizer, ema, step: state.step.add_scalar(1), seed: state.seed };
        if let Some(before) = before {
            let pick = |after: NamedTensors, before: NamedTensors| {
                let [picked] = by_block([after, before], |[after, before]| {
                    [after.map(&mut Pick { finite: &finite, before })]
                });
                picked
            };
            let (model, old) = (params::collect(&state.model), params::collect(&before.model));
            state.model = params::assign(state.model, pick(model, old));
            state.optimizer = pick(state.optimizer, before.optimizer);
            state.ema = state.ema.map(|after| pick(after, before.ema.unwrap_or_default()));
        }
        Ok((state, metrics))
    }
}

/// Adds the tensor of the same name.
struct Add(NamedTensors);

impl TensorFn for Add {
    fn call<const D: usize>(&mut self, path: &str, tensor: Tensor<D>) -> Tensor<D> {
        match self.0.take::<D>(path) {
            Some(more) => tensor + more.cast(DType::F32),
            None => tensor,
        }
    }
}

/// Zeros in f32.
struct Zeros;

impl TensorFn for Zeros {
    fn call<const D: usize>(&mut self, _: &str, tensor: Tensor<D>) -> Tensor<D> {
        tensor.zeros_like().cast(DType::F32)
    }
}

struct Scale(f64);

impl TensorFn for Scale {
    fn call<const D: usize>(&mut self, _: &str, tensor: Tensor<D>) -> Tensor<D> {
        tensor.mul_scalar(self.0)
    }
}

/// The tensors after a step where it was finite, and those before it elsewhere.
struct Pick<'a> {
    finite: &'a Tensor<1, Bool>,
    before: NamedTensors,
}

impl TensorFn for Pick<'_> {
    fn call<const D: usize>(&mut self, path: &str, after: Tensor<D>) -> Tensor<D> {
        match self.before.take::<D>(path) {
            Some(before) => {
                let finite = self.finite.clone().reshape([1; D]).expand(after.shape());
                before.mask_where(finite, after)
            }
            None => after,
        }
    }
}

/// Before the path of an average in an error.
const AVERAGE: &str = "average of ";

fn micro_batches(recipe: &Recipe) -> Result<usize, TrainError> {
    let parts = recipe.micro_batches;
    let valid = parts > 0 && recipe.batch_size.is_multiple_of(parts);
    let rule = format!("a divisor of batch_size = {}", recipe.batch_size);
    if valid { Ok(parts as usize) } else { Err(invalid("micro_batches", parts, &rule)) }
}

/// An error if the loss is not finite: it names the first tensor with a NaN or an infinity, in the
/// order of computation. Call it with the model and the batch that gave the loss.
///
/// # Errors
///
/// [`TrainError::NonFinite`].
pub fn ensure_finite(
    loss: f32,
    step: u64,
    model: &ViT22B,
    images: &Tensor<4>,
    targets: &Tensor<2>,
) -> Result<(), TrainError> {
    if loss.is_finite() {
        return Ok(());
    }
    let tensor = first_non_finite(model, images, targets).unwrap_or_else(|| "the loss".into());
    Err(TrainError::NonFinite { step, loss, tensor })
}

fn first_non_finite(model: &ViT22B, images: &Tensor<4>, targets: &Tensor<2>) -> Option<String> {
    let mut inputs = NamedTensors::default();
    inputs.insert("images", images.clone());
    inputs.insert("targets", targets.clone());
    let parameters = params::collect(model);
    let found = inputs.first_non_finite().map(String::from);
    found.or_else(|| parameters.first_non_finite().map(|path| format!("parameter {path}"))).or_else(
        || {
            let mut request = FeatureRequest::all(model.blocks.len());
            if model.head.is_none() {
                request = (0..model.blocks.len()).fold(FeatureRequest::new(), |r, i| r.block(i));
                request = request.embedded().encoded().pooled();
            }
            let features = model.features(images.clone(), &request).ok()?;
            features.in_order().into_iter().find(|(_, any)| !any.is_finite()).map(|(name, _)| name)
        },
    )
}
