//! Trains a head for segmentation on a tower.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use vit22b::data::MaskTruth;
use vit22b::dense::{AuxiliaryConfig, Segment, SegmentationConfig, SegmentationHead, Segmenter};
use vit22b::heads::{FcnConfig, LinearDecoderConfig, PyramidConfig, UperNetConfig};
use vit22b::train::{Recipe, Regularisation};
use vit22b::vit::ViT22B;
use vit22b::weights::{LoadOptions, SeenImages, WeightsFile, save_segmentation};

use crate::dense::Training;
use crate::terminal::counted;
use crate::training::stop_on_signal;

use super::classes::classes;
use super::score::score;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    training: Training,
    /// Folder of the images' masks: PNG with a palette or grey, below the
    /// same paths as the images
    #[arg(long, value_name = "DIR")]
    masks: PathBuf,
    /// Folder of the masks of --test-images
    #[arg(long, value_name = "DIR")]
    test_masks: Option<PathBuf>,
    /// The classes of the masks: ade20k, context, voc, or a file with a name
    /// on each line, whose first has the number 0
    #[arg(long, value_name = "SET")]
    classes: String,
    /// One linear layer on each patch, or UPerNet on the maps of four blocks
    #[arg(long, default_value = "linear")]
    head: Head,
    /// Probability that the branches of the tower's last block are dropped
    /// for an image; it grows evenly from 0 at the first block
    #[arg(long, value_name = "RATE", requires = "fine_tune", allow_negative_numbers = true)]
    drop_path: Option<f64>,
    /// Folder for model.safetensors, checkpoints, metrics.jsonl and
    /// curves.svg
    #[arg(long, value_name = "FOLDER", default_value = "out/segment")]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Head {
    Linear,
    #[value(name = "upernet")]
    UperNet,
}

/// The option of images and that of masks, to train and to test with.
const OPTIONS: [[&str; 2]; 2] = [["--images", "--masks"], ["--test-images", "--test-masks"]];

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { training, masks, test_masks, out, .. } = &arguments;
    let classes = classes(&arguments.classes)?;
    let truth = MaskTruth::new(classes.clone());
    let pairs = training.pairs(&truth, (masks, test_masks.as_deref()), OPTIONS)?;
    let stop = stop_on_signal()?;
    let runtime = training.device.runtime()?;
    let tower = training.tower(&runtime)?;
    let seen = SeenImages { shorter: tower.side, statistics: tower.statistics };
    let [data, held_out] = training.loaders(&pairs, &truth, (&tower, [0.5, 2.0]))?;
    let config = config(&arguments, &tower.model, classes.len())?;
    println!("{}\non {runtime}", tower.model);
    println!(
        "{} to train with, {} to test with, {}",
        counted(pairs[0].len(), "image"),
        counted(pairs[1].len(), "image"),
        counted(classes.len(), "class"),
    );
    let recipe = training.recipe(Recipe::segmentation, config.tower.depth)?;
    let model = config.init_on(tower.model, training.seed, &runtime.device())?;
    let regularisation =
        Regularisation { dropout: 0.0, stochastic_depth: arguments.drop_path.unwrap_or(0.0) };
    let task = Segment::new(config)?.with_regularisation(regularisation).context("--drop-path")?;
    let whole = (task, recipe, model);
    let Some(model) = training.train(whole, (data, held_out), (&runtime, out, &stop))? else {
        return Ok(());
    };
    let path = out.join("model.safetensors");
    save_segmentation(&model, seen, &classes, &path)
        .with_context(|| format!("--out {}", out.display()))?;
    // As eval will read it.
    let file = WeightsFile::open(&path)?;
    let loaded = file.load_segmentation(&LoadOptions::new(), &runtime.device())?;
    let processor = loaded.processor;
    let segmenter = Segmenter::new(&runtime, loaded.model, move |size| processor.steps_for(size))?;
    let reading = training.evaluating();
    let segmenter = segmenter.with_batch(reading.1);
    let scores = score(&segmenter, &pairs[1], &truth, reading)?;
    println!("{}\n{}", scores.text("whole images")?, path.display());
    Ok(())
}

fn config(
    arguments: &Arguments,
    tower: &ViT22B,
    classes: usize,
) -> anyhow::Result<SegmentationConfig> {
    let training = &arguments.training;
    let of_tower = tower.config().clone();
    let (width, depth) = (of_tower.width, of_tower.depth);
    // InternVL has 1,536 channels for 6,144, and 512 are usual for 768.
    let channels = training.channels.unwrap_or((2 * width / 3).clamp(16, 1536));
    let (head, maps): (SegmentationHead, usize) = match arguments.head {
        Head::Linear => (LinearDecoderConfig::new(width, classes).into(), 1),
        Head::UperNet => (UperNetConfig::new(vec![width; 4], channels, classes).into(), 4),
    };
    let config = SegmentationConfig::new(of_tower, training.blocks(depth, maps)?, head);
    let auxiliary = || AuxiliaryConfig::new(FcnConfig::new(width, channels, classes));
    let config = match arguments.head {
        Head::Linear => config,
        Head::UperNet => config
            .with_pyramid(Some(PyramidConfig::new(width)))
            .with_auxiliary(training.fine_tune.then(auxiliary)),
    };
    config.validate()?;
    Ok(config)
}
