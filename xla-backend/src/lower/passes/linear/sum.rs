//! Products whose results are added up, with biases and a residual.

use burn_ir::{NumericOperationIr, OperationIr, TensorId, TensorIr};

use super::layer::{Layer, named, same_columns};
use crate::lower::kernel::Kernels;
use crate::lower::passes::uses::Uses;

impl<'a> Uses<'_, 'a> {
    /// The layer whose last addition is this, with what is made on the way, which nothing else reads. `is_free` says of a
    /// tensor that no other layer makes it.
    pub(super) fn sum(
        &self,
        root: &'a OperationIr,
        kernels: Kernels,
        is_free: &dyn Fn(TensorId) -> bool,
    ) -> Option<(Layer<'a>, Vec<TensorId>)> {
        let (lhs, rhs, out) = added(root)?;
        let &columns = out.shape.last()?;
        let mut layer =
            Layer { products: vec![], biases: vec![], is_gelu: false, residual: None, out };
        let mut inside = Vec::new();
        let mut addends = vec![rhs, lhs];
        while let Some(addend) = addends.pop() {
            let size = addend.shape.num_elements();
            if addend.dtype != out.dtype {
                return None;
            }
            if size == columns && addend.shape.last() == Some(&columns) {
                layer.biases.push(self.vector(addend));
                continue;
            }
            if size != out.shape.num_elements() || addend.shape.last() != Some(&columns) {
                return None;
            }
            let mut on_the_way = Vec::new();
            let op = self.only_maker(addend.id, &mut on_the_way);
            let op = op.filter(|_| on_the_way.iter().all(|&id| is_free(id)));
            let found = op.and_then(|op| self.product(op, kernels));
            if let Some(found) = found.filter(|found| layer.has_room_for(&found.product)) {
                layer.products.push(found.product);
                layer.biases.extend(found.bias);
            } else if let Some((lhs, rhs, _)) = op.and_then(added) {
                addends.extend([rhs, lhs]);
            } else if layer.residual.replace(addend).is_none() {
                continue;
            } else {
                return None;
            }
            inside.extend(on_the_way);
        }
        let is_whole = out.shape.num_elements() > columns && !layer.products.is_empty();
        is_whole.then_some((layer, inside))
    }

    /// The operation that makes a tensor, which alone reads what it gives, perhaps under other names or in another shape.
    fn only_maker(
        &self,
        mut id: TensorId,
        on_the_way: &mut Vec<TensorId>,
    ) -> Option<&'a OperationIr> {
        loop {
            self.only_reader(id)?;
            on_the_way.push(id);
            let op = self.maker(id)?;
            match named(op).or_else(|| same_columns(op)) {
                Some(input) => id = input.id,
                None => return Some(op),
            }
        }
    }
}

/// Both addends of an addition, and its result.
fn added(op: &OperationIr) -> Option<(&TensorIr, &TensorIr, &TensorIr)> {
    match op {
        OperationIr::NumericFloat(_, NumericOperationIr::Add(d)) => Some((&d.lhs, &d.rhs, &d.out)),
        _ => None,
    }
}
