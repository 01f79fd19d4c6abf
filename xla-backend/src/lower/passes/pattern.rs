//! Arithmetic in which passes look for larger functions.

use burn_ir::{FloatOperationIr, NumericOperationIr, OperationIr, ScalarIr, TensorId, TensorIr};

pub(super) type Numeric = NumericOperationIr;

/// The arithmetic that an operation is.
pub(super) fn numeric(op: &OperationIr) -> Option<&Numeric> {
    match op {
        OperationIr::NumericFloat(_, op) => Some(op),
        _ => None,
    }
}

/// A scalar that is a number.
pub(super) fn number(scalar: ScalarIr) -> Option<f64> {
    match scalar {
        ScalarIr::Float(x) => Some(x),
        ScalarIr::Int(x) => Some(x as f64),
        _ => None,
    }
}

/// Factors and result of a product of elements.
pub(super) fn multiplied(op: &OperationIr) -> Option<(&TensorIr, &TensorIr, &TensorIr)> {
    match numeric(op)? {
        Numeric::Mul(d) => {
            let is_whole = d.lhs.shape == d.out.shape && d.rhs.shape == d.out.shape;
            is_whole.then_some((&d.lhs, &d.rhs, &d.out))
        }
        _ => None,
    }
}

/// The tensor whose square an operation is.
pub(super) fn squared(op: &OperationIr) -> Option<TensorId> {
    if let Some((lhs, rhs, _)) = multiplied(op) {
        return (lhs.id == rhs.id).then_some(lhs.id);
    }
    let power = match op {
        OperationIr::Float(_, FloatOperationIr::PowfScalar(d)) => d,
        OperationIr::NumericFloat(_, Numeric::PowiScalar(d)) => d,
        _ => return None,
    };
    (number(power.rhs) == Some(2.0)).then_some(power.lhs.id)
}
