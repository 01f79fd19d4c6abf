//! What a training step changes, and what it reports.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use burn_trace::{Leaves, Params, TensorTree, TreeError, Visitor};

use crate::params::NamedTensors;
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
    /// What random draws of all steps follow from, one element.
    pub seed: Tensor<1, Int>,
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
        visitor.child("seed", &self.seed);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(Self {
            model: Params(self.model.clone()).rebuild(leaves)?.0,
            optimizer: self.optimizer.rebuild(leaves)?,
            ema: self.ema.rebuild(leaves)?,
            step: self.step.rebuild(leaves)?,
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
