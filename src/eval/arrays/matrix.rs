//! Borrowed matrices, which all measurements take.

use pulp::Arch;
use rayon::prelude::*;

use super::error::{EvalError, check_some};
use super::row;
use super::vectors::Vectorized;

/// The numbers that logits and features are made of: `f32` or `f64`.
pub trait Real: Vectorized {}

impl Real for f32 {}
impl Real for f64 {}

/// A borrowed matrix, row by row: an example in each row.
///
/// ```
/// use vit22b::eval::Matrix;
///
/// let values = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let logits = Matrix::new(&values, 3)?;
/// assert_eq!((logits.rows(), logits.row(1)), (2, &values[3..]));
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix<'a, T = f32> {
    values: &'a [T],
    columns: usize,
}

impl<'a, T: Real> Matrix<'a, T> {
    /// A matrix of these values, row by row, with `columns` columns.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there are no columns, or the last row is not full.
    pub fn new(values: &'a [T], columns: usize) -> Result<Self, EvalError> {
        if columns == 0 {
            return Err(EvalError::Empty { what: "columns" });
        }
        match values.len() % columns {
            0 => Ok(Self { values, columns }),
            got => Err(EvalError::Length { what: "the last row", expected: columns, got }),
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// The number of values in a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A row.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &'a [T] {
        &self.values[row * self.columns..][..self.columns]
    }

    /// All values, row by row.
    pub fn values(&self) -> &'a [T] {
        self.values
    }

    /// The index of the largest value of each row, of several the first: a classifier's decisions, where
    /// their probabilities ([`Predictions`](super::Predictions)) are not needed. Uses all cores.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there is no row, or a row has a NaN, a +∞ or nothing but −∞.
    ///
    /// ```
    /// use vit22b::eval::Matrix;
    ///
    /// let logits = Matrix::new(&[0.5f32, 2.0, 2.0, 1.0, f32::NEG_INFINITY, 0.0], 3)?;
    /// assert_eq!(logits.argmax()?, [1, 0]);
    /// # Ok::<(), vit22b::eval::EvalError>(())
    /// ```
    pub fn argmax(&self) -> Result<Vec<usize>, EvalError> {
        check_some("examples", self.rows())?;
        let arch = Arch::new();
        (self.values.par_chunks_exact(self.columns).enumerate())
            .map(|(index, row)| {
                let not_finite = EvalError::NotFinite { what: "logits", row: index };
                row::argmax(arch, row).ok_or(not_finite)
            })
            .collect()
    }

    /// All rows.
    pub fn iter(&self) -> core::slice::ChunksExact<'a, T> {
        self.values.chunks_exact(self.columns)
    }
}

/// An error unless all features are finite.
pub(crate) fn check_features<T: Real>(features: Matrix<'_, T>) -> Result<(), EvalError> {
    let finite = |row: &[T]| row.iter().all(|x| (*x).into().is_finite());
    match features.iter().position(|row| !finite(row)) {
        Some(row) => Err(EvalError::NotFinite { what: "features", row }),
        None => Ok(()),
    }
}
