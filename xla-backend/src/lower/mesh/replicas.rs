//! Tensors that stay unsummed over replicas of the parameters: see the pass of this name.

use burn_ir::{TensorId, TensorIr};
use burn_trace::mesh::Spec;

use super::shardy;
use crate::lower::context::{Context, element_of};
use crate::lower::error::Emitted;
use crate::lower::ops::product::dot_wide;
use crate::lower::ops::reduce::reduce_keep;
use crate::lower::passes::step::Addends;
use crate::stablehlo::{DotDims, ReduceKind, Value};

/// A product over the rows of each replica. Replicas add up f32: there may be a thousand of them.
pub(crate) fn product(cx: &Context<'_>, product: &Addends<'_>) -> Emitted {
    let operands = [cx.find(product.lhs)?, cx.find(product.rhs)?];
    let [lhs, rhs] = operands.map(|x| {
        let dims = cx.b.dims(x);
        cx.b.reshape(x, &[&[product.count, dims[0] / product.count], &dims[1..]].concat())
    });
    let inner = |axes: &[usize]| axes.iter().map(|axis| axis + 1).collect();
    let dims = DotDims {
        lhs_batch: vec![0],
        rhs_batch: vec![0],
        lhs_contract: inner(&product.lhs_contract),
        rhs_contract: inner(&product.rhs_contract),
    };
    let addends = dot_wide(cx, lhs?, rhs?, &dims)?;
    reshape(cx, addends, product.addends, product.count, product.out)
}

/// Addends as those of the tensor `out`.
pub(crate) fn reshape(
    cx: &Context<'_>,
    addends: Value,
    to: TensorId,
    count: usize,
    out: &TensorIr,
) -> Emitted {
    cx.define(to, cx.b.reshape(addends, &[&[count], &*out.shape].concat())?);
    Ok(())
}

/// Addends with a spec.
pub(crate) fn constrain(cx: &Context<'_>, from: TensorId, to: TensorId, spec: &Spec) -> Emitted {
    let addends = cx.find(from)?;
    let sharding = shardy::sharding(spec, cx.b.rank(addends));
    cx.define(to, cx.b.sharding_constraint(addends, &sharding)?);
    Ok(())
}

/// The sum of addends.
pub(crate) fn sum(cx: &Context<'_>, addends: TensorId, out: &TensorIr) -> Emitted {
    let addends = cx.find(addends)?;
    let sum = reduce_keep(cx, addends, &[0], ReduceKind::Add)?;
    let sum = cx.b.reshape(sum, &cx.b.dims(addends)[1..])?;
    cx.define(out.id, cx.b.convert(sum, element_of(out.dtype)?)?);
    Ok(())
}
