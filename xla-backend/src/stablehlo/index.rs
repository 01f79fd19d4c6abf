//! Operations whose positions are values: gather, scatter and dynamic slices.

use std::fmt::Write as _;

use super::builder::{Builder, Value, listed};
use super::error::BuildError;
use crate::types::TensorType;

/// How [`Builder::gather`] reads slices; the names are those of the StableHLO specification. The
/// last dimension of the indices holds the index vectors.
#[derive(Clone, Debug, Default)]
pub struct GatherDims {
    /// Dimensions of the result that run within a slice.
    pub offset: Vec<usize>,
    /// Dimensions of the operand, of slice size 1, that the result has not.
    pub collapsed: Vec<usize>,
    /// Dimensions of the operand that go with batches of indices.
    pub operand_batching: Vec<usize>,
    /// Their partners among the dimensions of the indices.
    pub indices_batching: Vec<usize>,
    /// For each component of an index vector the dimension of the operand that it indexes.
    pub index_map: Vec<usize>,
}

/// How [`Builder::scatter`] writes slices; the names are those of the StableHLO specification. The
/// last dimension of the indices holds the index vectors.
#[derive(Clone, Debug, Default)]
pub struct ScatterDims {
    /// Dimensions of the updates that run within a slice.
    pub window: Vec<usize>,
    /// Dimensions of the operand, of slice size 1, that the updates have not.
    pub inserted: Vec<usize>,
    /// Dimensions of the operand that go with batches of indices.
    pub operand_batching: Vec<usize>,
    /// Their partners among the dimensions of the indices.
    pub indices_batching: Vec<usize>,
    /// For each component of an index vector the dimension of the operand that it indexes.
    pub index_map: Vec<usize>,
}

impl Builder {
    /// Slices of `operand`, of `sizes`, that start where `indices` say; starts are moved into
    /// range.
    ///
    /// # Errors
    ///
    /// When the dimension numbers do not fit the shapes.
    pub fn gather(
        &self,
        operand: Value,
        indices: Value,
        dims: &GatherDims,
        sizes: &[usize],
    ) -> Result<Value, BuildError> {
        let op = "stablehlo.gather";
        let (from, at) = (self.type_of(operand), self.type_of(indices));
        let gone = |d: usize| dims.collapsed.contains(&d) || dims.operand_batching.contains(&d);
        let mut slice = (0..from.rank()).filter(|&d| !gone(d)).filter_map(|d| sizes.get(d));
        let batch_rank = at.rank().saturating_sub(1);
        let rank = batch_rank + dims.offset.len();
        let mut batch = at.dims.iter().take(batch_rank);
        let result: Option<Vec<usize>> = (0..rank)
            .map(|d| if dims.offset.contains(&d) { slice.next() } else { batch.next() }.copied())
            .collect();
        let fits = sizes.len() == from.rank()
            && sizes.iter().zip(&from.dims).all(|(size, d)| size <= d)
            && (0..from.rank()).all(|d| !gone(d) || sizes[d] <= 1)
            && at.dims.last() == Some(&dims.index_map.len())
            && dims.index_map.iter().all(|&d| d < from.rank())
            && at.element.is_int()
            && slice.next().is_none();
        let (true, Some(result)) = (fits, result) else {
            let got = format!("{from} at {at} by {dims:?} of {sizes:?}");
            return Err(BuildError::mismatch(op, "dimension numbers that fit", got));
        };
        let result = TensorType::new(from.element, result);
        self.append(op, &[operand, indices], result.clone(), |line, names| {
            let _ = write!(
                line,
                "\"{op}\"({}, {}) <{{dimension_numbers = #stablehlo.gather<offset_dims = {:?}, \
                 collapsed_slice_dims = {:?}, operand_batching_dims = {:?}, \
                 start_indices_batching_dims = {:?}, start_index_map = {:?}, \
                 index_vector_dim = {batch_rank}>, indices_are_sorted = false, \
                 slice_sizes = {}}}> : ({from}, {at}) -> {result}",
                names[0],
                names[1],
                dims.offset,
                dims.collapsed,
                dims.operand_batching,
                dims.indices_batching,
                dims.index_map,
                i64_array(sizes),
            );
        })
    }

    /// `operand` with `updates` combined into the slices that start where `indices` say; updates
    /// that would lie out of range are left out, those to one place are combined in any order.
    ///
    /// # Errors
    ///
    /// When the dimension numbers do not fit the shapes, or `combine` yields another type.
    pub fn scatter<E: From<BuildError>>(
        &self,
        operand: Value,
        indices: Value,
        updates: Value,
        dims: &ScatterDims,
        combine: impl FnOnce(&Self, Value, Value) -> Result<Value, E>,
    ) -> Result<Value, E> {
        let op = "stablehlo.scatter";
        let (to, at, with) = (self.type_of(operand), self.type_of(indices), self.type_of(updates));
        let batch_rank = at.rank().saturating_sub(1);
        let rank = dims.window.len() + dims.inserted.len() + dims.operand_batching.len();
        let batch: Vec<_> =
            (0..with.rank()).filter(|d| !dims.window.contains(d)).map(|d| with.dims[d]).collect();
        let fits = to.element == with.element
            && at.element.is_int()
            && rank == to.rank()
            && at.dims.last() == Some(&dims.index_map.len())
            && dims.index_map.iter().all(|&d| d < to.rank())
            && batch == at.dims[..batch_rank];
        if !fits {
            let got = format!("{to} at {at} with {with} by {dims:?}");
            return Err(BuildError::mismatch(op, "dimension numbers that fit", got))?;
        }
        let scalar = TensorType::scalar(to.element);
        let types = [scalar.clone(), scalar.clone()];
        let region =
            self.region(op, &types, &[scalar], |b, v| Ok::<_, E>(vec![combine(b, v[0], v[1])?]))?;
        Ok(self.append(op, &[operand, indices, updates], (*to).clone(), |line, names| {
            let _ = write!(
                line,
                "\"{op}\"({}) <{{indices_are_sorted = false, \
                 scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = {:?}, \
                 inserted_window_dims = {:?}, input_batching_dims = {:?}, \
                 scatter_indices_batching_dims = {:?}, scatter_dims_to_operand_dims = {:?}, \
                 index_vector_dim = {batch_rank}>, unique_indices = false}}> ({region}) : \
                 ({to}, {at}, {with}) -> {to}",
                names.join(", "),
                dims.window,
                dims.inserted,
                dims.operand_batching,
                dims.indices_batching,
                dims.index_map,
            );
        })?)
    }

    /// The slice of `sizes` that starts at the scalars `starts`, moved into range.
    ///
    /// # Errors
    ///
    /// When ranks or sizes do not fit.
    pub fn dynamic_slice(
        &self,
        x: Value,
        starts: &[Value],
        sizes: &[usize],
    ) -> Result<Value, BuildError> {
        let op = "stablehlo.dynamic_slice";
        let ty = self.type_of(x);
        let fits = sizes.len() == ty.rank()
            && starts.len() == ty.rank()
            && sizes.iter().zip(&ty.dims).all(|(size, d)| size <= d)
            && starts.iter().all(|&s| self.rank(s) == 0 && self.element(s).is_int());
        if !fits {
            let want = format!("{} scalar starts and sizes within {ty}", ty.rank());
            return Err(BuildError::mismatch(op, want, format!("{sizes:?}")));
        }
        let result = TensorType::new(ty.element, sizes);
        let operands: Vec<_> = std::iter::once(x).chain(starts.iter().copied()).collect();
        let types: Vec<_> = operands.iter().map(|&v| self.type_of(v)).collect();
        self.append(op, &operands, result.clone(), |line, names| {
            let (names, types) = (names.join(", "), listed(&types));
            let _ = write!(line, "{op} {names}, sizes = {sizes:?} : ({types}) -> {result}");
        })
    }

    /// `x` with the slice that starts at the scalars `starts`, moved into range, replaced.
    ///
    /// # Errors
    ///
    /// When ranks or sizes do not fit.
    pub fn dynamic_update_slice(
        &self,
        x: Value,
        update: Value,
        starts: &[Value],
    ) -> Result<Value, BuildError> {
        let op = "stablehlo.dynamic_update_slice";
        let (ty, part) = (self.type_of(x), self.type_of(update));
        let fits = part.element == ty.element
            && part.rank() == ty.rank()
            && starts.len() == ty.rank()
            && part.dims.iter().zip(&ty.dims).all(|(size, d)| size <= d)
            && starts.iter().all(|&s| self.rank(s) == 0 && self.element(s).is_int());
        if !fits {
            let want = format!("{} scalar starts and an update within {ty}", ty.rank());
            return Err(BuildError::mismatch(op, want, part.to_string()));
        }
        let operands: Vec<_> = [x, update].into_iter().chain(starts.iter().copied()).collect();
        let types: Vec<_> = operands.iter().map(|&v| self.type_of(v)).collect();
        self.append(op, &operands, (*ty).clone(), |line, names| {
            let (names, types) = (names.join(", "), listed(&types));
            let _ = write!(line, "{op} {names} : ({types}) -> {ty}");
        })
    }
}

/// An `array<i64: …>` attribute.
pub(super) fn i64_array(values: &[usize]) -> String {
    if values.is_empty() {
        return "array<i64>".to_owned();
    }
    let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
    format!("array<i64: {}>", texts.join(", "))
}
