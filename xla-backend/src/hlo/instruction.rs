//! What the optimised program tells: its parameters and its instructions.
//!
//! The C API has no call that names the parameters of an executable. Their types and shapes, per
//! device and after partitioning, and which of them share memory with results, stand in the HLO
//! module; so does every instruction in the order in which it runs.

use std::collections::{BTreeMap, HashMap};

use prost::Message;

use super::compiled::OptimizedProgram;
use super::element::{ElementType, TensorType};
use super::error::PjrtError;
use super::hlo_groups::{DeviceList, Group, IotaGroups, MeshGroups, named};

/// The parameters of a compiled program on one device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signature {
    /// The parameters; `None` for one whose type this crate does not transfer.
    pub parameters: Vec<Option<TensorType>>,
    /// Which parameters share their memory with which results: the donations that the compiler
    /// made use of.
    pub aliases: Vec<Alias>,
}

/// A result that takes over the memory of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alias {
    /// The position of the parameter.
    pub parameter: usize,
    /// The position of the result.
    pub output: usize,
}

/// An instruction of an optimised program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instruction {
    /// Its name, which no other instruction has.
    pub name: String,
    /// What it does, such as `all-gather`, `dot` or `fusion`.
    pub opcode: String,
    /// The computation that it is in: the program itself, or the body of a loop or fusion.
    pub computation: String,
    /// Whether its results are those of the computation.
    pub is_root: bool,
    /// Its results, several where it gives a tuple, on one device and after partitioning; without
    /// those whose type this crate does not transfer.
    pub results: Vec<TensorType>,
    /// The names of its operands.
    pub operands: Vec<String>,
    /// The computations that it calls; for a `while` its body, then its condition.
    pub calls: Vec<String>,
    /// For a `custom-call` what it calls.
    pub target: String,
    /// For a `get-tuple-element` which part it takes.
    pub tuple_index: Option<usize>,
    /// For a `parameter` which one it is.
    pub parameter_number: Option<usize>,
    /// The value of a constant that is one integer.
    pub constant: Option<i64>,
    /// The groups of partitions among which a collective communicates.
    pub groups: Vec<Vec<usize>>,
    /// From which partition to which a `collective-permute` sends.
    pub pairs: Vec<(usize, usize)>,
    /// The operation of the program that it stems from.
    pub op_name: String,
    /// What the compiler notes for itself, often JSON; for TPUs with `estimated_cycles`.
    pub backend_config: String,
}

fn decode_error(reason: String) -> PjrtError {
    PjrtError::Decode { what: "the optimised program", reason }
}

fn module(program: &OptimizedProgram) -> Result<Module, PjrtError> {
    let error = |error: prost::DecodeError| decode_error(error.to_string());
    match program.format.as_str() {
        "hlo" => Module::decode(&*program.code).map_err(error),
        "hlo_with_config" => {
            let program = ModuleWithConfig::decode(&*program.code).map_err(error)?;
            Ok(program.module.unwrap_or_default())
        }
        other => Err(decode_error(format!("its format is {other}"))),
    }
}

/// Reads the signature of an optimised program.
pub(crate) fn signature(program: &OptimizedProgram) -> Result<Signature, PjrtError> {
    let module = module(program)?;
    let shape =
        module.program_shape.ok_or_else(|| decode_error("it has no program shape".into()))?;
    let parameters = shape.parameters.iter().map(Shape::to_type).collect();
    let aliases = module.aliases.unwrap_or_default().entries;
    let aliases = aliases.iter().filter_map(AliasEntry::to_alias).collect();
    Ok(Signature { parameters, aliases })
}

impl OptimizedProgram {
    /// A program that was kept: the bytes of [`code`](Self::code), and what they are.
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
    /// # Ok::<(), burn_xla::pjrt::PjrtError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PjrtError::Decode`] if the bytes are no HLO module.
    pub fn instructions(&self) -> Result<Vec<Instruction>, PjrtError> {
        let module = module(self)?;
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
        Ok(instructions)
    }

    /// The name of the computation that is the program; the others are called by it.
    ///
    /// # Errors
    ///
    /// [`PjrtError::Decode`] if the bytes are no HLO module.
    pub fn entry(&self) -> Result<String, PjrtError> {
        Ok(module(self)?.entry)
    }
}

/// A number that only one kind of instruction has.
fn number(raw: &RawInstruction, opcode: &str, number: i64) -> Option<usize> {
    (raw.opcode == opcode).then_some(number).and_then(|number| usize::try_from(number).ok())
}

// The fields used here of XLA's `hlo.proto` and `xla_data.proto`, with their numbers.

#[derive(Clone, PartialEq, Message)]
struct ModuleWithConfig {
    #[prost(message, optional, tag = "1")]
    module: Option<Module>,
}

#[derive(Clone, PartialEq, Message)]
struct Module {
    #[prost(string, tag = "2")]
    entry: String,
    #[prost(message, repeated, tag = "3")]
    computations: Vec<Computation>,
    #[prost(message, optional, tag = "4")]
    program_shape: Option<ProgramShape>,
    #[prost(message, optional, tag = "7")]
    schedule: Option<Schedule>,
    #[prost(message, optional, tag = "8")]
    aliases: Option<Aliases>,
}

#[derive(Clone, PartialEq, Message)]
struct Schedule {
    #[prost(btree_map = "int64, message", tag = "1")]
    sequences: BTreeMap<i64, Sequence>,
}

#[derive(Clone, PartialEq, Message)]
struct Sequence {
    #[prost(int64, repeated, tag = "1")]
    instructions: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Computation {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    instructions: Vec<RawInstruction>,
    #[prost(int64, tag = "5")]
    id: i64,
    #[prost(int64, tag = "6")]
    root: i64,
}

#[derive(Clone, PartialEq, Message)]
struct RawInstruction {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    opcode: String,
    #[prost(message, optional, tag = "3")]
    shape: Option<Shape>,
    #[prost(message, optional, tag = "7")]
    metadata: Option<Metadata>,
    #[prost(int64, tag = "35")]
    id: i64,
    #[prost(int64, repeated, tag = "36")]
    operands: Vec<i64>,
    #[prost(int64, repeated, tag = "38")]
    calls: Vec<i64>,
    #[prost(bytes = "vec", tag = "43")]
    backend_config: Vec<u8>,
    #[prost(message, optional, tag = "8")]
    literal: Option<Literal>,
    #[prost(int64, tag = "9")]
    parameter_number: i64,
    #[prost(int64, tag = "13")]
    tuple_index: i64,
    #[prost(string, tag = "28")]
    target: String,
    #[prost(message, repeated, tag = "49")]
    replica_groups: Vec<Group>,
    #[prost(message, repeated, tag = "52")]
    pairs: Vec<Pair>,
    #[prost(message, optional, tag = "87")]
    device_list: Option<DeviceList>,
    #[prost(message, optional, tag = "92")]
    iota_groups: Option<IotaGroups>,
    #[prost(message, optional, tag = "93")]
    mesh_groups: Option<MeshGroups>,
}

#[derive(Clone, PartialEq, Message)]
struct Pair {
    #[prost(int64, tag = "1")]
    source: i64,
    #[prost(int64, tag = "2")]
    target: i64,
}

/// `LiteralProto`, as far as it holds integers.
#[derive(Clone, PartialEq, Message)]
struct Literal {
    #[prost(message, optional, tag = "1")]
    shape: Option<Shape>,
    #[prost(int32, repeated, tag = "4")]
    s32s: Vec<i32>,
    #[prost(int64, repeated, tag = "5")]
    s64s: Vec<i64>,
    #[prost(uint32, repeated, tag = "6")]
    u32s: Vec<u32>,
}

impl Literal {
    /// The value, if it is one integer.
    fn to_integer(&self) -> Option<i64> {
        let is_scalar = self.shape.as_ref().is_some_and(|shape| shape.dimensions.is_empty());
        match (is_scalar, &self.s32s[..], &self.s64s[..], &self.u32s[..]) {
            (true, &[value], [], []) => Some(value.into()),
            (true, [], &[value], []) => Some(value),
            (true, [], [], &[value]) => Some(value.into()),
            _ => None,
        }
    }
}

impl RawInstruction {
    fn groups(&self) -> Vec<Vec<usize>> {
        if let Some(groups) = &self.mesh_groups {
            return groups.groups();
        }
        if let Some(groups) = &self.iota_groups {
            return groups.groups();
        }
        self.device_list.as_ref().map_or_else(|| named(&self.replica_groups), DeviceList::groups)
    }
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(string, tag = "2")]
    op_name: String,
}

#[derive(Clone, PartialEq, Message)]
struct ProgramShape {
    #[prost(message, repeated, tag = "1")]
    parameters: Vec<Shape>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(int32, tag = "2")]
    element_type: i32,
    #[prost(int64, repeated, tag = "3")]
    dimensions: Vec<i64>,
    #[prost(message, repeated, tag = "4")]
    tuple: Vec<Shape>,
}

#[derive(Clone, PartialEq, Message)]
struct Aliases {
    #[prost(message, repeated, tag = "1")]
    entries: Vec<AliasEntry>,
}

#[derive(Clone, PartialEq, Message)]
struct AliasEntry {
    #[prost(int64, repeated, tag = "1")]
    output_shape_index: Vec<i64>,
    #[prost(int64, tag = "2")]
    parameter_number: i64,
}

impl Shape {
    /// The tensors of which it consists.
    fn flatten(&self, tensors: &mut Vec<TensorType>) {
        match self.tuple.is_empty() {
            true => tensors.extend(self.to_type()),
            false => self.tuple.iter().for_each(|part| part.flatten(tensors)),
        }
    }

    fn to_type(&self) -> Option<TensorType> {
        let dims = self.dimensions.iter().map(|&dim| usize::try_from(dim).ok());
        Some(TensorType {
            element: element_type(self.element_type)?,
            dims: dims.collect::<Option<_>>()?,
        })
    }
}

impl AliasEntry {
    fn to_alias(&self) -> Option<Alias> {
        // A single result is no tuple, and its index is empty.
        let output = self.output_shape_index.first().copied().unwrap_or(0);
        Some(Alias {
            parameter: usize::try_from(self.parameter_number).ok()?,
            output: usize::try_from(output).ok()?,
        })
    }
}

/// `PrimitiveType` of `xla_data.proto`; it agrees with the C API up to f64.
fn element_type(raw: i32) -> Option<ElementType> {
    const F64: i32 = 12;
    const BF16: i32 = 16;
    match raw {
        BF16 => Some(ElementType::BF16),
        1..=F64 => ElementType::from_raw(raw).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(signature(&plain).unwrap(), expected);
        let code = ModuleWithConfig { module: Some(module) }.encode_to_vec();
        let config = OptimizedProgram { format: "hlo_with_config".into(), code };
        assert_eq!(signature(&config).unwrap(), expected);
    }

    #[test]
    fn bytes_that_are_no_module_are_told() {
        let program = OptimizedProgram { format: "hlo".into(), code: vec![0xff; 4] };
        let error = signature(&program).unwrap_err().to_string();
        assert!(error.starts_with("the optimised program: expected a protocol buffer"), "{error}");
        let program = OptimizedProgram { format: "mlir".into(), code: vec![] };
        assert!(signature(&program).is_err());
    }
}
