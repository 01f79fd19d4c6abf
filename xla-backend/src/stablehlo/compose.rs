//! Small compositions that the lowering uses everywhere.

use super::builder::{Builder, Value};
use super::elementwise::{Comparison, UnaryKind};
use super::error::BuildError;
use crate::types::ElementType;

impl Builder {
    /// A scalar; see [`Builder::splat`].
    ///
    /// # Errors
    ///
    /// As [`Builder::splat`].
    pub fn scalar(&self, value: f64, element: ElementType) -> Result<Value, BuildError> {
        self.splat(value, element, &[])
    }

    /// A tensor of the type of `x`, all of whose elements are `value`.
    ///
    /// # Errors
    ///
    /// As [`Builder::splat`].
    pub fn splat_like(&self, value: f64, x: Value) -> Result<Value, BuildError> {
        let ty = self.type_of(x);
        self.splat(value, ty.element, &ty.dims)
    }

    /// `x` spread by numpy's rule: dimensions match from the last, those of size 1 repeat.
    ///
    /// # Errors
    ///
    /// When `x` does not fit `dims`.
    pub fn broadcast_to(&self, x: Value, dims: &[usize]) -> Result<Value, BuildError> {
        let rank = self.rank(x);
        let Some(lead) = dims.len().checked_sub(rank) else {
            let (want, got) = (format!("at most {} dimensions", dims.len()), self.type_of(x));
            let op = "stablehlo.broadcast_in_dim";
            return Err(BuildError::mismatch(op, want, got.to_string()));
        };
        let along: Vec<_> = (lead..dims.len()).collect();
        self.broadcast_in_dim(x, dims, &along)
    }

    /// Dimension `from..from + size` of `x` along `dim`, the others whole.
    ///
    /// # Errors
    ///
    /// When the range does not lie within the dimension.
    pub fn slice_dim(
        &self,
        x: Value,
        dim: usize,
        from: usize,
        size: usize,
    ) -> Result<Value, BuildError> {
        let ranges: Vec<_> = self
            .dims(x)
            .iter()
            .enumerate()
            .map(|(d, &full)| if d == dim { (from, from + size, 1) } else { (0, full, 1) })
            .collect();
        self.slice(x, &ranges)
    }

    /// The row of `x` whose number is the scalar `index`: a slice of the first dimension, without it.
    ///
    /// # Errors
    ///
    /// When `x` is a scalar, or `index` none of integers.
    pub fn row(&self, x: Value, index: Value) -> Result<Value, BuildError> {
        let mut sizes = self.dims(x);
        if let Some(first) = sizes.first_mut() {
            *first = 1;
        }
        let slice = self.dynamic_slice(x, &self.row_start(index, sizes.len())?, &sizes)?;
        self.reshape(slice, sizes.get(1..).unwrap_or_default())
    }

    /// `x` with another row in the place of the one whose number is the scalar `index`.
    ///
    /// # Errors
    ///
    /// When `row` has not the type of a row of `x`, or `index` is no scalar of integers.
    pub fn with_row(&self, x: Value, row: Value, index: Value) -> Result<Value, BuildError> {
        let mut sizes = self.dims(row);
        sizes.insert(0, 1);
        let update = self.reshape(row, &sizes)?;
        self.dynamic_update_slice(x, update, &self.row_start(index, sizes.len())?)
    }

    fn row_start(&self, index: Value, rank: usize) -> Result<Vec<Value>, BuildError> {
        let zero = self.splat_int(0, self.element(index), &[])?;
        Ok(std::iter::once(index).chain(vec![zero; rank.saturating_sub(1)]).collect())
    }

    /// Whether elements are NaN.
    ///
    /// # Errors
    ///
    /// When `x` is no value of an enclosing block.
    pub fn is_nan(&self, x: Value) -> Result<Value, BuildError> {
        self.compare(Comparison::NotEqual, x, x)
    }

    /// `1 / x`.
    ///
    /// # Errors
    ///
    /// When the elements are truth values.
    pub fn reciprocal(&self, x: Value) -> Result<Value, BuildError> {
        self.divide(self.splat_like(1.0, x)?, x)
    }

    /// `e^x`.
    ///
    /// # Errors
    ///
    /// When the elements are no floats.
    pub fn exp(&self, x: Value) -> Result<Value, BuildError> {
        self.unary(UnaryKind::Exponential, x)
    }

    /// Minus `x`.
    ///
    /// # Errors
    ///
    /// When the elements are truth values.
    pub fn negate(&self, x: Value) -> Result<Value, BuildError> {
        self.unary(UnaryKind::Negate, x)
    }
}
