//! Which part of a function an operation belongs to, for reports and profiles.
//!
//! Functions name some of their tensors: parameters where they are used, activations that can be
//! constrained or kept. Operations between them go with what they read, so that gradients, which no
//! module records, are found too.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use burn_ir::{BaseOperationIr, OperationIr, TensorId};
use burn_trace::compile::{CONSTRAIN_AS, CONSTRAIN_LEAF, CONSTRAIN_USED, NAMED};

use crate::lower::loops::scan::is_product;

/// The part of each tensor.
#[derive(Debug, Default)]
pub(crate) struct Parts(HashMap<TensorId, Rc<str>>);

impl Parts {
    /// Follows the names through operations in the order in which they were recorded.
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
        // What only becomes a named tensor by being arranged or added up is that tensor.
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

    /// The part that an operation belongs to.
    pub(crate) fn of(&self, op: &OperationIr) -> Option<&str> {
        op.outputs().find_map(|t| self.0.get(&t.id)).map(|name| &**name)
    }
}

/// The name that an operation gives its tensor, and whether it is that of a parameter.
fn name_of(op: &OperationIr) -> Option<(Rc<str>, bool)> {
    let OperationIr::Custom(op) = op else { return None };
    let path = op.id.strip_prefix(CONSTRAIN_LEAF);
    if let Some(path) = path.or_else(|| op.id.strip_prefix(CONSTRAIN_USED)) {
        let lane = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        // Blocks are alike: `attn.query` for `blocks.0.attn.query.weight`.
        let path = match path.split_once('.').and_then(|(_, rest)| rest.split_once('.')) {
            Some((number, rest)) if lane(number) => rest,
            _ => path,
        };
        return Some((path.strip_suffix(".weight").unwrap_or(path).into(), true));
    }
    let name = op.id.strip_prefix(CONSTRAIN_AS).or_else(|| op.id.strip_prefix(NAMED))?;
    Some((name.into(), false))
}

fn arranges(op: &OperationIr) -> bool {
    use BaseOperationIr as Base;
    match op {
        OperationIr::BaseFloat(op) => {
            matches!(op, Base::Reshape(_) | Base::SwapDims(_) | Base::Permute(_) | Base::Cast(_))
        }
        OperationIr::NumericFloat(_, op) => {
            matches!(
                op,
                burn_ir::NumericOperationIr::SumDim(_) | burn_ir::NumericOperationIr::Sum(_)
            )
        }
        _ => false,
    }
}
