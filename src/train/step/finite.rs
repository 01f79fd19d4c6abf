//! Which tensor made a step that is not finite.

use burn_trace::compile::walk;
use burn_trace::{Kind, TensorTree};

use super::TrainStep;
use crate::params;
use crate::train::error::TrainError;
use crate::train::task::Task;

impl<T: Task> TrainStep<T> {
    /// An error if the loss of a step is not finite, with the first tensor that has a NaN or an
    /// infinity, in the order of computation: of the batch, the parameters, or a forward pass. Call it
    /// with the model and the batch that gave the loss.
    ///
    /// # Errors
    ///
    /// [`TrainError::NonFinite`].
    pub fn ensure_finite(
        &self,
        loss: f32,
        step: u64,
        model: &T::Model,
        batch: &T::Batch,
    ) -> Result<(), TrainError> {
        if loss.is_finite() {
            return Ok(());
        }
        let tensor = self.first_non_finite(model, batch).unwrap_or_else(|| "the loss".into());
        Err(TrainError::NonFinite { step, loss, tensor })
    }

    fn first_non_finite(&self, model: &T::Model, batch: &T::Batch) -> Option<String> {
        if let Some(path) = first_leaf_non_finite(batch) {
            return Some(path);
        }
        if let Some(path) = params::collect(model).first_non_finite() {
            return Some(format!("parameter {path}"));
        }
        let tensors = self.task().intermediates(model, batch.clone());
        tensors.into_iter().find(|(_, any)| !any.is_finite()).map(|(name, _)| name)
    }
}

/// The first leaf of a batch with a NaN or an infinity.
fn first_leaf_non_finite(batch: &impl TensorTree) -> Option<String> {
    let mut found = None;
    let walked = walk(batch, |path, leaf| {
        let is_float = leaf.ty().kind == Kind::Float;
        if found.is_none() && is_float && !leaf.data().iter::<f64>().all(f64::is_finite) {
            found = Some(if path.is_empty() { "the batch".to_owned() } else { path.to_owned() });
        }
    });
    debug_assert!(walked.is_ok(), "a batch is a tree of tensors");
    found
}
