//! The operations of Burn, a file for each family.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod base;
pub(crate) mod cast;
pub(crate) mod compare;
pub(crate) mod contraction;
pub(crate) mod conv;
pub(crate) mod ctc;
pub(crate) mod cumulative;
pub(crate) mod deform;
pub(crate) mod distributed;
pub(crate) mod float;
pub(crate) mod grid_sample;
pub(crate) mod index;
pub(crate) mod int;
pub(crate) mod interpolate;
pub(crate) mod linear;
pub(crate) mod module;
pub(crate) mod norm;
pub(crate) mod numeric;
pub(crate) mod pool;
pub(crate) mod power;
pub(crate) mod product;
pub(crate) mod quantize;
pub(crate) mod random;
pub(crate) mod reduce;
pub(crate) mod resample;
pub(crate) mod sample;
pub(crate) mod sort;
pub(crate) mod wide;

use burn_ir::OperationIr;

use super::context::Context;
use super::error::Emitted;

/// Emits one of Burn's own operations; for others it does nothing.
pub(crate) fn lower(cx: &Context<'_>, op: &OperationIr) -> Emitted {
    match op {
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => {
            base::lower(cx, op)
        }
        OperationIr::NumericFloat(_, op) | OperationIr::NumericInt(_, op) => numeric::lower(cx, op),
        OperationIr::Bool(op) => int::lower_bool(cx, op),
        OperationIr::Int(op) => int::lower(cx, op),
        OperationIr::Float(_, op) => float::lower(cx, op),
        OperationIr::Module(op) => module::lower(cx, op),
        OperationIr::Activation(op) => activation::lower(cx, op),
        OperationIr::Distributed(op) => distributed::lower(cx, op),
        OperationIr::Custom(_) | OperationIr::Init(_) | OperationIr::Drop(_) => Ok(()),
    }
}
