//! Writes procedural drawings as PNG, a folder for each class: images for the other verbs where there
//! are none at hand, and drawings whose shape and texture disagree, to see which of them a model reads. Its own verbs
//! write data of other kinds.

mod clips;
mod scenes;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use image::{Rgb, RgbImage};
use vit22b::data::{CueConflict, Drawings};

use crate::file_names::ensure_new_folder;
use crate::parts::OwnVerb;

pub(crate) type Arguments = OwnVerb<Part, DrawingArguments>;

#[derive(Subcommand)]
pub(crate) enum Part {
    /// Write clips of shapes that move to one of four sides, for video
    Clips(clips::Arguments),
    /// Write scenes with the class and the depth of each pixel, for segment and depth
    Scenes(scenes::Arguments),
}

#[derive(Args)]
pub(crate) struct DrawingArguments {
    /// New folder for the images: a folder for each class, and
    /// labels.csv, a list with all labels of each image
    #[arg(long, default_value = "out/draw")]
    out: PathBuf,
    /// Number of images
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Side of the images in pixels
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    side: u16,
    /// The label that makes the classes
    #[arg(long, default_value = "shape")]
    class: Class,
    /// Draw six classes instead, each with a shape and a texture that
    /// agree, or that disagree; the class is the shape
    #[arg(long, conflicts_with = "class")]
    cues: Option<Cues>,
    /// Seed of the images
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Class {
    Shape,
    Texture,
    Colour,
}

#[derive(Clone, Copy, ValueEnum)]
enum Cues {
    Agree,
    Disagree,
}

/// An image `[3, side, side]` with values in [−1, 1], its class, and all its labels.
struct Drawing {
    pixels: Vec<f32>,
    class: String,
    labels: Vec<String>,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments {
        OwnVerb::Part(Part::Clips(arguments)) => clips::run(arguments),
        OwnVerb::Part(Part::Scenes(arguments)) => scenes::run(arguments),
        OwnVerb::Itself(arguments) => drawings(arguments),
    }
}

fn drawings(arguments: DrawingArguments) -> anyhow::Result<()> {
    let DrawingArguments { out, count, side, class, cues, seed } = arguments;
    let draw: Box<dyn Fn(u64) -> Drawing> = match cues {
        Some(cues) => {
            let drawings = CueConflict::new(side.into(), seed);
            Box::new(move |index| of_cues(&drawings, cues, index))
        }
        None => {
            let drawings = Drawings::new(side.into(), seed);
            Box::new(move |index| of_label(&drawings, class, index))
        }
    };
    ensure_new_folder(&out)?;
    let mut list = String::from("path,labels\n");
    for index in 0..count {
        let Drawing { pixels, class, labels } = draw(index);
        let name = format!("{class}/{index:06}.png");
        write(&out.join(&name), &pixels, side.into())
            .with_context(|| format!("--out {}: cannot write {name}", out.display()))?;
        writeln!(list, "{name},{}", labels.join(";"))?;
    }
    std::fs::write(out.join("labels.csv"), list)
        .with_context(|| format!("--out {}: cannot write labels.csv", out.display()))?;
    println!("{count} images of {side} × {side} pixels and labels.csv in {}", out.display());
    Ok(())
}

/// The class of a procedural drawing is its shape, its texture or its colour.
fn of_label(drawings: &Drawings, class: Class, index: u64) -> Drawing {
    let example = drawings.example(index);
    let labels = example.labels.map(String::from);
    Drawing { class: labels[class as usize].clone(), labels: labels.into(), pixels: example.pixels }
}

fn of_cues(drawings: &CueConflict, cues: Cues, index: u64) -> Drawing {
    let image = match cues {
        Cues::Agree => drawings.agreeing(index),
        Cues::Disagree => drawings.conflicting(index),
    };
    let shape = CueConflict::shape_names()[image.shape].to_string();
    let texture = CueConflict::texture_names()[image.texture].to_string();
    Drawing { class: shape.clone(), labels: vec![shape, texture], pixels: image.pixels }
}

fn write(path: &Path, pixels: &[f32], side: u32) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let plane = pixels.len() / 3;
    let value = |at: usize| (127.5 * (pixels[at] + 1.0)).round() as u8;
    let image = RgbImage::from_fn(side, side, |x, y| {
        let at = (y * side + x) as usize;
        Rgb([0, 1, 2].map(|channel| value(channel * plane + at)))
    });
    Ok(image.save(path)?)
}
