//! Classes of pixels, as masks and as pictures.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use image::{Rgb, RgbImage};
use serde_json::json;
use vit22b::data::{ClassList, Image};
use vit22b::dense::Segmenter;

use crate::args::{DenseWeights, DeviceName, ImageFiles};
use crate::dense::{Seeing, for_each_batch};
use crate::file_names::file_names;
use crate::terminal::counted;

use super::classes::of_model;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: DenseWeights,
    #[command(flatten)]
    images: ImageFiles,
    /// Folder for masks/NAME.png (the class of each pixel as a number),
    /// pictures/NAME.png (the image, and its classes in colours over it),
    /// and segment.jsonl, a line for each image with the share of each class
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    out: PathBuf,
    /// The masks: with the classes' colours, or grey
    #[arg(long, value_name = "KIND", default_value = "palette")]
    masks: Masks,
    /// Names, colours and numbers of the classes: ade20k, context, voc, or a
    /// file with a name on each line [default: those of the model]
    #[arg(long, value_name = "SET")]
    classes: Option<String>,
    #[command(flatten)]
    seeing: Seeing,
    #[command(flatten)]
    device: DeviceName,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Masks {
    Palette,
    Grey,
}

/// The pixels between an image and its classes.
const GAP: u32 = 8;

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { weights, images, out, masks, classes, seeing, device } = arguments;
    let set = images.open()?;
    let runtime = device.runtime()?;
    let loaded = weights.load_segmentation(&runtime)?;
    let count = loaded.model.config().head.classes();
    let names = (&loaded.description.class_names[..], count);
    let classes = of_model(classes.as_deref(), loaded.classes, names)?;
    let processor = loaded.processor;
    let segmenter = Segmenter::new(&runtime, loaded.model, move |size| processor.steps_for(size))?;
    let segmenter = seeing.apply(segmenter.with_batch(images.batch()))?;
    for folder in ["pictures", "masks"] {
        let folder = out.join(folder);
        std::fs::create_dir_all(&folder).with_context(|| format!("--out {}", out.display()))?;
    }
    eprintln!("on {runtime}\n");
    let lines = out.join("segment.jsonl");
    let lines = File::create(&lines).with_context(|| lines.display().to_string())?;
    let mut lines = BufWriter::new(lines);
    let names = file_names(set.items().map(|item| item.name));
    let palette = classes.palette();
    let done = for_each_batch(&images, &set, |indices, batch| {
        for ((index, image), of_pixels) in indices.iter().zip(batch).zip(segmenter.classes(batch)?)
        {
            let size = [image.height(), image.width()];
            let mask = classes.mask(size[0], size[1], &of_pixels);
            let file = format!("masks/{}.png", names[*index]);
            match masks {
                Masks::Palette => mask.write_colours(&out.join(&file), &palette)?,
                Masks::Grey => mask.write_grey(&out.join(&file))?,
            }
            let picture = format!("pictures/{}.png", names[*index]);
            let path = out.join(&picture);
            let drawn = beside(image, &classes, &of_pixels).save(&path);
            drawn.with_context(|| path.display().to_string())?;
            let mut counts = vec![0usize; count];
            of_pixels.iter().for_each(|class| counts[usize::from(*class)] += 1);
            let pixels = of_pixels.len() as f64;
            let shares: serde_json::Map<_, _> = counts
                .into_iter()
                .enumerate()
                .filter(|(_, count)| *count > 0)
                .map(|(class, count)| {
                    (classes.names()[class].clone(), json!(count as f64 / pixels))
                })
                .collect();
            let line = json!({
                "image": set.name(*index), "height": size[0], "width": size[1], "mask": file,
                "picture": picture, "shares": shares,
            });
            writeln!(lines, "{line}")?;
        }
        Ok(())
    })?;
    lines.flush()?;
    println!("classes of the pixels of {} in {}", counted(done, "image"), out.display());
    Ok(())
}

/// The image, and on its right the image with the colours of its classes over it.
fn beside(image: &Image, classes: &ClassList, of_pixels: &[u8]) -> RgbImage {
    let (width, height) = (image.width() as u32, image.height() as u32);
    RgbImage::from_fn(2 * width + GAP, height, |x, y| {
        let right = x.checked_sub(width + GAP);
        if x >= width && right.is_none() {
            return Rgb([255; 3]);
        }
        let place = (y * width + right.unwrap_or(x)) as usize;
        let pixel = &image.pixels()[3 * place..][..3];
        let colour = classes.colours()[usize::from(of_pixels[place])];
        let mixed = |channel: usize| match right {
            None => pixel[channel],
            Some(_) => ((u16::from(pixel[channel]) + 2 * u16::from(colour[channel])) / 3) as u8,
        };
        Rgb([mixed(0), mixed(1), mixed(2)])
    })
}
