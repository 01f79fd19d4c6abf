//! Depths of images, as pictures and as values.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::json;
use vit22b::data::{DepthMap, Image};
use vit22b::dense::DepthEstimator;
use vit22b::report::depth_picture;

use crate::args::{DenseWeights, DeviceName, ImageFiles};
use crate::dense::for_each_batch;
use crate::file_names::file_names;
use crate::terminal::counted;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: DenseWeights,
    #[command(flatten)]
    images: ImageFiles,
    /// Folder for pictures/NAME.png (the image, and its depths in colours:
    /// light is near), values/NAME, and depth.jsonl, a line for each image
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The files of values: npy and pfm hold them as they are, png as whole
    /// numbers of 16 bits
    #[arg(long, value_name = "FORMAT", default_value = "npy")]
    values: Format,
    /// Steps of a PNG for one unit of depth. Without it 1000 for a model of
    /// metric depth; relative depths of each image are scaled to its
    /// largest, and depth.jsonl says by what
    #[arg(long, value_name = "STEPS", verbatim_doc_comment, value_parser = above_zero)]
    scale: Option<f64>,
    #[command(flatten)]
    device: DeviceName,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    Npy,
    Pfm,
    Png,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Self::Npy => "npy",
            Self::Pfm => "pfm",
            Self::Png => "png",
        }
    }
}

fn above_zero(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && number.is_finite());
    number.ok_or_else(|| "expected a number above 0".into())
}

/// Millimetres, where depths are metres.
const METRIC_SCALE: f64 = 1000.0;

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { weights, images, out, values, scale, device } = arguments;
    let set = images.open()?;
    let runtime = device.runtime()?;
    let loaded = weights.load_depth(&runtime)?;
    for folder in ["pictures", "values"] {
        let folder = out.join(folder);
        std::fs::create_dir_all(&folder).with_context(|| format!("--out {}", out.display()))?;
    }
    eprintln!("on {runtime}\n");
    let processor = loaded.processor;
    let estimator =
        DepthEstimator::new(&runtime, loaded.model, move |size| processor.steps_for(size))?
            .with_batch(images.batch());
    let lines = out.join("depth.jsonl");
    let lines = File::create(&lines).with_context(|| lines.display().to_string())?;
    let names = file_names(set.items().map(|item| item.name));
    let (lines, is_relative) = (BufWriter::new(lines), estimator.is_relative());
    let mut files = Files { out: &out, lines, is_relative, values, scale, cut: 0 };
    let done = for_each_batch(&images, &set, |indices, batch| {
        for ((index, image), map) in indices.iter().zip(batch).zip(estimator.depths(batch)?) {
            files.write(&set.name(*index), &names[*index], image, &map)?;
        }
        Ok(())
    })?;
    let cut = files.cut;
    files.lines.flush()?;
    if cut > 0 {
        eprintln!(
            "{} beyond what 16 bits hold, cut; give a smaller --scale",
            counted(cut, "depth")
        );
    }
    println!("depths of {} in {}", counted(done, "image"), out.display());
    Ok(())
}

/// What is written.
struct Files<'a> {
    out: &'a Path,
    lines: BufWriter<File>,
    is_relative: bool,
    values: Format,
    scale: Option<f64>,
    /// How many depths 16 bits do not hold.
    cut: usize,
}

impl Files<'_> {
    fn write(
        &mut self,
        image_name: &str,
        name: &str,
        image: &Image,
        map: &DepthMap,
    ) -> anyhow::Result<()> {
        let size = [image.height(), image.width()];
        let picture = format!("pictures/{name}.png");
        let path = self.out.join(&picture);
        depth_picture(&path, size, image.pixels(), map.values(), self.is_relative)?;
        let [low, high] = extremes(map.values());
        let scale = match (self.scale, self.is_relative) {
            (Some(scale), _) => scale,
            (None, false) => METRIC_SCALE,
            (None, true) if high > 0.0 => f64::from(u16::MAX) / f64::from(high),
            (None, true) => 1.0,
        };
        let file = format!("values/{name}.{}", self.values.ending());
        self.cut += map.write(&self.out.join(&file), scale)?;
        let mut line = json!({
            "image": image_name, "height": size[0], "width": size[1], "smallest": low, "largest": high,
            "kind": if self.is_relative { "relative, large is near" } else { "metric" },
            "picture": picture, "values": file,
        });
        if self.values == Format::Png {
            line["scale"] = scale.into();
        }
        writeln!(self.lines, "{line}")?;
        Ok(())
    }
}

fn extremes(values: &[f32]) -> [f32; 2] {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    [low, values.iter().copied().fold(f32::NEG_INFINITY, f32::max)]
}
