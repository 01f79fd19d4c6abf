//! The number of iterations of a loop.

use std::collections::HashMap;

use crate::hlo::Instruction;

/// The instructions of a computation by name, and its root.
pub(super) struct Computation<'a> {
    pub(super) instructions: Vec<&'a Instruction>,
    by_name: HashMap<&'a str, &'a Instruction>,
}

impl<'a> Computation<'a> {
    pub(super) fn all(instructions: &'a [Instruction]) -> HashMap<&'a str, Self> {
        let mut all: HashMap<&str, Self> = HashMap::new();
        for instruction in instructions {
            let computation = all
                .entry(&instruction.computation)
                .or_insert_with(|| Self { instructions: vec![], by_name: HashMap::new() });
            computation.instructions.push(instruction);
            computation.by_name.insert(&instruction.name, instruction);
        }
        all
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Instruction> {
        self.by_name.get(name).copied()
    }

    pub(super) fn root(&self) -> Option<&'a Instruction> {
        self.instructions.iter().copied().find(|instruction| instruction.is_root)
    }

    fn operands(&self, of: &'a Instruction) -> impl Iterator<Item = &'a Instruction> {
        of.operands.iter().filter_map(|name| self.get(name))
    }
}

/// The iterations of a loop that counts a number of its state up to a constant: the condition compares
/// the two, and the body adds a constant to the number.
pub(super) fn trips(condition: &Computation<'_>, body: &Computation<'_>) -> Option<f64> {
    let compare = condition.root().filter(|root| root.opcode == "compare")?;
    let bound = condition.operands(compare).find_map(|operand| operand.constant)?;
    let index = condition.operands(compare).find_map(|operand| operand.tuple_index)?;
    let mut next = body.get(body.root()?.operands.get(index)?)?;
    let mut step = 0;
    loop {
        let mut before = None;
        for operand in body.operands(next) {
            match operand.constant {
                Some(constant) => step += constant,
                None => before = Some(operand),
            }
        }
        match before {
            Some(before) if ["add", "copy", "bitcast"].contains(&before.opcode.as_str()) => {
                next = before;
            }
            _ => break,
        }
    }
    let is_counter = ["add", "copy", "bitcast"].contains(&next.opcode.as_str());
    (is_counter && step > 0).then(|| (bound as f64 / step as f64).ceil())
}
