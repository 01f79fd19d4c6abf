//! What lowering an operation needs: the builder, and the tensors that are known so far.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::Debug;

use burn_backend::DType;
use burn_ir::{CustomOpIr, OperationIr, ScalarIr, TensorId, TensorIr};
use burn_trace::mesh::{Layout, Mesh};

use super::compiler::Compiler;
use super::error::{Emitted, Fault, unsupported};
use super::graph::labels::Labels;
use super::passes::live::Ids;
use super::passes::views::Views;
use crate::stablehlo::{Builder, ElementType, TensorType, Value};

/// Lowers operations recorded as [`OperationIr::Custom`]: the door for operations that are not Burn's.
pub trait CustomLowering: Debug {
    /// Reads the inputs with [`Context::get`], appends to [`Context::builder`], and gives each
    /// output a value with [`Context::set`].
    ///
    /// # Errors
    ///
    /// [`Fault::Unsupported`] for operations that are not known.
    fn lower(&self, cx: &Context<'_>, op: &CustomOpIr) -> Emitted;
}

/// The state of a lowering.
#[derive(Debug)]
pub struct Context<'a> {
    pub(super) b: Builder,
    pub(super) compiler: Compiler,
    /// What is known in the block that is emitted.
    scope: RefCell<Scope<'a>>,
    /// The names of operations for reports, and what stands before them in a loop.
    labels: &'a Labels,
    phase: RefCell<Phase<'a>>,
    /// The devices that shardings refer to, and how tensors are sharded over them.
    pub(super) mesh: Option<(&'a Mesh, &'a Layout)>,
    /// The argument that random numbers follow from, and how many operations have drawn some.
    pub(super) seed: Option<Value>,
    pub(super) draws: Cell<u64>,
    pub(super) custom: &'a dyn CustomLowering,
}

/// The tensors of a block.
#[derive(Debug)]
struct Scope<'a> {
    views: &'a Views,
    values: HashMap<TensorId, Value>,
    /// For a tensor that was transposed for a product alone, the original.
    transposed: HashMap<TensorId, TensorId>,
    /// For a tensor that is one slice of a stack: the stack and the index. The slice is emitted on first
    /// use.
    lanes: HashMap<TensorId, (Value, usize)>,
    /// Scales of quantised tensors, whose values are 8-bit integers.
    scales: HashMap<TensorId, Value>,
}

impl<'a> Scope<'a> {
    fn new(views: &'a Views) -> Self {
        Self {
            views,
            values: HashMap::new(),
            transposed: HashMap::new(),
            lanes: HashMap::new(),
            scales: HashMap::new(),
        }
    }
}

/// The loop that is emitted: its name in labels, and the tensors that it computes once more.
type Phase<'a> = (&'static str, Option<&'a Ids>);

impl<'a> Context<'a> {
    pub(super) fn new(
        b: Builder,
        compiler: Compiler,
        (views, labels): (&'a Views, &'a Labels),
        mesh: Option<(&'a Mesh, &'a Layout)>,
        custom: &'a dyn CustomLowering,
    ) -> Self {
        Self {
            b,
            compiler,
            scope: RefCell::new(Scope::new(views)),
            labels,
            phase: RefCell::default(),
            mesh,
            seed: None,
            draws: Cell::new(0),
            custom,
        }
    }

    /// Emits a loop forward or backward; `again` are tensors that a loop backward computes once more.
    pub(super) fn in_phase<T>(
        &self,
        name: &'static str,
        again: &'a Ids,
        emit: impl FnOnce() -> T,
    ) -> T {
        let outer = self.phase.replace((name, Some(again)));
        let result = emit();
        self.phase.replace(outer);
        result
    }

    /// Names what is built next after an operation's phase and label, such as `backward/attn.query`,
    /// where they are known.
    pub(super) fn locate(&self, op: Option<&OperationIr>) {
        let (phase, again) = *self.phase.borrow();
        let is_again =
            |op: &OperationIr| again.is_some_and(|ids| op.outputs().any(|t| ids.contains(&t.id)));
        let name = op.and_then(|op| {
            let label = self.labels.of(op)?;
            Some(match phase {
                "" => label.to_owned(),
                _ if is_again(op) => format!("recomputed/{label}"),
                phase => format!("{phase}/{label}"),
            })
        });
        self.b.set_location(name);
    }

    /// The builder of the program.
    pub fn builder(&self) -> &Builder {
        &self.b
    }

    fn scope<T>(&self, f: impl FnOnce(&mut Scope<'a>) -> T) -> T {
        f(&mut self.scope.borrow_mut())
    }

    /// The value of a tensor.
    ///
    /// # Errors
    ///
    /// When nothing has produced it.
    pub fn get(&self, tensor: &TensorIr) -> Emitted<Value> {
        self.find(tensor.id)
    }

    pub(super) fn find(&self, id: TensorId) -> Emitted<Value> {
        if let Some(value) = self.scope(|scope| scope.values.get(&id).copied()) {
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
        self.scope(|scope| scope.lanes.insert(id, (stack, lane)));
    }

    /// The stack that a tensor is a lane of, unless it has a value of its own.
    pub(super) fn lane(&self, id: TensorId) -> Option<(Value, usize)> {
        self.scope(|scope| scope.lanes.get(&id).copied())
    }

    /// The value of what a tensor is with its last two axes swapped, if there is such a tensor already.
    pub(super) fn transposed(&self, id: TensorId) -> Emitted<Option<Value>> {
        let original = self.scope(|scope| {
            scope.transposed.get(&id).copied().or_else(|| scope.views.transposed(id))
        });
        original.map(|original| self.find(original)).transpose()
    }

    /// Gives a tensor that no operation makes the value of `original` with its last two axes swapped.
    pub(super) fn define_transposed(&self, id: TensorId, original: TensorId, value: Value) {
        self.define(id, value);
        self.scope(|scope| scope.transposed.insert(id, original));
    }

    /// Emits a block inside of a loop. It knows only these values.
    pub(super) fn inside<T>(
        &self,
        views: &'a Views,
        values: HashMap<TensorId, Value>,
        emit: impl FnOnce() -> T,
    ) -> T {
        let outer = self.scope.replace(Scope { values, ..Scope::new(views) });
        let result = emit();
        self.scope.replace(outer);
        result
    }

    /// Gives a tensor a value that is not checked against the graph: an argument or a constant.
    pub(super) fn define(&self, id: TensorId, value: Value) {
        self.scope(|scope| scope.values.insert(id, value));
    }

    /// Keeps the 8-bit values and the scale of a quantised tensor.
    pub(super) fn set_quantized(&self, id: TensorId, values: Value, scale: Value) {
        self.define(id, values);
        self.scope(|scope| scope.scales.insert(id, scale));
    }

    /// The scale of a quantised tensor.
    pub(super) fn scale(&self, id: TensorId) -> Option<Value> {
        self.scope(|scope| scope.scales.get(&id).copied())
    }

    /// Makes `value` the value of `tensor`, unless that is an argument of the program.
    ///
    /// # Errors
    ///
    /// When it has another type than the graph declares.
    pub fn set(&self, tensor: &TensorIr, value: Value) -> Emitted {
        let expected = tensor_type(tensor)?;
        let got = self.b.type_of(value);
        if *got != expected {
            return Err(Fault::Result { expected: expected.to_string(), got: got.to_string() });
        }
        self.scope(|scope| *scope.values.entry(tensor.id).or_insert(value));
        Ok(())
    }

    /// As [`Context::set`], converting the elements first.
    pub(super) fn set_as(&self, tensor: &TensorIr, value: Value) -> Emitted {
        let value = self.b.convert(value, element_of(tensor.dtype)?)?;
        self.set(tensor, value)
    }

    /// As [`Context::set_as`], for places along an axis of so many elements. Burn declares places among integers with
    /// the type of these, which may be too narrow to count them.
    pub(super) fn set_places(&self, tensor: &TensorIr, value: Value, axis: usize) -> Emitted {
        let element = element_of(tensor.dtype)?;
        match element.int_range() {
            Some((_, last)) if axis as i128 - 1 > last => unsupported(format!(
                "places along {axis} elements do not fit {:?}, the type of the values; cast these to I32 before",
                tensor.dtype
            )),
            _ => self.set_as(tensor, value),
        }
    }

    /// The value with elements in which sums and functions are accurate: f32 for 16-bit floats.
    pub(super) fn wide(&self, x: Value) -> Emitted<Value> {
        Ok(if self.b.element(x).is_half() { self.b.convert(x, ElementType::F32)? } else { x })
    }

    /// As [`Context::get`], then [`Context::wide`].
    pub(super) fn get_wide(&self, tensor: &TensorIr) -> Emitted<Value> {
        self.wide(self.get(tensor)?)
    }

    /// A scalar of the graph as a tensor of the type of `x`.
    pub(super) fn scalar_like(&self, scalar: ScalarIr, x: Value) -> Emitted<Value> {
        let ty = self.b.type_of(x);
        self.filled(scalar, ty.element, &ty.dims)
    }

    /// A tensor filled with a scalar of the graph: rounded to floats, wrapped to integers.
    pub(super) fn filled(
        &self,
        scalar: ScalarIr,
        element: ElementType,
        dims: &[usize],
    ) -> Emitted<Value> {
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
pub fn element_of(dtype: DType) -> Emitted<ElementType> {
    ElementType::from_dtype(dtype)
        .map_or_else(|| unsupported(format!("the dtype {dtype:?} has no XLA type")), Ok)
}

/// The type of the value of a tensor.
///
/// # Errors
///
/// For packed quantised tensors.
pub fn tensor_type(tensor: &TensorIr) -> Emitted<TensorType> {
    Ok(TensorType::new(element_of(tensor.dtype)?, tensor.shape.to_vec()))
}
