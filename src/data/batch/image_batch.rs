//! Images with their targets.

use burn::tensor::{Device, Tensor, TensorData};
use burn_trace::{Leaves, TensorTree, TreeError, Visitor};

/// Images and what a model should say about them. Sources make batches on the host.
///
/// # Shapes
///
/// - images: `[b, 3, height, width]`, values in [−1, 1]
/// - targets: `[b, c]`
#[derive(Debug, Clone)]
pub struct ImageBatch {
    /// The images.
    pub images: Tensor<4>,
    /// What the model should say about them.
    pub targets: Tensor<2>,
}

impl ImageBatch {
    /// A batch on the host, Burn's CPU backend.
    pub fn new(images: TensorData, targets: TensorData) -> Self {
        let host = Device::flex();
        Self {
            images: Tensor::from_data(images, &host),
            targets: Tensor::from_data(targets, &host),
        }
    }
}

impl TensorTree for ImageBatch {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("images", &self.images);
        visitor.child("targets", &self.targets);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(Self { images: self.images.rebuild(leaves)?, targets: self.targets.rebuild(leaves)? })
    }
}
