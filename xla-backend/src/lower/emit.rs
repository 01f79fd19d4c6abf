//! From the steps of a block to StableHLO, one after the other.

use burn_ir::{CustomOpIr, OperationIr};
use burn_trace::compile::{Hint, Mark};

use super::context::Context;
use super::error::{Emitted, unsupported};
use super::graph::operation::fault_at;
use super::loops::{scan, stack};
use super::mesh::{constraint, replicas, ring, ring_linear};
use super::ops::{self, activation, attention, contraction, linear, norm, product};
use super::passes::Block;
use super::passes::step::{Step, Work};
use crate::stablehlo::UnaryKind;

/// Emits a block.
///
/// # Errors
///
/// `Fault::Inner` with the operation that has no lowering.
pub(super) fn emit<'a>(cx: &Context<'a>, block: &'a Block<'a>) -> Emitted {
    for step in &block.steps {
        cx.locate(step.at);
        work(cx, step).map_err(|fault| match step.at {
            Some(op) => fault_at(op, fault),
            None => fault.at("a product over a ring".to_owned(), String::new()),
        })?;
    }
    cx.locate(None);
    Ok(())
}

fn work<'a>(cx: &Context<'a>, step: &'a Step<'a>) -> Emitted {
    match &step.work {
        Work::Op(op) => operation(cx, op),
        Work::Loop(frame) => scan::lower(cx, frame, &emit),
        Work::Constrain { input, out, spec } => constraint::lower(cx, input, out, spec),
        Work::Matmul { lhs, rhs, product } => product::matmul(cx, [*lhs, *rhs], &product.out),
        Work::Contraction { lhs, rhs, as_matrices, product, out } => {
            contraction::lower(cx, [*lhs, *rhs], *as_matrices, product, out)
        }
        Work::Attention(of, out) => attention::by_kernel(cx, of, out),
        Work::NormedAttention(d, norms) => attention::normed_by_kernel(cx, d, *norms),
        Work::AttentionBackward(gradient) => attention::gradient_by_kernel(cx, gradient),
        Work::RmsNorm(norm) => norm::rms_by_kernel(cx, norm),
        Work::Linears(layers) => linear::layers(cx, layers),
        Work::Transpose { from, to } => {
            let value = contraction::transposed(cx, cx.find(*from)?)?;
            cx.define_transposed(*to, *from, value);
            Ok(())
        }
        Work::Addends(product) => replicas::product(cx, product),
        Work::ReshapeAddends { from, to, count, out } => {
            replicas::reshape(cx, cx.find(*from)?, *to, *count, out)
        }
        Work::ConstrainAddends { from, to, spec } => replicas::constrain(cx, *from, *to, spec),
        Work::SumAddends { addends, out } => replicas::sum(cx, *addends, out),
        Work::GatherRows { from, to } => ring::gather_rows(cx, *from, *to),
        Work::Operand(operand) => ring::operand(cx, operand),
        Work::Gather(gather) => ring::lower_gather(cx, gather, cx.compiler.allocates),
        Work::Scatter(scatter) => ring::lower_scatter(cx, scatter),
    }
}

fn operation(cx: &Context<'_>, op: &OperationIr) -> Emitted {
    let OperationIr::Custom(custom) = op else { return ops::lower(cx, op) };
    let Some(mark) = Mark::of(op) else { return unknown(cx, custom) };
    match (mark, &custom.outputs[..]) {
        (Mark::Identity { hint: Hint::Materialize, tensor }, [out]) => {
            cx.set(out, cx.b.unary(UnaryKind::OptimizationBarrier, cx.get(tensor)?)?)
        }
        // A name, or a constraint to which the layout gives no spec.
        (Mark::Identity { tensor, .. }, [out]) => cx.set(out, cx.get(tensor)?),
        (Mark::Stack { lanes }, [out]) => stack::stack(cx, lanes, out),
        (Mark::Unstack { stack }, lanes) => stack::unstack(cx, stack, lanes),
        (Mark::Softmax { x }, [out]) => {
            activation::lower_softmax(cx, x, out, cx.compiler.replaces_softmax)
        }
        (Mark::SoftmaxBackward { y, gradient }, [out]) => {
            activation::lower_softmax_backward(cx, [y, gradient], out)
        }
        (Mark::Ring { product, spec, left, right }, [out]) => {
            ring_linear::lower(cx, product, &spec, [left, right], out)
        }
        _ => unknown(cx, custom),
    }
}

/// An operation that is not Burn's.
fn unknown(cx: &Context<'_>, op: &CustomOpIr) -> Emitted {
    cx.custom.lower(cx, op)?;
    match op.outputs.iter().find(|t| cx.find(t.id).is_err()) {
        Some(t) => unsupported(format!("its lowering gives {} no value", t.id)),
        None => Ok(()),
    }
}
