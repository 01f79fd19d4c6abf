//! Scaled dot-product attention.

use burn_ir::{AttentionOpIr, TensorIr};

use super::activation::softmax;
use super::product::dot_wide;
use super::reduce::reduce_keep;
use crate::lower::context::{Context, float};
use crate::lower::error::{Emitted, unsupported};
use crate::lower::kernel;
use crate::lower::passes::attention::{Attention, AttentionBackward, is_for_kernel, scale_of};
use crate::lower::passes::head_norm::Norms;
use crate::lower::passes::rms_norm::Rms;
use crate::stablehlo::{
    Comparison, DotDims, ElementType, ReduceKind, TensorType, UnaryKind, Value,
};

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
    if cx.compiler.kernels.attention && is_for_kernel(d) {
        return normed_by_kernel(cx, d, [None, None]);
    }
    let scale = scale_of(d).unwrap_or_else(|| 1.0 / (size as f64).sqrt());
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

/// Heads behind tokens, as kernels have them; the other way it is the same order.
const TOKENS_FIRST: [usize; 4] = [0, 2, 1, 3];

/// Attention by its kernel, of queries and keys that it normalises where there is a norm.
pub(crate) fn normed_by_kernel(cx: &Context<'_>, d: &AttentionOpIr, norms: Norms<'_>) -> Emitted {
    let b = &cx.b;
    let turned =
        |tensor: &TensorIr| -> Emitted<Value> { Ok(b.transpose(cx.get(tensor)?, &TOKENS_FIRST)?) };
    let heads = |tensor: &TensorIr, norm: Option<Rms<'_>>| match norm {
        Some(norm) => cx.get(norm.x),
        None => turned(tensor),
    };
    let [query, key] = norms;
    let tensors = [heads(&d.query, query)?, heads(&d.key, key)?, turned(&d.value)?];
    let size = d.query.shape.last().copied().unwrap_or(1);
    let scale = scale_of(d).unwrap_or_else(|| 1.0 / (size as f64).sqrt());
    let out = call_kernel(cx, scale, tensors, norms)?;
    cx.set(&d.out, b.transpose(out, &TOKENS_FIRST)?)
}

/// The result, of tensors with their tokens first.
fn call_kernel(
    cx: &Context<'_>,
    scale: f64,
    tensors: [Value; 3],
    norms: Norms<'_>,
) -> Emitted<Value> {
    let b = &cx.b;
    let out = TensorType::clone(&b.type_of(tensors[0]));
    let epsilon = |norm: Option<Rms<'_>>| norm.map_or(-1.0, |norm| norm.epsilon);
    let numbers = [scale, epsilon(norms[0]), epsilon(norms[1])];
    let bytes: Vec<_> = numbers.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect();
    let numbers = b.constant_bytes(TensorType::new(ElementType::F32, [3]), &bytes)?;
    let mut operands: Vec<_> = [numbers].into_iter().chain(tensors).collect();
    for norm in norms.into_iter().flatten() {
        let scale = cx.get(norm.scale)?;
        operands.push(b.reshape(scale, &[norm.scale.shape.num_elements()])?);
    }
    Ok(b.custom_call(kernel::ATTENTION, &operands, &[out])?[0])
}

/// Queries, keys and values with their tokens first.
fn tokens_first(cx: &Context<'_>, attention: &Attention<'_>) -> Emitted<[Value; 3]> {
    let b = &cx.b;
    Ok([
        b.transpose(cx.get(attention.query)?, &TOKENS_FIRST)?,
        b.transpose(cx.get(attention.turned_key)?, &[0, 3, 1, 2])?,
        b.transpose(cx.get(attention.value)?, &TOKENS_FIRST)?,
    ])
}

/// Attention by its kernel. The compiler joins the transpositions here with those around attention, and so none is left.
pub(crate) fn by_kernel(cx: &Context<'_>, of: &Attention<'_>, out: &TensorIr) -> Emitted {
    let made = call_kernel(cx, 1.0, tokens_first(cx, of)?, [None, None])?;
    cx.set(out, cx.b.transpose(made, &TOKENS_FIRST)?)
}

/// The gradient of attention by its kernel.
pub(crate) fn gradient_by_kernel(cx: &Context<'_>, gradient: &AttentionBackward<'_>) -> Emitted {
    let b = &cx.b;
    let tensors = tokens_first(cx, &gradient.of)?;
    let results = tensors.map(|tensor| TensorType::clone(&b.type_of(tensor)));
    let mut operands = vec![b.splat(1.0, ElementType::F32, &[])?];
    operands.extend(tensors);
    operands.push(b.transpose(cx.find(gradient.by_out)?, &TOKENS_FIRST)?);
    let made = b.custom_call(kernel::ATTENTION_BACKWARD, &operands, &results)?;
    cx.set(gradient.by_query, b.transpose(made[0], &TOKENS_FIRST)?)?;
    cx.set(gradient.by_turned_key, b.transpose(made[1], &[0, 2, 3, 1])?)?;
    cx.set(gradient.by_value, b.transpose(made[2], &TOKENS_FIRST)?)
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
