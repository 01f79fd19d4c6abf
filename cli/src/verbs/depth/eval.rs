//! Measures a model on images whose depths are known.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use vit22b::data::DepthTruth;
use vit22b::dense::DepthEstimator;

use crate::args::{Decoding, DenseWeights, DeviceName};
use crate::dense::open_pairs;

use super::score::{Comparing, score};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: DenseWeights,
    /// Images: a folder, a list (.csv, .tsv or .jsonl) or shards (.tar)
    #[arg(long, value_name = "PATH")]
    images: PathBuf,
    /// Folder of their depths: .png of 16 bits, .npy or .pfm, below the same
    /// paths as the images
    #[arg(long, value_name = "DIR")]
    depths: PathBuf,
    /// Steps of a PNG for one unit of depth: 256 in KITTI's files and those
    /// of draw scenes, 1000 in NYU's
    #[arg(long, value_name = "STEPS", default_value_t = 256.0, allow_negative_numbers = true)]
    depth_steps: f64,
    #[command(flatten)]
    comparing: Comparing,
    #[command(flatten)]
    decoding: Decoding,
    /// Images of a batch
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// Print one object of JSON, in place of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceName,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { weights, comparing, decoding, batch, json, device, .. } = &arguments;
    let truth = DepthTruth::new(arguments.depth_steps).context("--depth-steps")?;
    let (images, depths) = (&arguments.images, &arguments.depths);
    let pairs = open_pairs::<DepthTruth>(images, depths, ["--images", "--depths"])?;
    let runtime = device.runtime()?;
    let loaded = weights.load_depth(&runtime)?;
    eprintln!("on {runtime}\n");
    let batch = usize::from(*batch);
    let processor = loaded.processor;
    let estimator =
        DepthEstimator::new(&runtime, loaded.model, move |size| processor.steps_for(size))?
            .with_batch(batch);
    let scores = score(&estimator, &pairs, &truth, comparing, (*decoding, batch))?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&scores.json()?)?),
        false => println!("{}", scores.text()?),
    }
    Ok(())
}
