//! The train state of a model that need not exist.

use burn::tensor::{Int, Tensor};
use burn_trace::{LeafSpec, Stacked, record};

use super::TrainStep;
use super::state::TrainState;
use crate::params;
use crate::runtime::host;
use crate::train::error::TrainError;
use crate::train::task::Task;

impl<T: Task> TrainStep<T> {
    /// The leaves of the state: path, dtype and shape of every tensor, with the blocks stacked where
    /// they are rolled. Nothing is allocated, whatever the size of the model.
    ///
    /// # Errors
    ///
    /// [`TrainError::Record`] if the initialisation of the model cannot be recorded.
    pub fn state_leaves(&self) -> Result<Vec<LeafSpec>, TrainError> {
        let key = Tensor::<1, Int>::zeros([1], &host());
        let recorded = record(&key, self.initial_state())?;
        Ok(recorded.recording.results.into_iter().map(|(leaf, _)| leaf).collect())
    }

    /// The state before the first step as a function of the seed, with parameters drawn where the seed
    /// is.
    pub(crate) fn initial_state(
        &self,
    ) -> impl Fn(Tensor<1, Int>) -> Stacked<TrainState<T::Model>> + Send + Sync + 'static {
        let step = self.clone();
        move |seed| {
            let model = step.task().init(&seed.device());
            let state = step.init(params::initialize(model), 0);
            // The seed of later draws is an argument too, so that one program serves every seed.
            step.stacked(TrainState { seed, ..state })
        }
    }

    /// A state with its blocks stacked where they are rolled.
    pub(crate) fn stacked(&self, state: TrainState<T::Model>) -> Stacked<TrainState<T::Model>> {
        Stacked::when(self.rolled().is_some(), state)
    }
}
