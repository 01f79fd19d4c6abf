//! Executing a graph.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use burn_ir::TensorId;

use super::error::{EagerError, Failure};
use super::job::Job;
use super::lift::restore;
use super::programs::{Compiled, Programs};
use crate::lower;
use crate::pjrt::{Buffer, Device, Event, ExecuteOptions, PjrtError};
use crate::types::ElementType;

impl Job {
    /// The name of the graph in errors: its last operation.
    fn last(&self) -> String {
        let operations = restore(&self.operations, &self.constants);
        operations.last().map_or_else(String::new, lower::describe)
    }

    /// Executes the graph, after which all results have an outcome, be it an error. Returns the event of the
    /// execution.
    pub(super) fn run(mut self, device: &Device, programs: &Programs) -> Option<Event> {
        let done = catch_unwind(AssertUnwindSafe(|| self.execute(device, programs)));
        done.unwrap_or_else(|panic| {
            let (operations, last) = (self.operations.len(), self.last());
            let message = message(panic.as_ref());
            self.fail(&Arc::new(EagerError::Panic { operations, last, message }));
            None
        })
    }

    fn execute(&mut self, device: &Device, programs: &Programs) -> Option<Event> {
        let mut buffers = HashMap::with_capacity(self.inputs.len());
        let mut failed = HashMap::new();
        for (tensor, value) in &self.inputs {
            match value.outcome.wait() {
                Ok(buffer) => drop(buffers.insert(tensor.id, buffer)),
                Err(failure) => drop(failed.insert(tensor.id, failure)),
            }
        }
        if !failed.is_empty() {
            self.leave_out(failed);
        }
        let program = loop {
            if self.outputs.is_empty() {
                return None;
            }
            let failure = match programs.find(self, device) {
                Ok(program) => break program,
                Err(failure) => failure,
            };
            let refused = match *failure {
                EagerError::Lower(_) => self.refused(),
                _ => HashMap::new(),
            };
            if refused.is_empty() {
                self.fail(&failure);
                return None;
            }
            self.leave_out(refused);
        };
        match self.launch(&program, &buffers, device) {
            Ok(event) => event,
            Err(source) => {
                let (operations, last) = (self.operations.len(), self.last());
                let source = Box::new(source);
                self.fail(&Arc::new(EagerError::Graph { operations, last, source }));
                None
            }
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
            let bytes = pack.bytes(&self.constants);
            let element = ElementType::from_dtype(pack.dtype)
                .ok_or_else(|| PjrtError::DataType { dtype: format!("{:?}", pack.dtype) })?;
            extra.push(client.buffer_from_host(&bytes, element, &[pack.sources.len()], device)?);
        }
        if program.seed {
            let seed = self.seed.unwrap_or_default().to_le_bytes();
            extra.push(client.buffer_from_host(&seed, ElementType::U64, &[], device)?);
        }
        let arguments: Vec<&Buffer> =
            self.inputs.iter().map(|(tensor, _)| &*buffers[&tensor.id]).chain(&extra).collect();
        let results = program.executable.execute(&arguments, &ExecuteOptions::default())?;
        let event = results.first().map(Buffer::ready).transpose()?;
        for ((_, outcome), buffer) in self.outputs.iter().zip(results) {
            outcome.keep(Ok(Arc::new(buffer)));
        }
        Ok(event)
    }

    /// The errors of operations that cannot be lowered, by their results.
    fn refused(&self) -> HashMap<TensorId, Failure> {
        let mut refused = HashMap::new();
        for op in restore(&self.operations, &self.constants) {
            if let Err(error) = lower::lower_op(&op) {
                let failure = Arc::new(EagerError::Lower(Box::new(error)));
                refused.extend(op.outputs().map(|output| (output.id, Arc::clone(&failure))));
            }
        }
        refused
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
