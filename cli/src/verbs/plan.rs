//! Compiles the training step of ViT-22B for a TPU slice that is not here, and prints what it will take.
//!
//! Compiling needs libtpu (`vit22b install tpu`), and no TPU. Times are the compiler's estimates and the
//! bytes on the links, not measurements.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use burn_xla::pjrt::{ClientOptions, CompileOptions, OptionValue, Topology};
use burn_xla::plugin::{self, Platform};
use burn_xla::program::Lowering;
use clap::Args;
use vit22b::forecast::{Forecast, Programs};
use vit22b::layers::activation;
use vit22b::shard::{Mesh, Plan, Sharding};
use vit22b::train::{Classify, Loss, Precision, Recipe, TrainStep};
use vit22b::vit::Variant;

use crate::args::naming_option;
use crate::sharding::{ActivationsName, saved, with_replicas};

#[derive(Args, Clone)]
pub(crate) struct Arguments {
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
    /// Axes and sizes, such as data=128,model=8; an axis besides `data`
    /// and `model` divides the batch only
    /// [default: at most 256 on `data`, the rest on `replica`]
    #[arg(long)]
    mesh: Option<Mesh>,
    /// How activations are sharded over the axis `model` between blocks
    #[arg(long, default_value = "images")]
    activations: ActivationsName,
    /// The spec of one activation by its name, such as
    /// residual=data+model,-,- or norm=data,model; it replaces the one
    /// that --activations gives. Can be repeated
    #[arg(long, value_name = "NAME=SPEC")]
    activation: Vec<String>,
    /// What blocks keep for their gradients: nothing, products,
    /// everything, or names of query,key,value,scores,attended,hidden
    #[arg(long, default_value = KEEP, value_delimiter = ',')]
    keep: Vec<String>,
    /// Equal parts of a batch that are computed one after the other
    #[arg(long, default_value_t = 4)]
    micro_batches: u64,
    /// A setting of the compiler. Can be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    flag: Vec<String>,
    /// Also print how parameters and optimizer state are sharded
    #[arg(long)]
    plan: bool,
    /// Folder for the executable, the program and its optimised form
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
    /// Try several meshes, micro-batches and what blocks keep, half a
    /// minute each on an idle core, and rank them by the time of a step
    #[arg(long)]
    search: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// What blocks keep by default.
const KEEP: &str = "query,key,value,attended,hidden";

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let topology = topology(&arguments.topology)
        .with_context(|| format!("--topology {}", arguments.topology))?;
    if arguments.search {
        return search(&arguments, &topology);
    }
    eprintln!(
        "compiling the training step of {} for {}, which takes about a minute for 22B/14 …",
        arguments.variant, arguments.topology
    );
    let (forecast, programs) = forecast(&arguments, &topology)?;
    if let Some(folder) = &arguments.save {
        save(&programs, folder).with_context(|| format!("--save {}", folder.display()))?;
    }
    match arguments.json {
        true => println!("{}", forecast.to_json()),
        false => print!("{forecast}"),
    }
    Ok(())
}

/// What `--search` tries: devices on `replica` and on `model`, micro-batches, and what blocks keep.
const TRIES: [(usize, usize, u64, &str); 9] = [
    (1, 1, 4, KEEP),
    (4, 1, 1, "nothing"),
    (4, 1, 1, "query"),
    (4, 1, 2, "query,key,value,attended"),
    (4, 1, 4, KEEP),
    (16, 1, 1, "query"),
    (2, 2, 4, KEEP),
    (1, 4, 4, KEEP),
    (1, 8, 4, KEEP),
];

/// All that [`TRIES`] has for so many devices, ranked.
fn search(arguments: &Arguments, topology: &Topology) -> anyhow::Result<()> {
    let devices = topology.devices().len();
    let mut found = vec![];
    let tries = TRIES.into_iter().filter(|(r, m, ..)| devices.is_multiple_of(r * m));
    for (replica, model, micro_batches, keep) in tries {
        let mesh = mesh_text(replica, devices / (replica * model), model);
        let keep_list = keep.split(',').map(str::to_owned).collect();
        let arguments = Arguments {
            mesh: Some(mesh.parse()?),
            keep: keep_list,
            micro_batches,
            ..arguments.clone()
        };
        match forecast(&arguments, topology) {
            Ok((forecast, _)) => found.push((forecast, micro_batches, keep)),
            Err(error) => {
                eprintln!("{mesh}, {micro_batches} micro-batches, keeping {keep}: {error}")
            }
        }
    }
    found.sort_by(|(a, ..), (b, ..)| a.step_s().total_cmp(&b.step_s()));
    if !arguments.json {
        println!(
            "    step = computing + waiting   utilisation, computing only        HBM  mesh, micro-batches, kept"
        );
    }
    for (forecast, micro_batches, keep) in found {
        if arguments.json {
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
    // The plugin divides by them.
    let sides = name.split_once(':').map_or("", |(_, sides)| sides);
    let are_there = sides.split('x').all(|side| side.parse().is_ok_and(|side: u32| side > 0));
    ensure!(
        are_there,
        "expected a chip and the sides of a slice, all of them from 1 on, such as v4:8x8x16"
    );
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

fn forecast(arguments: &Arguments, topology: &Topology) -> anyhow::Result<(Forecast, Programs)> {
    let devices = topology.devices().len();
    // Parts of a weight that are cut further are no whole tiles: they cost more than their memory.
    let data = (1..=256).rev().find(|data| devices.is_multiple_of(*data)).unwrap_or(1);
    let default = mesh_text(devices / data, data, 1);
    let mesh = arguments.mesh.clone().map_or_else(|| default.parse(), Ok)?;
    ensure!(
        mesh.num_devices() == devices,
        "--mesh {mesh}: {} devices, and --topology {} has {devices}; they must be as many",
        mesh.num_devices(),
        arguments.topology
    );
    let batch = arguments.batch.unwrap_or(64 * devices);
    let config = arguments.variant.config(arguments.classes);
    let recipe = Recipe {
        batch_size: batch as u64,
        precision: Precision::Bf16,
        micro_batches: arguments.micro_batches,
        ..Recipe::vit22b()
    };
    let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
    let options = [("micro_batches", "--micro-batches"), ("batch_size", "--batch")];
    let train = TrainStep::new(task, &recipe, None);
    let train = train.map_err(|error| naming_option(error, &options))?;
    let save = saved(&arguments.keep);
    let save = save.with_context(|| format!("--keep {}", arguments.keep.join(",")))?;
    let train = train.with_rolled_blocks(save);
    let mut sharding = Sharding::vit22b(arguments.activations.into());
    for given in &arguments.activation {
        let (name, spec) = given
            .split_once('=')
            .with_context(|| format!("--activation {given}: expected NAME=SPEC"))?;
        let known = [activation::RESIDUAL, activation::NORM, activation::HEADS, activation::HIDDEN]
            .into_iter()
            .find(|known| *known == name)
            .with_context(|| {
                format!(
                    "--activation {given}: no activation is called {name}; expected residual, norm, \
                     heads or hidden"
                )
            })?;
        sharding = sharding
            .with_activation(known, spec.parse().with_context(|| format!("--activation {given}"))?);
    }
    let sharding = with_replicas(sharding, &mesh)?;
    if arguments.plan {
        println!("{}", Plan::new(&mesh, &sharding, &train.state_leaves()?)?);
    }
    // Weights of the next product arrive while this one runs; libtpu leaves that off for a TPU v4.
    let mut options = CompileOptions::new().with_override("xla_enable_async_all_gather", true);
    for flag in &arguments.flag {
        let (name, value) =
            flag.split_once('=').with_context(|| format!("--flag {flag}: expected NAME=VALUE"))?;
        options = options.with_override(name, OptionValue::of_flag(value));
    }
    Ok(Forecast::new(&train, batch, (&mesh, &sharding), topology, (Lowering::new(), options))?)
}

fn save(programs: &Programs, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("step.mlir"), &programs.lowered.program.text)?;
    std::fs::write(folder.join("step.hlo.pb"), programs.executable.optimized_program()?.code)?;
    std::fs::write(folder.join("step.executable"), programs.executable.serialize()?)?;
    Ok(())
}
