//! The update of the parameters as a chain of stages.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::Module;
use burn::tensor::{DType, Device, Shape, Tensor};

use crate::params::blocks::{by_block, in_first_block, square_sum};
use crate::params::{self, NamedTensors, ParamsError, TensorFn, with_rank};

use super::adafactor::Adafactor;
use super::adam::{Adam, Momentum};
use super::schedule::ResolvedSchedule;
use super::slot::Slot;
use super::stage::{Stage, Tune};
use crate::train::duration::Budget;
use crate::train::error::{TrainError, fraction, invalid, positive};

/// A chain of stages, fitted to the parameters of a module.
///
/// It keeps no state: everything that changes is passed in as tensors and returned as tensors, so that
/// the same code runs eagerly and inside a compiled program.
#[derive(Debug, Clone)]
pub struct Optimizer {
    stages: Vec<Resolved>,
    frozen: BTreeSet<String>,
    /// Whether decay and learning rate of a parameter are the same in every block of the model. Then the
    /// settings of the first block serve for all.
    blocks_alike: bool,
    /// Whether moments that the stages keep in bf16 are kept in f32, for a device that has no bf16.
    wide_moments: bool,
}

#[derive(Debug, Clone)]
enum Resolved {
    ClipGlobalNorm(f64),
    Adafactor(Adafactor),
    Adam(Adam),
    Momentum(Momentum),
    WeightDecay(BTreeMap<String, f64>),
    LearningRate(f64, BTreeMap<String, f64>),
    Schedule(ResolvedSchedule),
}

/// What an update reports besides the parameters: tensors of one element.
#[derive(Debug, Clone)]
pub struct UpdateMetrics {
    /// Joint norm of all gradients, before clipping.
    pub gradient_norm: Tensor<1>,
    /// Peak times schedule.
    pub learning_rate: Tensor<1>,
}

impl Optimizer {
    /// Fits a chain to a module.
    ///
    /// # Errors
    ///
    /// [`TrainError::Recipe`] for a number outside its range, [`TrainError::Rules`] for rules that do
    /// not fit.
    pub fn new<M: Module>(
        stages: &[Stage],
        budget: &Budget,
        module: &M,
    ) -> Result<Self, TrainError> {
        let shapes = params::shapes(module);
        let paths: Vec<String> = shapes.iter().map(|(path, _)| path.clone()).collect();
        let mut frozen = BTreeSet::new();
        let mut resolve = |stage: &Stage| {
            Ok(match stage {
                Stage::ClipGlobalNorm { max_norm } => {
                    positive("clip_global_norm.max_norm", *max_norm)?;
                    Resolved::ClipGlobalNorm(*max_norm)
                }
                Stage::Adafactor(adafactor) => {
                    adafactor.validate(&shapes)?;
                    Resolved::Adafactor(*adafactor)
                }
                Stage::Adam(adam) => {
                    fraction("adam.beta1", adam.beta1)?;
                    fraction("adam.beta2", adam.beta2)?;
                    positive("adam.epsilon", adam.epsilon)?;
                    Resolved::Adam(*adam)
                }
                Stage::Momentum(momentum) => {
                    fraction("momentum.momentum", momentum.momentum)?;
                    Resolved::Momentum(*momentum)
                }
                Stage::WeightDecay(rules) => {
                    let rates = rules.resolve(&paths)?;
                    for rate in &rates {
                        if !(rate.is_finite() && *rate >= 0.0) {
                            return Err(invalid("weight_decay", rate, "a finite number from 0"));
                        }
                    }
                    Resolved::WeightDecay(paths.iter().cloned().zip(rates).collect())
                }
                Stage::LearningRate { peak, factors } => {
                    positive("learning_rate.peak", *peak)?;
                    let mut rates = BTreeMap::new();
                    for (path, tune) in paths.iter().zip(factors.resolve(&paths)?) {
                        match tune {
                            Tune::Factor(factor) => {
                                positive("learning_rate.factors", factor)?;
                                rates.insert(path.clone(), peak * factor);
                            }
                            Tune::Frozen => {
                                frozen.insert(path.clone());
                            }
                        }
                    }
                    Resolved::LearningRate(*peak, rates)
                }
                Stage::Schedule(schedule) => Resolved::Schedule(schedule.resolve(budget)?),
            })
        };
        check_kinds(stages)?;
        let stages = stages.iter().map(&mut resolve).collect::<Result<Vec<_>, _>>()?;
        if !paths.is_empty() && frozen.len() == paths.len() {
            let rule = "leave some parameters to train";
            return Err(invalid("learning_rate.factors", "frozen on all paths", rule));
        }
        let alike = |path: &String| {
            let first = in_first_block(path).map_or(path.clone(), |(first, _)| first);
            let alike = |rates: &BTreeMap<_, f64>| rates.get(path) == rates.get(&first);
            frozen.contains(path) == frozen.contains(&first)
                && stages.iter().all(|stage| match stage {
                    Resolved::WeightDecay(rates) | Resolved::LearningRate(_, rates) => alike(rates),
                    _ => true,
                })
        };
        let blocks_alike = paths.iter().all(alike);
        Ok(Self { stages, frozen, blocks_alike, wide_moments: false })
    }

    /// The same chain with all moments in f32.
    pub(crate) fn with_wide_moments(self) -> Self {
        Self { wide_moments: true, ..self }
    }

    /// Whether the parameter at `path` is not trained.
    pub fn is_frozen(&self, path: &str) -> bool {
        self.frozen.contains(path)
    }

    /// The state before the first step. Names are `moment/path`.
    pub fn init<M: Module>(&self, module: &M) -> NamedTensors {
        let mut state = NamedTensors::default();
        for (path, any) in params::collect(module).iter().filter(|(path, _)| !self.is_frozen(path))
        {
            with_rank!(any, parameter => {
                for (name, shape, dtype) in self.slots(path, parameter) {
                    let zeros = zeros(shape, dtype, &parameter.device());
                    state.insert(format!("{name}/{path}"), zeros);
                }
            });
        }
        state
    }

    /// One step: the module with new parameters, the new state, and the metrics.
    ///
    /// `step` is the number of steps before this one, and `taken` how many of them changed the parameters:
    /// tensors of one element. The schedule follows the first, moments follow the second.
    ///
    /// # Errors
    ///
    /// [`TrainError::Params`] if gradients or state are not those of the module.
    pub fn update<M: Module>(
        &self,
        module: M,
        gradients: NamedTensors,
        state: NamedTensors,
        step: &Tensor<1>,
        taken: &Tensor<1>,
    ) -> Result<(M, NamedTensors, UpdateMetrics), TrainError> {
        let parameters = params::collect(&module);
        self.check(&parameters, &gradients, &state)?;
        let gradient_norm = global_norm(&gradients, step);
        // The norm of the updates. It is known until the first stage changes the gradients.
        let mut known_norm = Some(gradient_norm.clone());
        let mut metrics = UpdateMetrics { gradient_norm, learning_rate: step.ones_like() };
        let mut tables = [parameters, gradients, state];
        // Stages that are not applied yet. They are when a later stage needs the norm of all updates.
        let mut pending = Vec::new();
        for stage in &self.stages {
            let factor = match stage {
                Resolved::ClipGlobalNorm(max_norm) => {
                    let norm = known_norm.take().unwrap_or_else(|| {
                        let stages = std::mem::take(&mut pending);
                        tables = self.each(std::mem::take(&mut tables), |tables| {
                            apply(&stages, taken, tables)
                        });
                        global_norm(&tables[1], step)
                    });
                    Some(norm.clamp_min(*max_norm).recip().mul_scalar(*max_norm))
                }
                Resolved::LearningRate(peak, _) => {
                    metrics.learning_rate = metrics.learning_rate.mul_scalar(*peak);
                    None
                }
                Resolved::Schedule(schedule) => {
                    let factor = schedule.factor(step.clone());
                    metrics.learning_rate = metrics.learning_rate * factor.clone();
                    Some(factor)
                }
                _ => None,
            };
            pending.push((stage, factor));
            known_norm = None;
        }
        let [parameters, state] = self.each(tables, |tables| {
            let [parameters, updates, state] = apply(&pending, taken, tables);
            [parameters.map(&mut Subtract(updates)), state]
        });
        Ok((params::assign(module, parameters), state, metrics))
    }

    /// Calls `f` on the tensors of one block after the other if all blocks are updated alike, else once on
    /// all tensors.
    fn each<const N: usize, const M: usize>(
        &self,
        tables: [NamedTensors; N],
        mut f: impl FnMut([NamedTensors; N]) -> [NamedTensors; M],
    ) -> [NamedTensors; M] {
        if self.blocks_alike { by_block(tables, f) } else { f(tables) }
    }

    /// The tensors that the stages keep for a parameter.
    fn slots<const D: usize>(&self, path: &str, parameter: &Tensor<D>) -> Vec<Slot<D>> {
        let slots = |stage: &Resolved| match stage {
            Resolved::Adafactor(adafactor) => adafactor.slots(path, parameter),
            Resolved::Adam(adam) => adam.slots(parameter),
            Resolved::Momentum(momentum) => momentum.slots(parameter),
            _ => vec![],
        };
        let wide = |(name, shape, dtype): Slot<D>| match self.wide_moments && dtype == DType::BF16 {
            true => (name, shape, DType::F32),
            false => (name, shape, dtype),
        };
        self.stages.iter().flat_map(slots).map(wide).collect()
    }

    fn check(
        &self,
        parameters: &NamedTensors,
        gradients: &NamedTensors,
        state: &NamedTensors,
    ) -> Result<(), ParamsError> {
        let trained = parameters.iter().filter(|(path, _)| !self.is_frozen(path));
        let expected = trained.map(|(path, any)| (path.to_string(), any.shape())).collect();
        let mut error = ParamsError::default();
        error.compare(GRADIENT, expected, gradients);
        error.compare("", self.slot_shapes(parameters), state);
        error.into_result()
    }

    /// Names and shapes of the tensors that are kept for all parameters.
    pub(crate) fn slot_shapes(&self, parameters: &NamedTensors) -> Vec<(String, Shape)> {
        let mut shapes = Vec::new();
        for (path, any) in parameters.iter().filter(|(path, _)| !self.is_frozen(path)) {
            with_rank!(any, parameter => {
                for (name, shape, _) in self.slots(path, parameter) {
                    shapes.push((format!("{name}/{path}"), shape.into()));
                }
            });
        }
        shapes
    }
}

/// An error for two stages of one kind that keeps state under the name of the kind, which they would share.
fn check_kinds(stages: &[Stage]) -> Result<(), TrainError> {
    let mut seen = BTreeSet::new();
    for stage in stages {
        let kind = match stage {
            Stage::Adafactor(_) => "adafactor",
            Stage::Adam(_) => "adam",
            Stage::Momentum(_) => "momentum",
            _ => continue,
        };
        if !seen.insert(kind) {
            let rule = "one stage of a kind, since the kind is the name of what it keeps";
            return Err(invalid("update", format!("two stages of {kind}"), rule));
        }
    }
    Ok(())
}

/// Before the path of a gradient in an error.
const GRADIENT: &str = "gradient of ";

fn zeros<const D: usize>(shape: [usize; D], dtype: DType, device: &Device) -> Tensor<D> {
    Tensor::zeros(shape, (device, dtype))
}

fn global_norm(tensors: &NamedTensors, like: &Tensor<1>) -> Tensor<1> {
    square_sum(tensors.clone(), like.zeros_like()).sqrt()
}

/// Applies stages to the updates of all parameters.
fn apply(
    stages: &[(&Resolved, Option<Tensor<1>>)],
    taken: &Tensor<1>,
    [parameters, mut updates, mut state]: [NamedTensors; 3],
) -> [NamedTensors; 3] {
    for (stage, factor) in stages {
        let (parameters, state) = (&parameters, &mut state);
        updates = updates.map(&mut Apply { stage, factor, taken, parameters, state });
    }
    [parameters, updates, state]
}

/// Applies a stage to the update of each parameter.
struct Apply<'a> {
    stage: &'a Resolved,
    /// The factor of stages that scale all tensors alike.
    factor: &'a Option<Tensor<1>>,
    /// The number of steps that were taken before this one.
    taken: &'a Tensor<1>,
    parameters: &'a NamedTensors,
    state: &'a mut NamedTensors,
}

impl TensorFn for Apply<'_> {
    fn call<const D: usize>(&mut self, path: &str, update: Tensor<D>) -> Tensor<D> {
        if let Some(factor) = self.factor {
            return update * factor.clone().reshape([1; D]);
        }
        match self.stage {
            Resolved::Adafactor(adafactor) => {
                let update = update.cast(DType::F32);
                adafactor.update(path, update, self.taken, self.state)
            }
            Resolved::Adam(adam) => adam.update(path, update, self.taken, self.state),
            Resolved::Momentum(momentum) => momentum.update(path, update, self.state),
            Resolved::WeightDecay(rates) => {
                match (rates.get(path), self.parameters.get::<D>(path)) {
                    (Some(&rate), Some(parameter)) if rate != 0.0 => {
                        update + parameter.mul_scalar(rate)
                    }
                    _ => update,
                }
            }
            Resolved::LearningRate(_, rates) => match rates.get(path) {
                Some(&rate) => update.mul_scalar(rate),
                None => update,
            },
            Resolved::ClipGlobalNorm(_) | Resolved::Schedule(_) => update,
        }
    }
}

struct Subtract(NamedTensors);

impl TensorFn for Subtract {
    fn call<const D: usize>(&mut self, path: &str, tensor: Tensor<D>) -> Tensor<D> {
        match self.0.take::<D>(path) {
            Some(update) => {
                let dtype = tensor.dtype();
                tensor - update.cast(dtype)
            }
            None => tensor,
        }
    }
}
