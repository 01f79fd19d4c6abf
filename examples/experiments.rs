//! Segmentation and depth of drawn scenes on frozen towers, with controls and three seeds.
//!
//! ```console
//! $ cargo run --release --example dense_prediction -- segmentation
//! ```

use std::time::Instant;

use vit22b::Runtime;
use vit22b::experiments::{Experiment, depth_of_scenes, segmentation_of_scenes};

fn main() -> anyhow::Result<()> {
    let runtime = Runtime::auto();
    let (which, begun) = (std::env::args().nth(1).unwrap_or_default(), Instant::now());
    let progress = |line: &str| eprintln!("{line}");
    let seeds = [0, 1, 2];
    let found: Experiment = match which.as_str() {
        "segmentation" => segmentation_of_scenes(&runtime, &seeds, progress)?,
        "depth" => depth_of_scenes(&runtime, &seeds, progress)?,
        other => anyhow::bail!("expected segmentation or depth, got \"{other}\""),
    };
    println!("{found}{:.0} s on {runtime}", begun.elapsed().as_secs_f64());
    Ok(())
}
