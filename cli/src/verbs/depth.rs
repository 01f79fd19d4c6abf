//! Depths of images by a published model, as pictures and as values.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use burn::tensor::{Tensor, TensorData};
use clap::{Args, ValueEnum};
use serde_json::json;
use vit22b::data::{DepthMap, ExampleKey, Image, Preprocess};
use vit22b::dense::DepthModel;
use vit22b::heads::DepthOutput;
use vit22b::report::depth_picture;
use vit22b::vit::{Interpolation, resample};

use crate::args::{DeviceName, Images, Weights, tell_remarks};
use crate::file_names::file_names;
use crate::terminal::{ImageBar, counted};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    #[command(flatten)]
    images: Images,
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
    let is_relative = matches!(loaded.model.config().head.output, DepthOutput::Relu(_));
    eprintln!("on {runtime}\n");
    let processor = loaded.processor;
    let model = runtime.bind(loaded.model, |model: &DepthModel, images| model.forward(images))?;
    let model = |images| anyhow::Ok(model.call(images)?);
    let lines = out.join("depth.jsonl");
    let lines = File::create(&lines).with_context(|| lines.display().to_string())?;
    let names = file_names(set.items().map(|item| item.name));
    let mut files =
        Files { out: &out, lines: BufWriter::new(lines), is_relative, values, scale, cut: 0 };
    let (mut bar, decoding) = (ImageBar::new(set.len()), images.decoding().options());
    // Images that follow each other and become inputs of one size are computed together.
    let mut batch: Vec<Waiting> = Vec::new();
    let (mut done, mut left_out) = (0, 0);
    let indices = (0..set.len()).map(Some).chain([None]);
    for index in indices {
        let next = match index.map(|index| (index, set.decode(index, decoding))) {
            None => None,
            Some((index, Ok(image))) => {
                let steps = processor.steps_for([image.height(), image.width()]);
                Some(Waiting { index, image, steps })
            }
            Some((_, Err(error))) if images.stops_at_broken() => bail!(error),
            Some((_, Err(error))) => {
                bar.say(&format!("left out: {error}"));
                left_out += 1;
                continue;
            }
        };
        let joins = next.as_ref().is_some_and(|next| {
            batch.len() < images.batch() && batch.first().is_none_or(|one| one.steps == next.steps)
        });
        if !joins {
            let maps = depths(&batch, model)?;
            for (waiting, map) in batch.drain(..).zip(maps) {
                let Waiting { index, image, .. } = waiting;
                files.write(&set.name(index), &names[index], &image, &map)?;
                done += 1;
                bar.done_and_skipped(done + left_out, left_out);
            }
        }
        batch.extend(next);
    }
    let cut = files.cut;
    files.lines.flush()?;
    bar.clear();
    tell_remarks(&set);
    if left_out > 0 {
        eprintln!("{} could not be read", counted(left_out, "image"));
    }
    if cut > 0 {
        eprintln!(
            "{} beyond what 16 bits hold, cut; give a smaller --scale",
            counted(cut, "depth")
        );
    }
    println!("depths of {} in {}", counted(done, "image"), out.display());
    Ok(())
}

/// An image that is computed with others of its size.
struct Waiting {
    index: usize,
    image: Image,
    steps: Preprocess,
}

/// The depths of each image of a batch, in its own size.
fn depths(
    batch: &[Waiting],
    model: impl Fn(Tensor<4>) -> anyhow::Result<Tensor<3>>,
) -> anyhow::Result<Vec<DepthMap>> {
    let Some(first) = batch.first() else { return Ok(vec![]) };
    let [height, width] = first.steps.size_for([first.image.height(), first.image.width()]);
    let one = 3 * height * width;
    let mut pixels = vec![0.0; batch.len() * one];
    for (waiting, pixels) in batch.iter().zip(pixels.chunks_exact_mut(one)) {
        waiting.steps.write(&waiting.image, ExampleKey::new(0, 0, 0), pixels);
    }
    let host = vit22b::Runtime::flex().device();
    let input = TensorData::new(pixels, [batch.len(), 3, height, width]);
    let depths = Tensor::<3>::from_data(model(Tensor::from_data(input, &host))?.into_data(), &host);
    let [_, rows, columns] = depths.dims();
    let maps = batch.iter().enumerate().map(|(place, waiting)| {
        let size = [waiting.image.height(), waiting.image.width()];
        let flat = depths.clone().narrow(0, place, 1).reshape([rows * columns, 1]);
        // As transformers brings them to the size of the image. What the cubic kernel makes of edges may be
        // below 0, which no depth is.
        let own = resample(flat, [rows, columns], size, Interpolation::Bicubic).clamp_min(0.0);
        let values = own.into_data().try_to_vec().context("depths of f32")?;
        Ok(DepthMap::new(size[0], size[1], values)?)
    });
    maps.collect()
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
