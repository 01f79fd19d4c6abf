//! What a run reads of a checkpoint that it goes on from.

use std::collections::BTreeSet;
use std::ops::Range;

use burn::tensor::TensorData;
use burn_trace::LeafSpec;

use super::Checkpoint;
use super::part::{EMA, MODEL, OPTIMIZER, Place};
use super::state::{SEED, SKIPPED, STEP, Values};
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
    #[cfg(test)]
    pub(crate) fn files_read(&self) -> Vec<&str> {
        self.stored.files_read()
    }

    fn misfit(&self, reason: ParamsError) -> CheckpointError {
        CheckpointError::Fit { step: self.manifest.step, reason }
    }

    /// An error if the tensors are not those of a state with these leaves. Older checkpoints also hold averages of frozen
    /// parameters, and do not say how many steps were left out.
    pub(crate) fn check(&self, leaves: &[LeafSpec]) -> Result<(), CheckpointError> {
        let stored = self.stored.tensors();
        let mut error = ParamsError::default();
        let mut known = BTreeSet::new();
        for leaf in leaves {
            let Place { names, piece } = Place::of_all(leaf);
            for name in names {
                match stored.get(&name) {
                    None if name == SKIPPED => {}
                    None => error.missing.push(shown(&name)),
                    Some(tensor) if tensor.shape != piece.shape => {
                        let (expected, got) = (&piece.shape, &tensor.shape);
                        let text = format!("{}: expected {expected:?}, got {got:?}", shown(&name));
                        error.mismatched.push(text);
                    }
                    Some(_) => {}
                }
                known.insert(name);
            }
        }
        let keeps_averages = known.iter().any(|name| name.starts_with(EMA));
        let is_of_frozen = |name: &str| {
            let of = name.strip_prefix(EMA).map(|path| format!("{MODEL}{path}"));
            keeps_averages && of.is_some_and(|parameter| known.contains(&parameter))
        };
        let unused = stored.keys().filter(|name| !known.contains(*name) && !is_of_frozen(name));
        error.unused.extend(unused.filter(|name| *name != SKIPPED).map(|name| shown(name)));
        error.into_result().map_err(|reason| self.misfit(reason))
    }

    /// The values of a part of a leaf of such a state, in the leaf's dtype.
    pub(crate) fn part_of_leaf(
        &self,
        leaf: &LeafSpec,
        at: &[Range<usize>],
    ) -> Result<TensorData, CheckpointError> {
        let Place { names, piece } = Place::of(leaf, at);
        let dtype = leaf.ty.dtype;
        let mut bytes = Vec::with_capacity(names.len() * piece.count() * dtype.size());
        for name in names {
            match self.stored.tensors().contains_key(&name) {
                // No step was left out.
                false => bytes.resize(bytes.len() + piece.count() * dtype.size(), 0),
                true => {
                    let data = self.stored.values(&name, &piece)?.convert_dtype(dtype);
                    bytes.extend_from_slice(data.as_bytes());
                }
            }
        }
        let shape: Vec<usize> = at.iter().map(Range::len).collect();
        Ok(TensorData::from_bytes_vec(bytes, shape, dtype))
    }
}

/// The name of a tensor in an error.
fn shown(name: &str) -> String {
    match name.strip_prefix(EMA) {
        Some(path) => format!("average of {path}"),
        None => {
            let path = name.strip_prefix(MODEL).or_else(|| name.strip_prefix(OPTIMIZER));
            path.unwrap_or(name).to_owned()
        }
    }
}
