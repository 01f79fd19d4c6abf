//! From a function to an executable.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use burn::tensor::Device;
use burn_ir::{TensorId, TensorIr};
use burn_trace::compile::{Arguments, record_with, rolling};
use burn_trace::mesh::{Layout, Mesh, Spec};
use burn_trace::{LeafSpec, Recorded, TensorTree, TreeError};

use super::devices::{Devices, specs};
use super::disk::{self, ProgramCache};
use super::error::ProgramError;
use super::function_options::FunctionOptions;
use super::graph::Graph;
use super::kernels;
use crate::lower::{CustomOps, LowerOptions, Program, lower};
use crate::pjrt::{Client, CompileOptions, DeviceAssignment, Executable};

/// How long recording, lowering and compiling took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Times {
    /// Recording the function.
    pub capture: Duration,
    /// Lowering the recording to StableHLO.
    pub lower: Duration,
    /// Compiling the StableHLO, or reading the compiled program from disk; zero if it was not
    /// compiled.
    pub compile: Duration,
    /// Whether the compiled program was on disk.
    pub from_disk: bool,
}

/// A function that was lowered, but not compiled; see [`Lowering`](super::Lowering).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Lowered {
    /// The program.
    pub program: Program,
    /// Its arguments.
    pub arguments: Vec<LeafSpec>,
    /// Its results.
    pub results: Vec<LeafSpec>,
    /// How the arguments are sharded.
    pub argument_specs: Vec<Spec>,
    /// How the results are sharded.
    pub result_specs: Vec<Spec>,
    /// How long it took.
    pub times: Times,
}

/// A program on its devices.
pub(super) struct Compiled {
    pub(super) executable: Executable,
    pub(super) seed: bool,
    pub(super) argument_specs: Vec<Spec>,
    pub(super) result_specs: Vec<Spec>,
    pub(super) times: Times,
}

/// A function that was recorded.
pub(super) struct Made<R> {
    pub(super) graph: Graph,
    /// The result, without values.
    pub(super) output: R,
    /// How long it took.
    pub(super) capture: Duration,
}

/// How a function becomes a program.
pub(super) struct Job<'a> {
    pub(super) function: &'a FunctionOptions,
    pub(super) mesh: Option<&'a Mesh>,
    pub(super) layout: &'a Layout,
    /// The platform that the program will be compiled for.
    pub(super) platform: &'a str,
    /// Lowerings of operations that are not Burn's.
    pub(super) custom: &'a CustomOps,
    /// The client whose programs may call kernels.
    pub(super) kernels_of: Option<&'a Client>,
}

impl Job<'_> {
    /// Records a function. `arguments` makes the placeholders, on the device that records.
    pub(super) fn record<A: TensorTree, R: TensorTree>(
        &self,
        host: &Device,
        arguments: impl FnOnce(&Device) -> Result<Arguments<A>, TreeError>,
        function: impl Fn(A) -> R,
    ) -> Result<Made<R>, ProgramError> {
        let start = Instant::now();
        let recorded = record_with(host, arguments, |arguments| {
            rolling(self.function.roll.is_some(), || function(arguments))
        });
        let Recorded { recording, output, .. } = recorded
            .map_err(|source| ProgramError::Capture { name: self.function.name.clone(), source })?;
        Ok(Made { graph: Graph::new(recording), output, capture: start.elapsed() })
    }

    pub(super) fn lowered<R>(&self, made: Made<R>) -> Result<Lowered, ProgramError> {
        let mut lowered = self.lower(&made.graph)?;
        lowered.times.capture = made.capture;
        Ok(lowered)
    }

    fn lower(&self, recorded: &Graph) -> Result<Lowered, ProgramError> {
        let start = Instant::now();
        let (arguments, inputs) = unzip(&recorded.arguments);
        let (results, outputs) = unzip(&recorded.results);
        let argument_specs = specs(self.mesh, self.layout, &arguments)?;
        let result_specs = specs(self.mesh, self.layout, &results)?;
        let declared: Vec<_> = inputs.iter().chain(&outputs).cloned().collect();
        let options = LowerOptions {
            name: &self.function.name,
            declared: &declared,
            constants: recorded.constants.clone(),
            aliases: self.aliases(
                (&arguments, &argument_specs),
                &inputs,
                (&results, &result_specs),
            ),
            mesh: self.mesh.cloned(),
            layout: self.layout.clone(),
            argument_specs: match self.mesh {
                Some(_) => inputs.iter().map(|t| t.id).zip(argument_specs.clone()).collect(),
                None => BTreeMap::new(),
            },
            result_specs: match self.mesh {
                Some(_) => result_specs.iter().cloned().enumerate().collect(),
                None => BTreeMap::new(),
            },
            save: self.function.roll.clone().unwrap_or_default(),
            platform: self.platform,
            matmul_precision: self.function.matmul_precision,
            custom: self.custom,
            kernels: self.kernels_of.map(kernels::register).unwrap_or_default(),
        };
        let ids = |tensors: &[TensorIr]| tensors.iter().map(|t| t.id).collect::<Vec<_>>();
        let program =
            lower(&recorded.graph, &ids(&inputs), &ids(&outputs), &options).map_err(|source| {
                ProgramError::Lower { name: self.function.name.clone(), source: Box::new(source) }
            })?;
        let times = Times { lower: start.elapsed(), ..Times::default() };
        Ok(Lowered { program, arguments, results, argument_specs, result_specs, times })
    }

    pub(super) fn compile(
        &self,
        recorded: &Graph,
        devices: &Devices,
        cache: Option<&ProgramCache>,
    ) -> Result<Compiled, ProgramError> {
        let lowered = self.lower(recorded)?;
        let start = Instant::now();
        let ids = devices.ids().iter().map(|&id| i64::from(id));
        let options = CompileOptions::new()
            .with_partitions(devices.ids().len())
            .with_device_assignment(DeviceAssignment::partitions(ids));
        let (client, text) = (devices.first.client(), &lowered.program.text);
        let (executable, from_disk) = disk::compile(cache, client, text, &options)?;
        let times = Times { compile: start.elapsed(), from_disk, ..lowered.times };
        Ok(Compiled {
            executable,
            seed: lowered.program.seed,
            argument_specs: lowered.argument_specs,
            result_specs: lowered.result_specs,
            times,
        })
    }

    /// For each donated argument the first result of its type and spec that is not taken yet.
    fn aliases(
        &self,
        (arguments, argument_specs): (&[LeafSpec], &[Spec]),
        inputs: &[TensorIr],
        (results, result_specs): (&[LeafSpec], &[Spec]),
    ) -> BTreeMap<TensorId, usize> {
        let mut free: HashMap<_, VecDeque<usize>> = HashMap::new();
        for (index, (result, spec)) in results.iter().zip(result_specs).enumerate() {
            free.entry((&result.ty, spec)).or_default().push_back(index);
        }
        let arguments = arguments.iter().zip(argument_specs).zip(inputs);
        let donated = arguments.filter(|((leaf, _), _)| (self.function.donate)(&leaf.path));
        let mut aliases = BTreeMap::new();
        for ((leaf, spec), input) in donated {
            match free.get_mut(&(&leaf.ty, spec)).and_then(|free| free.pop_front()) {
                Some(result) => {
                    aliases.insert(input.id, result);
                }
                None => tracing::warn!(
                    function = self.function.name,
                    argument = %leaf.path,
                    "donated, but no result has its type {} and lies as it does: its memory is not reused", leaf.ty
                ),
            }
        }
        aliases
    }
}

fn unzip(named: &[(LeafSpec, TensorIr)]) -> (Vec<LeafSpec>, Vec<TensorIr>) {
    named.iter().cloned().unzip()
}
