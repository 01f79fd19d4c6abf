//! A graph run by Burn's CPU backend, operation by operation, on a device that is the CPU.
//!
//! That is how a graph runs that is not worth compiling. The results differ from those of a compiled program by
//! rounding alone; random operations draw the same numbers.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use burn_backend::{BoolStore, DType, TensorMetadata};
use burn_flex::{Flex, FlexDevice, FlexTensor};
use burn_ir::{
    FloatOperationIr, HandleKind, IrVisitorMut, NumericOperationIr, OperationIr, RandomOpIr,
    TensorId, TensorIr, TensorStatus,
};
use burn_router::TensorInterpreter;

use super::draws::draw;
use super::error::message;
use super::graph::Graph;
use super::lift::restore;
use super::memory;
use crate::pjrt::{Buffer, Device};

/// Why a graph is not interpreted.
#[derive(Debug)]
pub(super) struct Refused(pub(super) String);

/// Whether Burn's CPU backend has all operations of the graph.
pub(super) fn is_possible(graph: &Graph) -> bool {
    let has = |dtype: DType| !matches!(dtype, DType::Bool(BoolStore::U32) | DType::QFloat(_));
    graph.operations.iter().all(|op| {
        !matches!(op, OperationIr::Custom(_) | OperationIr::Distributed(_))
            && op.inputs().chain(op.outputs()).all(|tensor| has(tensor.dtype))
    })
}

thread_local! {
    static INTERPRETS: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is interpreting a graph, where a panic is a refusal and no fault: for the panic hook of a
/// program that logs.
pub fn interprets() -> bool {
    INTERPRETS.get()
}

/// Runs the graph. Returns its results.
pub(super) fn interpret(
    graph: &Graph,
    inputs: &HashMap<TensorId, Arc<Buffer>>,
    seed: u64,
    device: &Device,
) -> Result<Vec<Buffer>, Refused> {
    let uses = Uses::of(graph);
    memory::ensure(uses.peak_bytes, || "running a graph".into())
        .map_err(|error| Refused(error.to_string()))?;
    INTERPRETS.set(true);
    let run = || run(graph, &uses, inputs, seed, device);
    let done = catch_unwind(AssertUnwindSafe(run));
    INTERPRETS.set(false);
    done.unwrap_or_else(|panic| Err(Refused(message(panic.as_ref()))))
}

fn run(
    graph: &Graph,
    uses: &Uses,
    inputs: &HashMap<TensorId, Arc<Buffer>>,
    seed: u64,
    device: &Device,
) -> Result<Vec<Buffer>, Refused> {
    let mut interpreter = TensorInterpreter::<Flex>::new(FlexDevice);
    for input in &graph.inputs {
        let Some(buffer) = inputs.get(&input.id) else { continue };
        let data = buffer.to_data().map_err(|error| Refused(error.to_string()))?;
        let data = super::value::as_dtype(data, input.dtype);
        register(&mut interpreter, input, FlexTensor::from_data(data));
    }
    let mut draws = 0;
    for (position, mut op) in restore(&graph.operations, &graph.constants).into_iter().enumerate() {
        if !uses.live[position] {
            continue;
        }
        if let Some(random) = random(&op) {
            let data =
                draw(seed, draws, random).ok_or_else(|| Refused(crate::lower::describe(&op)))?;
            draws += u64::from(!random.out.shape.contains(&0));
            register(&mut interpreter, &random.out, FlexTensor::from_data(data));
            continue;
        }
        let count = op.inputs().count();
        op.visit_mut(&mut Statuses { uses, position, inputs: count, at: 0 });
        let last: Vec<_> = op.outputs().cloned().collect();
        interpreter.register_op(op);
        for id in &uses.repeated_last[position] {
            let ended = TensorIr::uninit(*id, [0].into(), DType::F32);
            interpreter.register_op(OperationIr::Drop(ended));
        }
        for out in last {
            check(&mut interpreter, &out)?;
        }
    }
    let mut types: HashMap<_, _> =
        graph.operations.iter().flat_map(OperationIr::outputs).map(|out| (out.id, out)).collect();
    let mut results = Vec::with_capacity(graph.outputs.len());
    for id in &graph.outputs {
        let out = types.remove(id).ok_or_else(|| Refused("a result that nothing makes".into()))?;
        let data = take(&mut interpreter, out, TensorStatus::ReadWrite).into_data();
        let buffer = device.client().buffer_from_data(data, device);
        results.push(buffer.map_err(|error| Refused(error.to_string()))?);
    }
    Ok(results)
}

fn random(op: &OperationIr) -> Option<&RandomOpIr> {
    match op {
        OperationIr::Float(_, FloatOperationIr::Random(random))
        | OperationIr::NumericInt(_, NumericOperationIr::IntRandom(random))
        | OperationIr::NumericFloat(_, NumericOperationIr::IntRandom(random)) => Some(random),
        _ => None,
    }
}

/// Gives a tensor its values, by the kind of its declared type.
fn register(interpreter: &mut TensorInterpreter<Flex>, tensor: &TensorIr, values: FlexTensor) {
    let kind = match tensor.dtype {
        dtype if dtype.is_float() => HandleKind::Float(values),
        dtype if dtype.is_bool() => HandleKind::Bool(values),
        _ => HandleKind::Int(values),
    };
    interpreter.register_tensor_to_device(tensor.id, kind);
}

fn take(
    interpreter: &mut TensorInterpreter<Flex>,
    tensor: &TensorIr,
    status: TensorStatus,
) -> FlexTensor {
    match interpreter.get_tensor(&TensorIr { status, ..tensor.clone() }) {
        HandleKind::Float(values) | HandleKind::Int(values) | HandleKind::Bool(values) => values,
        HandleKind::Quantized(_) => {
            unreachable!("graphs with quantised tensors are not interpreted")
        }
    }
}

/// A result must have the shape that it was declared with; some operations answer in the default type instead of the
/// one that they were asked for.
fn check(interpreter: &mut TensorInterpreter<Flex>, out: &TensorIr) -> Result<(), Refused> {
    use burn_backend::ops::{FloatTensorOps, IntTensorOps};
    let got = take(interpreter, out, TensorStatus::ReadOnly);
    if got.shape() != out.shape {
        return Err(Refused(format!("{:?} instead of {:?}", got.shape(), out.shape)));
    }
    let (is, declared) = (got.dtype(), out.dtype);
    if is == declared {
        return Ok(());
    }
    let cast = if is.is_float() && declared.is_float() {
        Flex::float_cast(got, declared.into())
    } else if is.is_bool() && declared.is_bool() {
        FlexTensor::from_data(super::value::as_dtype(got.into_data(), declared))
    } else if !is.is_float() && !declared.is_float() && !is.is_bool() && !declared.is_bool() {
        let cast = Flex::int_cast(got.clone(), declared.into());
        // Such as the places of the largest of so many values that their own type does not count them.
        let again = Flex::int_cast(cast.clone(), is.into());
        if again.into_data() != got.into_data() {
            return Err(Refused(format!("{is:?} whose values do not fit {declared:?}")));
        }
        cast
    } else {
        return Err(Refused(format!("{is:?} instead of {declared:?}")));
    };
    register(interpreter, out, cast);
    Ok(())
}

/// Where tensors are used.
struct Uses {
    /// For each operation, whether a result depends on it.
    live: Vec<bool>,
    /// For each operation, the tensors that it is the last to read.
    last: Vec<HashSet<TensorId>>,
    /// Of these, those that it reads more than once: they are dropped after it.
    repeated_last: Vec<Vec<TensorId>>,
    /// The most that tensors take at once.
    peak_bytes: u64,
}

impl Uses {
    fn of(graph: &Graph) -> Self {
        let needed = graph.needed();
        let count = graph.operations.len();
        let mut live = vec![false; count];
        let (mut last, mut repeated_last) = (vec![HashSet::new(); count], vec![Vec::new(); count]);
        let mut read: HashSet<TensorId> = graph.outputs.iter().copied().collect();
        for (position, op) in graph.operations.iter().enumerate().rev() {
            if !op.outputs().any(|output| needed.contains(&output.id)) {
                continue;
            }
            live[position] = true;
            for input in op.inputs() {
                if read.insert(input.id) {
                    last[position].insert(input.id);
                } else if last[position].contains(&input.id)
                    && !repeated_last[position].contains(&input.id)
                {
                    repeated_last[position].push(input.id);
                }
            }
        }
        let mut uses = Self { live, last, repeated_last, peak_bytes: 0 };
        uses.peak_bytes = uses.peak(graph);
        uses
    }

    fn peak(&self, graph: &Graph) -> u64 {
        let mut sizes: HashMap<TensorId, u64> =
            graph.inputs.iter().map(|input| (input.id, memory::bytes_of(input))).collect();
        let mut now = sizes.values().fold(0, |sum: u64, size| sum.saturating_add(*size));
        let mut peak = now;
        for (position, op) in graph.operations.iter().enumerate() {
            if !self.live[position] {
                continue;
            }
            for output in op.outputs() {
                let size = memory::bytes_of(output);
                sizes.insert(output.id, size);
                now = now.saturating_add(size);
            }
            peak = peak.max(now);
            for id in &self.last[position] {
                now = now.saturating_sub(sizes.get(id).copied().unwrap_or_default());
            }
        }
        peak
    }

    /// How an operation may use an input: as its own memory if nobody reads it after that.
    fn status(&self, position: usize, id: TensorId) -> TensorStatus {
        let is_last = self.last[position].contains(&id);
        if is_last && !self.repeated_last[position].contains(&id) {
            TensorStatus::ReadWrite
        } else {
            TensorStatus::ReadOnly
        }
    }
}

/// Says of each input of an operation how it may be used.
struct Statuses<'a> {
    uses: &'a Uses,
    position: usize,
    inputs: usize,
    at: usize,
}

impl IrVisitorMut for Statuses<'_> {
    fn visit_tensor_mut(&mut self, tensor: &mut TensorIr) {
        if self.at < self.inputs {
            tensor.status = self.uses.status(self.position, tensor.id);
        }
        self.at += 1;
    }
}
