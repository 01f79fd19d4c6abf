//! Scaled dot-product attention.

use burn_ir::AttentionOpIr;

use super::activation::softmax;
use super::product::dot_wide;
use super::reduce::reduce_keep;
use crate::lower::context::{Context, float};
use crate::lower::error::{Emitted, unsupported};
use crate::stablehlo::{Comparison, DotDims, ElementType, ReduceKind, UnaryKind, Value};

/// `softmax(q k^T * scale) v` over `[batch, heads, length, size]`, with what Burn allows: a cap on
/// scores, a mask of what is left out, causality, a bias, fewer heads of keys than of queries. A
/// query that may see nothing gives zeros.
pub(crate) fn lower(cx: &Context<'_>, d: &AttentionOpIr) -> Emitted {
    let b = &cx.b;
    let query = cx.get(&d.query)?;
    let dims = b.dims(query);
    let (&[batch, heads, length, size], &[_, kv_heads, kv_length, _]) =
        (dims.as_slice(), &d.key.shape[..])
    else {
        return unsupported("attention takes tensors of four dimensions");
    };
    if kv_length == 0 || d.out.shape.contains(&0) {
        return cx.set(&d.out, b.splat(0.0, b.element(query), &d.out.shape)?);
    }
    if kv_heads == 0 || heads % kv_heads != 0 {
        return unsupported(format!("{heads} heads of queries over {kv_heads} of keys"));
    }
    let key = repeat_heads(cx, cx.get(&d.key)?, heads)?;
    let value = repeat_heads(cx, cx.get(&d.value)?, heads)?;
    let pairs = |rhs_contract: usize| DotDims {
        lhs_batch: vec![0, 1],
        rhs_batch: vec![0, 1],
        lhs_contract: vec![3],
        rhs_contract: vec![rhs_contract],
    };
    let scale = d.options.scale.map_or_else(|| 1.0 / (size as f64).sqrt(), float);
    let scores = dot_wide(cx, query, key, &pairs(3))?;
    let mut scores = b.multiply(scores, b.splat_like(scale, scores)?)?;
    if let Some(cap) = d.options.softcap {
        let cap = b.splat_like(float(cap), scores)?;
        scores = b.multiply(b.unary(UnaryKind::Tanh, b.divide(scores, cap)?)?, cap)?;
    }
    let whole = [batch, heads, length, kv_length];
    let element = b.element(scores);
    let nothing = || b.splat(f64::NEG_INFINITY, element, &whole);
    if let Some(mask) = &d.mask {
        let mask = b.broadcast_to(cx.get(mask)?, &whole)?;
        scores = b.select(mask, nothing()?, scores)?;
    }
    if d.options.is_causal {
        let row = b.iota(ElementType::I32, &[length, kv_length], 0)?;
        let column = b.iota(ElementType::I32, &[length, kv_length], 1)?;
        let offset = b.splat_int(
            kv_length as i128 - length as i128,
            ElementType::I32,
            &[length, kv_length],
        )?;
        let later = b.compare(Comparison::Greater, column, b.add(row, offset)?)?;
        scores = b.select(b.broadcast_to(later, &whole)?, nothing()?, scores)?;
    }
    if let Some(bias) = &d.attn_bias {
        let bias = b.convert(cx.get_wide(bias)?, b.element(scores))?;
        scores = b.add(scores, b.broadcast_to(bias, &whole)?)?;
    }
    let can_be_empty = d.mask.is_some() || d.options.is_causal || d.attn_bias.is_some();
    let weights = weights(cx, scores, can_be_empty)?;
    // The weights are not rounded to 16 bits, as they are not in Burn.
    let value = cx.wide(value)?;
    cx.set_as(&d.out, dot_wide(cx, weights, value, &pairs(2))?)
}

/// Softmax over the last dimension; zeros where all scores are minus infinity.
fn weights(cx: &Context<'_>, scores: Value, can_be_empty: bool) -> Emitted<Value> {
    if !can_be_empty {
        return softmax(cx, scores, 3);
    }
    let b = &cx.b;
    let whole = b.dims(scores);
    let max = reduce_keep(cx, scores, &[3], ReduceKind::Maximum)?;
    let lowest = b.splat_like(f64::NEG_INFINITY, max)?;
    let empty = b.compare(Comparison::Equal, max, lowest)?;
    let max = b.select(empty, b.splat_like(0.0, max)?, max)?;
    let e = b.exp(b.subtract(scores, b.broadcast_to(max, &whole)?)?)?;
    let sum = reduce_keep(cx, e, &[3], ReduceKind::Add)?;
    let sum = b.select(empty, b.splat_like(1.0, sum)?, sum)?;
    Ok(b.divide(e, b.broadcast_to(sum, &whole)?)?)
}

/// Each head of keys or values serves a run of heads of queries.
fn repeat_heads(cx: &Context<'_>, x: Value, heads: usize) -> Emitted<Value> {
    let b = &cx.b;
    let dims = b.dims(x);
    let &[batch, own, length, size] = dims.as_slice() else {
        return unsupported("attention takes tensors of four dimensions");
    };
    if own == heads {
        return Ok(x);
    }
    let spread = [batch, own, heads / own, length, size];
    let y = b.broadcast_in_dim(x, &spread, &[0, 1, 3, 4])?;
    Ok(b.reshape(y, &[batch, heads, length, size])?)
}
