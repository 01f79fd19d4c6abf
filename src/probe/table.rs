//! Features of images, row by row.

use crate::eval::{EvalError, Matrix};

/// Feature vectors of equal length.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    pub(super) values: Vec<f32>,
    pub(super) columns: usize,
}

impl Features {
    /// Features `[n, d]` of `d` columns, row by row.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there are no columns, or the last row is not full.
    pub fn new(values: Vec<f32>, columns: usize) -> Result<Self, EvalError> {
        Matrix::new(&values, columns)?;
        Ok(Self { values, columns })
    }

    /// The features, borrowed.
    pub fn matrix(&self) -> Matrix<'_> {
        Matrix::new(&self.values, self.columns).expect("checked when it was made")
    }
}
