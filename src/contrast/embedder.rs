//! From texts to vectors, by a frozen tower.

use std::fmt;

use burn::tensor::{Int, Tensor};

use crate::eval::{EvalError, Matrix};
use crate::runtime::{Bound, Runtime};
use crate::text::{TextEncoder, TextTower};
use crate::train::Precision;

use super::error::ContrastError;

/// Texts of a batch.
const BATCH: usize = 64;

/// A frozen text tower on a [`Runtime`] with its tokenizer.
pub struct TextEmbedder {
    tower: Bound<TextTower, Tensor<2, Int>, Tensor<2>>,
    encoder: TextEncoder,
    runtime: Runtime,
    width: usize,
}

impl fmt::Debug for TextEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextEmbedder").field("encoder", &self.encoder).finish_non_exhaustive()
    }
}

/// Vectors of texts as a tower makes them, of any length.
#[derive(Debug, Clone, PartialEq)]
pub struct TextVectors {
    values: Vec<f32>,
    width: usize,
    /// How many texts were longer than the tower takes, and are cut.
    pub cut: usize,
}

impl TextVectors {
    /// A row for each text.
    ///
    /// # Errors
    ///
    /// [`EvalError`] never for vectors of a [`TextEmbedder`].
    pub fn matrix(&self) -> Result<Matrix<'_>, EvalError> {
        Matrix::new(&self.values, self.width)
    }
}

impl TextEmbedder {
    /// Puts a tower on the device of a runtime. All batches have one size, so that one program serves them all.
    ///
    /// # Errors
    ///
    /// [`ContrastError::Runtime`] if the device has no room for the tower.
    pub fn new(
        runtime: &Runtime,
        tower: TextTower,
        encoder: TextEncoder,
    ) -> Result<Self, ContrastError> {
        Self::in_precision(runtime, tower, encoder, Precision::F32)
    }

    /// As [`new`](Self::new), with a tower that computes in a precision. Vectors are f32 in both.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); [`ContrastError::Runtime`] for bf16 on a device that has none.
    pub fn in_precision(
        runtime: &Runtime,
        tower: TextTower,
        encoder: TextEncoder,
        precision: Precision,
    ) -> Result<Self, ContrastError> {
        precision.check_on(runtime)?;
        let width = tower.config().outputs();
        let answer = |tower: &TextTower, ids: Tensor<2, Int>| tower.forward(ids);
        let tower = runtime.bind(precision.cast(tower), answer)?;
        Ok(Self { tower, encoder, runtime: runtime.clone(), width })
    }

    /// The vectors of texts.
    ///
    /// # Errors
    ///
    /// [`ContrastError::Runtime`] if the tower cannot be run, [`ContrastError::NotFinite`] for a vector with a NaN.
    pub fn embed<T: AsRef<str>>(&self, texts: &[T]) -> Result<TextVectors, ContrastError> {
        let mut vectors = TextVectors {
            values: Vec::with_capacity(texts.len() * self.width),
            width: self.width,
            cut: 0,
        };
        for batch in texts.chunks(BATCH) {
            let ids = self.encoder.encode(batch);
            vectors.cut += ids.cut;
            let ids = ids.filled_up(BATCH).tensor(&self.runtime.device());
            let values = self.tower.call(ids)?.into_data();
            let values: Vec<f32> = values.iter::<f32>().take(batch.len() * self.width).collect();
            let broken =
                values.chunks(self.width).position(|row| row.iter().any(|x| !x.is_finite()));
            if let Some(row) = broken {
                return Err(ContrastError::NotFinite { text: batch[row].as_ref().into() });
            }
            vectors.values.extend(values);
        }
        Ok(vectors)
    }

    /// The tokenizer with the tower's ends.
    pub fn encoder(&self) -> &TextEncoder {
        &self.encoder
    }
}
