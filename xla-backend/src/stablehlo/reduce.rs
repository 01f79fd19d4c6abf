//! Operations that combine elements: reductions, windows, sorting.

use std::fmt::Write as _;
use std::rc::Rc;

use super::builder::{Builder, Value, listed};
use super::error::BuildError;
use super::index::i64_array;
use crate::types::{ElementType, TensorType};

/// The operation of a plain reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReduceKind {
    /// Sum.
    Add,
    /// Product.
    Multiply,
    /// Largest.
    Maximum,
    /// Smallest.
    Minimum,
    /// All.
    And,
    /// Any.
    Or,
}

impl ReduceKind {
    fn op(self) -> &'static str {
        match self {
            Self::Add => "stablehlo.add",
            Self::Multiply => "stablehlo.multiply",
            Self::Maximum => "stablehlo.maximum",
            Self::Minimum => "stablehlo.minimum",
            Self::And => "stablehlo.and",
            Self::Or => "stablehlo.or",
        }
    }

    /// Combines two values with this operation.
    ///
    /// # Errors
    ///
    /// When their types differ or do not have the operation.
    pub fn combine(self, b: &Builder, lhs: Value, rhs: Value) -> Result<Value, BuildError> {
        match self {
            Self::Add => b.add(lhs, rhs),
            Self::Multiply => b.multiply(lhs, rhs),
            Self::Maximum => b.maximum(lhs, rhs),
            Self::Minimum => b.minimum(lhs, rhs),
            Self::And => b.and(lhs, rhs),
            Self::Or => b.or(lhs, rhs),
        }
    }
}

/// The windows of [`Builder::reduce_window`], for each dimension of the operand.
#[derive(Clone, Debug)]
pub struct Window {
    /// Elements in a window.
    pub size: Vec<usize>,
    /// Distance between windows.
    pub stride: Vec<usize>,
    /// Distance between elements of a window.
    pub dilation: Vec<usize>,
    /// Padding before and after.
    pub padding: Vec<(usize, usize)>,
}

impl Window {
    /// A window of one element in each of `rank` dimensions.
    pub fn unit(rank: usize) -> Self {
        Self {
            size: vec![1; rank],
            stride: vec![1; rank],
            dilation: vec![1; rank],
            padding: vec![(0, 0); rank],
        }
    }
}

impl Builder {
    /// Combines all elements along `dims`, which the result has not, starting from the scalar
    /// `init`.
    ///
    /// # Errors
    ///
    /// When `init` is no scalar of the element type, or there is no such dimension.
    pub fn reduce(
        &self,
        x: Value,
        init: Value,
        dims: &[usize],
        kind: ReduceKind,
    ) -> Result<Value, BuildError> {
        let op = "stablehlo.reduce";
        let ty = self.type_of(x);
        let scalar = TensorType::scalar(ty.element);
        if *self.type_of(init) != scalar {
            let got = self.type_of(init).to_string();
            return Err(BuildError::mismatch(op, scalar.to_string(), got));
        }
        let result = TensorType::new(ty.element, without(op, &ty, dims)?);
        if dims.is_empty() {
            return Ok(x);
        }
        self.append(op, &[x, init], result.clone(), |line, names| {
            let (x, init, apply) = (&names[0], &names[1], kind.op());
            let _ = write!(
                line,
                "{op}({x} init: {init}) applies {apply} across dimensions = {dims:?} : \
                 ({ty}, {scalar}) -> {result}"
            );
        })
    }

    /// Reduces several tensors of one shape together; `body` gets the accumulators, then the
    /// elements, all scalars.
    ///
    /// # Errors
    ///
    /// When shapes or the types that `body` yields do not fit.
    pub fn reduce_with<E: From<BuildError>>(
        &self,
        inputs: &[Value],
        inits: &[Value],
        dims: &[usize],
        body: impl FnOnce(&Self, &[Value], &[Value]) -> Result<Vec<Value>, E>,
    ) -> Result<Vec<Value>, E> {
        let op = "stablehlo.reduce";
        let (types, scalars) = self.accumulators(op, inputs, inits)?;
        let mut results = Vec::new();
        for ty in &types {
            results.push(TensorType::new(ty.element, without(op, ty, dims)?));
        }
        let both: Vec<_> = scalars.iter().chain(&scalars).cloned().collect();
        let half = scalars.len();
        let region = self.region(op, &both, &scalars, |b, v| body(b, &v[..half], &v[half..]))?;
        let operands: Vec<_> = inputs.iter().chain(inits).copied().collect();
        Ok(self.append_many(op, &operands, &results, |line, names| {
            let _ = write!(
                line,
                "\"{op}\"({}) <{{dimensions = {}}}> ({region}) : ({}, {}) -> ({})",
                names.join(", "),
                i64_array(dims),
                listed(&types),
                listed(&scalars),
                listed(&results),
            );
        })?)
    }

    /// Reduces several tensors of one shape within each window, in row-major order of the window,
    /// starting from `inits`, which is what the padding holds too.
    ///
    /// # Errors
    ///
    /// When shapes or the types that `body` yields do not fit.
    pub fn reduce_window<E: From<BuildError>>(
        &self,
        inputs: &[Value],
        inits: &[Value],
        window: &Window,
        body: impl FnOnce(&Self, &[Value], &[Value]) -> Result<Vec<Value>, E>,
    ) -> Result<Vec<Value>, E> {
        let op = "stablehlo.reduce_window";
        let (types, scalars) = self.accumulators(op, inputs, inits)?;
        let dims = window_counts(op, &types[0], window)?;
        let results: Vec<_> =
            types.iter().map(|ty| TensorType::new(ty.element, dims.clone())).collect();
        let both: Vec<_> = scalars.iter().chain(&scalars).cloned().collect();
        let half = scalars.len();
        let region = self.region(op, &both, &scalars, |b, v| body(b, &v[..half], &v[half..]))?;
        let operands: Vec<_> = inputs.iter().chain(inits).copied().collect();
        let padding: Vec<_> =
            window.padding.iter().map(|(low, high)| format!("[{low}, {high}]")).collect();
        let rank = dims.len();
        Ok(self.append_many(op, &operands, &results, |line, names| {
            let _ = write!(
                line,
                "\"{op}\"({}) <{{base_dilations = {}, padding = dense<[{}]> : tensor<{rank}x2xi64>, \
                 window_dilations = {}, window_dimensions = {}, window_strides = {}}}> ({region}) : \
                 ({}, {}) -> ({})",
                names.join(", "),
                i64_array(&vec![1; rank]),
                padding.join(", "),
                i64_array(&window.dilation),
                i64_array(&window.size),
                i64_array(&window.stride),
                listed(&types),
                listed(&scalars),
                listed(&results),
            );
        })?)
    }

    /// Sorts several tensors of one shape together along `dim`, stably; `less` gets two elements of
    /// each tensor (first's, first's, second's, second's, …) and says whether the former comes
    /// first.
    ///
    /// # Errors
    ///
    /// When shapes do not fit, or `less` yields no truth value.
    pub fn sort<E: From<BuildError>>(
        &self,
        inputs: &[Value],
        dim: usize,
        less: impl FnOnce(&Self, &[Value]) -> Result<Value, E>,
    ) -> Result<Vec<Value>, E> {
        let op = "stablehlo.sort";
        let types: Vec<_> = inputs.iter().map(|&v| self.type_of(v)).collect();
        let fits = types.first().is_some_and(|first| {
            dim < first.rank() && types.iter().all(|ty| ty.dims == first.dims)
        });
        if !fits {
            let want = format!("tensors of one shape with a dimension {dim}");
            return Err(BuildError::mismatch(op, want, listed(&types)))?;
        }
        let pairs: Vec<_> =
            types.iter().flat_map(|ty| vec![TensorType::scalar(ty.element); 2]).collect();
        let truth = TensorType::scalar(ElementType::Bool);
        let region = self.region(op, &pairs, &[truth], |b, v| Ok::<_, E>(vec![less(b, v)?]))?;
        let results: Vec<_> = types.iter().map(|ty| (**ty).clone()).collect();
        Ok(self.append_many(op, inputs, &results, |line, names| {
            let (names, types) = (names.join(", "), listed(&types));
            let _ = write!(
                line,
                "\"{op}\"({names}) <{{dimension = {dim} : i64, is_stable = true}}> ({region}) : \
                 ({types}) -> ({types})"
            );
        })?)
    }

    fn accumulators(
        &self,
        op: &'static str,
        inputs: &[Value],
        inits: &[Value],
    ) -> Result<(Vec<Rc<TensorType>>, Vec<TensorType>), BuildError> {
        let types: Vec<_> = inputs.iter().map(|&v| self.type_of(v)).collect();
        let scalars: Vec<_> = inits.iter().map(|&v| (*self.type_of(v)).clone()).collect();
        let fits = !types.is_empty()
            && types.len() == scalars.len()
            && types.iter().all(|ty| ty.dims == types[0].dims)
            && types.iter().zip(&scalars).all(|(t, s)| *s == TensorType::scalar(t.element));
        if !fits {
            let got = format!("{} with {}", listed(&types), listed(&scalars));
            return Err(BuildError::mismatch(op, "tensors of one shape, a scalar each", got));
        }
        Ok((types, scalars))
    }
}

fn without(op: &'static str, ty: &TensorType, dims: &[usize]) -> Result<Vec<usize>, BuildError> {
    if dims.iter().any(|&d| d >= ty.rank()) {
        let want = format!("dimensions of {ty}");
        return Err(BuildError::mismatch(op, want, format!("{dims:?}")));
    }
    Ok((0..ty.rank()).filter(|d| !dims.contains(d)).map(|d| ty.dims[d]).collect())
}

fn window_counts(
    op: &'static str,
    ty: &TensorType,
    window: &Window,
) -> Result<Vec<usize>, BuildError> {
    let rank = ty.rank();
    let lengths =
        [window.size.len(), window.stride.len(), window.dilation.len(), window.padding.len()];
    let positive = [&window.size, &window.stride, &window.dilation];
    if lengths != [rank; 4] || positive.iter().any(|v| v.contains(&0)) {
        return Err(BuildError::mismatch(op, format!("a window for {ty}"), format!("{window:?}")));
    }
    Ok((0..rank)
        .map(|d| {
            let (low, high) = window.padding[d];
            let reach = (window.size[d] - 1) * window.dilation[d] + 1;
            let padded = low + ty.dims[d] + high;
            if padded < reach { 0 } else { (padded - reach) / window.stride[d] + 1 }
        })
        .collect())
}
