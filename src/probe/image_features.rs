//! The features of one image, by name.

use std::collections::BTreeMap;

use crate::params::NamedTensors;

/// Features of a batch, read back from the device.
#[derive(Debug)]
pub(super) struct BatchFeatures(BTreeMap<String, Values>);

/// Values of a tensor `[b, …]`, row by row.
#[derive(Debug)]
struct Values {
    /// The shape of one image's part.
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl BatchFeatures {
    pub(super) fn read(tensors: NamedTensors) -> Self {
        let read = tensors.into_iter().map(|(name, tensor)| {
            let shape = tensor.shape().to_vec().split_off(1);
            (name, Values { shape, values: tensor.to_data().iter::<f32>().collect() })
        });
        Self(read.collect())
    }

    pub(super) fn image(&self, row: usize) -> ImageFeatures<'_> {
        ImageFeatures { batch: self, row }
    }
}

/// The features of one image, by the names that [`FeatureRequest`](crate::vit::FeatureRequest) has.
///
/// Shapes are those of [`Features`](crate::vit::Features) without the batch: `pooled` `[d]`,
/// `encoded` and `block0` `[n, d]`, `attention0` `[h, n, n]`; the tokens begin with the class token
/// and the registers, if the model has them.
#[derive(Debug, Clone, Copy)]
pub struct ImageFeatures<'a> {
    batch: &'a BatchFeatures,
    row: usize,
}

impl<'a> ImageFeatures<'a> {
    /// The values of a feature, the last axis fastest; none if it was not asked for.
    pub fn values(&self, name: &str) -> Option<&'a [f32]> {
        let Values { shape, values } = self.batch.0.get(name)?;
        let length = shape.iter().product::<usize>();
        values.get(self.row * length..(self.row + 1) * length)
    }

    /// The shape of a feature; none if it was not asked for.
    pub fn shape(&self, name: &str) -> Option<&'a [usize]> {
        self.batch.0.get(name).map(|values| &*values.shape)
    }

    /// The names of all features, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.batch.0.keys().map(String::as_str)
    }
}
