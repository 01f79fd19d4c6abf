//! What a run reads of a checkpoint that it goes on from.

use super::Checkpoint;
use super::state::{SEED, STEP, Values};
use crate::params::ParamsError;
use crate::params::pieces::Piece;
use crate::train::error::CheckpointError;

impl Checkpoint {
    /// The values of all tensors.
    pub(super) fn all_values(&self) -> Result<Values, CheckpointError> {
        let tensors = self.stored.tensors().iter();
        let whole = |name: &String, shape: &[usize]| self.stored.values(name, &Piece::whole(shape));
        tensors.map(|(name, tensor)| Ok((name.clone(), whole(name, &tensor.shape)?))).collect()
    }

    /// The number of steps done, by the state.
    pub(crate) fn steps_done(&self) -> Result<u64, CheckpointError> {
        Ok(self.number(STEP)? as u64)
    }

    /// What the draws of all steps follow from.
    pub(crate) fn seed(&self) -> Result<u64, CheckpointError> {
        Ok(self.number(SEED)? as u64)
    }

    fn number(&self, name: &str) -> Result<i64, CheckpointError> {
        let one = self.stored.tensors().get(name);
        if one.is_none_or(|tensor| tensor.shape != [1] || !tensor.dtype.is_int()) {
            return Err(
                self.misfit(ParamsError { missing: vec![name.into()], ..Default::default() })
            );
        }
        let data = self.stored.values(name, &Piece::whole(&[1]))?;
        Ok(data.iter::<i64>().sum())
    }

    /// The names of the files that were compared with their hashes, for their values or all of them.
    #[cfg(all(test, feature = "xla"))]
    pub(crate) fn files_read(&self) -> Vec<&str> {
        self.stored.files_read()
    }

    pub(super) fn misfit(&self, reason: ParamsError) -> CheckpointError {
        CheckpointError::Fit { step: self.manifest.step, reason }
    }
}
