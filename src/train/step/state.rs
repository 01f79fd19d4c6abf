//! What a training step changes, and what it reports.

use burn::module::Module;
use burn::tensor::{Bool, Int, Tensor};
use burn_trace::{Leaves, Params, TensorTree, TreeError, Visitor};

use crate::params::blocks::by_block;
use crate::params::{self, NamedTensors, TensorFn};
use crate::random::RandomKey;

/// Everything that a training step changes. All of it is tensors.
#[derive(Debug, Clone)]
pub struct TrainState<M> {
    /// The model; its parameters are the master copy.
    pub model: M,
    /// The optimizer's moments, named `moment/path`.
    pub optimizer: NamedTensors,
    /// Averages of the parameters, where the recipe keeps them.
    pub ema: Option<NamedTensors>,
    /// Number of steps done, one element.
    pub step: Tensor<1, Int>,
    /// How many of them were left out because they were not finite, one element, where the recipe does so.
    pub skipped: Option<Tensor<1, Int>>,
    /// What random draws of all steps follow from, one element.
    pub seed: Tensor<1, Int>,
}

impl<M: Module> TrainState<M> {
    /// The model, with the averages in place of parameters where there are some.
    pub fn averaged(self) -> M {
        match self.ema {
            Some(averages) => params::assign(self.model, averages),
            None => self.model,
        }
    }
}

impl<M> TrainState<M> {
    /// What the next step draws from.
    pub(super) fn key(&self) -> RandomKey {
        RandomKey::from_tensor(self.seed.clone()).fold_in_tensor(self.step.clone())
    }
}

impl<M: Module + 'static> TensorTree for TrainState<M> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("model", &Params(self.model.clone()));
        visitor.child("optimizer", &self.optimizer);
        visitor.child("ema", &self.ema);
        visitor.child("step", &self.step);
        visitor.child("skipped", &self.skipped);
        visitor.child("seed", &self.seed);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(Self {
            model: Params(self.model.clone()).rebuild(leaves)?.0,
            optimizer: self.optimizer.rebuild(leaves)?,
            ema: self.ema.rebuild(leaves)?,
            step: self.step.rebuild(leaves)?,
            skipped: self.skipped.rebuild(leaves)?,
            seed: self.seed.rebuild(leaves)?,
        })
    }
}

/// What a step tells: tensors of one element, read when wanted.
#[derive(Debug, Clone)]
pub struct StepMetrics {
    /// The loss before the update.
    pub loss: Tensor<1>,
    /// Joint norm of all gradients, before clipping.
    pub gradient_norm: Tensor<1>,
    /// Peak times schedule.
    pub learning_rate: Tensor<1>,
    /// 1 where loss and gradient norm are finite, else 0.
    pub finite: Tensor<1, Int>,
}

impl TensorTree for StepMetrics {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("loss", &self.loss);
        visitor.child("gradient_norm", &self.gradient_norm);
        visitor.child("learning_rate", &self.learning_rate);
        visitor.child("finite", &self.finite);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(Self {
            loss: self.loss.rebuild(leaves)?,
            gradient_norm: self.gradient_norm.rebuild(leaves)?,
            learning_rate: self.learning_rate.rebuild(leaves)?,
            finite: self.finite.rebuild(leaves)?,
        })
    }
}

/// The state after a step if the step was finite, else the one before; the step is counted either way, and one
/// that was left out as such too.
pub(crate) fn keep_unless<M: Module>(
    finite: &Tensor<1, Bool>,
    after: TrainState<M>,
    before: TrainState<M>,
) -> TrainState<M> {
    let pick = |after: NamedTensors, before: NamedTensors| {
        let [picked] =
            by_block([after, before], |[after, before]| [after.map(&mut Pick { finite, before })]);
        picked
    };
    let (model, old) = (params::collect(&after.model), params::collect(&before.model));
    let model = params::assign(after.model, pick(model, old));
    let optimizer = pick(after.optimizer, before.optimizer);
    let ema = after.ema.map(|after| pick(after, before.ema.unwrap_or_default()));
    let left_out = finite.clone().bool_not().int();
    let skipped = after.skipped.map(|skipped| skipped + left_out);
    TrainState { model, optimizer, ema, step: after.step, skipped, seed: after.seed }
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
