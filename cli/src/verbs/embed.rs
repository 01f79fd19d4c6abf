//! Features of images by a published model, in a file.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use vit22b::probe::FeatureFile;

use crate::args::{DeviceName, Images, Weights, tell_remarks};
use crate::terminal::counted;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    #[command(flatten)]
    images: Images,
    /// Where the features go: a file that ends in .safetensors (with
    /// names and labels in its header), .npy (names in a text file
    /// beside it) or .jsonl
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceName,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { weights, images, out, device } = arguments;
    let start = Instant::now();
    let set = images.open()?;
    // An error now, not after all images.
    let file = FeatureFile::create(&out).context("--out")?;
    let embedder = weights.embedder(&device.runtime()?, &images)?;
    let table = images.embed(&embedder, &set)?;
    tell_remarks(&set);
    file.write(&table).context("--out")?;
    println!(
        "{}, {} features each, in {}; {:.1} s",
        counted(table.rows(), "image"),
        table.columns(),
        out.display(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
