//! Cumulative operations along an axis.

use burn_ir::DimOpIr;

use super::reduce::{combine, identity, is_extreme};
use crate::lower::context::Context;
use crate::lower::error::{Emitted, Fault};
use crate::stablehlo::{ReduceKind, Value, Window};

/// Sums and products of up to this length are taken in order, as Burn does, by a window per element;
/// beyond it, doubling steps take over, since windows cost the square of the length.
const IN_ORDER: usize = 32;

pub(crate) fn lower(cx: &Context<'_>, d: &DimOpIr, kind: ReduceKind) -> Emitted {
    let x = cx.get_wide(&d.input)?;
    let y = scan(cx, x, d.axis, kind)?;
    cx.set_as(&d.out, y)
}

/// Combines each element with all before it along `axis`.
pub(crate) fn scan(cx: &Context<'_>, x: Value, axis: usize, kind: ReduceKind) -> Emitted<Value> {
    let b = &cx.b;
    let dims = b.dims(x);
    let size = dims[axis];
    if size <= 1 || dims.contains(&0) {
        return Ok(x);
    }
    let init = identity(cx, kind, b.element(x))?;
    if size <= IN_ORDER && !is_extreme(kind) {
        let mut window = Window::unit(dims.len());
        window.size[axis] = size;
        window.padding[axis] = (size - 1, 0);
        let y = b.reduce_window::<Fault>(&[x], &[init], &window, |b, acc, new| {
            Ok(vec![kind.combine(b, acc[0], new[0])?])
        })?;
        return Ok(y[0]);
    }
    let (mut y, mut step) = (x, 1);
    while step < size {
        let head = b.slice_dim(y, axis, 0, size - step)?;
        let mut low = vec![0; dims.len()];
        low[axis] = step as i64;
        let none = vec![0; dims.len()];
        let shifted = b.pad(head, init, &low, &vec![0; dims.len()], &none)?;
        y = combine(b, kind, shifted, y)?;
        step *= 2;
    }
    Ok(y)
}
