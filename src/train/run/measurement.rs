//! What is measured on a model while it is trained, besides the scores of its task.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

/// Numbers by name, of a model.
type Measure<M> =
    dyn Fn(&M) -> Result<BTreeMap<String, f64>, Box<dyn Error + Send + Sync>> + Send + Sync;

/// A measurement, and the steps between two of them.
pub(super) struct Measurement<M> {
    pub(super) measure: Arc<Measure<M>>,
    pub(super) every: u64,
}

impl<M> Measurement<M> {
    pub(super) fn new<E: Into<Box<dyn Error + Send + Sync>>>(
        every: u64,
        measure: impl Fn(&M) -> Result<BTreeMap<String, f64>, E> + Send + Sync + 'static,
    ) -> Self {
        Self { measure: Arc::new(move |model| measure(model).map_err(Into::into)), every }
    }
}

impl<M> Clone for Measurement<M> {
    fn clone(&self) -> Self {
        Self { measure: Arc::clone(&self.measure), every: self.every }
    }
}
