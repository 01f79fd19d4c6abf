//! What lowering an operation needs: the builder and the tensors known so far.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use burn_backend::DType;
use burn_ir::{OperationIr, ScalarIr, TensorId, TensorIr};
use burn_trace::Save;
use burn_trace::mesh::{Layout, Mesh, Spec};

use super::custom::CustomLowering;
use super::error::{Fault, Lowered, unsupported};
use super::graph::labels::Parts;
use super::mesh::replicas::{self, Apart};
use super::mesh::ring::{self, AllLate, Lies};
use crate::stablehlo::{Builder, ElementType, TensorType, Value};

/// The state of a lowering: a builder, and a value for each tensor that is known.
#[derive(Debug)]
pub struct Context<'a> {
    pub(super) b: Builder,
    values: RefCell<HashMap<TensorId, Value>>,
    /// Lanes that were not cut out of their stacks yet.
    lanes: RefCell<HashMap<TensorId, (Value, usize)>>,
    /// Values that are another with its last two axes swapped, and that other.
    swapped: RefCell<HashMap<Value, Value>>,
    /// Sums over replicas that were not taken yet, see [`super::mesh::replicas`].
    pub(super) apart: RefCell<HashMap<TensorId, Apart>>,
    /// Products that are not built yet, see [`super::mesh::ring`].
    pub(super) late: RefCell<AllLate>,
    /// What they read, in a whole block.
    pub(super) ring_operands: RefCell<HashMap<Value, Lies>>,
    /// Matrices of rows, and what they were before their first dimensions became one.
    flattened: RefCell<HashMap<Value, Value>>,
    /// How values lie on the mesh, of those that are known to.
    lies: RefCell<HashMap<Value, Spec>>,
    /// Whether the compiler knows memory without values.
    pub(super) allocates: bool,
    /// Scales of quantised tensors, whose values are 8-bit integers.
    pub(super) scales: RefCell<HashMap<TensorId, Value>>,
    pub(super) seed: Option<Value>,
    pub(super) draws: Cell<u64>,
    pub(super) custom: &'a dyn CustomLowering,
    /// The devices that shardings refer to, and how named tensors lie on them.
    pub(super) mesh: Option<(&'a Mesh, &'a Layout)>,
    /// What rolled loops keep for their gradients.
    pub(super) save: Save,
    /// The stacks that they keep.
    pub(super) kept: RefCell<Vec<TensorType>>,
    /// The parts of the function.
    pub(super) parts: Parts,
    phase: RefCell<(&'static str, BTreeSet<TensorId>)>,
}

impl<'a> Context<'a> {
    pub(super) fn new(b: Builder, custom: &'a dyn CustomLowering) -> Self {
        Self {
            b,
            values: RefCell::default(),
            lanes: RefCell::default(),
            swapped: RefCell::default(),
            apart: RefCell::default(),
            late: RefCell::default(),
            ring_operands: RefCell::default(),
            flattened: RefCell::default(),
            lies: RefCell::default(),
            allocates: false,
            scales: RefCell::default(),
            seed: None,
            draws: Cell::new(0),
            custom,
            mesh: None,
            save: Save::default(),
            kept: RefCell::default(),
            parts: Parts::default(),
            phase: RefCell::default(),
        }
    }

    /// Lowers operations of a loop forward or backward; `again` are tensors that a loop backward
    /// computes once more.
    pub(super) fn in_phase<T>(
        &self,
        name: &'static str,
        again: BTreeSet<TensorId>,
        lower: impl FnOnce() -> T,
    ) -> T {
        let outer = self.phase.replace((name, again));
        let result = lower();
        self.phase.replace(outer);
        result
    }

    /// Names what is built next after an operation's phase and part, such as
    /// `backward/attn.query`, where they are known.
    pub(super) fn locate(&self, op: &OperationIr) {
        let phase = self.phase.borrow();
        let part = self.parts.of(op).map(|part| {
            let phase = match phase.0 {
                "" => return part.to_owned(),
                _ if op.outputs().any(|t| phase.1.contains(&t.id)) => "recomputed",
                name => name,
            };
            format!("{phase}/{part}")
        });
        self.b.set_location(part);
    }

    /// The builder of the program.
    pub fn builder(&self) -> &Builder {
        &self.b
    }

    /// The value of a tensor.
    ///
    /// # Errors
    ///
    /// When nothing has produced it.
    pub fn get(&self, tensor: &TensorIr) -> Lowered<Value> {
        self.find(tensor.id)
    }

    pub(super) fn find(&self, id: TensorId) -> Lowered<Value> {
        let known = self.values.borrow().get(&id).copied();
        if let Some(value) = known {
            return Ok(value);
        }
        if let Some(value) = replicas::sum(self, id)? {
            self.define(id, value);
            return Ok(value);
        }
        if let Some(value) = ring::build(self, id)? {
            return Ok(value);
        }
        let (stack, lane) = self.lane(id).ok_or(Fault::Missing(id))?;
        let dims = self.b.dims(stack);
        let ranges = dims[1..].iter().map(|&size| (0, size, 1));
        let ranges: Vec<_> = std::iter::once((lane, lane + 1, 1)).chain(ranges).collect();
        let value = self.b.reshape(self.b.slice(stack, &ranges)?, &dims[1..])?;
        self.define(id, value);
        Ok(value)
    }

    /// Makes a tensor a lane of a stack; it is cut out when it is asked for.
    pub(super) fn define_lane(&self, id: TensorId, stack: Value, lane: usize) {
        self.lanes.borrow_mut().insert(id, (stack, lane));
    }

    /// The stack that a tensor is a lane of, unless it has a value of its own.
    pub(super) fn lane(&self, id: TensorId) -> Option<(Value, usize)> {
        self.lanes.borrow().get(&id).copied()
    }

    /// `x` with its axes in another order.
    pub(super) fn permuted(&self, x: Value, order: &[usize]) -> Lowered<Value> {
        let y = self.b.transpose(x, order)?;
        let matrix = order.len().saturating_sub(2);
        let batch_stays = order[..matrix].iter().copied().eq(0..matrix);
        if batch_stays && y != x {
            self.swapped.borrow_mut().insert(y, x);
        }
        Ok(y)
    }

    /// What `x` is with its last two axes swapped, if there is such a value already.
    pub(super) fn swapped(&self, x: Value) -> Option<Value> {
        self.swapped.borrow().get(&x).copied()
    }

    /// What a matrix of rows was before its first dimensions became one, and other values as they are.
    pub(super) fn rows_of(&self, x: Value) -> Value {
        self.flattened.borrow().get(&x).copied().unwrap_or(x)
    }

    /// Says of which value another one is a reshape.
    pub(super) fn set_reshaped(&self, y: Value, x: Value) {
        self.set_lies_as(y, x);
        let (dims, before) = (self.b.dims(y), self.b.dims(x));
        if dims.len() == 2 && before.len() > 2 && before.last() == dims.last() {
            self.flattened.borrow_mut().insert(y, x);
        }
    }

    /// How a value lies on the mesh, if that is known.
    pub(super) fn lies(&self, x: Value) -> Option<Spec> {
        self.lies.borrow().get(&x).cloned()
    }

    /// Says how a value lies on the mesh.
    pub(super) fn set_lies(&self, x: Value, spec: Spec) {
        self.lies.borrow_mut().insert(x, spec);
    }

    /// Says that a value lies as another one does, of the same shape but for dimensions of size 1
    /// in front.
    pub(super) fn set_lies_as(&self, x: Value, other: Value) {
        let (dims, others) = (self.b.dims(x), self.b.dims(other));
        let Some(mut spec) = self.lies(other) else { return };
        let Some(in_front) = dims.len().checked_sub(others.len()) else { return };
        if dims[in_front..] == others && dims[..in_front].iter().all(|&size| size == 1) {
            for _ in 0..in_front {
                spec = spec.stacked();
            }
            self.set_lies(x, spec);
        }
    }

    /// Memory of this type that will be written before it is read; zeros where the compiler does
    /// not know such memory.
    pub(super) fn uninitialized(&self, ty: TensorType) -> Lowered<Value> {
        Ok(match self.allocates {
            true => self.b.uninitialized(ty)?,
            false => self.b.splat(0.0, ty.element, &ty.dims)?,
        })
    }

    /// Lowers a nested block, which knows only these values.
    pub(super) fn with_values<T>(
        &self,
        values: HashMap<TensorId, Value>,
        lower: impl FnOnce() -> Lowered<T>,
    ) -> Lowered<T> {
        let outer = (self.values.replace(values), self.lanes.take(), self.scales.take());
        let (apart, late) = (self.apart.take(), self.late.take());
        let result = lower();
        self.values.replace(outer.0);
        self.lanes.replace(outer.1);
        self.scales.replace(outer.2);
        self.apart.replace(apart);
        self.late.replace(late);
        result
    }

    /// Gives a tensor a value that is not checked against the graph: an argument or a constant.
    pub(super) fn define(&self, id: TensorId, value: Value) {
        self.values.borrow_mut().insert(id, value);
    }

    /// Keeps the 8-bit values and the scale of a quantised tensor.
    pub(super) fn set_quantized(&self, id: TensorId, values: Value, scale: Value) {
        self.values.borrow_mut().insert(id, values);
        self.scales.borrow_mut().insert(id, scale);
    }

    /// Makes `value` the value of `tensor`, unless that is an argument of the program.
    ///
    /// # Errors
    ///
    /// When it has another type than the graph declares.
    pub fn set(&self, tensor: &TensorIr, value: Value) -> Lowered {
        let expected = tensor_type(tensor)?;
        let got = self.b.type_of(value);
        if *got != expected {
            return Err(Fault::Result { expected: expected.to_string(), got: got.to_string() });
        }
        self.values.borrow_mut().entry(tensor.id).or_insert(value);
        Ok(())
    }

    /// As [`Context::set`], converting the elements first.
    pub(super) fn set_as(&self, tensor: &TensorIr, value: Value) -> Lowered {
        let value = self.b.convert(value, element_of(tensor.dtype)?)?;
        self.set(tensor, value)
    }

    /// The value with elements in which sums and functions are accurate: f32 for 16-bit floats.
    pub(super) fn wide(&self, x: Value) -> Lowered<Value> {
        Ok(if self.b.element(x).is_half() { self.b.convert(x, ElementType::F32)? } else { x })
    }

    /// As [`Context::get`], then [`Context::wide`].
    pub(super) fn get_wide(&self, tensor: &TensorIr) -> Lowered<Value> {
        self.wide(self.get(tensor)?)
    }

    /// A scalar of the graph as a tensor of the type of `x`.
    pub(super) fn scalar_like(&self, scalar: ScalarIr, x: Value) -> Lowered<Value> {
        let ty = self.b.type_of(x);
        self.filled(scalar, ty.element, &ty.dims)
    }

    /// A tensor filled with a scalar of the graph: rounded to floats, wrapped to integers.
    pub(super) fn filled(
        &self,
        scalar: ScalarIr,
        element: ElementType,
        dims: &[usize],
    ) -> Lowered<Value> {
        Ok(if element.is_int() {
            self.b.splat_int(integer(scalar), element, dims)?
        } else {
            self.b.splat(float(scalar), element, dims)?
        })
    }
}

/// The scalar as a float.
pub(crate) fn float(scalar: ScalarIr) -> f64 {
    match scalar {
        ScalarIr::Float(v) => v,
        ScalarIr::Int(v) => v as f64,
        ScalarIr::UInt(v) => v as f64,
        ScalarIr::Bool(v) => f64::from(u8::from(v)),
    }
}

/// The scalar as an integer, floats towards zero.
pub(crate) fn integer(scalar: ScalarIr) -> i128 {
    match scalar {
        ScalarIr::Float(v) => v as i128,
        ScalarIr::Int(v) => v.into(),
        ScalarIr::UInt(v) => v.into(),
        ScalarIr::Bool(v) => v.into(),
    }
}

/// The element type in which a dtype is computed.
///
/// # Errors
///
/// For packed quantised tensors.
pub fn element_of(dtype: DType) -> Lowered<ElementType> {
    ElementType::from_dtype(dtype)
        .map_or_else(|| unsupported(format!("the dtype {dtype:?} has no XLA type")), Ok)
}

/// The type of the value of a tensor.
///
/// # Errors
///
/// For packed quantised tensors.
pub fn tensor_type(tensor: &TensorIr) -> Lowered<TensorType> {
    Ok(TensorType::new(element_of(tensor.dtype)?, tensor.shape.to_vec()))
}
