//! Classes of pixels by a published model, as masks and as pictures.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use burn::tensor::{Tensor, TensorData};
use clap::{Args, ValueEnum};
use image::{Rgb, RgbImage};
use serde_json::json;
use vit22b::data::{ExampleKey, Image, LabelMask, Preprocess};
use vit22b::dense::SegmentationModel;
use vit22b::heads::{Corners, Resample2d};

use crate::args::{DeviceName, Images, Weights, tell_remarks};
use crate::file_names::file_names;
use crate::terminal::{ImageBar, counted};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    #[command(flatten)]
    images: Images,
    /// Folder for masks/NAME.png (the class of each pixel as a number),
    /// pictures/NAME.png (the image, and its classes in colours over it),
    /// and segment.jsonl, a line for each image with the share of each class
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    out: PathBuf,
    /// The masks: with Pascal VOC's palette, or grey
    #[arg(long, value_name = "KIND", default_value = "palette")]
    masks: Masks,
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
    let Arguments { weights, images, out, masks, device } = arguments;
    let set = images.open()?;
    let runtime = device.runtime()?;
    let loaded = weights.load_segmentation(&runtime)?;
    let classes = loaded.model.config().head.classes;
    ensure!(
        classes <= 256,
        "--weights: the model has {classes} classes, and a mask of 8 bits holds 256"
    );
    for folder in ["pictures", "masks"] {
        let folder = out.join(folder);
        std::fs::create_dir_all(&folder).with_context(|| format!("--out {}", out.display()))?;
    }
    eprintln!("on {runtime}\n");
    let class_names = loaded.description.class_names;
    let class_name = |class: usize| match class_names.get(class) {
        Some(name) => name.clone(),
        None => class.to_string(),
    };
    let processor = loaded.processor;
    let forward = |model: &SegmentationModel, images| model.forward(images);
    let model = runtime.bind(loaded.model, forward)?;
    let lines = out.join("segment.jsonl");
    let lines = File::create(&lines).with_context(|| lines.display().to_string())?;
    let mut lines = BufWriter::new(lines);
    let names = file_names(set.items().map(|item| item.name));
    let (mut bar, decoding) = (ImageBar::new(set.len()), images.decoding().options());
    let (mut done, mut left_out) = (0, 0);
    for (index, name) in names.iter().enumerate() {
        let image = match set.decode(index, decoding) {
            Ok(image) => image,
            Err(error) if images.stops_at_broken() => bail!(error),
            Err(error) => {
                bar.say(&format!("left out: {error}"));
                left_out += 1;
                continue;
            }
        };
        let size = [image.height(), image.width()];
        let steps = processor.steps_for(size);
        let mask = segment(&image, &steps, |images| anyhow::Ok(model.call(images)?))?;
        let file = format!("masks/{name}.png");
        match masks {
            Masks::Palette => mask.write_palette(&out.join(&file))?,
            Masks::Grey => mask.write_grey(&out.join(&file))?,
        }
        let picture = format!("pictures/{name}.png");
        let path = out.join(&picture);
        let drawn = beside(&image, &mask).save(&path);
        drawn.with_context(|| path.display().to_string())?;
        let mut counts = vec![0usize; classes];
        mask.labels().iter().for_each(|label| counts[usize::from(*label)] += 1);
        let pixels = mask.labels().len() as f64;
        let shares: serde_json::Map<_, _> = counts
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0)
            .map(|(class, count)| (class_name(class), json!(count as f64 / pixels)))
            .collect();
        let line = json!({
            "image": set.name(index), "height": size[0], "width": size[1], "mask": file, "picture": picture,
            "shares": shares,
        });
        writeln!(lines, "{line}")?;
        done += 1;
        bar.done_and_skipped(index + 1, left_out);
    }
    lines.flush()?;
    bar.clear();
    tell_remarks(&set);
    if left_out > 0 {
        eprintln!("{} could not be read", counted(left_out, "image"));
    }
    println!("classes of the pixels of {} in {}", counted(done, "image"), out.display());
    Ok(())
}

/// The class of each pixel of an image: the logits in its own size, and the largest of them.
fn segment(
    image: &Image,
    steps: &Preprocess,
    model: impl Fn(Tensor<4>) -> anyhow::Result<Tensor<4>>,
) -> anyhow::Result<LabelMask> {
    let size = [image.height(), image.width()];
    let [height, width] = steps.size_for(size);
    let mut pixels = vec![0.0; 3 * height * width];
    steps.write(image, ExampleKey::new(0, 0, 0), &mut pixels);
    let host = vit22b::Runtime::flex().device();
    let input = Tensor::from_data(TensorData::new(pixels, [1, 3, height, width]), &host);
    let logits = Tensor::<4>::from_data(model(input)?.into_data(), &host);
    // One class after the other: all classes in the size of a large photograph would take gigabytes.
    let count = size[0] * size[1];
    let (mut best, mut labels) = (vec![f32::NEG_INFINITY; count], vec![0u8; count]);
    for class in 0..logits.dims()[1] {
        let map = logits.clone().narrow(1, class, 1);
        let map = Resample2d::new(Corners::Edges).forward(map, size).into_data();
        let places = best.iter_mut().zip(&mut labels);
        for ((best, label), logit) in places.zip(map.iter::<f32>()) {
            if logit > *best {
                (*best, *label) = (logit, class as u8);
            }
        }
    }
    Ok(LabelMask::new(size[0], size[1], labels)?)
}

/// The image, and on its right the image with the colours of its classes over it.
fn beside(image: &Image, mask: &LabelMask) -> RgbImage {
    let (width, height) = (image.width() as u32, image.height() as u32);
    RgbImage::from_fn(2 * width + GAP, height, |x, y| {
        let right = x.checked_sub(width + GAP);
        if x >= width && right.is_none() {
            return Rgb([255; 3]);
        }
        let place = (y * width + right.unwrap_or(x)) as usize;
        let pixel = &image.pixels()[3 * place..][..3];
        let colour = LabelMask::colour(mask.labels()[place]);
        let mixed = |channel: usize| match right {
            None => pixel[channel],
            Some(_) => ((u16::from(pixel[channel]) + 2 * u16::from(colour[channel])) / 3) as u8,
        };
        Rgb([mixed(0), mixed(1), mixed(2)])
    })
}
