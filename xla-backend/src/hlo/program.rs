//! A program as a compiler left it.

use super::error::HloError;
use super::instruction::Instruction;
use super::proto::Module;
use super::signature::Signature;
use super::text;

/// A program as the compiler left it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OptimizedProgram {
    /// The format of the bytes: `hlo`, `hlo_with_config` (both protocol buffers) or `mlir`.
    pub format: String,
    /// The program.
    pub code: Vec<u8>,
}

impl OptimizedProgram {
    /// A program from stored bytes, with their format.
    pub fn new(format: impl Into<String>, code: Vec<u8>) -> Self {
        Self { format: format.into(), code }
    }

    /// The instructions, computation after computation, each in the order in which they run where
    /// the compiler has scheduled them.
    ///
    /// ```no_run
    /// # fn compiled() -> burn_xla::pjrt::CompiledProgram { unimplemented!() }
    /// let program = compiled().optimized_program()?;
    /// for instruction in program.instructions()? {
    ///     println!("{} in {}: {:?}", instruction.opcode, instruction.computation, instruction.results);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HloError`] if the bytes are no HLO module.
    pub fn instructions(&self) -> Result<Vec<Instruction>, HloError> {
        Ok(Instruction::all_of(self.module()?))
    }

    /// The program as text for people, a line for each instruction: its results on one device, its operation, what it was
    /// made from. Compilers do not read it.
    ///
    /// # Errors
    ///
    /// [`HloError`] if the bytes are neither an HLO module nor text.
    pub fn to_text(&self) -> Result<String, HloError> {
        match std::str::from_utf8(&self.code) {
            Ok(text) if self.format == "mlir" => Ok(text.to_owned()),
            _ => Ok(text::text(&self.entry()?, &self.instructions()?)),
        }
    }

    /// The name of the computation that is the program; the others are called by it.
    ///
    /// # Errors
    ///
    /// [`HloError`] if the bytes are no HLO module.
    pub fn entry(&self) -> Result<String, HloError> {
        Ok(self.module()?.entry)
    }

    /// The parameters, and which of them share their memory with a result.
    pub(crate) fn signature(&self) -> Result<Signature, HloError> {
        Signature::of(self.module()?)
    }

    fn module(&self) -> Result<Module, HloError> {
        Module::decode_as(&self.format, &self.code)
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::proto::{
        AliasEntry, Aliases, Computation, Literal, Metadata, ModuleWithConfig, ProgramShape,
        RawInstruction, Schedule, Sequence, Shape,
    };
    use super::super::signature::Alias;
    use super::*;
    use crate::types::{ElementType, TensorType};

    fn shape(element_type: i32, dimensions: &[i64]) -> Shape {
        Shape { element_type, dimensions: dimensions.to_vec(), tuple: vec![] }
    }

    fn raw(id: i64, opcode: &str, shape: Shape) -> RawInstruction {
        RawInstruction {
            id,
            name: format!("{opcode}.{id}"),
            opcode: opcode.into(),
            shape: Some(shape),
            ..RawInstruction::default()
        }
    }

    #[test]
    fn instructions_know_their_operands_and_what_they_call() {
        const TUPLE: i32 = 13;
        let parts = vec![shape(11, &[4]), shape(TUPLE, &[]), shape(16, &[2, 2])];
        let body = Computation {
            id: 7,
            name: "body".into(),
            instructions: vec![raw(1, "parameter", Shape { tuple: parts, ..shape(TUPLE, &[]) })],
            root: 1,
        };
        let literal = Literal { shape: Some(shape(4, &[])), s32s: vec![-7], ..Literal::default() };
        let mut constant = raw(2, "constant", shape(4, &[]));
        constant.literal = Some(literal);
        let mut call = raw(3, "fusion", shape(11, &[4]));
        call.operands = vec![2];
        call.calls = vec![7];
        call.metadata = Some(Metadata { op_name: "loss/dot".into() });
        call.backend_config = br#"{"estimated_cycles":"12"}"#.to_vec();
        let main =
            Computation { id: 8, name: "main".into(), instructions: vec![constant, call], root: 3 };
        let computations = vec![body, main];
        let mut module = Module { entry: "main".into(), computations, ..Module::default() };
        let program = OptimizedProgram { format: "hlo".into(), code: module.encode_to_vec() };
        let got = program.instructions().unwrap();
        let names: Vec<_> = got.iter().map(|i| (&*i.computation, &*i.name)).collect();
        let expected = [("body", "parameter.1"), ("main", "constant.2"), ("main", "fusion.3")];
        assert_eq!(names, expected);
        let (f32s, halves) =
            (TensorType::new(ElementType::F32, [4]), TensorType::new(ElementType::BF16, [2, 2]));
        assert_eq!(got[0].results, [f32s, halves]);
        assert_eq!(
            (&got[2].operands[..], &got[2].calls[..]),
            (&["constant.2".into()][..], &["body".into()][..])
        );
        assert_eq!(got[2].op_name, "loss/dot");
        assert_eq!(got[2].backend_config, r#"{"estimated_cycles":"12"}"#);
        assert_eq!(program.entry().unwrap(), "main");
        assert_eq!(got.iter().map(|i| i.is_root).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!((got[1].constant, got[2].constant), (Some(-7), None));
        assert_eq!((got[0].parameter_number, got[0].tuple_index), (Some(0), None));
        // A schedule has the last word on the order.
        let sequences = [(8, Sequence { instructions: vec![3, 2] })];
        module.schedule = Some(Schedule { sequences: sequences.into() });
        let program = OptimizedProgram { format: "hlo".into(), code: module.encode_to_vec() };
        let names: Vec<_> = program
            .instructions()
            .unwrap()
            .into_iter()
            .map(|instruction| instruction.name)
            .collect();
        assert_eq!(names, ["parameter.1", "fusion.3", "constant.2"]);
    }

    #[test]
    fn a_module_with_and_without_config_tells_its_parameters() {
        let module = Module {
            program_shape: Some(ProgramShape {
                parameters: vec![shape(16, &[2, 3]), shape(13, &[])],
            }),
            aliases: Some(Aliases {
                entries: vec![AliasEntry { output_shape_index: vec![1], parameter_number: 0 }],
            }),
            ..Module::default()
        };
        let expected = Signature {
            parameters: vec![Some(TensorType::new(ElementType::BF16, [2, 3])), None],
            aliases: vec![Alias { parameter: 0, output: 1 }],
        };
        let plain = OptimizedProgram { format: "hlo".into(), code: module.encode_to_vec() };
        assert_eq!(plain.signature().unwrap(), expected);
        let code = ModuleWithConfig { module: Some(module) }.encode_to_vec();
        let config = OptimizedProgram { format: "hlo_with_config".into(), code };
        assert_eq!(config.signature().unwrap(), expected);
    }

    #[test]
    fn bytes_that_are_no_module_are_told() {
        let program = OptimizedProgram { format: "hlo".into(), code: vec![0xff; 4] };
        let error = program.signature().unwrap_err().to_string();
        assert!(error.starts_with("the optimised program: expected a protocol buffer"), "{error}");
        let program = OptimizedProgram { format: "mlir".into(), code: vec![] };
        assert!(program.signature().is_err());
    }
}
