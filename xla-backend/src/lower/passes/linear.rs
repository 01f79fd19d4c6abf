//! Linear layers with what follows them, for which there is a kernel.
//!
//! ```text
//! x = rows w + bias     out = σ(x (a + b x²)) x
//! ```
//!
//! is a linear layer and GELU by the hyperbolic tangent, as layers record it. It is taken as a whole or not at all: where
//! anything else reads what is in between, such as a gradient, all operations stay as they are.

use std::collections::BTreeMap;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn_ir::{
    ActivationOperationIr, FloatOperationIr, ModuleOperationIr, NumericOperationIr, OperationIr,
    ScalarIr, TensorId, TensorIr,
};
use burn_trace::compile::{Hint, Mark};

use super::uses::Uses;
use crate::lower::graph::operation::matmul;
use crate::lower::graph::rearranged::{identity, reshaped};
use crate::lower::kernel::Kernels;
use crate::types::ElementType;

/// A linear layer and GELU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinearGelu<'a> {
    /// `[.., k]`
    pub(crate) rows: &'a TensorIr,
    /// `[k, n]`, with axes of one element before them.
    pub(crate) weight: &'a TensorIr,
    /// `n` numbers.
    pub(crate) bias: Option<&'a TensorIr>,
    /// `[.., n]`
    pub(crate) out: &'a TensorIr,
}

/// The layers of a block that kernels compute with what follows.
#[derive(Debug, Default)]
pub(crate) struct Linears<'a> {
    /// By the results of their operations; no layer where another operation does the work.
    roles: BTreeMap<TensorId, Option<LinearGelu<'a>>>,
}

impl<'a> Linears<'a> {
    /// Finds the layers among the operations of a block.
    pub(crate) fn new(
        operations: &[&'a OperationIr],
        uses: &Uses<'_, 'a>,
        kernels: Kernels,
    ) -> Self {
        let mut roles = BTreeMap::new();
        for op in operations {
            if let OperationIr::Activation(ActivationOperationIr::Sigmoid(sigmoid)) = op
                && let Some(found) = uses.linear_gelu([&sigmoid.input, &sigmoid.out], kernels)
            {
                roles.extend(found);
            }
        }
        Self { roles }
    }

    /// The layer that is computed in place of an operation; `None` in it where another operation does the work.
    pub(crate) fn role(&self, op: &OperationIr) -> Option<Option<LinearGelu<'a>>> {
        op.outputs().find_map(|out| self.roles.get(&out.id)).copied()
    }
}

type Roles<'a> = Vec<(TensorId, Option<LinearGelu<'a>>)>;

impl<'a> Uses<'_, 'a> {
    /// The layer with this sigmoid in its GELU, with the roles of its operations.
    fn linear_gelu(
        &self,
        [scaled, share]: [&'a TensorIr; 2],
        kernels: Kernels,
    ) -> Option<Roles<'a>> {
        let (x, mut inside) = self.scaled(scaled)?;
        inside.extend([scaled.id, share.id]);
        let (with, out) = other(product(self.only_reader(share.id)?)?, share.id)?;
        let readers = self.only_readers(x.id)?.len();
        // The square, the product with the slope, and the last.
        if with.id != x.id || readers != 3 || self.only_readers(scaled.id)?.len() != 1 {
            return None;
        }
        let (rows, weight, bias) = self.layer(x.id, &mut inside)?;
        let element = ElementType::from_dtype(x.dtype)?;
        let (&depth, leading) = rows.shape.split_last()?;
        let &columns = out.shape.last()?;
        let count = leading.iter().product();
        let all = [rows, weight, out].into_iter().chain(bias);
        let fits = all.into_iter().all(|tensor| tensor.dtype == x.dtype)
            && bias.is_none_or(|bias| bias.shape.num_elements() == columns)
            && weight.shape[..].ends_with(&[depth, columns])
            && weight.shape.num_elements() == depth * columns
            && out.shape.num_elements() == count * columns
            && kernels.are_for_linear(element, [count, depth, columns]);
        let mut roles: Roles<'a> = inside.into_iter().map(|id| (id, None)).collect();
        roles.push((out.id, Some(LinearGelu { rows, weight, bias, out })));
        fits.then_some(roles)
    }

    /// The `x` of `x (a + b x²)`, and what is made on the way, which nothing else reads.
    fn scaled(&self, scaled: &TensorIr) -> Option<(&'a TensorIr, Vec<TensorId>)> {
        const A: f64 = 2.0 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
        const B: f64 = A * 0.044_715;
        let is = |x: ScalarIr, y: f64| number(x).is_some_and(|x| (x - y).abs() < 1e-6);
        let (lhs, rhs, _) = product(self.maker(scaled.id)?)?;
        [(lhs, rhs), (rhs, lhs)].into_iter().find_map(|(x, slope)| {
            let Numeric::AddScalar(sum) = numeric(self.maker(slope.id)?)? else { return None };
            let Numeric::MulScalar(part) = numeric(self.maker(sum.lhs.id)?)? else { return None };
            let square = part.lhs.id;
            let fits = is(sum.rhs, A)
                && is(part.rhs, B)
                && squared(self.maker(square)?)? == x.id
                && self.only_readers(slope.id)?.len() == 1
                && self.only_readers(sum.lhs.id)?.len() == 1
                && self.only_readers(square)?.len() == 1;
            fits.then(|| (x, vec![slope.id, sum.lhs.id, square]))
        })
    }

    /// Rows, weights and bias of the layer that a tensor is, in another shape perhaps.
    fn layer(
        &self,
        mut id: TensorId,
        inside: &mut Vec<TensorId>,
    ) -> Option<(&'a TensorIr, &'a TensorIr, Option<&'a TensorIr>)> {
        let mut bias = None;
        loop {
            inside.push(id);
            let op = self.maker(id)?;
            if let Some(product) = matmul(op) {
                return Some((&product.lhs, &product.rhs, bias));
            }
            id = match (named(op).or_else(|| same_columns(op)), op) {
                (Some(input), _) => input.id,
                (None, OperationIr::Module(ModuleOperationIr::Linear(layer)))
                    if bias.is_none() || layer.bias.is_none() =>
                {
                    return Some((&layer.x, &layer.weight, bias.or(layer.bias.as_ref())));
                }
                (None, _) if bias.is_none() => {
                    let Numeric::Add(sum) = numeric(op)? else { return None };
                    let columns = *sum.out.shape.last()?;
                    let is_bias = |x: &TensorIr| x.shape.num_elements() == columns;
                    let (x, added) = [(&sum.lhs, &sum.rhs), (&sum.rhs, &sum.lhs)]
                        .into_iter()
                        .find(|(x, added)| x.shape == sum.out.shape && is_bias(added))?;
                    bias = Some(added);
                    x.id
                }
                _ => return None,
            };
            self.only_reader(id)?;
        }
    }
}

type Numeric = NumericOperationIr;

fn numeric(op: &OperationIr) -> Option<&Numeric> {
    match op {
        OperationIr::NumericFloat(_, op) => Some(op),
        _ => None,
    }
}

fn number(scalar: ScalarIr) -> Option<f64> {
    match scalar {
        ScalarIr::Float(x) => Some(x),
        ScalarIr::Int(x) => Some(x as f64),
        _ => None,
    }
}

/// Factors and result of a product of elements.
fn product(op: &OperationIr) -> Option<(&TensorIr, &TensorIr, &TensorIr)> {
    match numeric(op)? {
        Numeric::Mul(d) => {
            let is_whole = d.lhs.shape == d.out.shape && d.rhs.shape == d.out.shape;
            is_whole.then_some((&d.lhs, &d.rhs, &d.out))
        }
        _ => None,
    }
}

/// The other factor, and the result.
fn other<'a>(
    (lhs, rhs, out): (&'a TensorIr, &'a TensorIr, &'a TensorIr),
    one: TensorId,
) -> Option<(&'a TensorIr, &'a TensorIr)> {
    if lhs.id == one { Some((rhs, out)) } else { (rhs.id == one).then_some((lhs, out)) }
}

/// The tensor whose square an operation is.
fn squared(op: &OperationIr) -> Option<TensorId> {
    if let Some((lhs, rhs, _)) = product(op) {
        return (lhs.id == rhs.id).then_some(lhs.id);
    }
    let power = match op {
        OperationIr::Float(_, FloatOperationIr::PowfScalar(d)) => d,
        OperationIr::NumericFloat(_, Numeric::PowiScalar(d)) => d,
        _ => return None,
    };
    (number(power.rhs) == Some(2.0)).then_some(power.lhs.id)
}

/// The input of an operation that gives it as it is; without a mesh a constraint does.
fn named(op: &OperationIr) -> Option<&TensorIr> {
    match Mark::of(op) {
        Some(Mark::Identity { hint: Hint::Materialize, .. }) => None,
        Some(Mark::Identity { tensor, .. }) => Some(tensor),
        _ => identity(op).map(|(input, _)| input),
    }
}

/// The input of a reshape that leaves the last axis as it is.
fn same_columns(op: &OperationIr) -> Option<&TensorIr> {
    let (input, out) = reshaped(op)?;
    (input.shape.last() == out.shape.last()).then_some(input)
}
