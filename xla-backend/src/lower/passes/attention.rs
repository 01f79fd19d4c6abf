//! Attention as layers record it with gradients: a softmax between two products, and their gradients. A kernel that
//! computes it whole takes the place of all of them.
//!
//! ```text
//! scores = q kᵀ     weights = softmax(scores)     out = weights v
//! by_weights = by_out vᵀ     by_scores = softmax's gradient (weights, by_weights)
//! by_v = weightsᵀ by_out     by_q = by_scores k     by_kᵀ = qᵀ by_scores
//! ```
//!
//! It is taken as a whole or not at all: where anything else reads scores, weights or their gradients, such as a mask, a
//! loop that keeps them, or a caller, all operations stay as they are.

use std::collections::BTreeMap;

use burn_backend::DType;
use burn_ir::{AttentionOpIr, MatmulOpIr, OperationIr, TensorId, TensorIr};
use burn_trace::compile::Mark;

use super::pattern::number;
use super::uses::Uses;
use crate::lower::graph::operation::matmul;
use crate::lower::graph::rearranged::{identity, reordered};

/// What attention reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attention<'a> {
    /// `[b, h, m, k]`
    pub(crate) query: &'a TensorIr,
    /// `[b, h, k, n]`
    pub(crate) turned_key: &'a TensorIr,
    /// `[b, h, n, k]`
    pub(crate) value: &'a TensorIr,
}

/// Its gradient; each tensor has the type of what it is the gradient by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttentionBackward<'a> {
    pub(crate) of: Attention<'a>,
    pub(crate) by_out: TensorId,
    pub(crate) by_query: &'a TensorIr,
    pub(crate) by_turned_key: &'a TensorIr,
    pub(crate) by_value: &'a TensorIr,
}

/// What becomes of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role<'a> {
    /// A kernel does its work.
    Inside,
    /// The kernel is called in its place, and gives its result.
    Forward(Attention<'a>, &'a TensorIr),
    /// The kernel of the gradient is called in its place.
    Backward(AttentionBackward<'a>),
}

/// The attentions of a block, by the results of their operations.
#[derive(Debug, Default)]
pub(crate) struct Attentions<'a> {
    roles: BTreeMap<TensorId, Role<'a>>,
}

impl<'a> Attentions<'a> {
    /// Finds the attentions among the operations of a block.
    pub(crate) fn new(operations: &[&'a OperationIr], graph: &Uses<'_, 'a>) -> Self {
        let mut roles = BTreeMap::new();
        for op in operations {
            if let Some(Mark::Softmax { x }) = Mark::of(op)
                && let Some(weights) = op.outputs().next()
                && let Some(found) = graph.attention(x.id, weights)
            {
                roles.extend(found);
            }
        }
        Self { roles }
    }

    /// What becomes of an operation, if it is one of an attention.
    pub(crate) fn role(&self, op: &OperationIr) -> Option<Role<'a>> {
        op.outputs().find_map(|out| self.roles.get(&out.id)).copied()
    }
}

impl<'a> Uses<'_, 'a> {
    /// The operations of the attention whose softmax this is, with their roles.
    fn attention(
        &self,
        scores: TensorId,
        weights: &'a TensorIr,
    ) -> Option<Vec<(TensorId, Role<'a>)>> {
        let mut inside = vec![weights.id];
        let scores = self.product_before(scores, &mut inside)?;
        let (mut out, mut turned_weights, mut softmax_backward) = (None, None, None);
        for (_, reader) in self.only_readers(weights.id)? {
            if let Some(product) = matmul(reader).filter(|product| product.lhs.id == weights.id) {
                put(&mut out, product)?;
            } else if let Some((_, turned)) = swapped(reader) {
                put(&mut turned_weights, turned)?;
            } else if let Some(Mark::SoftmaxBackward { y, gradient }) = Mark::of(reader)
                && y.id == weights.id
                && gradient.id != weights.id
            {
                put(&mut softmax_backward, (gradient.id, reader.outputs().next()?))?;
            } else {
                return None;
            }
        }
        let gradient = match (turned_weights, softmax_backward) {
            (None, None) => None,
            (Some(turned), Some((by_weights, by_scores))) => {
                inside.push(turned.id);
                Some(self.backward(scores, turned, (by_weights, by_scores), &mut inside)?)
            }
            _ => return None,
        };
        // A loop backward computes the weights once more, but not the result.
        let value = match (out, &gradient) {
            (Some(out), _) => &out.rhs,
            (None, Some((_, gradient))) => gradient.of.value,
            (None, None) => return None,
        };
        let of = Attention { query: &scores.lhs, turned_key: &scores.rhs, value };
        fits(&of)?;
        let mut roles: Vec<_> = inside.into_iter().map(|id| (id, Role::Inside)).collect();
        // The roles of kernels come last and hold.
        if let Some(product) = out {
            let out = &product.out;
            let is_like = out.shape == of.query.shape && out.dtype == of.query.dtype;
            roles.push(is_like.then_some((out.id, Role::Forward(of, out)))?);
        }
        if let Some((at, gradient)) = gradient {
            if gradient.of.value.id != value.id {
                return None;
            }
            roles.push((at, Role::Backward(gradient)));
        }
        Some(roles)
    }

    /// The gradient, and the result of the operation in whose place it is computed.
    fn backward(
        &self,
        scores: &'a MatmulOpIr,
        turned_weights: &TensorIr,
        (by_weights, by_scores): (TensorId, &'a TensorIr),
        inside: &mut Vec<TensorId>,
    ) -> Option<(TensorId, AttentionBackward<'a>)> {
        let &[(at_value, op)] = self.only_readers(turned_weights.id)? else { return None };
        let by_value = matmul(op).filter(|product| product.lhs.id == turned_weights.id)?;
        let by_weights = self.product_before(by_weights, inside)?;
        let by_out = by_value.rhs.id;
        let (value, _) = swapped(self.maker(by_weights.rhs.id)?)?;
        if by_weights.lhs.id != by_out {
            return None;
        }
        let of = Attention { query: &scores.lhs, turned_key: &scores.rhs, value };
        let (mut by_query, mut by_turned_key) = (None, None);
        for (_, reader) in self.only_readers(by_scores.id)? {
            let product = matmul(reader)?;
            if product.lhs.id == by_scores.id && self.are_swapped(product.rhs.id, of.turned_key.id)
            {
                put(&mut by_query, product)?;
            } else if product.rhs.id == by_scores.id
                && self.are_swapped(product.lhs.id, of.query.id)
            {
                put(&mut by_turned_key, product)?;
            } else {
                return None;
            }
        }
        let (by_query, by_turned_key) = (by_query?, by_turned_key?);
        let backward = AttentionBackward {
            of,
            by_out,
            by_query: &by_query.out,
            by_turned_key: &by_turned_key.out,
            by_value: &by_value.out,
        };
        let like = |x: &TensorIr, y: &TensorIr| x.shape == y.shape && x.dtype == y.dtype;
        let are_like = like(backward.by_query, of.query)
            && like(backward.by_turned_key, of.turned_key)
            && like(backward.by_value, of.value)
            && like(&by_value.rhs, of.query);
        inside.extend([by_scores.id, by_query.out.id, by_turned_key.out.id, by_value.out.id]);
        // Of the two operations that read the gradient by the result, the first: it is there, and the others
        // follow.
        let at_weights = self.readers(by_out).iter().find_map(|(at, op)| {
            op.outputs().any(|out| out.id == by_weights.out.id).then_some(*at)
        })?;
        let first = if at_weights < at_value { by_weights.out.id } else { by_value.out.id };
        are_like.then_some((first, backward))
    }

    /// The product that a tensor is, perhaps under other names, and that nothing else reads.
    fn product_before(
        &self,
        mut id: TensorId,
        inside: &mut Vec<TensorId>,
    ) -> Option<&'a MatmulOpIr> {
        loop {
            if self.only_readers(id)?.len() != 1 {
                return None;
            }
            inside.push(id);
            let op = self.maker(id)?;
            match identity(op) {
                Some((input, _)) => id = input.id,
                None => return matmul(op),
            }
        }
    }

    /// Whether one of two tensors is the other with its last two axes swapped.
    fn are_swapped(&self, x: TensorId, y: TensorId) -> bool {
        let of = |id| Some(swapped(self.maker(id)?)?.0.id);
        of(x) == Some(y) || of(y) == Some(x)
    }
}

/// Keeps a value where there is none yet.
fn put<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.is_none().then(|| *place = Some(value))
}

/// Input and output of an operation that swaps the last two axes of tensors by head.
fn swapped(op: &OperationIr) -> Option<(&TensorIr, &TensorIr)> {
    let (input, out, order) = reordered(op)?;
    (order == [0, 1, 3, 2]).then_some((input, out))
}

/// Whether the kernel computes attention of these tensors.
fn fits(attention: &Attention<'_>) -> Option<()> {
    let all = [attention.query, attention.turned_key, attention.value];
    let [q, k, v] = all.map(|tensor| <[usize; 4]>::try_from(&tensor.shape[..]).ok());
    let ([b, h, m, size], [_, _, _, n]) = (q?, k?);
    let dtype = attention.query.dtype;
    let is_number = dtype == DType::F32 || dtype == DType::BF16;
    let is_same = all.iter().all(|tensor| tensor.dtype == dtype);
    let is_whole = k? == [b, h, size, n] && v? == [b, h, n, size];
    (is_number && is_same && is_whole && worthwhile([b, h, m, n, size])).then_some(())
}

/// The scale that Burn's attention is told, if it is told one.
pub(crate) fn scale_of(d: &AttentionOpIr) -> Option<f64> {
    d.options.scale.and_then(number)
}

/// Whether the kernel computes Burn's attention: nothing is left out of the scores or added to them.
pub(crate) fn is_for_kernel(d: &AttentionOpIr) -> bool {
    let (&[batch, heads, length, size], &[_, _, keys, _]) = (&d.query.shape[..], &d.key.shape[..])
    else {
        return false;
    };
    let whole = [batch, heads, keys, size];
    d.mask.is_none()
        && d.attn_bias.is_none()
        && d.options.softcap.is_none()
        && !d.options.is_causal
        && scale_of(d).is_none_or(|scale| scale > 0.0)
        && worthwhile([batch, heads, length, keys, size])
        && [DType::F32, DType::BF16].contains(&d.query.dtype)
        && [&d.key, &d.value, &d.out].iter().all(|t| t.dtype == d.query.dtype)
        && d.key.shape[..] == whole
        && d.value.shape[..] == whole
}

/// Whether a kernel is the faster way to attention of `b` images, `h` heads, `m` queries, `n` keys and `k` numbers of each:
/// not for so few queries that turning the keys takes longer than the products.
fn worthwhile([b, h, m, n, k]: [usize; 5]) -> bool {
    const FEW: usize = 6;
    m >= FEW && b * h * n * k > 0
}
