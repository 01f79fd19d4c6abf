//! Executing a graph.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use burn_ir::{OperationIr, TensorId};

use super::compile::Compiled;
use super::error::{EagerError, Failure, chain, message};
use super::interpret::interpret;
use super::job::Job;
use super::lift::restore;
use super::memory;
use super::programs::{Programs, Way};
use crate::lower;
use crate::pjrt::{Buffer, Device, Event, ExecuteOptions, PjrtError};
use crate::plugin::Platform;
use crate::types::ElementType;

impl Job {
    /// The name of the graph in errors: its last operation.
    fn last(&self) -> String {
        let operations = restore(&self.graph.operations, &self.graph.constants);
        operations.last().map_or_else(String::new, lower::describe)
    }

    /// Executes the graph, after which all results have an outcome, be it an error. Returns the event of the
    /// execution.
    pub(super) fn run(
        mut self,
        platform: Platform,
        device: &Device,
        programs: &Arc<Programs>,
    ) -> Option<Event> {
        let run = AssertUnwindSafe(|| self.execute(platform, device, programs));
        catch_unwind(run).unwrap_or_else(|panic| {
            let (operations, last) = (self.graph.operations.len(), self.last());
            let message = message(panic.as_ref());
            self.fault(EagerError::Panic { operations, last, message });
            None
        })
    }

    fn execute(
        &mut self,
        platform: Platform,
        device: &Device,
        programs: &Arc<Programs>,
    ) -> Option<Event> {
        let is_cpu = platform == Platform::Cpu;
        let mut buffers = HashMap::with_capacity(self.inputs.len());
        let mut failed = HashMap::new();
        for (tensor, value) in self.graph.inputs.iter().zip(&self.inputs) {
            match value.outcome.wait() {
                Ok(buffer) => drop(buffers.insert(tensor.id, buffer)),
                Err(failure) => drop(failed.insert(tensor.id, failure)),
            }
        }
        if !failed.is_empty() {
            self.leave_out(failed);
        }
        let mut may_interpret = is_cpu;
        let program = loop {
            if self.outputs.is_empty() {
                return None;
            }
            let way = match may_interpret {
                true => programs.way(&self.graph, device),
                false => programs.program(&self.graph, device).map(Way::Program),
            };
            let failure = match way {
                Ok(Way::Program(program)) => {
                    let what = || format!("the graph that ends with {}", self.last());
                    match is_cpu.then(|| memory::ensure(program.needed_bytes, what)) {
                        Some(Err(failure)) => Arc::new(failure),
                        _ => break program,
                    }
                }
                Ok(Way::Interpret) => {
                    let seed = self.seed.unwrap_or_default();
                    match interpret(&self.graph, &buffers, seed, device) {
                        Ok(results) => {
                            programs.count_interpretation();
                            self.keep(results);
                            return None;
                        }
                        // A program computes it, or its error says what is wrong.
                        Err(refused) => {
                            tracing::debug!(why = refused.0, "a graph is not interpreted");
                            may_interpret = false;
                            continue;
                        }
                    }
                }
                Err(failure) => failure,
            };
            let refused = match *failure {
                EagerError::Lower(_) => self.refused(),
                EagerError::Memory { available_bytes, .. } => {
                    self.oversized(available_bytes, &failure)
                }
                _ => HashMap::new(),
            };
            if !matches!(*failure, EagerError::Lower(_)) || refused.is_empty() {
                tracing::warn!("{}", chain(&failure));
            }
            if refused.is_empty() {
                self.fail(&failure);
                return None;
            }
            self.leave_out(refused);
            may_interpret = is_cpu;
        };
        match self.launch(&program, &buffers, device) {
            Ok(event) => event,
            Err(source) => {
                let (operations, last) = (self.graph.operations.len(), self.last());
                let source = Box::new(source);
                self.fault(EagerError::Graph { operations, last, source });
                None
            }
        }
    }

    /// A failure that is not an operation's own.
    fn fault(&self, failure: EagerError) {
        tracing::warn!("{}", chain(&failure));
        self.fail(&Arc::new(failure));
    }

    fn keep(&self, results: Vec<Buffer>) {
        for (outcome, buffer) in self.outputs.iter().zip(results) {
            outcome.keep(Ok(Arc::new(buffer)));
        }
    }

    fn launch(
        &self,
        program: &Compiled,
        buffers: &HashMap<TensorId, Arc<Buffer>>,
        device: &Device,
    ) -> Result<Option<Event>, PjrtError> {
        let client = device.client();
        let mut extra = Vec::with_capacity(program.packs.len() + 1);
        for pack in &program.packs {
            let bytes = pack.bytes(&self.graph.constants);
            let element = ElementType::from_dtype(pack.dtype)
                .ok_or_else(|| PjrtError::DataType { dtype: format!("{:?}", pack.dtype) })?;
            extra.push(client.buffer_from_host(&bytes, element, &[pack.sources.len()], device)?);
        }
        if program.seed {
            let seed = self.seed.unwrap_or_default().to_le_bytes();
            extra.push(client.buffer_from_host(&seed, ElementType::U64, &[], device)?);
        }
        let arguments: Vec<&Buffer> =
            self.graph.inputs.iter().map(|tensor| &*buffers[&tensor.id]).chain(&extra).collect();
        let results = program.executable.execute(&arguments, &ExecuteOptions::default())?;
        let event = results.first().map(Buffer::ready).transpose()?;
        self.keep(results);
        Ok(event)
    }

    /// This failure, for results that alone take more than is left.
    fn oversized(&self, available_bytes: u64, failure: &Failure) -> HashMap<TensorId, Failure> {
        let made = self.graph.operations.iter().flat_map(OperationIr::outputs);
        let large = made.filter(|output| memory::bytes_of(output) > available_bytes);
        large.map(|output| (output.id, Arc::clone(failure))).collect()
    }

    /// The errors of operations that cannot be lowered, by their results.
    fn refused(&self) -> HashMap<TensorId, Failure> {
        let mut refused = HashMap::new();
        for op in restore(&self.graph.operations, &self.graph.constants) {
            if let Err(error) = lower::lower_op(&op) {
                let failure = Arc::new(EagerError::Lower(Box::new(error)));
                refused.extend(op.outputs().map(|output| (output.id, Arc::clone(&failure))));
            }
        }
        refused
    }
}
