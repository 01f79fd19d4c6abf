//! A training step of UPerNet on B/16, compiled by XLA, for `benches/dense_torch.py`, which has the same step in PyTorch:
//!
//!     cargo bench --bench dense -- whole 3      # or: frozen 3, without training the tower
//!
//! Two images of 512 × 512 and 150 classes, as in ADE20k. One line: megabytes of arguments, results and temporaries by the compiler's
//! account, the most megabytes that the process held, seconds to compile, and for each step seconds by the clock.

use std::time::Instant;

use burn::tensor::{Distribution, Int, Tensor};
use burn_xla::pjrt::Executable;
use vit22b::Runtime;
use vit22b::data::MaskBatch;
use vit22b::dense::{BlockChoice, Segment, SegmentationConfig};
use vit22b::heads::{PyramidConfig, UperNetConfig};
use vit22b::train::{Engine, Recipe, Start, TrainStep};
use vit22b::vit::{Variant, ViT22BConfig};

const SIDE: usize = 512;
const BATCH: usize = 2;
const CLASSES: usize = 150;
const CHANNELS: usize = 512;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let [trained, steps] = &arguments[..] else {
        println!("dense: expected whole or frozen, and how many steps");
        return Ok(());
    };
    let tower: ViT22BConfig = Variant::parse("B/16")?.config(0).with_image([SIDE, SIDE]).classic();
    let (width, depth) = (tower.width, tower.depth);
    let head = UperNetConfig::new(vec![width; 4], CHANNELS, CLASSES);
    let blocks = BlockChoice::quarters(depth).with_norm(true);
    let config = SegmentationConfig::new(tower, blocks, head.into())
        .with_pyramid(Some(PyramidConfig::new(width)));
    let recipe = Recipe::segmentation(BATCH as u64, 1_000, 1e-4);
    let recipe = match &**trained {
        "frozen" => recipe.with_frozen([r"tower\..*"]),
        _ => recipe,
    };
    let runtime = Runtime::named("xla")?;
    let device = runtime.device();
    let step = TrainStep::new(Segment::new(config)?, &recipe, None)?;
    let mut engine = Engine::start(&runtime, step, Start::Drawn(0))?;
    let compiled = engine.compiled().expect("the runtime is XLA");
    let times = compiled.compile(BATCH)?;
    let memory = |executable: &Executable| executable.program().memory_stats();
    let memory = compiled.with_executable(BATCH, memory)??.total_bytes();
    let shape = [BATCH, 3, SIDE, SIDE];
    let labels =
        Tensor::<3>::random([BATCH, SIDE, SIDE], Distribution::Uniform(0.0, 150.0), &device);
    let labels: Tensor<3, Int> = labels.int().clamp(0, CLASSES as i64 - 1);
    let images = Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device);
    let batch = engine.upload(&MaskBatch { images, labels })?;
    let mut seconds = Vec::new();
    for _ in 0..steps.parse::<usize>()? {
        let start = Instant::now();
        anyhow::ensure!(engine.step_uploaded(&batch)?.read()?.finite, "the loss is not finite");
        seconds.push(format!("{:.2}", start.elapsed().as_secs_f64()));
    }
    println!(
        "{trained}: {:.0} MB by the compiler, {:.0} MB of the process, compiled in {:.1} s; steps {} s",
        memory as f64 / 1e6,
        peak_kilobytes().unwrap_or(0.0) / 1e3,
        times.compile.as_secs_f64(),
        seconds.join(" ")
    );
    Ok(())
}

/// The most memory that this process held, as Linux tells it.
fn peak_kilobytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kibibytes| kibibytes * 1.024)
}
