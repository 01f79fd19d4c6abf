//! The instructions of a program.

use std::collections::HashMap;

use super::proto::{Literal, Module, RawInstruction};
use crate::types::TensorType;

/// An instruction of an optimised program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instruction {
    /// Its name, which no other instruction has.
    pub name: String,
    /// Its operation, such as `all-gather`, `dot` or `fusion`.
    pub opcode: String,
    /// The computation that it is in: the program itself, or the body of a loop or fusion.
    pub computation: String,
    /// Whether its results are those of the computation.
    pub is_root: bool,
    /// Its results on one device, after partitioning: several for a tuple, and none of a type that this crate
    /// does not transfer.
    pub results: Vec<TensorType>,
    /// The names of its operands.
    pub operands: Vec<String>,
    /// The computations that it calls; for a `while` its body, then its condition.
    pub calls: Vec<String>,
    /// For a `custom-call` the name of its target.
    pub target: String,
    /// For a `get-tuple-element` the position in the tuple.
    pub tuple_index: Option<usize>,
    /// For a `parameter` its position.
    pub parameter_number: Option<usize>,
    /// The value of a constant that is one integer.
    pub constant: Option<i64>,
    /// The groups of partitions among which a collective communicates.
    pub groups: Vec<Vec<usize>>,
    /// For a `collective-permute` the partitions that send, and to which.
    pub pairs: Vec<(usize, usize)>,
    /// The operation of the program that it was made from.
    pub op_name: String,
    /// The compiler's own notes, often as JSON; for TPUs with `estimated_cycles`.
    pub backend_config: String,
}

impl Instruction {
    /// The instructions of a module, computation after computation, in the order of its schedule.
    pub(super) fn all_of(module: Module) -> Vec<Self> {
        let computations: HashMap<i64, &str> =
            module.computations.iter().map(|c| (c.id, c.name.as_str())).collect();
        let all = module.computations.iter().flat_map(|c| &c.instructions);
        let names: HashMap<i64, &str> = all.map(|i| (i.id, i.name.as_str())).collect();
        let names_of = |names: &HashMap<i64, &str>, ids: &[i64]| {
            ids.iter().filter_map(|id| names.get(id)).map(|&name| name.to_owned()).collect()
        };
        let mut instructions = Vec::new();
        let schedule = module.schedule.unwrap_or_default().sequences;
        for computation in &module.computations {
            let order = schedule.get(&computation.id).map_or(&[][..], |s| &s.instructions);
            let order: HashMap<i64, usize> =
                order.iter().enumerate().map(|(place, &id)| (id, place)).collect();
            let mut ordered: Vec<_> = computation.instructions.iter().collect();
            ordered.sort_by_key(|raw| order.get(&raw.id));
            for raw in ordered {
                let mut results = Vec::new();
                raw.shape.iter().for_each(|shape| shape.flatten(&mut results));
                instructions.push(Instruction {
                    name: raw.name.clone(),
                    opcode: raw.opcode.clone(),
                    computation: computation.name.clone(),
                    results,
                    operands: names_of(&names, &raw.operands),
                    calls: names_of(&computations, &raw.calls),
                    is_root: raw.id == computation.root,
                    target: raw.target.clone(),
                    tuple_index: number(raw, "get-tuple-element", raw.tuple_index),
                    parameter_number: number(raw, "parameter", raw.parameter_number),
                    constant: raw.literal.as_ref().and_then(Literal::to_integer),
                    groups: raw.groups(),
                    pairs: raw
                        .pairs
                        .iter()
                        .map(|p| (p.source as usize, p.target as usize))
                        .collect(),
                    op_name: raw.metadata.as_ref().map_or_else(String::new, |m| m.op_name.clone()),
                    backend_config: String::from_utf8_lossy(&raw.backend_config).into_owned(),
                });
            }
        }
        instructions
    }
}

/// A number that only one kind of instruction has.
fn number(raw: &RawInstruction, opcode: &str, number: i64) -> Option<usize> {
    (raw.opcode == opcode).then_some(number).and_then(|number| usize::try_from(number).ok())
}
