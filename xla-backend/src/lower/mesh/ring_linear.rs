//! Rings of [`burn_trace::ring_linear`]: what each device does, hop by hop.
//!
//! Device `i` of `k` receives from device `i + 1`. A shard that starts at device `i + t` is at device
//! `i` after `t` hops; a sum that is for device `i` starts at device `i − 1` and passes all others.

use burn_ir::TensorIr;
use burn_trace::compile::RingProduct;
use burn_trace::mesh::{Mesh, MeshError, Spec};

use super::shardy;
use crate::lower::context::Context;
use crate::lower::error::{Emitted, unsupported};
use crate::lower::ops::product::dot_wide;
use crate::stablehlo::{DotDims, ElementType, ReduceKind, TensorType, Value};

/// One product of a ring: `kind`, with the left operand sharded by `spec`.
pub(crate) fn lower(
    cx: &Context<'_>,
    kind: RingProduct,
    spec: &Spec,
    [left, right]: [&TensorIr; 2],
    output: &TensorIr,
) -> Emitted {
    let (x, y) = (cx.get(left)?, cx.get(right)?);
    let rank = cx.b.rank(x);
    let around = match cx.mesh {
        Some((mesh, _)) => match Around::new(mesh, spec, rank) {
            Ok(around) => around.filter(|around| around.devices > 1),
            Err(reason) => return unsupported(reason),
        },
        None => None,
    };
    let Some(around) = around else {
        return cx.set_as(output, product(cx, kind, x, y)?);
    };
    let axis = around.axis.clone();
    // Devices that have the same columns of other rows.
    let rows: Vec<_> = (0..rank - 1).flat_map(|dim| spec.axes(dim)).cloned().collect();
    let rows = around.mesh.groups(&rows);
    let (right_spec, out_spec) = match kind {
        RingProduct::Gather => (vec![vec![], vec![axis]], spec.clone()),
        RingProduct::Scatter => (vec![vec![axis]], spec.clone()),
        RingProduct::Outer => (spec_dims(spec, rank), dims(vec![vec![], vec![axis]])?),
    };
    let right_spec = dims(right_spec)?;
    let out = TensorType::new(cx.b.element(x), &output.shape[..]);
    for (place, spec, shape) in [
        ("the input of a ring", spec, cx.b.dims(x)),
        ("the weights of a ring", &right_spec, cx.b.dims(y)),
        ("the result of a ring", &out_spec, out.dims.clone()),
    ] {
        if let Err(error) = around.mesh.shard_shape(place, spec, &shape) {
            return unsupported(error.to_string());
        }
    }
    let sharded = |value: Value, spec: &Spec| (value, shardy::sharding(spec, cx.b.rank(value)));
    let inputs = [sharded(x, spec), sharded(y, &right_spec)];
    let outputs = [(out.clone(), shardy::sharding(&out_spec, out.rank()))];
    let results = cx.b.manual_computation(
        &shardy::mesh(around.mesh),
        &inputs,
        &outputs,
        |b, parts| -> Emitted<Vec<Value>> {
            let (x, y) = (parts[0], parts[1]);
            let wide = match kind {
                RingProduct::Gather => gather(cx, &around, x, y)?,
                RingProduct::Scatter => scatter(cx, &around, x, y)?,
                RingProduct::Outer => outer(cx, &around, &rows, x, y)?,
            };
            Ok(vec![b.convert(wide, out.element)?])
        },
    )?;
    cx.set(output, results[0])
}

/// The spec with these axes for each dimension.
pub(crate) fn dims(dims: Vec<Vec<String>>) -> Emitted<Spec> {
    Spec::new(dims).or_else(|error: MeshError| unsupported(error.to_string()))
}

fn spec_dims(spec: &Spec, rank: usize) -> Vec<Vec<String>> {
    (0..rank).map(|dim| spec.axes(dim).to_vec()).collect()
}

/// The product without a ring, in f32 for 16-bit floats.
fn product(cx: &Context<'_>, kind: RingProduct, x: Value, y: Value) -> Emitted<Value> {
    match kind {
        RingProduct::Gather | RingProduct::Scatter => rows_by_columns(cx, x, y),
        RingProduct::Outer => over_rows(cx, x, y),
    }
}

/// `x y` over the last dimension of `x`.
fn rows_by_columns(cx: &Context<'_>, x: Value, y: Value) -> Emitted<Value> {
    let contract = vec![cx.b.rank(x) - 1];
    let dims = DotDims { lhs_contract: contract, rhs_contract: vec![0], ..DotDims::default() };
    dot_wide(cx, x, y, &dims)
}

/// `xᵀ y` over all dimensions but the last.
fn over_rows(cx: &Context<'_>, x: Value, y: Value) -> Emitted<Value> {
    let rows: Vec<_> = (0..cx.b.rank(x) - 1).collect();
    let dims = DotDims { lhs_contract: rows.clone(), rhs_contract: rows, ..DotDims::default() };
    dot_wide(cx, x, y, &dims)
}

/// A ring, and where on it a device is.
pub(crate) struct Around<'a> {
    pub(crate) mesh: &'a Mesh,
    axis: String,
    pub(crate) devices: usize,
    /// How many devices further the next one of the ring is.
    stride: usize,
    /// The devices of each ring, in their order.
    rings: Vec<Vec<usize>>,
}

impl<'a> Around<'a> {
    /// The rings along an axis.
    pub(crate) fn along(mesh: &'a Mesh, axis: &str) -> Result<Self, String> {
        let Some(at) = mesh.axes().iter().position(|(name, _)| *name == axis) else {
            return Err(format!("a ring over {axis}; the mesh {mesh} has no such axis"));
        };
        Ok(Self {
            devices: mesh.axes()[at].1,
            stride: mesh.axes()[at + 1..].iter().map(|(_, size)| size).product(),
            rings: mesh.groups(&[axis.to_owned()]),
            mesh,
            axis: axis.to_owned(),
        })
    }

    /// The rings along the axis that cuts the last dimension; none where it is not cut.
    fn new(mesh: &'a Mesh, spec: &Spec, rank: usize) -> Result<Option<Self>, String> {
        match spec.axes(rank - 1) {
            [] => Ok(None),
            [axis] => Self::along(mesh, axis).map(Some),
            axes => Err(format!("a ring is one axis, got {}", axes.join("+"))),
        }
    }

    /// What the next device of the ring has.
    pub(crate) fn hop(&self, cx: &Context<'_>, x: Value) -> Emitted<Value> {
        self.send(cx, x, self.devices - 1)
    }

    /// What the last device of the ring has: the one before this.
    pub(crate) fn hop_back(&self, cx: &Context<'_>, x: Value) -> Emitted<Value> {
        self.send(cx, x, 1)
    }

    /// To the device so far ahead.
    fn send(&self, cx: &Context<'_>, x: Value, ahead: usize) -> Emitted<Value> {
        let arrow = |ring: &Vec<usize>, at: usize| [ring[at], ring[(at + ahead) % ring.len()]];
        let arrows: Vec<_> = self
            .rings
            .iter()
            .flat_map(|ring| (0..ring.len()).map(move |at| arrow(ring, at)))
            .collect();
        Ok(cx.b.collective_permute(x, &arrows)?)
    }

    /// Where the shard of `size` begins that starts `ahead` devices further on.
    pub(crate) fn offset(&self, cx: &Context<'_>, ahead: usize, size: usize) -> Emitted<Value> {
        let b = &cx.b;
        let int = |value: usize| b.splat_int(value as i128, ElementType::I32, &[]);
        let device = b.convert(b.partition_id()?, ElementType::I32)?;
        let own = b.divide(device, int(self.stride)?)?;
        let part = b.remainder(b.add(own, int(ahead)?)?, int(self.devices)?)?;
        Ok(b.multiply(part, int(size)?)?)
    }
}

/// `Σ_j x_j w_j`. The shards `x_j` go round.
fn gather(cx: &Context<'_>, around: &Around<'_>, x: Value, w: Value) -> Emitted<Value> {
    let b = &cx.b;
    let rows = b.dims(x)[b.rank(x) - 1];
    let columns = b.dims(w)[1];
    let zero = b.splat_int(0, ElementType::I32, &[])?;
    let mut part = x;
    let mut sum = None;
    for hop in 0..around.devices {
        let next = if hop + 1 < around.devices { around.hop(cx, part)? } else { part };
        let start = around.offset(cx, hop, rows)?;
        let block = b.dynamic_slice(w, &[start, zero], &[rows, columns])?;
        let product = rows_by_columns(cx, part, block)?;
        sum = Some(match sum {
            Some(sum) => b.add(sum, product)?,
            None => product,
        });
        part = next;
    }
    sum.map_or_else(|| unsupported("a ring without devices"), Ok)
}

/// For each device its columns of `Σ_i x_i w_i`, over all devices `i`. The sums go round.
fn scatter(cx: &Context<'_>, around: &Around<'_>, x: Value, w: Value) -> Emitted<Value> {
    let b = &cx.b;
    let rows = b.dims(w)[0];
    let columns = b.dims(w)[1] / around.devices;
    let zero = b.splat_int(0, ElementType::I32, &[])?;
    let mut sum = None;
    for hop in 0..around.devices {
        let passed = sum.map(|sum| around.hop(cx, sum)).transpose()?;
        let start = around.offset(cx, hop + 1, columns)?;
        let block = b.dynamic_slice(w, &[zero, start], &[rows, columns])?;
        let product = rows_by_columns(cx, x, block)?;
        sum = Some(match passed {
            Some(passed) => b.add(passed, product)?,
            None => product,
        });
    }
    sum.map_or_else(|| unsupported("a ring without devices"), Ok)
}

/// `x_jᵀ y` for all `j`, summed over the devices that have other `rows`. The shards `x_j` go round.
fn outer(
    cx: &Context<'_>,
    around: &Around<'_>,
    rows: &[Vec<usize>],
    x: Value,
    y: Value,
) -> Emitted<Value> {
    let b = &cx.b;
    let height = b.dims(x)[b.rank(x) - 1];
    let columns = b.dims(y)[b.rank(y) - 1];
    let zero = b.splat_int(0, ElementType::I32, &[])?;
    let mut part = x;
    let mut whole = None;
    for hop in 0..around.devices {
        let next = if hop + 1 < around.devices { around.hop(cx, part)? } else { part };
        let product = over_rows(cx, part, y)?;
        let target = match whole {
            Some(whole) => whole,
            None => b.splat(0.0, b.element(product), &[height * around.devices, columns])?,
        };
        let start = around.offset(cx, hop, height)?;
        whole = Some(b.dynamic_update_slice(target, product, &[start, zero])?);
        part = next;
    }
    let Some(whole) = whole else { return unsupported("a ring without devices") };
    match rows.iter().any(|group| group.len() > 1) {
        true => Ok(b.all_reduce(whole, rows, ReduceKind::Add)?),
        false => Ok(whole),
    }
}
