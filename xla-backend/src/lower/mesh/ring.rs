//! Products whose rows and weights are cut by one axis of the mesh, round a ring of its devices.
//!
//! Each device has a part of the rows, and weights cut along their columns or along the axis that is
//! summed over ([`Layout::with_ring`](burn_trace::mesh::Layout::with_ring)). Columns are computed from rows
//! that come by; sums for the rows of other devices go round, and each device adds its product. Half
//! of the parts come from each side, so that links are used in both directions, and products of the
//! parts that are there run beside the hops of those that are not.
//!
//! A product is not built where it is met. What only one ring more would compute waits until nothing
//! else can be built: products of the same rows share their way round, and so do products that are
//! added up.

use std::collections::{BTreeMap, BTreeSet};

use burn_ir::{
    BaseOperationIr, BinaryOpIr, MatmulOpIr, NumericOperationIr, OperationIr, TensorId, TensorIr,
};
use burn_trace::mesh::Spec;

use super::ring_linear::{self, Around};
use crate::lower::context::Context;
use crate::lower::error::{Lowered, unsupported};
use crate::lower::graph::regions::Node;
use crate::lower::loops::scan::starts;
use crate::lower::mesh::shardy;
use crate::lower::ops::product::dot;
use crate::stablehlo::{DotDims, TensorType, Value};

/// A tensor that is not built yet.
#[derive(Clone, Debug)]
pub(crate) struct Late {
    sum: Sum,
    /// Its type, with the dimensions of the rows that the ring cuts.
    ty: TensorType,
    /// Its shape, in which the dimensions of rows may be one.
    shape: Vec<usize>,
}

/// Tensors that are not built yet, by their ids.
pub(crate) type AllLate = BTreeMap<TensorId, Late>;

#[derive(Clone, Debug)]
enum Sum {
    /// A product of rows that go round.
    Gather(Product),
    /// Products whose sum goes round, and what is added behind the ring, broadcast to the shape.
    Scatter(Vec<Product>, Vec<Value>),
}

/// How an operand of a ring's product lies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lies {
    /// With its rows cut by the ring.
    Rows,
    /// With its columns cut by the ring.
    Columns,
}

/// `x w`, or `x wᵀ`, over the last dimension of `x`.
#[derive(Clone, Debug)]
struct Product {
    x: Value,
    w: Value,
    /// How `w` lies.
    spec: Spec,
    /// The dimension of `w` that is summed over.
    contracted: usize,
    /// The part of the model that asked for it.
    part: Option<String>,
}

impl Product {
    fn build(&self, cx: &Context<'_>, x: Value, w: Value) -> Lowered<Value> {
        cx.b.set_location(self.part.clone());
        let dims = DotDims {
            lhs_contract: vec![cx.b.rank(x) - 1],
            rhs_contract: vec![self.contracted],
            ..DotDims::default()
        };
        dot(cx, x, w, &dims)
    }
}

/// Takes a product of rows with a matrix that they share, if it is one for a ring.
pub(crate) fn take(cx: &Context<'_>, d: &MatmulOpIr, [x, w]: [Value; 2]) -> Lowered<bool> {
    let (b, Some((mesh, layout))) = (&cx.b, cx.mesh) else { return Ok(false) };
    let Some(ring) = layout.ring().filter(|ring| mesh.size(&ring.axis).is_some_and(|n| n > 1))
    else {
        return Ok(false);
    };
    let (w, swapped) = cx.swapped(w).map_or((w, false), |w| (w, true));
    let Some(spec) = cx.lies(w) else { return Ok(false) };
    let dims = b.dims(w);
    let Some(batch) = dims.len().checked_sub(2) else { return Ok(false) };
    let matrix = [spec.axes(batch), spec.axes(batch + 1)];
    let Some(cut) = matrix.iter().position(|axes| *axes == [ring.axis.clone()]) else {
        return Ok(false);
    };
    let x = cx.rows_of(x);
    let is_cut_by_rows = mesh.shard_shape("rows of a ring", &ring.rows, &b.dims(x)).is_ok();
    if !matrix[1 - cut].is_empty() || b.rank(x) < 2 || !is_cut_by_rows {
        return Ok(false);
    }
    let product = Product {
        x,
        w: b.reshape(w, &dims[batch..])?,
        spec: ring_linear::dims(matrix.map(<[_]>::to_vec).to_vec())?,
        contracted: usize::from(swapped),
        part: b.location(),
    };
    // Gradients by the weights read the same tensors.
    let is_scatter = cut == product.contracted;
    cx.ring_operands.borrow_mut().insert(x, if is_scatter { Lies::Columns } else { Lies::Rows });
    let sum = match is_scatter {
        true => Sum::Scatter(vec![product], vec![]),
        false => Sum::Gather(product),
    };
    let (mut ty, shape) = ((*b.type_of(x)).clone(), d.out.shape.to_vec());
    ty.dims.pop();
    ty.dims.extend(shape.last());
    cx.late.borrow_mut().insert(d.out.id, Late { sum, ty, shape });
    Ok(true)
}

/// Takes a reshape of a sum that was not built yet, if it leaves the columns.
pub(crate) fn reshape(cx: &Context<'_>, input: &TensorIr, output: &TensorIr) -> bool {
    let mut late = cx.late.borrow_mut();
    let Some(Late { sum: sum @ Sum::Scatter(..), ty, .. }) = late.get(&input.id) else {
        return false;
    };
    let shape = output.shape.to_vec();
    if shape.last() != ty.dims.last() {
        return false;
    }
    let reshaped = Late { sum: sum.clone(), ty: ty.clone(), shape };
    late.insert(output.id, reshaped);
    true
}

/// Takes a sum with a tensor whose own sum was not built yet.
pub(crate) fn add(cx: &Context<'_>, d: &BinaryOpIr) -> Lowered<bool> {
    let scattered = |id| match cx.late.borrow().get(&id) {
        Some(late @ Late { sum: Sum::Scatter(..), .. }) if late.shape == d.out.shape[..] => {
            Some(late.clone())
        }
        _ => None,
    };
    let (mut late, other) = match (scattered(d.lhs.id), scattered(d.rhs.id)) {
        (None, None) => return Ok(false),
        (Some(left), Some(right)) if left.ty != right.ty => return Ok(false),
        (Some(left), Some(right)) => (left, Err(right)),
        (Some(late), None) => (late, Ok(&d.rhs)),
        (None, Some(late)) => (late, Ok(&d.lhs)),
    };
    if let Sum::Scatter(products, addends) = &mut late.sum {
        match other {
            Ok(tensor) => {
                let addend = cx.b.broadcast_to(cx.get(tensor)?, &late.shape)?;
                addends.push(cx.b.reshape(addend, &late.ty.dims)?);
            }
            Err(Late { sum: Sum::Scatter(more, more_addends), .. }) => {
                products.extend(more);
                addends.extend(more_addends);
            }
            Err(_) => return Ok(false),
        }
    }
    cx.late.borrow_mut().insert(d.out.id, late);
    Ok(true)
}

/// Whether there are tensors that are not built yet.
pub(crate) fn are_in(cx: &Context<'_>) -> bool {
    !cx.late.borrow().is_empty()
}

/// Whether a node that reads these tensors has to wait: one of them is not built yet, and the node
/// is no addition to a sum, and no reshape.
pub(crate) fn waits(cx: &Context<'_>, node: &Node<'_>, reads: &BTreeSet<TensorId>) -> bool {
    let is_of_sums = matches!(
        node,
        Node::Op(
            OperationIr::NumericFloat(_, NumericOperationIr::Add(_))
                | OperationIr::BaseFloat(BaseOperationIr::Reshape(_))
        )
    );
    let late = cx.late.borrow();
    reads.iter().filter_map(|id| late.get(id)).any(|late| match late.sum {
        Sum::Gather(_) => true,
        Sum::Scatter(..) => !is_of_sums,
    })
}

/// Builds all of these tensors that are not built yet.
pub(crate) fn build_all(cx: &Context<'_>, tensors: &BTreeSet<TensorId>) -> Lowered {
    let late = cx.late.borrow();
    let ids: Vec<_> = late.keys().filter(|id| tensors.contains(id)).copied().collect();
    drop(late);
    ids.into_iter().try_for_each(|id| build(cx, id).map(drop))
}

/// The value of a tensor that was not built yet, and of those that share its way.
pub(crate) fn build(cx: &Context<'_>, id: TensorId) -> Lowered<Option<Value>> {
    let Some(late) = cx.late.borrow().get(&id).cloned() else { return Ok(None) };
    let part = cx.b.location();
    match &late.sum {
        Sum::Scatter(products, addends) => {
            let sum = scatter(cx, products, &late.ty)?;
            let add = |sum, &addend: &Value| cx.b.add(sum, addend);
            cx.late.borrow_mut().remove(&id);
            let sum = addends.iter().try_fold(sum, add)?;
            cx.define(id, cx.b.reshape(sum, &late.shape)?);
        }
        Sum::Gather(Product { x, .. }) => gather_all(cx, *x)?,
    }
    cx.b.set_location(part);
    Ok(Some(cx.find(id)?))
}

/// Builds all products of these rows.
fn gather_all(cx: &Context<'_>, x: Value) -> Lowered {
    let mut tensors = Vec::new();
    cx.late.borrow_mut().retain(|&id, late| match &late.sum {
        Sum::Gather(product) if product.x == x => {
            tensors.push((id, product.clone(), late.clone()));
            false
        }
        _ => true,
    });
    let values = gather(cx, x, &tensors)?;
    for ((id, _, late), value) in tensors.iter().zip(values) {
        cx.define(*id, cx.b.reshape(value, &late.shape)?);
    }
    Ok(())
}

/// The operands of a contraction over rows. Where one of them has columns of all rows and the other
/// has parts of the rows, these are gathered: it is the gradient by the weights of a ring's product.
pub(crate) fn gathered(cx: &Context<'_>, operands: [Value; 2]) -> Lowered<[Value; 2]> {
    let Some(ring) = cx.mesh.and_then(|(_, layout)| layout.ring()) else { return Ok(operands) };
    let known = cx.ring_operands.borrow();
    let lies = operands.map(|x| known.get(&cx.rows_of(x)).copied());
    drop(known);
    let gather = |x: Value| {
        let spec = ring.rows.without(std::slice::from_ref(&ring.axis));
        cx.b.sharding_constraint(x, &shardy::sharding(&spec, cx.b.rank(x)))
    };
    let [x, y] = operands;
    Ok(match lies {
        [Some(Lies::Rows), _] | [None, Some(Lies::Columns)] => [gather(x)?, y],
        [_, Some(Lies::Rows)] | [Some(Lies::Columns), None] => [x, gather(y)?],
        _ => operands,
    })
}

/// The ring, how rows lie on it, and how columns do: whole rows, with the last dimension cut.
fn around<'a>(cx: &Context<'a>, rank: usize) -> Lowered<(Around<'a>, Spec, Spec)> {
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

/// `x_r w_i` for all `i`, the rows `x_r` of each device `r` going round.
fn gather(
    cx: &Context<'_>,
    x: Value,
    products: &[(TensorId, Product, Late)],
) -> Lowered<Vec<Value>> {
    let b = &cx.b;
    let rank = b.rank(x);
    let (around, rows, columns) = around(cx, rank)?;
    let sharded = |value: Value, spec: &Spec| (value, shardy::sharding(spec, b.rank(value)));
    let inputs: Vec<_> = std::iter::once(sharded(x, &rows))
        .chain(products.iter().map(|(_, product, _)| sharded(product.w, &product.spec)))
        .collect();
    let outputs: Vec<_> = products
        .iter()
        .map(|(.., late)| (late.ty.clone(), shardy::sharding(&columns, rank)))
        .collect();
    b.manual_computation(&shardy::mesh(around.mesh), &inputs, &outputs, |b, parts| {
        let (own, weights) = (parts[0], &parts[1..]);
        let size = b.dims(own)[0];
        let mut whole = Vec::new();
        for ((_, product, _), &w) in products.iter().zip(weights) {
            let mut dims = b.dims(own);
            dims[0] *= around.devices;
            dims[rank - 1] = b.dims(w)[1 - product.contracted];
            whole.push(cx.uninitialized(TensorType::new(b.element(own), dims))?);
        }
        let mut place = |part: Value, ahead: usize| -> Lowered {
            let start = around.offset(cx, ahead, size)?;
            for ((whole, (_, product, _)), &w) in whole.iter_mut().zip(products).zip(weights) {
                let product = product.build(cx, part, w)?;
                *whole = b.dynamic_update_slice(*whole, product, &starts(b, start, rank)?)?;
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

/// For each device the sum over all devices of its rows of `Σ_i x_i w_i`, the sums going round.
fn scatter(cx: &Context<'_>, products: &[Product], ty: &TensorType) -> Lowered<Value> {
    let b = &cx.b;
    let rank = ty.rank();
    let (around, rows, columns) = around(cx, rank)?;
    let sharded = |value: Value, spec: &Spec| (value, shardy::sharding(spec, b.rank(value)));
    let inputs: Vec<_> = products
        .iter()
        .flat_map(|product| [sharded(product.x, &columns), sharded(product.w, &product.spec)])
        .collect();
    let outputs = [(ty.clone(), shardy::sharding(&rows, rank))];
    let results = b.manual_computation(
        &shardy::mesh(around.mesh),
        &inputs,
        &outputs,
        |b, parts| -> Lowered<Vec<Value>> {
            let own = |ahead: usize| -> Lowered<Value> {
                let mut sum = None;
                for (product, part) in products.iter().zip(parts.chunks_exact(2)) {
                    let mut sizes = b.dims(part[0]);
                    sizes[0] /= around.devices;
                    let start = around.offset(cx, ahead, sizes[0])?;
                    let x = b.dynamic_slice(part[0], &starts(b, start, rank)?, &sizes)?;
                    let product = product.build(cx, x, part[1])?;
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

/// The first operand is a product, which adds while it computes.
fn plus(cx: &Context<'_>, product: Value, passed: Option<Value>) -> Lowered<Value> {
    Ok(match passed {
        Some(passed) => cx.b.add(product, passed)?,
        None => product,
    })
}
