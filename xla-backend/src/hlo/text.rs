//! An optimised program as text.

use std::fmt::Write as _;

use super::instruction::Instruction;
use crate::types::TensorType;

/// The program, computation after computation, and the entry last:
///
/// ```text
/// fused_computation {
///   p0 = f32[2,3] parameter(0)
///   root = f32[2,3] add(p0, p0)  // blocks/mlp
/// }
/// ENTRY main {
///   …
/// }
/// ```
///
/// A line is a name, the types of the results on one device, the operation with its operands, what belongs to it alone, and
/// the operation of the program that it was made from. The last instruction of a computation that has its results
/// is marked `ROOT`.
pub(super) fn text(entry: &str, instructions: &[Instruction]) -> String {
    let mut computations: Vec<(&str, Vec<&Instruction>)> = Vec::new();
    for instruction in instructions {
        match computations.last_mut() {
            Some((name, its)) if *name == instruction.computation => its.push(instruction),
            _ => computations.push((&instruction.computation, vec![instruction])),
        }
    }
    // Callers behind what they call, as the modules have them; the entry at the end.
    computations.sort_by_key(|(name, _)| *name == entry);
    let mut out = String::new();
    for (name, its) in computations {
        let mark = if name == entry { "ENTRY " } else { "" };
        let _ = writeln!(out, "{mark}{name} {{");
        for instruction in its {
            line(&mut out, instruction);
        }
        out.push_str("}\n");
    }
    out
}

fn line(out: &mut String, instruction: &Instruction) {
    let Instruction { name, opcode, results, operands, .. } = instruction;
    let root = if instruction.is_root { "ROOT " } else { "" };
    let operands = match (instruction.parameter_number, instruction.constant) {
        (Some(number), _) => number.to_string(),
        (_, Some(value)) => value.to_string(),
        _ => operands.join(", "),
    };
    let _ = write!(out, "  {root}{name} = {} {opcode}({operands})", types(results));
    if let Some(index) = instruction.tuple_index {
        let _ = write!(out, ", index={index}");
    }
    if !instruction.target.is_empty() {
        let _ = write!(out, ", target={}", instruction.target);
    }
    if !instruction.calls.is_empty() {
        let _ = write!(out, ", calls={}", instruction.calls.join(", "));
    }
    if !instruction.groups.is_empty() {
        let _ = write!(out, ", groups={:?}", instruction.groups);
    }
    if !instruction.pairs.is_empty() {
        let _ = write!(out, ", pairs={:?}", instruction.pairs);
    }
    if !instruction.op_name.is_empty() {
        let _ = write!(out, "  // {}", instruction.op_name);
    }
    out.push('\n');
}

fn types(results: &[TensorType]) -> String {
    let one = |ty: &TensorType| {
        let dims: Vec<_> = ty.dims.iter().map(ToString::to_string).collect();
        format!("{}[{}]", ty.element, dims.join(","))
    };
    let all: Vec<_> = results.iter().map(one).collect();
    match &all[..] {
        [one] => one.clone(),
        all => format!("({})", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ElementType;

    #[test]
    fn a_program_is_told_computation_after_computation() {
        let instruction =
            |computation: &str, name: &str, opcode: &str, operands: &[&str]| Instruction {
                name: name.into(),
                opcode: opcode.into(),
                computation: computation.into(),
                results: vec![TensorType::new(ElementType::F32, [2, 3])],
                operands: operands.iter().map(ToString::to_string).collect(),
                ..Instruction::default()
            };
        let mut parameter = instruction("main", "x", "parameter", &[]);
        parameter.parameter_number = Some(0);
        let mut fusion = instruction("main", "twice", "fusion", &["x"]);
        fusion.calls = vec!["fused".into()];
        fusion.op_name = "mlp/twice".into();
        fusion.is_root = true;
        let mut inner = instruction("fused", "p", "parameter", &[]);
        inner.parameter_number = Some(0);
        let mut sum = instruction("fused", "sum", "add", &["p", "p"]);
        sum.is_root = true;
        assert_eq!(
            text("main", &[parameter, fusion, inner, sum]),
            "fused {\n  p = f32[2,3] parameter(0)\n  ROOT sum = f32[2,3] add(p, p)\n}\n\
             ENTRY main {\n  x = f32[2,3] parameter(0)\n  \
             ROOT twice = f32[2,3] fusion(x), calls=fused  // mlp/twice\n}\n"
        );
        assert_eq!(types(&[]), "()");
    }
}
