//! Recording a function by running it on placeholders.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use burn::tensor::{Device, FloatDType, IntDType};
use burn_backend::TensorData;
use burn_ir::{GraphIr, OperationIr, TensorId, TensorIr};

use crate::error::{CaptureError, TreeError};
use crate::leaf_type::LeafSpec;
use crate::tree::{Leaves, Structure, TensorTree, spec, walk};

mod custom;
mod grad;

pub use custom::{custom, custom_with_gradient};
pub use grad::{value_and_grad, value_and_grad_of};

/// The operations of a function, with its arguments and results.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The operations, in the order in which the function called them. None makes the arguments.
    pub graph: GraphIr,
    /// The values of tensors that the function made from values.
    pub constants: BTreeMap<TensorId, TensorData>,
    /// The leaves of the argument, and the tensors that stand for them in the graph.
    pub arguments: Vec<(LeafSpec, TensorIr)>,
    /// The leaves of the result, and their tensors in the graph.
    pub results: Vec<(LeafSpec, TensorIr)>,
}

/// A recording, and the tree of its results.
#[derive(Debug, Clone)]
pub struct Recorded<R> {
    /// The recording.
    pub recording: Recording,
    /// The result, without values: [`TensorTree::rebuild`] makes others of its structure.
    pub output: R,
    /// The number of [`walk`](crate::compile::walk) of the result.
    pub structure: u64,
}

/// Records a function on arguments of these shapes. Nothing is computed, and parameters that were not
/// drawn yet are not drawn.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::record;
///
/// let x = Tensor::<2>::zeros([2, 3], &Device::default());
/// let recorded = record(&x, |x| x.clone().matmul(x.transpose()))?;
/// assert_eq!(recorded.recording.results[0].0.ty.shape, [2, 2]);
/// # Ok::<(), burn_trace::CaptureError>(())
/// ```
///
/// # Errors
///
/// [`CaptureError`]; a panic of the function is one of them.
pub fn record<A: TensorTree, R: TensorTree>(
    arguments: &A,
    function: impl FnOnce(A) -> R,
) -> Result<Recorded<R>, CaptureError> {
    let structure = Structure::of(arguments)?;
    let make = |device: &Device| placeholders(arguments, &structure, device);
    record_with(&structure.device, make, function)
}

/// As [`record`], for an argument that is made on the device that records. `host` is the device whose
/// default dtypes hold there.
///
/// # Errors
///
/// As [`record`].
pub fn record_with<A: TensorTree, R: TensorTree>(
    host: &Device,
    arguments: impl FnOnce(&Device) -> Result<Arguments<A>, TreeError>,
    function: impl FnOnce(A) -> R,
) -> Result<Recorded<R>, CaptureError> {
    let _depth = Depth::deeper();
    let mut device = Reused::take(host);
    let mut outcome = Err(CaptureError::Scope { reason: "the recording did not begin".into() });
    // The function sees only placeholders, which are dropped whatever happens.
    let captured = catch_unwind(AssertUnwindSafe(|| {
        device.device.clone().capture_scope(|scope| {
            outcome = device.configure().and_then(|()| run(&device.device, arguments, function));
            scope.complete([], [])
        })
    }));
    device.give_back();
    let captured = captured.map_err(|panic| of_panic(message_of(&*panic)))?;
    let (arguments, output, results, structure) = outcome?;
    let captured = captured.map_err(|error| CaptureError::Scope { reason: error.to_string() })?;
    let mut graph = captured.graph;
    // The operation that makes the placeholders is none of the function's.
    if let Some((_, first)) = arguments.first() {
        let makes_it = |op: &OperationIr| op.outputs().any(|tensor| tensor.id == first.id);
        if let Some(at) = graph.operations.iter().position(makes_it) {
            graph.operations.remove(at);
        }
    }
    Ok(Recorded {
        recording: Recording {
            graph,
            constants: captured.values.into_iter().collect(),
            arguments,
            results,
        },
        output,
        structure,
    })
}

thread_local! {
    /// How many functions this thread is recording, one inside of the other.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Whether this thread is recording a function.
pub fn is_recording() -> bool {
    DEPTH.get() > 0
}

/// For as long as a function is recorded.
struct Depth;

impl Depth {
    fn deeper() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for Depth {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

type Named = Vec<(LeafSpec, TensorIr)>;

/// A tree of placeholders, and its leaves with their tensors in the graph.
pub type Arguments<A> = (A, Named);

/// The tree with placeholders for its leaves. The types of these are those of the structure, which may differ from
/// the tree's in shapes.
///
/// # Errors
///
/// [`TreeError`] if the tree has other leaves.
pub fn placeholders<A: TensorTree>(
    tree: &A,
    structure: &Structure,
    device: &Device,
) -> Result<Arguments<A>, TreeError> {
    let is_plain = !structure.has_running_state;
    let (mut source, made) = Leaves::placeholders(&structure.leaves, is_plain, device)?;
    let arguments = tree.rebuild(&mut source)?;
    Ok((arguments, structure.leaves.iter().cloned().zip(made).collect()))
}

/// As [`placeholders`], for a tree that is made on the device that records: its values are never computed.
///
/// # Errors
///
/// As [`placeholders`].
pub fn placeholders_like<A: TensorTree>(
    make: impl FnOnce(&Device) -> A,
    device: &Device,
) -> Result<Arguments<A>, TreeError> {
    let tree = make(device);
    placeholders(&tree, &Structure::of(&tree)?, device)
}

fn run<A: TensorTree, R: TensorTree>(
    device: &Device,
    arguments: impl FnOnce(&Device) -> Result<Arguments<A>, TreeError>,
    function: impl FnOnce(A) -> R,
) -> Result<(Named, R, Named, u64), CaptureError> {
    let (arguments, inputs) = arguments(device)?;
    let output = function(arguments);
    let (results, structure) = captured(&output)?;
    Ok((inputs, output, results, structure))
}

/// The leaves of a tree on the device that records.
fn captured(tree: &impl TensorTree) -> Result<(Named, u64), CaptureError> {
    let mut leaves = Vec::new();
    let mut foreign = None;
    let structure = walk(tree, |path, leaf| match leaf.captured() {
        Some(ir) => leaves.push((spec(path, leaf), ir)),
        None => {
            foreign.get_or_insert_with(|| CaptureError::Foreign {
                path: path.to_owned(),
                device: format!("{:?}", leaf.device()),
            });
        }
    })?;
    foreign.map_or(Ok((leaves, structure)), Err)
}

/// What a function did that cannot be recorded. Burn tells it in its text alone.
fn of_panic(message: String) -> CaptureError {
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    if says(&["has no concrete value"]) {
        return CaptureError::Values { message };
    }
    if says(&["not on the same device", "on the wrong backend", "from a capture device"]) {
        return CaptureError::Elsewhere { message };
    }
    CaptureError::Function { message }
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    panic_text(panic).unwrap_or("a panic without a text").to_owned()
}

/// What a panic said, if it was a text.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> Option<&str> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
}

/// A device that records. It has the default dtypes of the caller's device, so that a function makes the
/// same tensors on both. Devices are used again, because Burn numbers them with 16 bits.
struct Reused {
    device: Device,
    defaults: Defaults,
    is_new: bool,
}

type Defaults = (FloatDType, IntDType);

static IDLE: Mutex<Vec<Reused>> = Mutex::new(Vec::new());

impl Reused {
    fn take(host: &Device) -> Self {
        let settings = host.settings();
        let defaults = (settings.float_dtype, settings.int_dtype);
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = idle.iter().position(|reused| reused.defaults == defaults) {
            return idle.swap_remove(found);
        }
        Self { device: Device::capture(), defaults, is_new: true }
    }

    /// Sets the default dtypes. Burn allows it inside of the scope alone.
    fn configure(&mut self) -> Result<(), CaptureError> {
        if std::mem::take(&mut self.is_new) {
            let configured = self.device.configure(self.defaults);
            configured.map_err(|error| CaptureError::Scope { reason: error.to_string() })?;
        }
        Ok(())
    }

    fn give_back(self) {
        IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(self);
    }
}
