//! Writes clips of a shape that moves to one of four sides.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, Rgb, RgbImage};
use vit22b::data::{Clip, MovingShapes};

use crate::file_names::ensure_new_folder;

#[derive(Args)]
pub(crate) struct Arguments {
    /// New folder for the clips: a folder for each class, with a folder
    /// of frames for each clip, or a file
    #[arg(long, default_value = "out/clips")]
    out: PathBuf,
    /// Number of clips
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Frames of a clip
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    frames: u16,
    /// Side of the frames in pixels
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    side: u16,
    /// What a clip is written as
    #[arg(long, default_value = "png")]
    form: Form,
    /// Seed of the clips
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Png,
    Gif,
}

/// Hundredths of a second that a frame of a GIF is shown.
const SHOWN: u32 = 10;

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { out, count, frames, side, form, seed } = arguments;
    ensure_new_folder(&out)?;
    let clips = MovingShapes::new(side.into(), frames.into(), seed);
    let mut drawn = BTreeSet::new();
    for index in 0..count {
        let clip = clips.clip(index);
        drawn.insert(MovingShapes::CLASSES[clip.class]);
        let name = format!("{}/{index:06}", MovingShapes::CLASSES[clip.class]);
        write(&out.join(&name), &clip, side.into(), form)
            .with_context(|| format!("--out {}: cannot write {name}", out.display()))?;
    }
    println!(
        "{count} clips of {frames} frames of {side} × {side} pixels in {}: {}",
        out.display(),
        Vec::from_iter(drawn).join(", ")
    );
    Ok(())
}

fn write(path: &Path, clip: &Clip, side: u32, form: Form) -> anyhow::Result<()> {
    let images = clip.frames.iter().map(|pixels| picture(pixels, side));
    match form {
        Form::Png => {
            std::fs::create_dir_all(path)?;
            for (number, image) in images.enumerate() {
                image.save(path.join(format!("{number:03}.png")))?;
            }
        }
        Form::Gif => {
            std::fs::create_dir_all(path.parent().unwrap_or(path))?;
            let file = std::fs::File::create(path.with_extension("gif"))?;
            let mut encoder = GifEncoder::new(std::io::BufWriter::new(file));
            encoder.set_repeat(Repeat::Infinite)?;
            for image in images {
                let rgba = image::DynamicImage::from(image).into_rgba8();
                let delay = Delay::from_numer_denom_ms(10 * SHOWN, 1);
                encoder.encode_frame(Frame::from_parts(rgba, 0, 0, delay))?;
            }
        }
    }
    Ok(())
}

fn picture(pixels: &[f32], side: u32) -> RgbImage {
    let plane = pixels.len() / 3;
    let value = |at: usize| (127.5 * (pixels[at] + 1.0)).round() as u8;
    RgbImage::from_fn(side, side, |x, y| {
        let at = (y * side + x) as usize;
        Rgb([0, 1, 2].map(|channel| value(channel * plane + at)))
    })
}
