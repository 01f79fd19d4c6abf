//! Training on whatever a runtime has, behind one interface.

mod ahead;
pub(crate) mod compiled;
pub(crate) mod peak;

use std::sync::{Mutex, PoisonError};

use burn::tensor::Tensor;
use burn_trace::Stacked;
use burn_xla::Xla;
use burn_xla::program::{DeviceTree, Jit};

use crate::Runtime;
use crate::data::batch::ImageBatch;
use crate::params;
use crate::vit::{ViT22B, ViT22BConfig};

use crate::train::error::TrainError;
use crate::train::step::scores::BatchScores;
use crate::train::step::state::{StepMetrics, TrainState};
use crate::train::step::{TrainStep, ensure_finite};
use compiled::CompiledTraining;

type State = TrainState<ViT22B>;

/// A train state and the steps that change it: one compiled program where the runtime is XLA, Burn
/// operation by operation elsewhere.
///
/// ```
/// use vit22b::Runtime;
/// use vit22b::data::{BatchSource, Drawings};
/// use vit22b::train::{Engine, Recipe, TrainStep};
/// use vit22b::vit::ViT22BConfig;
///
/// let data = Drawings::new(8, 0);
/// let config = ViT22BConfig::new(data.hierarchy().names().len())
///     .with_image([8, 8]).with_patch(4)
///     .with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
/// let runtime = Runtime::flex(); // or Runtime::auto(), which prefers XLA
/// let model = config.init(&runtime.device())?;
/// let train = TrainStep::new(&Recipe::vit22b_scaled(4, 100, 1e-3), None, &model)?;
///
/// let mut engine = Engine::init(&runtime, train, &config, 0)?;
/// let reading = engine.step(data.batch(0, 4)?)?.read()?;
/// assert!(reading.loss > 0.0);
/// assert_eq!(engine.state()?.step.into_scalar::<i64>(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Engine {
    train: TrainStep,
    at: At,
    /// Steps done.
    step: u64,
}

#[derive(Debug)]
enum At {
    Host(Box<State>),
    Device(Box<OnDevice>),
}

#[derive(Debug)]
struct OnDevice {
    xla: Xla,
    training: CompiledTraining,
    evaluate: Jit<(Stacked<State>, Tensors), BatchScores>,
}

type Tensors = (Tensor<4>, Tensor<2>);

impl Engine {
    /// Training from parameters that are drawn from a seed, where they are trained. Each runtime
    /// has a generator of its own.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a config that makes no model, [`TrainError::Xla`].
    pub fn init(
        runtime: &Runtime,
        train: TrainStep,
        config: &ViT22BConfig,
        seed: u64,
    ) -> Result<Self, TrainError> {
        let at = match runtime.as_xla() {
            Some(xla) => {
                let training = CompiledTraining::init(xla, train.clone(), config, seed)?;
                At::device(xla, &train, training)
            }
            None => {
                let device = runtime.device();
                // Burn's generator is one for all threads: another engine must not draw in between.
                static DRAWING: Mutex<()> = Mutex::new(());
                let drawing = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
                device.seed(seed);
                let model = params::initialize(config.init(&device)?);
                drop(drawing);
                At::Host(Box::new(train.init(model, seed)))
            }
        };
        Ok(Self { train, at, step: 0 })
    }

    /// Training from a state.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`] if the device has no room for it.
    pub fn new(runtime: &Runtime, train: TrainStep, state: State) -> Result<Self, TrainError> {
        let step = state.step.clone().into_scalar::<i64>() as u64;
        let at = match runtime.as_xla() {
            Some(xla) => {
                let training = CompiledTraining::new(xla, train.clone(), &state)?;
                At::device(xla, &train, training)
            }
            None => At::Host(Box::new(state)),
        };
        Ok(Self { train, at, step })
    }

    /// Steps done since the first parameters.
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    /// Compiles the step, where that is done, for batches of this size; the seconds that it took.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`].
    pub fn prepare(&self, batch_size: usize) -> Result<Option<f64>, TrainError> {
        match &self.at {
            At::Host(_) => Ok(None),
            At::Device(on) => {
                let times = on.training.compile(batch_size)?;
                Ok(Some((times.capture + times.lower + times.compile).as_secs_f64()))
            }
        }
    }

    /// One step on a batch. On XLA it returns before the step is done; reading waits for it.
    ///
    /// # Errors
    ///
    /// [`TrainError::Batch`] for a batch that the model cannot take, [`TrainError::Xla`]; also
    /// [`TrainError::NonFinite`] and [`TrainError::Diverged`] as [`Pending::read`] does.
    pub fn step(&mut self, batch: ImageBatch) -> Result<Pending, TrainError> {
        let metrics = match &mut self.at {
            At::Device(on) => Told::Later(Box::new(
                on.training.step(batch.images.into_data(), batch.targets.into_data())?,
            )),
            At::Host(state) => {
                let (images, targets) = tensors(batch);
                let (next, metrics) =
                    self.train.run((**state).clone(), images.clone(), targets.clone())?;
                let before = std::mem::replace(&mut **state, next);
                let reading = StepReading::of(metrics);
                if !(reading.finite || self.train.skip_non_finite) {
                    let step = self.step + 1;
                    ensure_finite(reading.loss, step, &before.model, &images, &targets)?;
                }
                Told::Now(reading)
            }
        };
        self.step += 1;
        Ok(Pending { step: self.step, metrics, may_skip: self.train.skip_non_finite })
    }

    /// Scores the model on a batch, as [`TrainStep::evaluate`] does.
    ///
    /// # Errors
    ///
    /// [`TrainError::Batch`] for a batch that the model cannot take, [`TrainError::Xla`].
    pub fn evaluate(&self, batch: ImageBatch) -> Result<Scores, TrainError> {
        let scores = match &self.at {
            At::Host(state) => {
                let (images, targets) = tensors(batch);
                self.train.evaluate(state, images, targets)?
            }
            At::Device(on) => {
                on.training.check_batch(&batch.images.to_data(), &batch.targets.to_data())?;
                let batch = on.xla.upload_share(&tensors(batch))?;
                let state = on.training.device_state().clone();
                on.evaluate.call_on_device((state, batch))?.to_host()?
            }
        };
        Ok(Scores {
            loss: scores.loss.into_scalar(),
            precision_at_1: scores.precision_at_1.into_scalar(),
        })
    }

    /// The state as Burn tensors on the host.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`] with the error of the step that should have made it.
    pub fn state(&self) -> Result<State, TrainError> {
        match &self.at {
            At::Host(state) => Ok((**state).clone()),
            At::Device(on) => on.training.state(),
        }
    }
}

impl At {
    fn device(xla: &Xla, train: &TrainStep, training: CompiledTraining) -> Self {
        let train = train.clone();
        let rolled = train.rolled().cloned();
        let evaluate = xla.jit(move |(state, (images, targets)): (Stacked<State>, Tensors)| {
            train.evaluate(&state.tree, images, targets).expect("the batch was checked")
        });
        let evaluate = evaluate.named("evaluate").roll(rolled);
        Self::Device(Box::new(OnDevice { xla: xla.clone(), training, evaluate }))
    }
}

fn tensors(batch: ImageBatch) -> Tensors {
    (batch.images, batch.targets)
}

/// What a step will tell. Made by [`Engine::step`].
#[derive(Debug)]
pub struct Pending {
    step: u64,
    metrics: Told,
    may_skip: bool,
}

#[derive(Debug)]
enum Told {
    Now(StepReading),
    Later(Box<DeviceTree<StepMetrics>>),
}

impl Pending {
    /// The step, counted from 1.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Waits for the step.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`]; [`TrainError::NonFinite`] or [`TrainError::Diverged`] if loss or
    /// gradient is not finite and the recipe does not skip such steps. The state is then of no use.
    pub fn read(self) -> Result<StepReading, TrainError> {
        let reading = match self.metrics {
            Told::Now(reading) => reading,
            Told::Later(metrics) => StepReading::of(metrics.to_host()?),
        };
        let StepReading { loss, gradient_norm, .. } = reading;
        match reading.finite || self.may_skip {
            true => Ok(reading),
            false => Err(TrainError::Diverged { step: self.step, loss, gradient_norm }),
        }
    }
}

/// [`StepMetrics`] as numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StepReading {
    /// The loss before the update.
    pub loss: f32,
    /// Joint norm of all gradients, before clipping.
    pub gradient_norm: f32,
    /// Peak times schedule.
    pub learning_rate: f32,
    /// Whether loss and gradient norm are finite; if not, the step was skipped.
    pub finite: bool,
}

impl StepReading {
    fn of(metrics: StepMetrics) -> Self {
        Self {
            loss: metrics.loss.into_scalar(),
            gradient_norm: metrics.gradient_norm.into_scalar(),
            learning_rate: metrics.learning_rate.into_scalar(),
            finite: metrics.finite.into_scalar::<i64>() == 1,
        }
    }
}

/// [`BatchScores`] as numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Scores {
    /// The loss.
    pub loss: f32,
    /// The share of images whose most likely class is one of theirs.
    pub precision_at_1: f32,
}
