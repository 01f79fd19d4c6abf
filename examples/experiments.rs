//! What the paper claims, in miniature on drawn images, with controls and three seeds.
//!
//! ```console
//! $ cargo run --release --example experiments -- segmentation
//! ```

use std::time::Instant;

use clap::{Parser, ValueEnum};
use vit22b::Runtime;
use vit22b::experiments::{
    DistillationSteps, FineTuningSteps, depth_of_scenes, distillation, fine_tuning,
    motion_of_clips, segmentation_of_scenes,
};

#[derive(Parser)]
struct Args {
    which: Which,
    #[arg(long, value_delimiter = ',', default_values_t = [0, 1, 2])]
    seeds: Vec<u64>,
    /// What computes: auto, flex, xla or a GPU backend that is built in
    #[arg(long, default_value = "auto")]
    device: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Which {
    Segmentation,
    Depth,
    Motion,
    FineTuning,
    Distillation,
}

fn main() -> anyhow::Result<()> {
    let Args { which, seeds, device } = Args::parse();
    let (runtime, begun) = (Runtime::named(&device)?, Instant::now());
    let progress = |line: &str| eprintln!("{line}");
    let found = match which {
        Which::Segmentation => vec![segmentation_of_scenes(&runtime, &seeds, progress)?],
        Which::Depth => vec![depth_of_scenes(&runtime, &seeds, progress)?],
        Which::Motion => vec![motion_of_clips(&runtime, &seeds, progress)?],
        Which::FineTuning => {
            vec![fine_tuning(&runtime, &seeds, FineTuningSteps::default(), progress)?]
        }
        Which::Distillation => {
            distillation(&runtime, &seeds, DistillationSteps::default(), progress)?.into()
        }
    };
    found.iter().for_each(|experiment| println!("{experiment}"));
    println!("{:.0} s on {runtime}", begun.elapsed().as_secs_f64());
    Ok(())
}
