//! Rings of products: what each device does, hop by hop. See the pass `rings`.
//!
//! Half of the shards come from each side, so that links are used in both directions, and products of the
//! shards that have arrived run beside the hops of the others.

use burn_trace::mesh::Spec;

use super::ring_linear::{self, Around};
use super::shardy;
use crate::lower::context::Context;
use crate::lower::error::{Emitted, unsupported};
use crate::lower::ops::product::dot;
use crate::lower::passes::rings::{Gather, Operand, Product, RingResult, Scatter};
use crate::stablehlo::{Builder, DotDims, ElementType, TensorType, Value};
use burn_ir::TensorId;

/// Where a slice along the first axis begins.
fn starts(b: &Builder, first: Value, rank: usize) -> Emitted<Vec<Value>> {
    let zero = b.splat_int(0, ElementType::I32, &[])?;
    Ok(std::iter::once(first).chain(vec![zero; rank - 1]).collect())
}

/// Brings the rows of a tensor, which the ring cuts, to all its devices.
pub(crate) fn gather_rows(cx: &Context<'_>, from: TensorId, to: TensorId) -> Emitted {
    let Some(ring) = cx.mesh.and_then(|(_, layout)| layout.ring()) else {
        return unsupported("rows of a ring without a mesh");
    };
    let x = cx.find(from)?;
    let spec = ring.rows.without(std::slice::from_ref(&ring.axis));
    cx.define(to, cx.b.sharding_constraint(x, &shardy::sharding(&spec, cx.b.rank(x)))?);
    Ok(())
}

/// Brings a tensor into the shape in which a ring reads it.
pub(crate) fn operand(cx: &Context<'_>, operand: &Operand) -> Emitted {
    let x = cx.b.broadcast_to(cx.find(operand.from)?, &operand.broadcast)?;
    cx.define(operand.to, cx.b.reshape(x, &operand.shape)?);
    Ok(())
}

/// Computes products of the same rows.
pub(crate) fn lower_gather(cx: &Context<'_>, ring: &Gather<'_>, allocates: bool) -> Emitted {
    let values = gather(cx, ring, allocates)?;
    for ((_, given), value) in ring.products.iter().zip(values) {
        cx.define(given.id, cx.b.reshape(value, &given.shape)?);
    }
    Ok(())
}

/// Computes the sum of products, and of what is added after the ring.
pub(crate) fn lower_scatter(cx: &Context<'_>, ring: &Scatter<'_>) -> Emitted {
    let mut sum = scatter(cx, ring)?;
    for &addend in &ring.addends {
        sum = cx.b.add(sum, cx.find(addend)?)?;
    }
    let RingResult { id, shape, .. } = &ring.sum;
    cx.define(*id, cx.b.reshape(sum, shape)?);
    Ok(())
}

fn product(cx: &Context<'_>, product: &Product<'_>, x: Value, w: Value) -> Emitted<Value> {
    cx.locate(Some(product.op));
    let dims = DotDims {
        lhs_contract: vec![cx.b.rank(x) - 1],
        rhs_contract: vec![product.contracted],
        ..DotDims::default()
    };
    dot(cx, x, w, &dims)
}

/// The ring, and the specs of rows and of columns, which have all rows and whose last axis the ring cuts.
fn around<'a>(cx: &Context<'a>, rank: usize) -> Emitted<(Around<'a>, Spec, Spec)> {
    let Some((mesh, ring)) = cx.mesh.and_then(|(mesh, layout)| Some((mesh, layout.ring()?))) else {
        return unsupported("a ring without a mesh");
    };
    let axis = std::slice::from_ref(&ring.axis);
    let mut columns = vec![vec![]; rank];
    columns[0] = ring.rows.without(axis).axes(0).to_vec();
    columns[rank - 1] = axis.to_vec();
    match Around::along(mesh, &ring.axis) {
        Ok(around) => Ok((around, ring.rows.clone(), ring_linear::dims(columns)?)),
        Err(reason) => unsupported(reason),
    }
}

/// `x_r w_i` for all products `i`. The rows `x_r` of each device `r` go round.
fn gather(cx: &Context<'_>, ring: &Gather<'_>, allocates: bool) -> Emitted<Vec<Value>> {
    let (b, products) = (&cx.b, &ring.products);
    let x = cx.find(ring.rows)?;
    let weights = products.iter().map(|(product, _)| cx.find(product.weights));
    let weights = weights.collect::<Emitted<Vec<_>>>()?;
    let rank = b.rank(x);
    let (around, rows, columns) = around(cx, rank)?;
    let sharded = |value: Value, spec: &Spec| (value, shardy::sharding(spec, b.rank(value)));
    let inputs: Vec<_> = std::iter::once(sharded(x, &rows))
        .chain(products.iter().zip(weights).map(|((product, _), w)| sharded(w, &product.spec)))
        .collect();
    let outputs: Vec<_> = products
        .iter()
        .map(|(.., late)| (late.ty.clone(), shardy::sharding(&columns, rank)))
        .collect();
    b.manual_computation(&shardy::mesh(around.mesh), &inputs, &outputs, |b, parts| {
        let (own, weights) = (parts[0], &parts[1..]);
        let size = b.dims(own)[0];
        let mut whole = Vec::new();
        for ((product, _), &w) in products.iter().zip(weights) {
            let mut dims = b.dims(own);
            dims[0] *= around.devices;
            dims[rank - 1] = b.dims(w)[1 - product.contracted];
            let ty = TensorType::new(b.element(own), dims);
            whole.push(match allocates {
                true => b.uninitialized(ty)?,
                false => b.splat(0.0, ty.element, &ty.dims)?,
            });
        }
        let mut place = |part: Value, ahead: usize| -> Emitted {
            let start = around.offset(cx, ahead, size)?;
            for ((whole, (one, _)), &w) in whole.iter_mut().zip(products).zip(weights) {
                let columns = product(cx, one, part, w)?;
                *whole = b.dynamic_update_slice(*whole, columns, &starts(b, start, rank)?)?;
            }
            Ok(())
        };
        let (mut from_next, mut from_last) = (own, own);
        place(own, 0)?;
        for hop in 1..=around.devices / 2 {
            from_next = around.hop(cx, from_next)?;
            let from_both_sides = hop < around.devices - hop;
            if from_both_sides {
                from_last = around.hop_back(cx, from_last)?;
            }
            place(from_next, hop)?;
            if from_both_sides {
                place(from_last, around.devices - hop)?;
            }
        }
        Ok(whole)
    })
}

/// For each device its rows of `Σ_i x_i w_i`, summed over all devices. The sums go round.
fn scatter(cx: &Context<'_>, ring: &Scatter<'_>) -> Emitted<Value> {
    let (b, products, ty) = (&cx.b, &ring.products, &ring.sum.ty);
    let rank = ty.rank();
    let (around, rows, columns) = around(cx, rank)?;
    let sharded = |value: Value, spec: &Spec| (value, shardy::sharding(spec, b.rank(value)));
    let mut inputs = Vec::with_capacity(2 * products.len());
    for product in products {
        inputs.push(sharded(cx.find(product.rows)?, &columns));
        inputs.push(sharded(cx.find(product.weights)?, &product.spec));
    }
    let outputs = [(ty.clone(), shardy::sharding(&rows, rank))];
    let results = b.manual_computation(
        &shardy::mesh(around.mesh),
        &inputs,
        &outputs,
        |b, parts| -> Emitted<Vec<Value>> {
            let own = |ahead: usize| -> Emitted<Value> {
                let mut sum = None;
                for (one, part) in products.iter().zip(parts.chunks_exact(2)) {
                    let mut sizes = b.dims(part[0]);
                    sizes[0] /= around.devices;
                    let start = around.offset(cx, ahead, sizes[0])?;
                    let x = b.dynamic_slice(part[0], &starts(b, start, rank)?, &sizes)?;
                    let product = product(cx, one, x, part[1])?;
                    sum = Some(match sum {
                        Some(sum) => b.add(sum, product)?,
                        None => product,
                    });
                }
                sum.map_or_else(|| unsupported("a ring without products"), Ok)
            };
            // The sum that comes from the next device began half the ring ahead.
            let ahead = around.devices / 2;
            let mut passed: [Option<Value>; 2] = [None, None];
            for step in 0..ahead {
                let target = around.devices - ahead + step;
                passed[0] = Some(plus(cx, own(target)?, passed[0])?);
                passed[0] = passed[0].map(|sum| around.hop(cx, sum)).transpose()?;
                if step + 1 < around.devices - ahead {
                    let target = around.devices - 1 - ahead - step;
                    passed[1] = Some(plus(cx, own(target)?, passed[1])?);
                    passed[1] = passed[1].map(|sum| around.hop_back(cx, sum)).transpose()?;
                }
            }
            let sum = plus(cx, own(0)?, passed[0])?;
            Ok(vec![plus(cx, sum, passed[1])?])
        },
    )?;
    Ok(results[0])
}

/// The product comes first in the addition: XLA then adds while it computes the product.
fn plus(cx: &Context<'_>, product: Value, passed: Option<Value>) -> Emitted<Value> {
    Ok(match passed {
        Some(passed) => cx.b.add(product, passed)?,
        None => product,
    })
}
