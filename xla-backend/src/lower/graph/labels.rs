//! The label of each operation, under which reports and profiles list it.
//!
//! A function names some of its tensors: parameters where they are used, activations that a layout or
//! [`Save`](burn_trace::Save) can name. An operation between named tensors gets the name of what it
//! reads. So gradients, which no module records, have labels as well.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use burn_ir::{BaseOperationIr, NumericOperationIr, OperationIr, TensorId};
use burn_trace::compile::{Hint, Mark};

use super::operation::is_product;

/// The label of each tensor, such as `attn.query`.
#[derive(Debug, Default)]
pub(crate) struct Labels(HashMap<TensorId, Rc<str>>);

impl Labels {
    /// Follows names through operations in the order in which they were recorded.
    pub(crate) fn new(operations: &[&OperationIr]) -> Self {
        let mut named: HashMap<TensorId, Rc<str>> = HashMap::new();
        let mut parameters = HashSet::new();
        for op in operations {
            let Some((name, is_parameter)) = name_of(op) else { continue };
            for tensor in op.inputs().chain(op.outputs()) {
                named.entry(tensor.id).or_insert_with(|| name.clone());
                if is_parameter {
                    parameters.insert(tensor.id);
                }
            }
        }
        if named.is_empty() {
            return Self::default();
        }
        // A tensor that is only rearranged or summed into a named one has its name.
        for op in operations.iter().rev().filter(|op| arranges(op)) {
            let Some(name) = op.outputs().find_map(|t| named.get(&t.id)).cloned() else { continue };
            if let Some(input) = op.inputs().next() {
                named.entry(input.id).or_insert(name);
            }
        }
        for op in operations {
            let parameter = op.inputs().find(|t| is_product(op) && parameters.contains(&t.id));
            let known = |id: &TensorId| named.get(id).cloned();
            let name = parameter
                .and_then(|t| known(&t.id))
                .or_else(|| op.outputs().find_map(|t| known(&t.id)))
                .or_else(|| op.inputs().find_map(|t| known(&t.id)));
            if let Some(name) = name {
                let is_new = parameter.is_some();
                for out in op.outputs() {
                    if is_new || !named.contains_key(&out.id) {
                        named.insert(out.id, name.clone());
                    }
                }
            }
        }
        Self(named)
    }

    /// The label of an operation.
    pub(crate) fn of(&self, op: &OperationIr) -> Option<&str> {
        op.outputs().find_map(|t| self.0.get(&t.id)).map(|name| &**name)
    }
}

/// The name that an operation gives its tensor, and whether it is the name of a parameter.
fn name_of(op: &OperationIr) -> Option<(Rc<str>, bool)> {
    let Some(Mark::Identity { hint, .. }) = Mark::of(op) else { return None };
    match hint {
        Hint::ConstrainLeaf(path) | Hint::ConstrainUsed(path) => {
            let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            // All blocks have the same labels: `attn.query` for `blocks.0.attn.query.weight`.
            let path = match path.split_once('.').and_then(|(_, rest)| rest.split_once('.')) {
                Some((number, rest)) if is_number(number) => rest,
                _ => &path,
            };
            Some((path.strip_suffix(".weight").unwrap_or(path).into(), true))
        }
        Hint::ConstrainAs(name) | Hint::Named(name) => Some((name.into(), false)),
        _ => None,
    }
}

fn arranges(op: &OperationIr) -> bool {
    use BaseOperationIr as Base;
    match op {
        OperationIr::BaseFloat(op) => {
            matches!(op, Base::Reshape(_) | Base::SwapDims(_) | Base::Permute(_) | Base::Cast(_))
        }
        OperationIr::NumericFloat(_, op) => {
            matches!(op, NumericOperationIr::SumDim(_) | NumericOperationIr::Sum(_))
        }
        _ => false,
    }
}
