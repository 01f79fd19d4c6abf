//! A linear layer that a kernel computes, and the products that it may have.

use burn_ir::{ModuleOperationIr, OperationIr, TensorId, TensorIr};
use burn_trace::compile::{Hint, Mark};

use crate::lower::graph::operation::matmul;
use crate::lower::graph::rearranged::{identity, reordered, reshaped};
use crate::lower::kernel::Kernels;
use crate::lower::passes::uses::Uses;
use crate::types::ElementType;

/// `y = gelu(Σ x w + Σ bias) + residual`, with as much of it as there is.
#[derive(Clone, Debug)]
pub(crate) struct Layer<'a> {
    pub(crate) products: Vec<Product<'a>>,
    /// `n` numbers each.
    pub(crate) biases: Vec<&'a TensorIr>,
    pub(crate) is_gelu: bool,
    /// `[.., n]`
    pub(crate) residual: Option<&'a TensorIr>,
    /// `[.., n]`
    pub(crate) out: &'a TensorIr,
}

/// A product of rows and one matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product<'a> {
    /// `[.., k]`
    pub(crate) rows: &'a TensorIr,
    /// `[k, n]`, with axes of one element before them.
    pub(crate) weight: &'a TensorIr,
    /// Whether it is `[n, k]`.
    pub(crate) is_turned: bool,
    /// What the operation gives that is this product.
    pub(super) made: TensorId,
}

impl<'a> Layer<'a> {
    /// The layer that is a product alone.
    pub(super) fn of(found: Found<'a>) -> Self {
        let Found { product, bias, out } = found;
        let biases = bias.into_iter().collect();
        Self { products: vec![product], biases, is_gelu: false, residual: None, out }
    }

    /// Whether the second cache holds the weights of 64 columns of all products, packed, if one more is added. A product
    /// alone may be deeper.
    pub(super) fn has_room_for(&self, product: &Product<'_>) -> bool {
        const DEEPEST: usize = 2048;
        let depth = |product: &Product<'_>| {
            let numbers = product.rows.shape.last().copied().unwrap_or(0);
            // Numbers of 16 bits are packed in pairs.
            numbers * product.rows.dtype.size() / size_of::<f32>()
        };
        let all = self.products.iter().map(depth).sum::<usize>();
        all == 0 || all + depth(product) <= DEEPEST
    }
}

/// A product with what its operation adds.
pub(super) struct Found<'a> {
    pub(super) product: Product<'a>,
    pub(super) bias: Option<&'a TensorIr>,
    pub(super) out: &'a TensorIr,
}

impl<'a> Uses<'_, 'a> {
    /// The product that an operation is, if a kernel is the faster way to it.
    pub(super) fn product(&self, op: &'a OperationIr, kernels: Kernels) -> Option<Found<'a>> {
        type Op = ModuleOperationIr;
        let (rows, weight, is_turned, bias, out) = match op {
            OperationIr::Module(Op::Linear(d)) => (&d.x, &d.weight, false, d.bias.as_ref(), &d.out),
            OperationIr::Module(Op::LinearXBackward(d)) => {
                (&d.output_grad, &d.weight, true, None, &d.out)
            }
            _ => {
                let d = matmul(op)?;
                (&d.lhs, &d.rhs, false, None, &d.out)
            }
        };
        // The compiler reads rows along their other axis.
        if self.is_swapped(rows.id) {
            return None;
        }
        let (weight, is_swapped) = self.matrix(weight)?;
        let is_turned = is_turned != is_swapped;
        let [first, second] = *weight.shape[..].last_chunk()?;
        let [wanted, columns] = if is_turned { [second, first] } else { [first, second] };
        let (&depth, leading) = rows.shape.split_last()?;
        let count = leading.iter().product();
        let element = ElementType::from_dtype(out.dtype)?;
        let mut operands = [rows, weight].into_iter().chain(bias);
        let fits = operands.all(|tensor| tensor.dtype == out.dtype)
            && bias.is_none_or(|bias| bias.shape.num_elements() == columns)
            && wanted == depth
            && out.shape.last() == Some(&columns)
            && out.shape.num_elements() == count * columns
            && kernels.are_for_linear(element, [count, depth, columns]);
        let bias = bias.map(|bias| self.vector(bias));
        let product = Product { rows, weight, is_turned, made: out.id };
        fits.then_some(Found { product, bias, out })
    }

    /// The tensor that a bias is under another name, or in another shape.
    pub(super) fn vector(&self, mut tensor: &'a TensorIr) -> &'a TensorIr {
        while let Some(op) = self.maker(tensor.id)
            && let Some(input) = named(op).or_else(|| reshaped(op).map(|(input, _)| input))
        {
            tensor = input;
        }
        tensor
    }

    /// The matrix that a tensor is, with axes of one element before it, and whether its axes are swapped.
    fn matrix(&self, mut tensor: &'a TensorIr) -> Option<(&'a TensorIr, bool)> {
        let is_matrix = |tensor: &TensorIr| {
            let axes = tensor.shape[..].last_chunk::<2>();
            axes.is_some_and(|[k, n]| tensor.shape.num_elements() == k * n)
        };
        let mut is_turned = false;
        loop {
            if !is_matrix(tensor) {
                return None;
            }
            let Some(op) = self.maker(tensor.id) else { break };
            let same = named(op).or_else(|| {
                let (input, out) = reshaped(op)?;
                let is_same = input.shape[..].last_chunk::<2>() == out.shape[..].last_chunk();
                is_same.then_some(input)
            });
            let (input, swaps) = match (same, swapped(op)) {
                (Some(input), _) => (input, false),
                (None, Some(input)) => (input, true),
                (None, None) => break,
            };
            if !is_matrix(input) {
                break;
            }
            (tensor, is_turned) = (input, is_turned != swaps);
        }
        Some((tensor, is_turned))
    }

    /// Whether a tensor is another one with its last two axes swapped.
    fn is_swapped(&self, mut id: TensorId) -> bool {
        while let Some(op) = self.maker(id) {
            match named(op) {
                Some(input) => id = input.id,
                None => return swapped(op).is_some(),
            }
        }
        false
    }

    /// The tensor that rows are under another name, or with their first axes joined or split.
    pub(super) fn rows_of(&self, mut id: TensorId) -> TensorId {
        while let Some(op) = self.maker(id)
            && let Some(input) = named(op).or_else(|| same_columns(op))
        {
            id = input.id;
        }
        id
    }
}

/// The input of an operation that gives it as it is; without a mesh a constraint does.
pub(super) fn named(op: &OperationIr) -> Option<&TensorIr> {
    match Mark::of(op) {
        Some(Mark::Identity { hint: Hint::Materialize, .. }) => None,
        Some(Mark::Identity { tensor, .. }) => Some(tensor),
        _ => identity(op).map(|(input, _)| input),
    }
}

/// The input of a reshape that leaves the last axis as it is.
pub(super) fn same_columns(op: &OperationIr) -> Option<&TensorIr> {
    let (input, out) = reshaped(op)?;
    (input.shape.last() == out.shape.last()).then_some(input)
}

/// The input of an operation that swaps the last two axes.
fn swapped(op: &OperationIr) -> Option<&TensorIr> {
    let (input, _, order) = reordered(op)?;
    let (before, [first, second]) = order.split_last_chunk()?;
    let is_swapped = before.iter().copied().eq(0..before.len())
        && [*first, *second] == [before.len() + 1, before.len()];
    is_swapped.then_some(input)
}
