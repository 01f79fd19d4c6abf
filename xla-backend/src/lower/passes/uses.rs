//! Which operation of a block makes a tensor, and which read it.

use std::collections::{BTreeMap, BTreeSet};

use burn_ir::{OperationIr, TensorId};

use super::live::Ids;

/// Makers and readers of the tensors of a block.
pub(crate) struct Uses<'u, 'a> {
    makers: BTreeMap<TensorId, (usize, &'a OperationIr)>,
    readers: BTreeMap<TensorId, Vec<(usize, &'a OperationIr)>>,
    read: &'u Ids,
}

impl<'u, 'a> Uses<'u, 'a> {
    /// Of the operations of a block. `read` are tensors that are read besides: by loops, and after the block.
    pub(crate) fn new(operations: &[&'a OperationIr], read: &'u Ids) -> Self {
        let mut uses = Self { makers: BTreeMap::new(), readers: BTreeMap::new(), read };
        for (at, op) in operations.iter().enumerate() {
            let once: BTreeSet<_> = op.inputs().map(|input| input.id).collect();
            for id in once {
                uses.readers.entry(id).or_default().push((at, op));
            }
            uses.makers.extend(op.outputs().map(|out| (out.id, (at, *op))));
        }
        uses
    }

    /// The operation that makes a tensor.
    pub(crate) fn maker(&self, id: TensorId) -> Option<&'a OperationIr> {
        self.makers.get(&id).map(|(_, op)| *op)
    }

    /// The place of that operation in the block.
    pub(crate) fn place(&self, id: TensorId) -> Option<usize> {
        self.makers.get(&id).map(|(at, _)| *at)
    }

    /// The operations that read a tensor, with their places in the block.
    pub(crate) fn readers(&self, id: TensorId) -> &[(usize, &'a OperationIr)] {
        self.readers.get(&id).map_or(&[][..], Vec::as_slice)
    }

    /// The operations that read a tensor, if nothing besides does.
    pub(crate) fn only_readers(&self, id: TensorId) -> Option<&[(usize, &'a OperationIr)]> {
        (!self.read.contains(&id)).then_some(self.readers(id))
    }

    /// The operation that alone reads a tensor.
    pub(crate) fn only_reader(&self, id: TensorId) -> Option<&'a OperationIr> {
        let &[(_, reader)] = self.only_readers(id)? else { return None };
        Some(reader)
    }
}
