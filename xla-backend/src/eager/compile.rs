//! Compiling a graph.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use burn_ir::{GraphIr, OperationIr, TensorId};

use super::constants::{Pack, Passing};
use super::error::{EagerError, Failure};
use super::graph::Graph;
use super::lift::{Lifted, RunsLowering, lift};
use crate::lower::kernel::Kernels;
use crate::lower::{self, LowerOptions};
use crate::pjrt::{CompileOptions, Device, DeviceAssignment, Executable};
use crate::program::{XlaOptions, compile_or_read, kernels};

/// A compiled graph.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) executable: Executable,
    /// The arguments after the inputs: constants, and then perhaps a seed.
    pub(super) packs: Vec<Pack>,
    pub(super) seed: bool,
    /// What an execution takes besides its arguments.
    pub(super) needed_bytes: u64,
    /// What the program itself takes, by an estimate.
    pub(super) bytes: u64,
}

/// What a program of the CPU plugin takes of the process's memory, for each byte of its text.
const BYTES_PER_BYTE_OF_TEXT: u64 = 40;

/// Compiles a graph; `why` says why again, if it was compiled before.
pub(super) fn compile(
    graph: &Graph,
    passing: &Passing,
    device: &Device,
    why: Option<&str>,
) -> Result<Arc<Compiled>, Failure> {
    let start = Instant::now();
    let Lifted { operations, packs } = lift(&graph.operations, passing, graph.numbers);
    let declared: Vec<_> = graph.inputs.iter().chain(&packs).cloned().collect();
    let arguments: Vec<_> = declared.iter().map(|tensor| tensor.id).collect();
    let aliases = aliases(graph, &operations);
    let donated = aliases.len();
    let client = device.client();
    let xla = XlaOptions::of(client);
    let options = LowerOptions {
        name: "eager",
        aliases,
        declared: &declared,
        custom: &RunsLowering,
        platform: client.platform(),
        matmul_precision: xla.matmul_precision(),
        kernels: if xla.kernels() { kernels::register(client) } else { Kernels::default() },
        ..LowerOptions::default()
    };
    let (inputs, outputs) = (arguments.clone(), graph.outputs.clone());
    let recorded = GraphIr { operations, inputs, outputs };
    let program = lower::lower(&recorded, &arguments, &graph.outputs, &options)
        .map_err(|error| Arc::new(EagerError::Lower(Box::new(error))))?;
    let lowered = start.elapsed();
    let options =
        CompileOptions::new().with_device_assignment(DeviceAssignment::single(device.id().into()));
    let made = compile_or_read(xla.cache(), client, &program.text, &options);
    let (executable, from_disk) = made.map_err(|source| {
        let last = recorded.operations.last().map_or_else(String::new, lower::describe);
        let (operations, source) = (graph.operations.len(), Box::new(source));
        Arc::new(EagerError::Graph { operations, last, source })
    })?;
    tracing::info!(
        operations = graph.operations.len(),
        inputs = graph.inputs.len(),
        outputs = graph.outputs.len(),
        donated,
        constants = packs.iter().map(|pack| pack.shape.num_elements()).sum::<usize>(),
        why = why.unwrap_or("a new graph"),
        lower_ms = lowered.as_millis() as u64,
        compile_ms = (start.elapsed() - lowered).as_millis() as u64,
        from_disk,
        "compiled"
    );
    let (needed_bytes, code_bytes) = executable.program().memory_stats().map_or((0, 0), |stats| {
        let needed = stats.output_bytes + stats.temporary_bytes + stats.host_temporary_bytes;
        (needed.saturating_sub(stats.alias_bytes), stats.code_bytes)
    });
    let bytes = code_bytes + program.text.len() as u64 * BYTES_PER_BYTE_OF_TEXT;
    let (packs, seed) = (passing.packs().to_vec(), program.seed);
    Ok(Arc::new(Compiled { executable, packs, seed, needed_bytes, bytes }))
}

/// For each donated input, a result of its type that takes its memory.
fn aliases(graph: &Graph, operations: &[OperationIr]) -> BTreeMap<TensorId, usize> {
    let wanted: HashMap<_, _> =
        graph.outputs.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let mut free: HashMap<_, VecDeque<usize>> = HashMap::new();
    for output in operations.iter().flat_map(OperationIr::outputs) {
        if let Some(&at) = wanted.get(&output.id) {
            free.entry((output.dtype, output.shape.clone())).or_default().push_back(at);
        }
    }
    let donated = graph.inputs.iter().zip(&graph.donated).filter(|(_, donated)| **donated);
    donated
        .filter_map(|(tensor, _)| {
            let at = free.get_mut(&(tensor.dtype, tensor.shape.clone()))?.pop_front()?;
            Some((tensor.id, at))
        })
        .collect()
}
