//! Operations that move elements and compute nothing.

use std::fmt::Write as _;

use super::builder::{Builder, Value, listed};
use super::error::BuildError;
use crate::types::{ElementType, TensorType};

impl Builder {
    /// The same elements in row-major order under other dimensions.
    ///
    /// # Errors
    ///
    /// When the number of elements differs.
    pub fn reshape(&self, x: Value, dims: &[usize]) -> Result<Value, BuildError> {
        let op = "stablehlo.reshape";
        let ty = self.type_of(x);
        if ty.dims == dims {
            return Ok(x);
        }
        let result = TensorType::new(ty.element, dims);
        if result.len() != ty.len() {
            let want = format!("dimensions for {} elements", ty.len());
            return Err(BuildError::mismatch(op, want, format!("{dims:?}")));
        }
        self.append(op, &[x], result.clone(), |line, names| {
            let _ = write!(line, "{op} {} : ({ty}) -> {result}", names[0]);
        })
    }

    /// Dimension `i` of the result is dimension `permutation[i]` of `x`.
    ///
    /// # Errors
    ///
    /// When `permutation` is none of the rank of `x`.
    pub fn transpose(&self, x: Value, permutation: &[usize]) -> Result<Value, BuildError> {
        let op = "stablehlo.transpose";
        let ty = self.type_of(x);
        let mut sorted = permutation.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..ty.rank()) {
            let want = format!("a permutation of {} dimensions", ty.rank());
            return Err(BuildError::mismatch(op, want, format!("{permutation:?}")));
        }
        if permutation.iter().copied().eq(0..ty.rank()) {
            return Ok(x);
        }
        let dims: Vec<_> = permutation.iter().map(|&d| ty.dims[d]).collect();
        let result = TensorType::new(ty.element, dims);
        self.append(op, &[x], result.clone(), |line, names| {
            let _ = write!(line, "{op} {}, dims = {permutation:?} : ({ty}) -> {result}", names[0]);
        })
    }

    /// Dimension `i` of `x` becomes dimension `along[i]` of the result, repeated if its size is 1;
    /// the other dimensions repeat the whole.
    ///
    /// # Errors
    ///
    /// When `along` does not fit the two shapes.
    pub fn broadcast_in_dim(
        &self,
        x: Value,
        dims: &[usize],
        along: &[usize],
    ) -> Result<Value, BuildError> {
        let op = "stablehlo.broadcast_in_dim";
        let ty = self.type_of(x);
        let fits = along.len() == ty.rank()
            && along.windows(2).all(|pair| pair[0] < pair[1])
            && along
                .iter()
                .zip(&ty.dims)
                .all(|(&to, &size)| dims.get(to).is_some_and(|&d| size == 1 || d == size));
        if !fits {
            let got = format!("{dims:?} along {along:?}");
            return Err(BuildError::mismatch(op, format!("dimensions that {ty} fits"), got));
        }
        if ty.dims == dims {
            return Ok(x);
        }
        let result = TensorType::new(ty.element, dims);
        self.append(op, &[x], result.clone(), |line, names| {
            let _ = write!(line, "{op} {}, dims = {along:?} : ({ty}) -> {result}", names[0]);
        })
    }

    /// Elements `start..limit` by `step` of each dimension.
    ///
    /// # Errors
    ///
    /// When a range does not lie within its dimension.
    pub fn slice(&self, x: Value, ranges: &[(usize, usize, usize)]) -> Result<Value, BuildError> {
        let op = "stablehlo.slice";
        let ty = self.type_of(x);
        let fits = ranges.len() == ty.rank()
            && ranges
                .iter()
                .zip(&ty.dims)
                .all(|(&(start, limit, step), &d)| start <= limit && limit <= d && step > 0);
        if !fits {
            let want = format!("ranges within {ty}");
            return Err(BuildError::mismatch(op, want, format!("{ranges:?}")));
        }
        let dims: Vec<_> =
            ranges.iter().map(|&(start, limit, step)| (limit - start).div_ceil(step)).collect();
        if ranges
            .iter()
            .zip(&ty.dims)
            .all(|(&(start, limit, step), &d)| start == 0 && limit == d && step == 1)
        {
            return Ok(x);
        }
        let result = TensorType::new(ty.element, dims);
        self.append(op, &[x], result.clone(), |line, names| {
            let _ = write!(line, "{op} {} [", names[0]);
            for (i, (start, limit, step)) in ranges.iter().enumerate() {
                let _ = write!(line, "{}{start}:{limit}", if i > 0 { ", " } else { "" });
                if *step != 1 {
                    let _ = write!(line, ":{step}");
                }
            }
            let _ = write!(line, "] : ({ty}) -> {result}");
        })
    }

    /// Pads each dimension: `low` before, `high` after (negative ones cut), `interior` between
    /// elements.
    ///
    /// # Errors
    ///
    /// When the value is no scalar of the element type, or a dimension becomes negative.
    pub fn pad(
        &self,
        x: Value,
        value: Value,
        low: &[i64],
        high: &[i64],
        interior: &[usize],
    ) -> Result<Value, BuildError> {
        let op = "stablehlo.pad";
        let ty = self.type_of(x);
        let scalar = TensorType::scalar(ty.element);
        if *self.type_of(value) != scalar {
            let got = self.type_of(value).to_string();
            return Err(BuildError::mismatch(op, scalar.to_string(), got));
        }
        let rank = ty.rank();
        if [low.len(), high.len(), interior.len()] != [rank; 3] {
            let got = format!("{low:?} {high:?} {interior:?}");
            return Err(BuildError::mismatch(op, format!("{rank} paddings"), got));
        }
        let mut dims = Vec::with_capacity(rank);
        for i in 0..rank {
            let spread = ty.dims[i] + interior[i] * ty.dims[i].saturating_sub(1);
            let size = spread as i64 + low[i] + high[i];
            let size = usize::try_from(size).map_err(|_| {
                BuildError::mismatch(op, "a padding that leaves a size", size.to_string())
            })?;
            dims.push(size);
        }
        let nothing = |v: &[i64]| v.iter().all(|&p| p == 0);
        if nothing(low) && nothing(high) && dims == ty.dims {
            return Ok(x);
        }
        let result = TensorType::new(ty.element, dims);
        self.append(op, &[x, value], result.clone(), |line, names| {
            let (x, value) = (&names[0], &names[1]);
            let _ = write!(
                line,
                "{op} {x}, {value}, low = {low:?}, high = {high:?}, interior = {interior:?} : \
                 ({ty}, {scalar}) -> {result}"
            );
        })
    }

    /// The tensors one after another along `dim`.
    ///
    /// # Errors
    ///
    /// When there are none, or they differ elsewhere than in `dim`.
    pub fn concatenate(&self, parts: &[Value], dim: usize) -> Result<Value, BuildError> {
        let op = "stablehlo.concatenate";
        let types: Vec<_> = parts.iter().map(|&part| self.type_of(part)).collect();
        let Some(first) = types.first() else {
            return Err(BuildError::mismatch(op, "at least one tensor", "none"));
        };
        let mut result = (**first).clone();
        let fits = dim < result.rank()
            && types.iter().all(|ty| {
                ty.element == first.element
                    && ty.rank() == first.rank()
                    && (0..ty.rank()).all(|d| d == dim || ty.dims[d] == first.dims[d])
            });
        if !fits {
            let want = format!("tensors that differ in dimension {dim} only");
            return Err(BuildError::mismatch(op, want, listed(&types)));
        }
        if let [only] = parts {
            return Ok(*only);
        }
        result.dims[dim] = types.iter().map(|ty| ty.dims[dim]).sum();
        self.append(op, parts, result.clone(), |line, names| {
            let (names, types) = (names.join(", "), listed(&types));
            let _ = write!(line, "{op} {names}, dim = {dim} : ({types}) -> {result}");
        })
    }

    /// The order of elements turned round in `dims`.
    ///
    /// # Errors
    ///
    /// When there is no such dimension.
    pub fn reverse(&self, x: Value, dims: &[usize]) -> Result<Value, BuildError> {
        let op = "stablehlo.reverse";
        let ty = self.type_of(x);
        if dims.is_empty() {
            return Ok(x);
        }
        if dims.iter().any(|&d| d >= ty.rank()) {
            let want = format!("dimensions of {ty}");
            return Err(BuildError::mismatch(op, want, format!("{dims:?}")));
        }
        self.append(op, &[x], (*ty).clone(), |line, names| {
            let _ = write!(line, "{op} {}, dims = {dims:?} : {ty}", names[0]);
        })
    }

    /// Each element is its index in dimension `dim`.
    ///
    /// # Errors
    ///
    /// When there is no such dimension, or the elements are truth values.
    pub fn iota(
        &self,
        element: ElementType,
        dims: &[usize],
        dim: usize,
    ) -> Result<Value, BuildError> {
        let op = "stablehlo.iota";
        let ty = TensorType::new(element, dims);
        if dim >= dims.len() || element == ElementType::Bool {
            let want = format!("numbers with a dimension {dim}");
            return Err(BuildError::mismatch(op, want, ty.to_string()));
        }
        let line = format!("{op} dim = {dim} : {ty}");
        self.cached(line.clone(), || self.append(op, &[], ty, |text, _| text.push_str(&line)))
    }
}
