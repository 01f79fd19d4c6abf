//! Checkpoints of states on devices of XLA, each of which holds parts of the leaves.

use std::collections::BTreeSet;
use std::ops::Range;

use burn::tensor::TensorData;
use burn_trace::LeafSpec;

use super::Checkpoint;
use super::part::{EMA, MODEL, OPTIMIZER, Part};
use super::state::SKIPPED;
use crate::params::ParamsError;
use crate::params::pieces::Piece;
use crate::train::error::CheckpointError;

impl<'a, E> Part<'a, E> {
    /// A part of a leaf of a state on devices.
    pub(crate) fn of_leaf(
        leaf: &LeafSpec,
        at: &[Range<usize>],
        values: impl Fn() -> Result<TensorData, E> + 'a,
    ) -> Self {
        let Place { names, piece } = Place::of(leaf, at);
        Self { names, piece, dtype: leaf.ty.dtype, values: Box::new(values) }
    }
}

impl Checkpoint {
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

/// The tensors of a checkpoint that a part of a leaf is made of.
struct Place {
    names: Vec<String>,
    /// Of each of them.
    piece: Piece,
}

impl Place {
    /// Where a part of a leaf lies. Of a stack, `blocks.*.x`, each lane is a tensor.
    fn of(leaf: &LeafSpec, at: &[Range<usize>]) -> Self {
        let name = name_of(&leaf.path);
        let is_stack = leaf.path.split('.').any(|part| part == "*");
        let shape = &leaf.ty.shape;
        match (at.split_first(), shape.split_first()) {
            (Some((lanes, at)), Some((_, shape))) if is_stack => Self {
                names: lanes.clone().map(|lane| name.replacen('*', &lane.to_string(), 1)).collect(),
                piece: Piece { shape: shape.to_vec(), at: at.to_vec() },
            },
            _ => Self { names: vec![name], piece: Piece { shape: shape.clone(), at: at.to_vec() } },
        }
    }

    /// Where all of a leaf lies.
    fn of_all(leaf: &LeafSpec) -> Self {
        Self::of(leaf, &Piece::whole(&leaf.ty.shape).at)
    }
}

/// The name of the tensor at a path of the state's tree.
fn name_of(path: &str) -> String {
    match path.split_once('.') {
        Some(("model", path)) => format!("{MODEL}{path}"),
        Some(("optimizer", path)) => format!("{OPTIMIZER}{path}"),
        Some(("ema", path)) => format!("{EMA}{path}"),
        _ => path.to_owned(),
    }
}
