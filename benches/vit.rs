//! Times forward passes and training steps, for a run beside another library:
//!
//!     cargo bench --bench vit -- --variant S/16 --batch 8 --device xla --json
//!
//! prints one line, with times in seconds. On XLA the line also has `compile_s`, the size of the program,
//! the memory of a training step, and `host_s`: the time in which a step keeps the host busy. On Linux it has the
//! processor time of all threads too, the least of the runs (`forward_cpu_s`, `train_step_cpu_s`): other programs disturb
//! it less than the time by the clock.

use std::time::Instant;

use burn::tensor::{DType, Distribution, Tensor};
use burn_trace::Save;
use burn_xla::pjrt::Executable;
use clap::{Parser, ValueEnum};
use vit22b::data::ImageBatch;
use vit22b::train::{
    Classify, Duration, Engine, Loss, Momentum, Precision, Recipe, Rules, Stage, Start, TrainStep,
    Tune,
};
use vit22b::vit::{Projections, Variant, ViT22B, ViT22BConfig};
use vit22b::{Runtime, params};

#[derive(Parser)]
#[command(about = "Times forward passes and training steps (medians, in seconds)")]
struct Args {
    /// Size and patch, such as S/16
    #[arg(long, default_value = "S/16")]
    variant: Variant,
    /// Images of a batch
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    /// Classes of the classifier
    #[arg(long, default_value_t = 1000)]
    classes: usize,
    /// What computes: auto, flex or xla
    #[arg(long, default_value = "auto")]
    device: String,
    /// The type of products and activations
    #[arg(long, default_value = "f32")]
    precision: PrecisionName,
    /// How a block's projections are executed
    #[arg(long, default_value = "auto")]
    projections: ProjectionsName,
    /// Blocks, if other than the variant's
    #[arg(long)]
    depth: Option<usize>,
    /// Compile the blocks as loops that keep this for their gradients (XLA)
    #[arg(long)]
    rolled: Option<SaveName>,
    /// Equal parts of a batch that Flex trains on at the same time
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Runs of which the median is printed, after one to warm up
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    reps: u64,
    /// Measure this alone
    #[arg(long)]
    only: Option<Part>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum PrecisionName {
    F32,
    Bf16,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Forward,
    Step,
}

#[derive(Clone, Copy, ValueEnum)]
enum ProjectionsName {
    Auto,
    Separate,
    Fused,
}

#[derive(Clone, Copy, ValueEnum)]
enum SaveName {
    Everything,
    Products,
    Nothing,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let runtime = Runtime::named(&args.device)?;
    let device = runtime.device();
    let (projections, projections_name) = match args.projections {
        ProjectionsName::Auto => (Projections::Auto, "auto"),
        ProjectionsName::Separate => (Projections::Separate, "separate"),
        ProjectionsName::Fused => (Projections::Fused, "fused"),
    };
    let (precision, precision_name) = match args.precision {
        PrecisionName::F32 => (Precision::F32, "f32"),
        PrecisionName::Bf16 => (Precision::Bf16, "bf16"),
    };
    let config = args.variant.config(args.classes);
    let depth = args.depth.unwrap_or(config.depth);
    let config = config.with_depth(depth);
    let model = params::initialize(config.init(&device)?.with_projections(projections));
    let batch = args.batch as usize;
    let [height, width] = config.image;
    let images = Tensor::random([batch, 3, height, width], Distribution::Normal(0.0, 1.0), &device);
    let targets = Tensor::<2>::zeros([batch, args.classes], &device);

    let mut report = serde_json::json!({
        "variant": args.variant.to_string(), "depth": depth, "batch": batch, "device": runtime.name(),
        "precision": precision_name, "projections": projections_name,
    });
    if args.only != Some(Part::Step) {
        let computing = precision.cast(model.clone());
        let forward = runtime.bind(computing, move |model, images: Tensor<4>| {
            model.forward(precision.cast_tensor(images)).cast(DType::F32)
        })?;
        let times = measure(args.reps, || Ok(forward.call(images.clone())?.into_data()))?;
        times.tell("forward", &mut report);
    }
    if args.only != Some(Part::Forward) {
        let batch = ImageBatch { images, targets };
        step(&args, &runtime, (config, precision), model, batch, &mut report)?;
    }

    if args.json {
        println!("{report}");
    } else {
        println!(
            "{}, batch {batch}, {precision_name}, {} runs: {runtime}",
            args.variant, args.reps
        );
        for (name, key) in [("forward   ", "forward_s"), ("train step", "train_step_s")] {
            if let Some(seconds) = report[key].as_f64() {
                println!("{name}  {seconds:.4} s  {:.1} images/s", batch as f64 / seconds);
            }
        }
    }
    Ok(())
}

/// Times training steps.
fn step(
    args: &Args,
    runtime: &Runtime,
    (config, precision): (ViT22BConfig, Precision),
    model: ViT22B,
    batch: ImageBatch,
    report: &mut serde_json::Value,
) -> anyhow::Result<()> {
    let images = args.batch as usize;
    let recipe = Recipe {
        batch_size: args.batch,
        total: Duration::Steps(1_000_000),
        update: vec![
            Stage::Momentum(Momentum::default()),
            Stage::LearningRate { peak: 1e-3, factors: Rules::all(Tune::Factor(1.0)) },
        ],
        precision,
        ..Recipe::vit22b()
    };
    let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
    let train = TrainStep::new(task, &recipe, None)?;
    let train = match args.rolled {
        Some(save) => train.with_rolled_blocks(match save {
            SaveName::Everything => Save::Everything,
            SaveName::Products => Save::Products,
            SaveName::Nothing => Save::Nothing,
        }),
        None => train,
    };
    let times = match runtime.as_xla() {
        Some(_) => {
            let mut engine = Engine::start(runtime, train, Start::From(model, 0))?;
            let compiled = engine.compiled().expect("the runtime is XLA");
            let times = compiled.compile(images)?;
            report["compile_s"] = times.compile.as_secs_f64().into();
            report["record_and_lower_s"] = (times.capture + times.lower).as_secs_f64().into();
            report["program_bytes"] = compiled.lower(images)?.program.text.len().into();
            let memory = |executable: &Executable| executable.program().memory_stats();
            report["memory_bytes"] =
                compiled.with_executable(images, memory)??.total_bytes().into();
            // On the device, as JAX's benchmark has it.
            let batch = engine.upload(&batch)?;
            let mut host = Vec::new();
            let times = measure(args.reps, || {
                let start = Instant::now();
                let pending = engine.step_uploaded(&batch)?;
                host.push(start.elapsed().as_secs_f64());
                Ok(pending.read()?)
            })?;
            host.sort_by(f64::total_cmp);
            report["host_s"] = host[host.len() / 2].into();
            times
        }
        None => {
            let train = train.with_workers(args.workers)?;
            let mut state = Some(train.init(model, 0));
            measure(args.reps, || {
                let before = state.take().expect("the state of the step before");
                let (after, metrics) = train.run(before, batch.clone())?;
                state = Some(after);
                Ok(metrics.loss.into_data())
            })?
        }
    };
    times.tell("train_step", report);
    Ok(())
}

struct Times {
    /// By the clock, the median.
    seconds: f64,
    /// Of all threads' processor time, the least.
    cpu_seconds: Option<f64>,
}

impl Times {
    fn tell(&self, what: &str, report: &mut serde_json::Value) {
        report[format!("{what}_s")] = self.seconds.into();
        if let Some(seconds) = self.cpu_seconds {
            report[format!("{what}_cpu_s")] = seconds.into();
        }
    }
}

/// The times of a run in seconds; what a run returns has been read from the device.
fn measure<T>(reps: u64, mut run: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<Times> {
    run()?;
    let (mut times, mut least) = (Vec::new(), None::<f64>);
    for _ in 0..reps {
        let (start, processor) = (Instant::now(), processor_s());
        run()?;
        times.push(start.elapsed().as_secs_f64());
        if let Some((before, after)) = processor.zip(processor_s()) {
            least = Some(least.map_or(after - before, |least| least.min(after - before)));
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(Times { seconds: times[times.len() / 2], cpu_seconds: least })
}

/// What the threads of this process have computed so far, as Linux tells it.
fn processor_s() -> Option<f64> {
    let mut nanoseconds = 0.0;
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        let told = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += told.split_whitespace().next()?.parse::<f64>().ok()?;
    }
    Some(nanoseconds / 1e9)
}
