//! Memory and time of a training step on devices that are not here, from its compiled program.

mod error;
mod report;

use std::collections::BTreeMap;

use burn_xla::cost::{Chip, CostError, Schedule, Torus};
use burn_xla::pjrt::{
    CompileOptions, CompiledProgram, ErrorCode, MemoryStats, OptionValue, PjrtError, TensorType,
    Topology,
};
use burn_xla::program::{Lowered, Lowering, ProgramError, Times};

use crate::shard::{Mesh, Plan, ShardError, Sharding, StatePart};
use crate::train::{Classify, TrainError, TrainStep};
use crate::vit::ViT22BConfig;

pub use error::ForecastError;

/// A training step compiled for a topology: memory, time and communication on each chip, by the
/// compiler's own schedule. No device is needed, and nothing is measured. It prints as a report.
///
/// ```no_run
/// use burn_trace::Save;
/// use burn_xla::pjrt::{ClientOptions, Topology};
/// use burn_xla::plugin::{self, Platform};
/// use vit22b::forecast::Forecast;
/// use vit22b::shard::{Activations, Sharding};
/// use vit22b::train::{Classify, Loss, Precision, Recipe, TrainStep};
/// use vit22b::vit::Variant;
///
/// let plugin = plugin::load(&plugin::ensure(Platform::Tpu)?)?;
/// let options = ClientOptions::new().with("chip_config_name", "megacore");
/// let topology = Topology::new(&plugin, "v4:8x8x16", &options)?;
///
/// let config = Variant::parse("22B/14")?.config(29_593);
/// let recipe = Recipe { precision: Precision::Bf16, ..Recipe::vit22b() };
/// let train = TrainStep::new(Classify::new(config, Loss::SigmoidCrossEntropy)?, &recipe, None)?;
/// let train = train.with_rolled_blocks(Save::Nothing);
/// let (mesh, sharding) = ("data=512,model=2".parse()?, Sharding::vit22b(Activations::Width));
/// let (forecast, program) =
///     Forecast::new(&train, 65_536, (&mesh, &sharding), &topology, Default::default())?;
/// println!("{forecast}");
/// std::fs::write("step.executable", program.executable.serialize()?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Forecast {
    /// The devices with their axes.
    pub mesh: Mesh,
    /// Chips; one chip may have several devices.
    pub chips: usize,
    /// Images of a step.
    pub batch_size: usize,
    /// Times of recording, lowering and compiling.
    pub times: Times,
    /// Memory of each device.
    pub memory: MemoryUse,
    /// The time that the compiler expects of each instruction, and the bytes on the links.
    pub schedule: Schedule,
    /// The chip.
    pub chip: Chip,
    config: ViT22BConfig,
}

/// The programs of which a [`Forecast`] was made.
#[derive(Debug)]
#[non_exhaustive]
pub struct Programs {
    /// The step as the compiler received it.
    pub lowered: Lowered,
    /// The compiled step, with its memory and schedule.
    pub executable: CompiledProgram,
}

/// The memory of a device during a step, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryUse {
    /// Parameters.
    pub parameters: u64,
    /// The optimizer's moments, and averages of the parameters.
    pub optimizer: u64,
    /// Tensors of each block that the loop over the blocks keeps for the gradients.
    pub activations: u64,
    /// All other tensors that are alive when most are.
    pub temporaries: u64,
    /// The batch, the program, and padding.
    pub rest: u64,
    /// The memory of the device, if the topology names it.
    pub limit: Option<u64>,
}

impl MemoryUse {
    /// The sum of all these.
    pub fn total(&self) -> u64 {
        self.parameters + self.optimizer + self.activations + self.temporaries + self.rest
    }

    fn new(plan: &Plan, stats: &MemoryStats, activations: u64, limit: Option<u64>) -> Self {
        let of = |part| plan.bytes_of(part);
        let parameters = of(StatePart::Parameters);
        let optimizer = of(StatePart::Optimizer) + of(StatePart::Averages);
        let activations = activations.min(stats.temporary_bytes);
        let temporaries = stats.temporary_bytes - activations;
        let rest =
            stats.total_bytes().saturating_sub(stats.temporary_bytes + parameters + optimizer);
        Self { parameters, optimizer, activations, temporaries, rest, limit }
    }
}

impl Forecast {
    /// Compiles a step for a topology. Its devices, in the order of their ids, are those of the mesh. `lowering` says how
    /// accurately products of f32 are computed, and what custom operations are.
    ///
    /// # Errors
    ///
    /// [`ForecastError::DoesNotFit`] if the devices have too little memory, with what would take less;
    /// [`ForecastError::Devices`] if the mesh and the topology differ in size; other variants if the
    /// step cannot be lowered for the mesh or compiled.
    pub fn new(
        train: &TrainStep<Classify>,
        batch_size: usize,
        (mesh, sharding): (&Mesh, &Sharding),
        topology: &Topology,
        (lowering, options): (Lowering<'_>, CompileOptions),
    ) -> Result<(Self, Programs), ForecastError> {
        let (expected, got) = (topology.devices().len(), mesh.num_devices());
        if expected != got {
            return Err(ForecastError::Devices { mesh: mesh.to_string(), expected, got });
        }
        let plan = Plan::new(mesh, sharding, &train.state_leaves()?)?;
        let layout = sharding.layout().map_err(ShardError::from)?;
        let lowering = lowering.over(mesh, &layout).on(topology.platform());
        let lowered = train.lower(batch_size, lowering)?;
        let start = std::time::Instant::now();
        let executable = topology
            .compile(&lowered.program.text, &options.with_partitions(got))
            .map_err(|error| does_not_fit(error, train))?;
        let mut times = lowered.times;
        times.compile = start.elapsed();
        let optimized = executable.optimized_program()?;
        let schedule = Schedule::new(&optimized, topology)?;
        let limit = attribute(topology, "device_memory_bytes_limit");
        let instructions = optimized.instructions().map_err(CostError::from)?;
        let results: Vec<_> = instructions.iter().flat_map(|i| &i.results).collect();
        let kept = lowered.program.kept.iter().map(|kept| {
            let all = kept.dims.iter().product::<usize>() * kept.element.bits() as usize / 8;
            shard_bytes(&kept.dims, got, &results).unwrap_or(all) as u64
        });
        let memory = MemoryUse::new(&plan, &executable.memory_stats()?, kept.sum(), limit);
        let forecast = Self {
            mesh: mesh.clone(),
            chips: Torus::of(topology)?.num_chips(),
            batch_size,
            times,
            memory,
            schedule,
            chip: Chip::in_topology(topology)?,
            config: train.task().config().clone(),
        };
        Ok((forecast, Programs { lowered, executable }))
    }

    /// Seconds of a step: computing, and waiting for the links.
    pub fn step_s(&self) -> f64 {
        self.schedule.step_s
    }

    /// Model FLOPs utilisation of the step, by the paper's formula.
    pub fn utilisation(&self) -> f64 {
        self.utilisation_of(self.step_s())
    }

    /// The utilisation if no computation waited for the links: the upper bound of
    /// [`utilisation`](Self::utilisation).
    pub fn utilisation_compute_only(&self) -> f64 {
        self.utilisation_of(self.schedule.compute_s())
    }

    fn utilisation_of(&self, seconds: f64) -> f64 {
        self.config.utilisation(self.tokens_in(seconds), self.chip.peak_flops_per_second)
    }

    /// Tokens a second on each chip.
    pub fn tokens_per_s_per_chip(&self) -> f64 {
        self.tokens_in(self.step_s())
    }

    fn tokens_in(&self, seconds: f64) -> f64 {
        (self.batch_size * self.config.tokens()) as f64 / seconds / self.chips as f64
    }

    /// The figures as one JSON object.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "devices": self.mesh.num_devices(),
            "compile_s": self.times.compile.as_secs_f64(),
            "hbm_gib": self.memory.total() as f64 / (1u64 << 30) as f64,
            "compute_s": self.schedule.compute_s(),
            "collectives_s": self.schedule.collectives_s(),
            "collectives_exposed_s": self.schedule.exposed_s(),
            "step_s": self.step_s(),
            "utilisation_compute_only": self.utilisation_compute_only(),
            "utilisation": self.utilisation(),
            "tokens_per_s_per_chip": self.tokens_per_s_per_chip(),
        })
    }

    /// Seconds of computing by phase and label of the model, the costliest first.
    pub fn by_label(&self) -> Vec<(String, f64)> {
        let mut labels: BTreeMap<&str, f64> = BTreeMap::new();
        for work in &self.schedule.work {
            *labels.entry(label(&work.op_name)).or_default() += work.seconds;
        }
        let mut labels: Vec<_> = labels.into_iter().map(|(name, s)| (name.to_owned(), s)).collect();
        labels.sort_by(|a, b| b.1.total_cmp(&a.1));
        labels
    }
}

/// The label of an operation. Operations outside the blocks and those that the compiler made have no
/// name; they are reported as `other`.
fn label(op_name: &str) -> &str {
    if op_name.contains('/') { op_name } else { "other" }
}

/// The bytes of a device's shard of a stack with these dimensions, found among a program's tensors:
/// the smallest whose dimensions divide those of the stack, the first one being equal, into at most as
/// many shards as there are devices. None if there is no such tensor.
fn shard_bytes(stack: &[usize], devices: usize, tensors: &[&TensorType]) -> Option<usize> {
    let is_shard = |tensor: &&&TensorType| {
        let pairs = stack.iter().zip(&tensor.dims);
        tensor.dims.len() == stack.len()
            && tensor.dims.first() == stack.first()
            && pairs.clone().all(|(size, shard)| *shard > 0 && size.is_multiple_of(*shard))
            && pairs.map(|(size, shard)| size / shard).product::<usize>() <= devices
    };
    tensors.iter().filter(is_shard).filter_map(|tensor| tensor.bytes()).min()
}

fn attribute(topology: &Topology, name: &str) -> Option<u64> {
    let attributes = topology.attributes().ok()?;
    attributes.into_iter().find_map(|(key, value)| match value {
        OptionValue::Int(value) if key == name => u64::try_from(value).ok(),
        _ => None,
    })
}

fn does_not_fit(error: PjrtError, train: &TrainStep<Classify>) -> ForecastError {
    match error {
        PjrtError::Compile { code: ErrorCode::ResourceExhausted, message, .. } => {
            let used = too_much(&message).unwrap_or(message);
            ForecastError::DoesNotFit { used, help: help(train) }
        }
        error => ForecastError::Train(TrainError::Xla(ProgramError::Pjrt(error))),
    }
}

/// `203.5 GiB of 30.8 GiB, 172.7 GiB too much`, from the compiler's `… (203.47G) exceeds available HBM
/// (30.75G)` among pages of detail.
fn too_much(message: &str) -> Option<String> {
    let mut numbers = message.split('(').skip(1).filter_map(|rest| {
        let (number, _) = rest.split_once("G)")?;
        number.parse::<f64>().ok()
    });
    let (used, limit) = (numbers.next()?, numbers.next()?);
    Some(format!("it takes {used:.1} GiB of {limit:.1} GiB, {:.1} GiB too much", used - limit))
}

fn help(train: &TrainStep<Classify>) -> String {
    use burn_trace::Save;
    let mut help = vec![];
    match train.rolled() {
        None => help.push("roll the blocks"),
        Some(Save::Nothing) => {}
        Some(_) => help.push("let rolled blocks keep less"),
    }
    help.extend([
        "cut activations over `model` by `Activations::Width`",
        "cut the batch into micro-batches, or make it smaller",
        "take more devices",
    ]);
    help.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_read_from_the_compilers_words() {
        let message = "E1000: CompileTimeHbmOom: Ran out of memory on HBM, the total memory required \
                       for HLO temporaries (203.47G) exceeds available HBM (30.75G). HLO module: step";
        let expected = "it takes 203.5 GiB of 30.8 GiB, 172.7 GiB too much";
        assert_eq!(too_much(message).as_deref(), Some(expected));
        assert_eq!(too_much("no room"), None);
    }

    #[test]
    fn a_shard_is_found_by_its_dimensions() {
        use burn_xla::pjrt::ElementType;
        let tensor = |dims: [usize; 3]| TensorType::new(ElementType::BF16, dims);
        let tensors = [tensor([4, 8, 2]), tensor([4, 8, 8]), tensor([4, 3, 2]), tensor([2, 16, 8])];
        let tensors: Vec<_> = tensors.iter().collect();
        assert_eq!(shard_bytes(&[4, 16, 8], 8, &tensors), Some(4 * 8 * 2 * 2));
        // The shard of a wider stack is the other tensor.
        assert_eq!(shard_bytes(&[4, 16, 32], 8, &tensors), Some(4 * 8 * 8 * 2));
        assert_eq!(shard_bytes(&[5, 16, 8], 8, &tensors), None);
    }
}
