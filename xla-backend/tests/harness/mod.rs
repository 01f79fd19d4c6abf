//! What the tests and the replay example share: recorded calls, running them, comparing answers.

#![allow(dead_code, reason = "each user takes a part")]

mod compare;
#[cfg(feature = "eager")]
pub(crate) mod eager;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use burn_backend::{BoolStore, DType, TensorData};
use burn_ir::{GraphIr, IrVisitorMut, OperationIr, TensorId, TensorIr};
use burn_std::Bytes;
use burn_xla::lower::{LowerError, LowerOptions, Port, Program, lower, lower_op, name_of};
use burn_xla::pjrt::{
    Client, ClientOptions, CompileOptions, ElementType, Executable, ExecuteOptions,
};
use burn_xla::plugin::{self, Platform};

pub(crate) use compare::compare;

/// One recorded call of an operation.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Case {
    /// The operation.
    pub(crate) op: OperationIr,
    /// The values of its inputs.
    pub(crate) inputs: Vec<(TensorId, TensorData)>,
    /// What Burn answered.
    pub(crate) outputs: Vec<(TensorId, TensorData)>,
}

/// Reads a file of recorded calls: each a length in four bytes, then that much MessagePack.
pub(crate) fn read_cases(path: &Path) -> Result<Vec<Case>> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let mut rest = bytes.as_slice();
    let mut cases = Vec::new();
    while !rest.is_empty() {
        let number = cases.len();
        let (head, tail) = rest.split_at_checked(4).context("the file ends within a length")?;
        let length = u32::from_le_bytes(head.try_into()?) as usize;
        let (record, tail) = tail
            .split_at_checked(length)
            .with_context(|| format!("the file ends within record {number}"))?;
        let case =
            rmp_serde::from_slice(record).with_context(|| format!("decoding record {number}"))?;
        cases.push(case);
        rest = tail;
    }
    Ok(cases)
}

/// How a call went.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The answers are equal, floats within Burn's default tolerance.
    Agree,
    /// They are not, or the program does not compile or run.
    Disagree(String),
    /// There is no lowering.
    Unsupported(String),
}

/// Compiles and runs programs; each text once.
pub(crate) struct Runner {
    client: Client,
    programs: HashMap<String, Executable>,
}

impl Runner {
    /// A runner on the CPU plugin, which is installed if it is not there.
    pub(crate) fn new() -> Result<Self> {
        let plugin = plugin::load(&plugin::ensure(Platform::Cpu)?)?;
        let client = Client::new(&plugin, &ClientOptions::new())?;
        Ok(Self { client, programs: HashMap::new() })
    }

    /// Lowers, runs and compares one recorded call: as it is lowered for this platform, and for another where that
    /// differs.
    pub(crate) fn replay(&mut self, case: &Case) -> Outcome {
        let programs = match lowered(&case.op) {
            Ok(programs) => programs,
            Err(error @ LowerError::Unsupported { .. }) => {
                return Outcome::Unsupported(error.to_string());
            }
            Err(error) => return Outcome::Disagree(format!("{:#}", anyhow::Error::from(error))),
        };
        let inputs = case.inputs.iter().cloned().collect();
        for program in programs {
            let got = self.run(&program, &inputs, 0);
            if let Err(error) = got.and_then(|got| answers(case, &program, &got)) {
                return Outcome::Disagree(format!("{error:#}"));
            }
        }
        Outcome::Agree
    }

    /// As [`Runner::replay`] for many calls, in few programs: compiling is what takes time.
    pub(crate) fn replay_all(&mut self, cases: &[Case]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(cases.len());
        for chunk in cases.chunks(32) {
            let differs = |case: &&Case| lowered(&case.op).is_ok_and(|all| all.len() > 1);
            let other: Vec<_> = chunk.iter().filter(differs).collect();
            let here = self.replay_together(&chunk.iter().collect::<Vec<_>>(), HERE);
            match here.and_then(|()| self.replay_together(&other, "")) {
                Ok(()) => outcomes.extend(chunk.iter().map(|_| Outcome::Agree)),
                Err(_) => outcomes.extend(chunk.iter().map(|case| self.replay(case))),
            }
        }
        outcomes
    }

    /// Runs calls as one program, lowered for a platform; all must agree.
    fn replay_together(&mut self, cases: &[&Case], platform: &str) -> Result<()> {
        if cases.is_empty() {
            return Ok(());
        }
        let mut operations = Vec::new();
        let (mut arguments, mut results) = (Vec::new(), Vec::new());
        let (mut values, mut expected) = (HashMap::new(), Vec::new());
        for (number, case) in cases.iter().enumerate() {
            // The ids of a call are its own: 2^32 of them for each.
            let mut shift = Shift(u64::try_from(number)? << 32);
            let mut op = case.op.clone();
            op.visit_mut(&mut shift);
            for (id, data) in &case.inputs {
                arguments.push(shift.id(*id));
                values.insert(shift.id(*id), data.clone());
            }
            for (id, data) in &case.outputs {
                results.push(shift.id(*id));
                expected.push(data);
            }
            operations.push(op);
        }
        let graph = GraphIr::new(operations);
        let options = LowerOptions { platform, ..LowerOptions::default() };
        let program = lower(&graph, &arguments, &results, &options)?;
        let got = self.run(&program, &values, 0)?;
        expected.into_iter().zip(&got).try_for_each(|(want, got)| compare(want, got))
    }

    /// Runs a program on the values of its arguments.
    pub(crate) fn run(
        &mut self,
        program: &Program,
        inputs: &HashMap<TensorId, TensorData>,
        seed: u64,
    ) -> Result<Vec<TensorData>> {
        if !self.programs.contains_key(&program.text) {
            let executable = self.client.compile(&program.text, &CompileOptions::new())?;
            self.programs.insert(program.text.clone(), executable);
        }
        let executable = &self.programs[&program.text];
        let device = self.client.device(0)?;
        let mut buffers = Vec::new();
        for slot in &program.arguments {
            let data = inputs.get(&slot.id).with_context(|| format!("no value for {}", slot.id))?;
            let bytes = to_device(data);
            let (element, dims) = (slot.ty.element, &slot.ty.dims);
            buffers.push(self.client.buffer_from_host(&bytes, element, dims, &device)?);
        }
        if program.seed {
            let bytes = seed.to_le_bytes();
            buffers.push(self.client.buffer_from_host(&bytes, ElementType::U64, &[], &device)?);
        }
        let arguments: Vec<_> = buffers.iter().collect();
        let results = executable.execute(&arguments, &ExecuteOptions::default())?;
        ensure!(results.len() == program.results.len(), "{} results", results.len());
        program
            .results
            .iter()
            .zip(results)
            .map(|(slot, buffer)| Ok(from_device(buffer.to_host()?, &slot.ty.dims, slot.dtype)))
            .collect()
    }
}

/// The platform that runs the programs of tests.
const HERE: &str = "cpu";

/// The program of an operation for this platform, and that for one that is not known if it is another.
fn lowered(op: &OperationIr) -> Result<Vec<Program>, LowerError> {
    let plain = lower_op(op)?;
    let ids = |ports: &[Port]| ports.iter().map(|port| port.id).collect::<Vec<_>>();
    let (arguments, results) = (ids(&plain.arguments), ids(&plain.results));
    let options = LowerOptions { platform: HERE, ..LowerOptions::default() };
    let here = lower(&GraphIr::new(vec![op.clone()]), &arguments, &results, &options)?;
    Ok(match here.text == plain.text {
        true => vec![here],
        false => vec![here, plain],
    })
}

/// Moves the ids of an operation.
struct Shift(u64);

impl Shift {
    fn id(&self, id: TensorId) -> TensorId {
        TensorId::new(id.value() + self.0)
    }
}

impl IrVisitorMut for Shift {
    fn visit_tensor_mut(&mut self, tensor: &mut TensorIr) {
        tensor.id = self.id(tensor.id);
    }
}

/// Bools of four bytes are one byte on a device.
fn to_device(data: &TensorData) -> Vec<u8> {
    if data.dtype() == DType::Bool(BoolStore::U32) {
        return data.as_bytes().chunks_exact(4).map(|c| c[0]).collect();
    }
    data.as_bytes().to_vec()
}

fn from_device(bytes: Vec<u8>, dims: &[usize], dtype: DType) -> TensorData {
    let bytes = if dtype == DType::Bool(BoolStore::U32) {
        bytes.iter().flat_map(|&b| u32::from(b).to_le_bytes()).collect()
    } else {
        bytes
    };
    TensorData::from_bytes(Bytes::from_bytes_vec(bytes), dims.to_vec(), dtype)
}

fn answers(case: &Case, program: &Program, got: &[TensorData]) -> Result<()> {
    for (slot, got) in program.results.iter().zip(got) {
        let Some((_, expected)) = case.outputs.iter().find(|(id, _)| *id == slot.id) else {
            continue;
        };
        compare(expected, got)?;
    }
    Ok(())
}

/// Replays calls and asserts that all agree; `BURN_XLA_CASES=FOLDER` writes them down, for
/// `examples/replay_ops.rs`.
pub(crate) fn check(cases: &[Case], refused: &[String]) {
    if let Some(folder) = std::env::var_os("BURN_XLA_CASES") {
        let name = std::thread::current().name().unwrap_or("calls").to_owned();
        write_cases(&Path::new(&folder).join(format!("{name}.cases")), cases).expect("a folder");
    }
    assert!(!cases.is_empty(), "Burn refused everything: {refused:?}");
    let mut runner = Runner::new().expect("a CPU plugin");
    let mut wrong: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (case, outcome) in cases.iter().zip(runner.replay_all(cases)) {
        if let Outcome::Disagree(why) | Outcome::Unsupported(why) = outcome {
            let (family, variant) = name_of(&case.op);
            let first = format!("{why}\n        {:?}", case.op);
            let entry = wrong.entry(format!("{family}::{variant}")).or_insert((0, first));
            entry.0 += 1;
        }
    }
    let list: Vec<_> =
        wrong.iter().map(|(kind, (n, first))| format!("{kind} ({n}): {first:.1500}")).collect();
    let (kinds, count) = (list.len(), cases.len());
    assert!(list.is_empty(), "{kinds} kinds of {count} calls differ:\n{}", list.join("\n"));
    println!("{count} calls agree; Burn refused {}", refused.len());
}

/// Writes a file that [`read_cases`] reads.
pub(crate) fn write_cases(path: &Path, cases: &[Case]) -> Result<()> {
    let mut bytes = Vec::new();
    for case in cases {
        let record = rmp_serde::to_vec_named(case)?;
        bytes.extend(u32::try_from(record.len())?.to_le_bytes());
        bytes.extend(record);
    }
    std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
