//! Images with their targets.

use burn::tensor::{Device, Int, Tensor, TensorData};
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

/// Images and the class of each pixel. Sources make batches on the host.
///
/// # Shapes
///
/// - images: `[b, 3, height, width]`
/// - labels: `[b, height, width]`
#[derive(Debug, Clone)]
pub struct MaskBatch {
    /// The images.
    pub images: Tensor<4>,
    /// The classes of their pixels, or a number that says that a pixel does not count.
    pub labels: Tensor<3, Int>,
}

impl MaskBatch {
    /// A batch of `[b, height, width]` on the host: values of images, and a label of each pixel.
    ///
    /// # Panics
    ///
    /// If values or labels are not those of that size.
    pub fn new(values: Vec<f32>, labels: Vec<u8>, [b, height, width]: [usize; 3]) -> Self {
        let host = Device::flex();
        let labels: Vec<i32> = labels.into_iter().map(i32::from).collect();
        Self {
            images: Tensor::from_data(TensorData::new(values, [b, 3, height, width]), &host),
            labels: Tensor::from_data(TensorData::new(labels, [b, height, width]), &host),
        }
    }
}

impl TensorTree for MaskBatch {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("images", &self.images);
        visitor.child("labels", &self.labels);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(Self { images: self.images.rebuild(leaves)?, labels: self.labels.rebuild(leaves)? })
    }
}

/// Images and the depth of each pixel. Sources make batches on the host.
///
/// # Shapes
///
/// - images: `[b, 3, height, width]`
/// - depths: `[b, height, width]`
#[derive(Debug, Clone)]
pub struct DepthBatch {
    /// The images.
    pub images: Tensor<4>,
    /// The depths of their pixels; 0 where none is known.
    pub depths: Tensor<3>,
}

impl DepthBatch {
    /// A batch of `[b, height, width]` on the host: values of images, and a depth of each pixel.
    ///
    /// # Panics
    ///
    /// If values or depths are not those of that size.
    pub fn new(values: Vec<f32>, depths: Vec<f32>, [b, height, width]: [usize; 3]) -> Self {
        let host = Device::flex();
        Self {
            images: Tensor::from_data(TensorData::new(values, [b, 3, height, width]), &host),
            depths: Tensor::from_data(TensorData::new(depths, [b, height, width]), &host),
        }
    }
}

impl TensorTree for DepthBatch {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("images", &self.images);
        visitor.child("depths", &self.depths);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(Self { images: self.images.rebuild(leaves)?, depths: self.depths.rebuild(leaves)? })
    }
}
