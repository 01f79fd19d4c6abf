//! Compiles the training step of ViT-22B for a TPU slice that is not here, and tells what it will take:
//!
//!     cargo run --release --example plan_22b -- --topology v4:8x8x16
//!     cargo run --release --example plan_22b -- --mesh data=128,model=8 --json
//!     cargo run --release --example plan_22b -- --search
//!
//! It needs libtpu (`burn-xla install tpu`), and no TPU. Times are the compiler's estimates and the
//! bytes on the links, not measurements.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use burn::tensor::Device;
use burn_xla::lower::Save;
use burn_xla::pjrt::{ClientOptions, CompileOptions, OptionValue, Topology};
use burn_xla::plugin::{self, Platform};
use clap::{Parser, ValueEnum};
use vit22b::forecast::{Forecast, Programs};
use vit22b::shard::{Activations, Mesh, Plan, Sharding};
use vit22b::train::{Precision, Recipe, TrainStep};
use vit22b::vit::{Variant, place};

#[derive(Parser, Clone)]
#[command(about = "Compiles ViT-22B's training step for a TPU slice and tells what it will take")]
struct Args {
    /// Size and patch, such as S/16
    #[arg(long, default_value = "22B/14")]
    variant: Variant,
    /// Classes of the classifier
    #[arg(long, default_value_t = 29_593)]
    classes: usize,
    /// The slice, such as v4:8x8x16, v5e:16x16 or v5p:8x8x8
    #[arg(long, default_value = "v4:8x8x16")]
    topology: String,
    /// Images of a step [default: 64 for each device]
    #[arg(long)]
    batch: Option<usize>,
    /// Axes and sizes; an axis besides `data` and `model` cuts the batch only [default: at most 256 on
    /// `data`, the rest on `replica`]
    #[arg(long)]
    mesh: Option<Mesh>,
    /// What of activations the axis `model` cuts between blocks
    #[arg(long, default_value = "images")]
    activations: ActivationsName,
    /// The spec of one activation by its place, such as residual=data+model,-,- or norm=data,model; in place of
    /// the one that `--activations` gives it
    #[arg(long, value_name = "PLACE=SPEC")]
    activation: Vec<String>,
    /// What blocks keep for their gradients: nothing, products, everything, or names such as
    /// query,key,value,scores,attended,hidden
    #[arg(long, default_value = "query,key,value,attended,hidden", value_delimiter = ',')]
    keep: Vec<String>,
    /// Equal parts of a batch that are computed one after the other
    #[arg(long, default_value_t = 4)]
    micro_batches: u64,
    /// Settings of the compiler, name=value
    #[arg(long)]
    flag: Vec<String>,
    /// Print how parameters and optimizer lie on the mesh too
    #[arg(long)]
    plan: bool,
    /// Keep the executable, the program and its optimised form in this folder
    #[arg(long)]
    save: Option<PathBuf>,
    /// Try some meshes, micro-batches and what blocks keep, half a minute each on an idle core, and print
    /// them ranked by the time of a step
    #[arg(long)]
    search: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum ActivationsName {
    Width,
    Tokens,
    Images,
    Whole,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let topology = topology(&args.topology)?;
    if args.search {
        return search(&args, &topology);
    }
    let (forecast, programs) = forecast(&args, &topology)?;
    if let Some(folder) = &args.save {
        save(&programs, folder).with_context(|| format!("cannot write to {}", folder.display()))?;
    }
    match args.json {
        true => println!("{}", forecast.to_json()),
        false => print!("{forecast}"),
    }
    Ok(())
}

/// What `--search` tries: devices on `replica` and on `model`, micro-batches, and what blocks keep.
const TRIES: [(usize, usize, u64, &str); 9] = [
    (1, 1, 4, "query,key,value,attended,hidden"),
    (4, 1, 1, "nothing"),
    (4, 1, 1, "query"),
    (4, 1, 2, "query,key,value,attended"),
    (4, 1, 4, "query,key,value,attended,hidden"),
    (16, 1, 1, "query"),
    (2, 2, 4, "query,key,value,attended,hidden"),
    (1, 4, 4, "query,key,value,attended,hidden"),
    (1, 8, 4, "query,key,value,attended,hidden"),
];

/// All that [`TRIES`] has for so many devices, ranked.
fn search(args: &Args, topology: &Topology) -> anyhow::Result<()> {
    let devices = topology.devices().len();
    let mut found = vec![];
    let tries = TRIES.into_iter().filter(|(r, m, ..)| devices.is_multiple_of(r * m));
    for (replica, model, micro_batches, keep) in tries {
        let mesh = mesh_text(replica, devices / (replica * model), model);
        let keep_list = keep.split(',').map(str::to_owned).collect();
        let args =
            Args { mesh: Some(mesh.parse()?), keep: keep_list, micro_batches, ..args.clone() };
        match forecast(&args, topology) {
            Ok((forecast, _)) => found.push((forecast, micro_batches, keep)),
            Err(error) => {
                eprintln!("{mesh}, {micro_batches} micro-batches, keeping {keep}: {error}")
            }
        }
    }
    found.sort_by(|(a, ..), (b, ..)| a.step_s().total_cmp(&b.step_s()));
    if !args.json {
        println!(
            "    step = computing + waiting   utilisation, computing only        HBM  mesh, micro-batches, kept"
        );
    }
    for (forecast, micro_batches, keep) in found {
        if args.json {
            println!("{}", forecast.to_json());
            continue;
        }
        println!(
            "{:6.2} s   {:7.2} s  {:6.2} s         {:.3}           {:.3}   {:4.1} GiB  {}, {micro_batches}, {keep}",
            forecast.step_s(),
            forecast.schedule.compute_s(),
            forecast.schedule.exposed_s(),
            forecast.utilisation(),
            forecast.utilisation_compute_only(),
            forecast.memory.total() as f64 / (1u64 << 30) as f64,
            forecast.mesh,
        );
    }
    Ok(())
}

/// The slice, with one device per chip where chips have two cores that can be one.
fn topology(name: &str) -> anyhow::Result<Topology> {
    let plugin = plugin::load(&plugin::ensure(Platform::Tpu)?)?;
    let options = ClientOptions::new().with("wrap", OptionValue::Ints(vec![1, 1, 1]));
    let megacore = options.clone().with("chip_config_name", "megacore");
    let topology = Topology::new(&plugin, name, &megacore);
    Ok(topology.or_else(|_| Topology::new(&plugin, name, &options))?)
}

fn mesh_text(replica: usize, data: usize, model: usize) -> String {
    match replica {
        1 => format!("data={data},model={model}"),
        _ => format!("replica={replica},data={data},model={model}"),
    }
}

fn forecast(args: &Args, topology: &Topology) -> anyhow::Result<(Forecast, Programs)> {
    let devices = topology.devices().len();
    // Parts of a weight that are cut further are no whole tiles: they cost more than their memory.
    let data = (1..=256).rev().find(|data| devices.is_multiple_of(*data)).unwrap_or(1);
    let default = mesh_text(devices / data, data, 1);
    let mesh = args.mesh.clone().map_or_else(|| default.parse(), Ok)?;
    let batch = args.batch.unwrap_or(64 * devices);
    let config = args.variant.config(args.classes);
    let recipe = Recipe {
        batch_size: batch as u64,
        precision: Precision::Bf16,
        micro_batches: args.micro_batches,
        ..Recipe::vit22b()
    };
    let train = TrainStep::new(&recipe, None, &config.init(&Device::flex())?)?;
    let save = match args.keep.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["nothing"] => Save::Nothing,
        ["products"] => Save::Products,
        ["everything"] => Save::Everything,
        _ => Save::Named(args.keep.clone()),
    };
    let train = train.with_rolled_blocks(save);
    let mut sharding = Sharding::vit22b(match args.activations {
        ActivationsName::Width => Activations::Width,
        ActivationsName::Tokens => Activations::Tokens,
        ActivationsName::Images => Activations::Images,
        ActivationsName::Whole => Activations::Whole,
    });
    for activation in &args.activation {
        let (name, spec) = activation.split_once('=').context("an activation is place=spec")?;
        let place = [place::RESIDUAL, place::NORM, place::HEADS, place::HIDDEN]
            .into_iter()
            .find(|place| *place == name)
            .with_context(|| format!("no place {name}: residual, norm, heads or hidden"))?;
        sharding = sharding.with_activation(place, spec.parse()?);
    }
    for (axis, _) in mesh.axes().iter().filter(|(axis, _)| !["data", "model"].contains(&&**axis)) {
        sharding = sharding.with_replicas(axis)?;
    }
    if args.plan {
        println!("{}", Plan::new(&mesh, &sharding, &train.state_leaves(&config)?)?);
    }
    // Weights of the next product arrive while this one runs; libtpu leaves that off for a TPU v4.
    let mut options = CompileOptions::new().with_override("xla_enable_async_all_gather", true);
    for flag in &args.flag {
        let (name, value) = flag.split_once('=').context("a flag is name=value")?;
        options = match value {
            "true" | "false" => options.with_override(name, value == "true"),
            _ => options.with_override(name, value),
        };
    }
    Ok(Forecast::new(&train, &config, batch, (&mesh, &sharding), topology, options)?)
}

fn save(programs: &Programs, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("step.mlir"), &programs.lowered.program.text)?;
    std::fs::write(folder.join("step.hlo.pb"), programs.executable.optimized_program()?.code)?;
    std::fs::write(folder.join("step.executable"), programs.executable.serialize()?)?;
    Ok(())
}
