//! What a training step will take on devices that are not here.

mod error;
mod report;

use std::collections::BTreeMap;

use burn_xla::cost::{Chip, CostError, Schedule, Torus};
use burn_xla::pjrt::{
    CompileOptions, CompiledProgram, ErrorCode, MemoryStats, OptionValue, PjrtError, TensorType,
    Topology,
};
use burn_xla::program::{Lowered, ProgramError, Times};

use crate::shard::{Mesh, Plan, ShardError, Sharding, StatePart};
use crate::train::{TrainError, TrainStep};
use crate::vit::ViT22BConfig;

pub use error::ForecastError;

/// A training step compiled for a topology: its memory, time and communication on each chip, by the
/// compiler's own plan. Nothing of it was measured, and no device is needed.
///
/// It prints as a report.
///
/// ```no_run
/// use burn::tensor::Device;
/// use burn_trace::Save;
/// use burn_xla::pjrt::{ClientOptions, CompileOptions, Topology};
/// use burn_xla::plugin::{self, Platform};
/// use vit22b::forecast::Forecast;
/// use vit22b::shard::{Activations, Sharding};
/// use vit22b::train::{Precision, Recipe, TrainStep};
/// use vit22b::vit::Variant;
///
/// let plugin = plugin::load(&plugin::ensure(Platform::Tpu)?)?;
/// let options = ClientOptions::new().with("chip_config_name", "megacore");
/// let topology = Topology::new(&plugin, "v4:8x8x16", &options)?;
///
/// let config = Variant::parse("22B/14")?.config(29_593);
/// let recipe = Recipe { precision: Precision::Bf16, ..Recipe::vit22b() };
/// let train = TrainStep::new(&recipe, None, &config.init(&Device::flex())?)?;
/// let train = train.with_rolled_blocks(Save::Nothing);
/// let (mesh, sharding) = ("data=512,model=2".parse()?, Sharding::vit22b(Activations::Width));
/// let (forecast, program) =
///     Forecast::new(&train, &config, 65_536, (&mesh, &sharding), &topology, CompileOptions::new())?;
/// println!("{forecast}");
/// std::fs::write("step.executable", program.executable.serialize()?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Forecast {
    /// How the devices are arranged.
    pub mesh: Mesh,
    /// Number of chips.
    pub chips: usize,
    /// Images of a step.
    pub batch_size: usize,
    /// How long recording, lowering and compiling took.
    pub times: Times,
    /// What each device holds.
    pub memory: MemoryUse,
    /// What the compiler expects each instruction to take, and what goes over the links.
    pub schedule: Schedule,
    /// The chip.
    pub chip: Chip,
    config: ViT22BConfig,
}

/// The programs behind a [`Forecast`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Programs {
    /// The step as it was given to the compiler.
    pub lowered: Lowered,
    /// What the compiler made of it.
    pub executable: CompiledProgram,
}

/// A device's memory during a step, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryUse {
    /// Parameters.
    pub parameters: u64,
    /// The optimizer's moments, and averages of the parameters.
    pub optimizer: u64,
    /// What the loop over the blocks keeps of each block for the gradients.
    pub activations: u64,
    /// Whatever else is alive at the worst moment.
    pub temporaries: u64,
    /// The batch, the program, and padding.
    pub rest: u64,
    /// What the device has, where it tells.
    pub limit: Option<u64>,
}

impl MemoryUse {
    /// All of it.
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
    /// Compiles a step for a topology whose devices, in the order of their ids, are the mesh.
    ///
    /// # Errors
    ///
    /// [`ForecastError::DoesNotFit`] if the devices have too little memory, with what would help;
    /// other [`ForecastError`]s if the step cannot be lowered for the mesh or compiled.
    pub fn new(
        train: &TrainStep,
        config: &ViT22BConfig,
        batch_size: usize,
        (mesh, sharding): (&Mesh, &Sharding),
        topology: &Topology,
        options: CompileOptions,
    ) -> Result<(Self, Programs), ForecastError> {
        let (expected, got) = (topology.devices().len(), mesh.num_devices());
        if expected != got {
            return Err(ForecastError::Devices { mesh: mesh.to_string(), expected, got });
        }
        let plan = Plan::new(mesh, sharding, &train.state_leaves(config)?)?;
        let layout = sharding.layout().map_err(ShardError::from)?;
        let lowered = train.lower(config, batch_size, (mesh, &layout), topology.platform())?;
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
            let whole = kept.dims.iter().product::<usize>() * kept.element.bits() as usize / 8;
            part_of(&kept.dims, got, &results).unwrap_or(whole) as u64
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
            config: config.clone(),
        };
        Ok((forecast, Programs { lowered, executable }))
    }

    /// Seconds of a step: computing, and waiting for other chips.
    pub fn step_s(&self) -> f64 {
        self.schedule.step_s
    }

    /// Model FLOPs utilisation, by the paper's formula, of the whole step.
    pub fn utilisation(&self) -> f64 {
        self.utilisation_of(self.step_s())
    }

    /// The same, were all communication hidden: a bound that no link can move.
    pub fn utilisation_compute_only(&self) -> f64 {
        self.utilisation_of(self.schedule.compute_s())
    }

    fn utilisation_of(&self, seconds: f64) -> f64 {
        self.config.utilisation(self.tokens_in(seconds), self.chip.peak_flops_per_second)
    }

    /// Tokens that each chip trains on in a second.
    pub fn tokens_per_s_per_chip(&self) -> f64 {
        self.tokens_in(self.step_s())
    }

    fn tokens_in(&self, seconds: f64) -> f64 {
        (self.batch_size * self.config.tokens()) as f64 / seconds / self.chips as f64
    }

    /// The figures as one object of JSON.
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

    /// Seconds of computing by phase and part of the model, the costliest first.
    pub fn parts(&self) -> Vec<(String, f64)> {
        let mut parts: BTreeMap<&str, f64> = BTreeMap::new();
        for work in &self.schedule.work {
            *parts.entry(part(&work.op_name)).or_default() += work.seconds;
        }
        let mut parts: Vec<_> = parts.into_iter().map(|(part, s)| (part.to_owned(), s)).collect();
        parts.sort_by(|a, b| b.1.total_cmp(&a.1));
        parts
    }
}

/// The part that an operation belongs to; what has no name is outside of the blocks, or was made by
/// the compiler.
fn part(op_name: &str) -> &str {
    if op_name.contains('/') { op_name } else { "other" }
}

/// The bytes of the smallest tensor that is a part of one with these dimensions, of at most as many as
/// there are devices: the stacks of a program have parts of all devices, and other widths.
fn part_of(dims: &[usize], devices: usize, tensors: &[&TensorType]) -> Option<usize> {
    let is_part = |tensor: &&&TensorType| {
        let of = dims.iter().zip(&tensor.dims);
        tensor.dims.len() == dims.len()
            && tensor.dims.first() == dims.first()
            && of.clone().all(|(whole, part)| *part > 0 && whole.is_multiple_of(*part))
            && of.map(|(whole, part)| whole / part).product::<usize>() <= devices
    };
    tensors.iter().filter(is_part).filter_map(|tensor| tensor.bytes()).min()
}

fn attribute(topology: &Topology, name: &str) -> Option<u64> {
    let attributes = topology.attributes().ok()?;
    attributes.into_iter().find_map(|(key, value)| match value {
        OptionValue::Int(value) if key == name => u64::try_from(value).ok(),
        _ => None,
    })
}

fn does_not_fit(error: PjrtError, train: &TrainStep) -> ForecastError {
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

fn help(train: &TrainStep) -> String {
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
    fn a_part_is_found_by_its_dimensions() {
        use burn_xla::pjrt::ElementType;
        let tensor = |dims: [usize; 3]| TensorType::new(ElementType::BF16, dims);
        let tensors = [tensor([4, 8, 2]), tensor([4, 8, 8]), tensor([4, 3, 2]), tensor([2, 16, 8])];
        let tensors: Vec<_> = tensors.iter().collect();
        assert_eq!(part_of(&[4, 16, 8], 8, &tensors), Some(4 * 8 * 2 * 2));
        // Of a wider stack the other one is the part.
        assert_eq!(part_of(&[4, 16, 32], 8, &tensors), Some(4 * 8 * 8 * 2));
        assert_eq!(part_of(&[5, 16, 8], 8, &tensors), None);
    }
}
