//! Inputs of a model, several of one size at once.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use thiserror::Error;

use crate::data::{ExampleKey, Image, Preprocess};
use crate::eval::EvalError;
use crate::runtime::{Runtime, RuntimeError};

/// A prediction that cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PredictError {
    /// The runtime's error.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A setting that is not valid.
    #[error("{field} = {value}: expected {expected}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        expected: String,
    },
    /// Logits or depths that are not finite, or windows that leave a gap.
    #[error("{0}")]
    Values(String),
}

impl From<EvalError> for PredictError {
    fn from(error: EvalError) -> Self {
        Self::Values(error.to_string())
    }
}

impl PredictError {
    pub(super) fn setting(
        field: &'static str,
        value: impl ToString,
        expected: impl ToString,
    ) -> Self {
        Self::Setting { field, value: value.to_string(), expected: expected.to_string() }
    }
}

/// The steps that make a model's input of an image of this height and width.
pub(super) type Steps = Arc<dyn Fn([usize; 2]) -> Preprocess + Send + Sync>;

/// Values of `[3, height, width]`.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) size: [usize; 2],
    pub(super) values: Vec<f32>,
}

impl Input {
    /// An image after its steps.
    pub(super) fn of(image: &Image, steps: &Preprocess) -> Self {
        let size = steps.size_for([image.height(), image.width()]);
        let mut values = vec![0.0; 3 * size[0] * size[1]];
        steps.write(image, ExampleKey::new(0, 0, 0), &mut values);
        Self { size, values }
    }

    /// The same, mirrored left to right.
    pub(super) fn mirrored(mut self) -> Self {
        self.values.chunks_exact_mut(self.size[1]).for_each(<[f32]>::reverse);
        self
    }

    /// A part that begins at `[top, left]`.
    pub(super) fn part(&self, [top, left]: [usize; 2], size: [usize; 2]) -> Self {
        let [height, width] = self.size;
        let rows =
            (0..3).flat_map(|channel| (top..top + size[0]).map(move |row| channel * height + row));
        let values = rows.flat_map(|row| &self.values[row * width + left..][..size[1]]);
        Self { size, values: values.copied().collect() }
    }
}

/// Calls a model on inputs, at most `most` of one size at once, and gives what it makes of each to `take`, with the input's place.
pub(super) fn in_batches<const D: usize>(
    inputs: Vec<Input>,
    most: usize,
    model: impl Fn(Tensor<4>) -> Result<Tensor<D>, RuntimeError>,
    mut take: impl FnMut(usize, Tensor<D>) -> Result<(), PredictError>,
) -> Result<(), PredictError> {
    let host = Runtime::flex().device();
    let mut left: Vec<(usize, Input)> = inputs.into_iter().enumerate().collect();
    while let Some((_, Input { size, .. })) = left.first() {
        let ([height, width], mut batch) = (*size, Vec::new());
        left = left
            .into_iter()
            .filter_map(|(place, input)| {
                if input.size != [height, width] || batch.len() >= most.max(1) {
                    return Some((place, input));
                }
                batch.push((place, input.values));
                None
            })
            .collect();
        let (places, values): (Vec<usize>, Vec<Vec<f32>>) = batch.into_iter().unzip();
        let shape = [places.len(), 3, height, width];
        let images = Tensor::from_data(TensorData::new(values.concat(), shape), &host);
        let outputs = Tensor::<D>::from_data(model(images)?.into_data(), &host);
        for (row, place) in places.into_iter().enumerate() {
            take(place, outputs.clone().narrow(0, row, 1))?;
        }
    }
    Ok(())
}
