//! What is asked of a frozen model, as a part of the arguments of the function that answers.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Tensor;
use burn_trace::{Leaves, TensorTree, TreeError, Visitor};

use crate::params::NamedTensors;
use crate::vit::{FeatureRequest, ViT22B};

type Function = dyn Fn(&ViT22B, Tensor<4>) -> NamedTensors + Send + Sync;

/// A function from a model and images `[b, 3, height, width]` to named tensors whose first axis is the
/// images, for [`Embedder::visit_with`](super::Embedder::visit_with).
///
/// A clone is the same function: where functions are compiled, each is compiled once, however often it is
/// passed on. Two that are made apart are two functions, though their code be the same.
///
/// ```
/// use vit22b::params::NamedTensors;
/// use vit22b::probe::FeatureFunction;
///
/// let sums = FeatureFunction::new(|model, images| {
///     let mut out = NamedTensors::default();
///     out.insert("sum", model.pooled(images).sum_dim(1));
///     out
/// });
/// # drop(sums);
/// ```
#[derive(Clone)]
pub struct FeatureFunction(Arc<Function>);

impl FeatureFunction {
    /// A function. It must be a function of its arguments alone: a compiled program keeps everything else
    /// that it reads as it was at the first call.
    pub fn new(
        function: impl Fn(&ViT22B, Tensor<4>) -> NamedTensors + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(function))
    }
}

impl fmt::Debug for FeatureFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeatureFunction").finish_non_exhaustive()
    }
}

impl PartialEq for FeatureFunction {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What is asked of a model.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Question {
    /// The intermediates of a request, under their names. The model must have them.
    Features(FeatureRequest),
    /// What a function makes of model and images.
    Function(FeatureFunction),
}

/// All that was asked of one model. The place of a question in the list is its number.
#[derive(Debug, Default)]
pub(super) struct Questions(Mutex<Vec<Question>>);

impl Questions {
    /// A question with its number, by which a runtime that compiles tells programs apart.
    pub(super) fn ask(&self, question: Question) -> Asked {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = all.iter().position(|known| *known == question).unwrap_or(all.len());
        if number == all.len() {
            all.push(question.clone());
        }
        Asked { question, number }
    }
}

/// A question as a tree. It has no tensors, only its number: a runtime that compiles makes one program
/// for each number, over the same parameters on the device.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    question: Question,
    number: usize,
}

impl Asked {
    pub(super) fn answer(&self, model: &ViT22B, images: Tensor<4>) -> NamedTensors {
        match &self.question {
            Question::Features(request) => {
                let features = model.features(images, request).expect("the request was checked");
                features.in_order().into_iter().collect()
            }
            Question::Function(FeatureFunction(function)) => function(model, images),
        }
    }
}

impl TensorTree for Asked {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.note(self.number);
    }

    fn rebuild(&self, _: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_questions_have_one_number_and_others_have_their_own() {
        let function = || FeatureFunction::new(|_, _| NamedTensors::default());
        let (one, other) = (function(), function());
        let request = |index| Question::Features(FeatureRequest::new().block(index));
        let of = |function: &FeatureFunction| Question::Function(function.clone());
        let questions = Questions::default();
        let asked =
            [request(0), of(&one), request(1), of(&other), request(0), of(&one), of(&other)];
        let numbers = asked.map(|question| questions.ask(question).number);
        assert_eq!(numbers, [0, 1, 2, 3, 0, 1, 3]);
    }
}
