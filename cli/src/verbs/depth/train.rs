//! Trains a head for depth on a tower.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use vit22b::data::DepthTruth;
use vit22b::dense::{DepthConfig, DepthEstimator, DepthReadout, DepthTarget, EstimateDepth};
use vit22b::heads::{DepthOutput, DptConfig, LinearDecoderConfig};
use vit22b::train::Recipe;
use vit22b::vit::ViT22B;
use vit22b::weights::{LoadOptions, SeenImages, WeightsFile, save_depth};

use crate::dense::Training;
use crate::terminal::counted;
use crate::training::stop_on_signal;

use super::score::{Comparing, score};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    training: Training,
    /// Folder of the images' depths: .png of 16 bits, .npy or .pfm, below the
    /// same paths as the images; 0 where none is known
    #[arg(long, value_name = "DIR")]
    depths: PathBuf,
    /// Folder of the depths of --test-images
    #[arg(long, value_name = "DIR")]
    test_depths: Option<PathBuf>,
    /// Steps of a PNG for one unit of depth: 256 in KITTI's files and those
    /// of draw scenes, 1000 in NYU's
    #[arg(long, value_name = "STEPS", default_value_t = 256.0, allow_negative_numbers = true)]
    depth_steps: f64,
    /// One linear layer on each patch, or DPT on the tokens of four blocks
    #[arg(long, default_value = "linear")]
    head: Head,
    /// Learn inverse depths up to a number and a shift of each image, in
    /// place of log(1 + depth)
    #[arg(long)]
    relative: bool,
    /// Folder for model.safetensors, checkpoints, metrics.jsonl and
    /// curves.svg
    #[arg(long, value_name = "FOLDER", default_value = "out/depth")]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Head {
    Linear,
    Dpt,
}

/// The option of images and that of depths, to train and to test with.
const OPTIONS: [[&str; 2]; 2] = [["--images", "--depths"], ["--test-images", "--test-depths"]];

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { training, depths, test_depths, out, .. } = &arguments;
    let truth = DepthTruth::new(arguments.depth_steps).context("--depth-steps")?;
    let pairs = training.pairs(&truth, (depths, test_depths.as_deref()), OPTIONS)?;
    let stop = stop_on_signal()?;
    let runtime = training.device.runtime()?;
    let tower = training.tower(&runtime)?;
    let seen = SeenImages { shorter: tower.side, statistics: tower.statistics };
    let [data, held_out] = training.loaders(&pairs, &truth, (&tower, [1.0, 1.5]))?;
    let config = config(&arguments, &tower.model)?;
    println!("{}\non {runtime}", tower.model);
    println!(
        "{} to train with, {} to test with",
        counted(pairs[0].len(), "image"),
        counted(pairs[1].len(), "image"),
    );
    let recipe = training.recipe(Recipe::depth, config.tower.depth)?;
    let model = config.init_on(tower.model, training.seed, &runtime.device())?;
    let task = EstimateDepth::new(config)?;
    let whole = (task, recipe, model);
    let Some(model) = training.train(whole, (data, held_out), (&runtime, out, &stop))? else {
        return Ok(());
    };
    let path = out.join("model.safetensors");
    save_depth(&model, seen, &path).with_context(|| format!("--out {}", out.display()))?;
    // As eval will read it.
    let file = WeightsFile::open(&path)?;
    let loaded = file.load_depth(&LoadOptions::new(), &runtime.device())?;
    let processor = loaded.processor;
    let reading = training.evaluating();
    let estimator =
        DepthEstimator::new(&runtime, loaded.model, move |size| processor.steps_for(size))?
            .with_batch(reading.1);
    let scores = score(&estimator, &pairs[1], &truth, &Comparing::default(), reading)?;
    println!("{}\n{}", scores.text()?, path.display());
    Ok(())
}

fn config(arguments: &Arguments, tower: &ViT22B) -> anyhow::Result<DepthConfig> {
    let training = &arguments.training;
    let of_tower = tower.config().clone();
    let (width, depth, patch) = (of_tower.width, of_tower.depth, of_tower.patch);
    let (head, maps): (DepthReadout, usize) = match arguments.head {
        Head::Linear => (LinearDecoderConfig::new(width, 1).into(), 1),
        Head::Dpt => {
            // Of a width of 768: 96, 192, 384 and 768, joined in 256 channels.
            let widths = [8, 4, 2, 1].map(|part| (width / part).max(1));
            let channels = training.channels.unwrap_or((width / 3).clamp(16, 256));
            // The last map is enlarged twice more, and need not be larger than the image.
            let finest = if patch >= 8 {
                4.0
            } else if patch >= 4 {
                2.0
            } else {
                1.0
            };
            let head = DptConfig::new(width)
                .with_neck_widths(widths.to_vec())
                .with_factors([1.0, 2.0, 4.0, 8.0].map(|part| finest / part).to_vec())
                .with_channels(channels.max(2))
                .with_output(DepthOutput::Linear)
                .depth_anything(patch);
            (head.into(), 4)
        }
    };
    let target = if arguments.relative { DepthTarget::Direct } else { DepthTarget::LogDepth };
    let config = DepthConfig::new(of_tower, training.blocks(depth, maps)?, head);
    let config = config.with_target(target);
    config.validate()?;
    Ok(config)
}
