//! Measures a model on images whose masks are known.

use std::path::PathBuf;

use clap::Args;
use vit22b::data::MaskTruth;
use vit22b::dense::Segmenter;

use crate::args::{Decoding, DenseWeights, DeviceName};
use crate::dense::{Seeing, open_pairs};

use super::classes::of_model;
use super::score::score;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: DenseWeights,
    /// Images: a folder, a list (.csv, .tsv or .jsonl) or shards (.tar)
    #[arg(long, value_name = "PATH")]
    images: PathBuf,
    /// Folder of their masks: PNG with a palette or grey, below the same
    /// paths as the images
    #[arg(long, value_name = "DIR")]
    masks: PathBuf,
    /// The classes of the masks: ade20k, context, voc, or a file with a name
    /// on each line [default: those of the model]
    #[arg(long, value_name = "SET")]
    classes: Option<String>,
    #[command(flatten)]
    seeing: Seeing,
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
    let Arguments { weights, images, masks, classes, seeing, decoding, batch, json, device } =
        arguments;
    let pairs = open_pairs::<MaskTruth>(&images, &masks, ["--images", "--masks"])?;
    let runtime = device.runtime()?;
    let loaded = weights.load_segmentation(&runtime)?;
    eprintln!("on {runtime}\n");
    let count = loaded.model.config().head.classes();
    let names = (&loaded.description.class_names[..], count);
    let classes = of_model(classes.as_deref(), loaded.classes, names)?;
    let processor = loaded.processor;
    let segmenter = Segmenter::new(&runtime, loaded.model, move |size| processor.steps_for(size))?;
    let segmenter = seeing.apply(segmenter.with_batch(batch.into()))?;
    let truth = MaskTruth::new(classes);
    let scores = score(&segmenter, &pairs, &truth, (decoding, batch.into()))?;
    let seen = seeing.shown();
    match json {
        true => println!("{}", serde_json::to_string_pretty(&scores.json(&seen)?)?),
        false => println!("{}", scores.text(&seen)?),
    }
    Ok(())
}
