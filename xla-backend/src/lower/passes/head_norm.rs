//! Attention of queries and keys that are normalised before, as layers record it where they need no gradient.
//!
//! ```text
//! q = x / sqrt(mean(x²) + epsilon) scale     out = attention(q by head, k by head, v)
//! ```
//!
//! The mean is that of the numbers of a head. A kernel computes the norms with the attention; each is taken if nothing
//! else reads what it gives.

use std::collections::BTreeMap;

use burn_ir::{AttentionOpIr, ModuleOperationIr, OperationIr, TensorId, TensorIr};

use super::attention::is_for_kernel;
use super::rms_norm::Rms;
use super::uses::Uses;
use crate::lower::graph::rearranged::{identity, reordered};

/// The norms of queries and of keys of an attention.
pub(crate) type Norms<'a> = [Option<Rms<'a>>; 2];

/// The attentions of a block whose queries or keys are normalised, by their results.
#[derive(Debug, Default)]
pub(crate) struct NormedAttentions<'a> {
    /// None where the attention does the work of an operation.
    roles: BTreeMap<TensorId, Option<(&'a AttentionOpIr, Norms<'a>)>>,
}

impl<'a> NormedAttentions<'a> {
    /// Finds them among the operations of a block.
    pub(crate) fn new(operations: &[&'a OperationIr], uses: &Uses<'_, 'a>) -> Self {
        let mut roles = BTreeMap::new();
        for op in operations {
            let OperationIr::Module(ModuleOperationIr::Attention(attention)) = op else { continue };
            if !is_for_kernel(attention) {
                continue;
            }
            let norms = [&attention.query, &attention.key].map(|heads| {
                let (norm, inside) = uses.head_norm(heads)?;
                roles.extend(inside.into_iter().map(|id| (id, None)));
                Some(norm)
            });
            if norms.iter().any(Option::is_some) {
                roles.insert(attention.out.id, Some((attention, norms)));
            }
        }
        Self { roles }
    }

    /// Whether an attention makes a tensor.
    pub(crate) fn makes(&self, id: TensorId) -> bool {
        self.roles.contains_key(&id)
    }

    /// The attention that is computed in place of an operation; none where another operation does its work.
    pub(crate) fn role(&self, op: &OperationIr) -> Option<Option<(&'a AttentionOpIr, Norms<'a>)>> {
        op.outputs().find_map(|out| self.roles.get(&out.id)).copied()
    }
}

impl<'a> Uses<'_, 'a> {
    /// The norm that gives these heads, `[b, h, n, k]`, with what is made on the way.
    fn head_norm(&self, heads: &'a TensorIr) -> Option<(Rms<'a>, Vec<TensorId>)> {
        let mut inside = Vec::new();
        let mut id = heads.id;
        let mut is_turned = false;
        loop {
            self.only_reader(id)?;
            inside.push(id);
            let op = self.maker(id)?;
            if let Some((rms, on_the_way)) = self.rms(op, heads.dtype) {
                inside.extend(on_the_way);
                let fits = is_turned && rms.x.shape.num_dims() == 4;
                return fits.then_some((rms, inside));
            }
            id = match (identity(op), reordered(op)) {
                (Some((input, _)), _) => input.id,
                (None, Some((input, _, order))) if !is_turned && order == [0, 2, 1, 3] => {
                    is_turned = true;
                    input.id
                }
                _ => return None,
            };
        }
    }
}
