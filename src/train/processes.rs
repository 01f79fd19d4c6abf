//! The processes of a run, each with some of its devices.

use std::fmt;
use std::sync::Arc;

use super::error::TrainError;
use crate::runtime::Runtime;

/// The processes that train together; most often one. Each takes the same steps in the same order, and comes to the
/// same decisions: what may go well in one and wrong in another is agreed upon.
#[derive(Clone)]
pub(crate) struct Processes {
    /// The number of this one, counted from 0.
    pub(crate) number: usize,
    /// How many there are.
    pub(crate) count: usize,
    /// The sum of a number of each.
    sum: Arc<Sum>,
}

type Sum = dyn Fn(i32) -> Result<i64, TrainError> + Send + Sync;

impl fmt::Debug for Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} of {}", self.number, self.count)
    }
}

impl Processes {
    /// Those that have devices of a runtime.
    pub(crate) fn of(runtime: &Runtime) -> Self {
        #[cfg(feature = "xla")]
        if let Some(xla) = runtime.as_xla() {
            let (processes, own, xla) = (xla.processes(), xla.client().process(), xla.clone());
            let number = processes.iter().position(|process| *process == own).unwrap_or(0);
            if processes.len() > 1 {
                let sum = move |own| Ok(xla.sum_over_processes(own)?);
                return Self::new(number, processes.len(), sum);
            }
        }
        let _no_other_has_devices = runtime;
        Self::one()
    }

    /// This one alone.
    pub(crate) fn one() -> Self {
        Self::new(0, 1, |own| Ok(own.into()))
    }

    pub(crate) fn new(
        number: usize,
        count: usize,
        sum: impl Fn(i32) -> Result<i64, TrainError> + Send + Sync + 'static,
    ) -> Self {
        Self { number, count, sum: Arc::new(sum) }
    }

    /// Whether this is the one that writes what there is one of.
    pub(crate) fn is_first(&self) -> bool {
        self.number == 0
    }

    /// In how many processes something is so. It waits for all of them.
    pub(crate) fn count_where(&self, is_so: bool) -> Result<i64, TrainError> {
        (self.sum)(is_so.into())
    }

    /// Waits for all processes. An error where this one or another failed.
    pub(crate) fn agree<T>(&self, own: Result<T, TrainError>) -> Result<T, TrainError> {
        if self.count == 1 {
            return own;
        }
        let failed = self.count_where(own.is_err())?;
        match own {
            Ok(_) if failed > 0 => Err(TrainError::Elsewhere { failed, of: self.count }),
            own => own,
        }
    }
}
