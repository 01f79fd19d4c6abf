//! The norm of rows by their mean square, as layers record it where they need no gradient.
//!
//! ```text
//! y = x / sqrt(mean(x²) + epsilon) scale
//! ```
//!
//! Rows of 16 bits are normalised in f32 and rounded. A kernel computes it in one pass, if nothing else reads what is made
//! on the way.

use std::collections::BTreeMap;

use burn_backend::DType;
use burn_ir::{BaseOperationIr, FloatOperationIr, OperationIr, TensorId, TensorIr};

use super::pattern::{Numeric, number, numeric, squared};
use super::uses::Uses;
use crate::lower::graph::rearranged::reshaped;

/// The norm of rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rms<'a> {
    /// `[.., n]`
    pub(crate) x: &'a TensorIr,
    /// `n` numbers of f32 or bf16.
    pub(crate) scale: &'a TensorIr,
    pub(crate) epsilon: f64,
    /// `[.., n]`
    pub(crate) out: &'a TensorIr,
}

/// The norms of a block, by the results of their operations.
#[derive(Debug, Default)]
pub(crate) struct RmsNorms<'a> {
    /// None where another operation does the work.
    roles: BTreeMap<TensorId, Option<Rms<'a>>>,
}

impl<'a> RmsNorms<'a> {
    /// Finds the norms among the operations of a block. `is_free` says of a tensor that nothing else makes it.
    pub(crate) fn new(
        operations: &[&'a OperationIr],
        uses: &Uses<'_, 'a>,
        is_free: &dyn Fn(TensorId) -> bool,
    ) -> Self {
        let mut roles = BTreeMap::new();
        // A cast stands behind the norm that it is part of.
        for op in operations.iter().rev() {
            for out in op.outputs() {
                if !roles.contains_key(&out.id)
                    && is_free(out.id)
                    && let Some((rms, inside)) = uses.rms(op, out.dtype)
                    && is_worthwhile(&rms)
                {
                    roles.extend(inside.into_iter().map(|id| (id, None)));
                    roles.insert(out.id, Some(rms));
                }
            }
        }
        Self { roles }
    }

    /// The norm that is computed in place of an operation; none where another operation does its work.
    pub(crate) fn role(&self, op: &OperationIr) -> Option<Option<Rms<'a>>> {
        op.outputs().find_map(|out| self.roles.get(&out.id)).copied()
    }
}

/// Whether there are rows enough for a call.
fn is_worthwhile(rms: &Rms<'_>) -> bool {
    const FEW: usize = 1 << 12;
    rms.out.shape.num_elements() >= FEW
}

impl<'a> Uses<'_, 'a> {
    /// The norm that ends with this operation and gives numbers of a type, with what is made on the way.
    pub(super) fn rms(
        &self,
        op: &'a OperationIr,
        dtype: DType,
    ) -> Option<(Rms<'a>, Vec<TensorId>)> {
        let mut inside = Vec::new();
        let mut made = |tensor: &TensorIr| {
            self.only_reader(tensor.id)?;
            inside.push(tensor.id);
            self.maker(tensor.id)
        };
        let out = op.outputs().next()?;
        let op = match cast(op) {
            Some(input) => made(input)?,
            None => op,
        };
        let (lhs, rhs) = factors(op)?;
        let &width = out.shape.last()?;
        let (normed, scale) = [(lhs, rhs), (rhs, lhs)].into_iter().find(|(normed, scale)| {
            scale.shape.num_elements() == width && normed.shape.num_elements() > width
        })?;
        let (x, inverse) = factors(made(normed)?)?;
        let OperationIr::Float(_, FloatOperationIr::Recip(inverse)) = made(inverse)? else {
            return None;
        };
        let OperationIr::Float(_, FloatOperationIr::Sqrt(root)) = made(&inverse.input)? else {
            return None;
        };
        let Numeric::AddScalar(sum) = numeric(made(&root.input)?)? else { return None };
        let Numeric::MeanDim(mean) = numeric(made(&sum.lhs)?)? else { return None };
        let is_square = squared(made(&mean.input)?)? == x.id;
        let epsilon = number(sum.rhs)?;
        let (wide, mut x) = (x, x);
        if let Some(input) = self.maker(x.id).and_then(cast) {
            // The square, and the product with the inverse.
            if self.only_readers(x.id).is_some_and(|readers| readers.len() == 2) {
                inside.push(x.id);
            }
            x = input;
        }
        let mut scale = scale;
        while let Some(op) = self.maker(scale.id)
            && let Some(input) = cast(op).or_else(|| reshaped(op).map(|(input, _)| input))
        {
            scale = input;
        }
        let is_number = |tensor: &TensorIr| [DType::F32, DType::BF16].contains(&tensor.dtype);
        let fits = is_square
            && mean.axis + 1 == out.shape.num_dims()
            && wide.dtype == DType::F32
            && [x.dtype, out.dtype] == [dtype; 2]
            && is_number(x)
            && is_number(scale)
            && x.shape == out.shape
            && scale.shape.last() == Some(&width)
            && scale.shape.num_elements() == width
            && (0.0..1e30).contains(&epsilon);
        fits.then_some((Rms { x, scale, epsilon, out }, inside))
    }
}

/// The factors of a product of elements.
fn factors(op: &OperationIr) -> Option<(&TensorIr, &TensorIr)> {
    match numeric(op)? {
        Numeric::Mul(d) => Some((&d.lhs, &d.rhs)),
        _ => None,
    }
}

/// The input of a cast.
fn cast(op: &OperationIr) -> Option<&TensorIr> {
    match op {
        OperationIr::BaseFloat(BaseOperationIr::Cast(d)) => Some(&d.input),
        _ => None,
    }
}
