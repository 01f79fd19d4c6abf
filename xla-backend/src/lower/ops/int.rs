//! Operations of int tensors alone, and of bool tensors.

use burn_ir::{BinaryOpIr, BoolOperationIr, IntOperationIr, ScalarIr, ScalarOpIr};

use super::{cast, product};
use crate::lower::context::{Context, element_of, integer};
use crate::lower::error::Emitted;
use crate::stablehlo::{BinaryKind, UnaryKind, Value};

pub(crate) fn lower(cx: &Context<'_>, op: &IntOperationIr) -> Emitted {
    use IntOperationIr as Op;
    let b = &cx.b;
    match op {
        Op::IntoFloat(d) => cx.set_as(&d.out, cx.get(&d.input)?),
        Op::BitwiseAnd(d) => binary(cx, d, BinaryKind::And),
        Op::BitwiseAndScalar(d) => scalar(cx, d, BinaryKind::And),
        Op::BitwiseOr(d) => binary(cx, d, BinaryKind::Or),
        Op::BitwiseOrScalar(d) => scalar(cx, d, BinaryKind::Or),
        Op::BitwiseXor(d) => binary(cx, d, BinaryKind::Xor),
        Op::BitwiseXorScalar(d) => scalar(cx, d, BinaryKind::Xor),
        Op::BitwiseNot(d) => cx.set(&d.out, b.unary(UnaryKind::Not, cx.get(&d.input)?)?),
        Op::BitwiseLeftShift(d) => binary(cx, d, BinaryKind::ShiftLeft),
        Op::BitwiseLeftShiftScalar(d) => scalar(cx, d, BinaryKind::ShiftLeft),
        Op::BitwiseRightShift(d) => binary(cx, d, BinaryKind::ShiftRightArithmetic),
        Op::BitwiseRightShiftScalar(d) => scalar(cx, d, BinaryKind::ShiftRightArithmetic),
        Op::Matmul(d) => product::matmul(cx, [d.lhs.id, d.rhs.id], &d.out),
    }
}

fn binary(cx: &Context<'_>, d: &BinaryOpIr, kind: BinaryKind) -> Emitted {
    let b = &cx.b;
    let lhs = b.broadcast_to(cx.get(&d.lhs)?, &d.out.shape)?;
    let rhs = b.broadcast_to(cx.get(&d.rhs)?, &d.out.shape)?;
    cx.set(&d.out, bitwise(cx, kind, lhs, b.convert(rhs, b.element(lhs))?)?)
}

fn scalar(cx: &Context<'_>, d: &ScalarOpIr, kind: BinaryKind) -> Emitted {
    let x = cx.get(&d.lhs)?;
    let rhs = cx.scalar_like(ScalarIr::Int(integer(d.rhs) as i64), x)?;
    cx.set(&d.out, bitwise(cx, kind, x, rhs)?)
}

/// Shifts go by the amount modulo the width, and bring in zeros on the left of unsigned numbers.
fn bitwise(cx: &Context<'_>, kind: BinaryKind, lhs: Value, rhs: Value) -> Emitted<Value> {
    let b = &cx.b;
    let element = b.element(lhs);
    let kind = match kind {
        BinaryKind::ShiftRightArithmetic if element.is_unsigned() => BinaryKind::ShiftRightLogical,
        kind => kind,
    };
    let shifts = matches!(
        kind,
        BinaryKind::ShiftLeft | BinaryKind::ShiftRightArithmetic | BinaryKind::ShiftRightLogical
    );
    let rhs = if shifts {
        let mask = b.splat_int(i128::from(element.bits() - 1), element, &b.dims(rhs))?;
        b.and(rhs, mask)?
    } else {
        rhs
    };
    Ok(b.binary(kind, lhs, rhs)?)
}

pub(crate) fn lower_bool(cx: &Context<'_>, op: &BoolOperationIr) -> Emitted {
    use BoolOperationIr as Op;
    let b = &cx.b;
    match op {
        Op::IntoFloat(d) | Op::IntoInt(d) => {
            let y = cast::cast(cx, cx.get(&d.input)?, element_of(d.out.dtype)?)?;
            cx.set(&d.out, y)
        }
        Op::Not(d) => cx.set(&d.out, b.unary(UnaryKind::Not, cx.get(&d.input)?)?),
        Op::And(d) => binary(cx, d, BinaryKind::And),
        Op::Or(d) => binary(cx, d, BinaryKind::Or),
        Op::Xor(d) => binary(cx, d, BinaryKind::Xor),
    }
}
