//! Named tensors, keys and train states as trees of tensors, which [`burn_xla`] passes to programs.

use burn::module::Module;
use burn_xla::capture::{Params, Source, TensorTree, TreeError, Visitor};

use crate::params::{AnyTensor, NamedTensors, with_rank};
use crate::random::RandomKey;
use crate::train::{BatchScores, StepMetrics, TrainState};

impl TensorTree for AnyTensor {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        with_rank!(self, tensor => visitor.leaf(tensor));
    }

    fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError> {
        Ok(with_rank!(self, tensor => AnyTensor::new(tensor.rebuild(source)?)))
    }
}

impl TensorTree for NamedTensors {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.mark(self.len());
        for (name, tensor) in self.iter() {
            visitor.child(name, tensor);
        }
    }

    fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError> {
        self.iter().map(|(name, tensor)| Ok((name.to_owned(), tensor.rebuild(source)?))).collect()
    }
}

impl TensorTree for RandomKey {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        TensorTree::visit(self.state(), visitor);
    }

    fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError> {
        Ok(self.with_state(self.state().rebuild(source)?))
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

    fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError> {
        Ok(Self {
            model: Params(self.model.clone()).rebuild(source)?.0,
            optimizer: self.optimizer.rebuild(source)?,
            ema: self.ema.rebuild(source)?,
            step: self.step.rebuild(source)?,
            seed: self.seed.rebuild(source)?,
        })
    }
}

impl TensorTree for StepMetrics {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("loss", &self.loss);
        visitor.child("gradient_norm", &self.gradient_norm);
        visitor.child("learning_rate", &self.learning_rate);
        visitor.child("finite", &self.finite);
    }

    fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError> {
        Ok(Self {
            loss: self.loss.rebuild(source)?,
            gradient_norm: self.gradient_norm.rebuild(source)?,
            learning_rate: self.learning_rate.rebuild(source)?,
            finite: self.finite.rebuild(source)?,
        })
    }
}

impl TensorTree for BatchScores {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("loss", &self.loss);
        visitor.child("precision_at_1", &self.precision_at_1);
    }

    fn rebuild(&self, source: &mut Source<'_>) -> Result<Self, TreeError> {
        Ok(Self {
            loss: self.loss.rebuild(source)?,
            precision_at_1: self.precision_at_1.rebuild(source)?,
        })
    }
}
