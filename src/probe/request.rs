//! What is asked of a frozen model, as a part of the arguments of the function that answers.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use burn::tensor::Tensor;
use burn_trace::{Leaves, TensorTree, TreeError, Visitor};

use crate::params::NamedTensors;
use crate::vit::{FeatureRequest, ViT22B};

type Function = dyn Fn(&ViT22B, Tensor<4>) -> NamedTensors + Send + Sync;

/// A function from images `[b, 3, height, width]` to named tensors whose first axis is the images.
///
/// As a tree it has no tensors, only a number that tells functions apart: a runtime that compiles
/// makes one program for each, over the same parameters on the device.
#[derive(Clone)]
pub(super) struct Asked {
    function: Arc<Function>,
    number: usize,
}

impl Asked {
    /// The intermediates of a request, under their names. The model must have them.
    pub(super) fn features(request: FeatureRequest) -> Self {
        let mut hasher = DefaultHasher::new();
        format!("{request:?}").hash(&mut hasher);
        let function = move |model: &ViT22B, images: Tensor<4>| {
            let features = model.features(images, &request).expect("the request was checked");
            features.in_order().into_iter().collect()
        };
        Self { function: Arc::new(function), number: hasher.finish() as usize }
    }

    /// What a function makes of model and images. Its number must be of no other function.
    pub(super) fn function(
        function: impl Fn(&ViT22B, Tensor<4>) -> NamedTensors + Send + Sync + 'static,
        number: usize,
    ) -> Self {
        Self { function: Arc::new(function), number }
    }

    pub(super) fn answer(&self, model: &ViT22B, images: Tensor<4>) -> NamedTensors {
        (self.function)(model, images)
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Asked").field(&self.number).finish()
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
