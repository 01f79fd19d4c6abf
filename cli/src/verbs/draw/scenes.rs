//! Writes scenes with the class and the depth of each pixel.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use image::RgbImage;
use vit22b::data::{Scene, Scenes};

use crate::file_names::ensure_new_folder;

#[derive(Args)]
pub(crate) struct Arguments {
    /// New folder for images/, masks/ (PNG with a palette), depths/ (PNG of
    /// 16 bits, 256 steps a metre) and classes.txt
    #[arg(long, default_value = "out/scenes")]
    out: PathBuf,
    /// Number of scenes
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Side of the images in pixels
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    side: u16,
    /// Share of the pixels in percent whose depth is kept, as a laser
    /// scanner measures few
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0, value_parser = percent)]
    known: f32,
    /// Seed of the scenes
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Steps of the depth files for a metre, as KITTI's have them: 16 bits hold 256 m.
const STEPS: f64 = 256.0;

fn percent(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|number: &f32| *number > 0.0 && *number <= 100.0);
    number.ok_or_else(|| "expected a percentage above 0 and at most 100".into())
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { out, count, side, known, seed } = arguments;
    ensure_new_folder(&out)?;
    let scenes = Scenes::new(side.into(), seed).with_known(known / 100.0);
    for index in 0..count {
        let name = format!("{index:06}.png");
        write(&out, &name, &scenes.scene(index))
            .with_context(|| format!("--out {}: cannot write {name}", out.display()))?;
    }
    std::fs::write(out.join("classes.txt"), Scenes::CLASSES.join("\n") + "\n")
        .with_context(|| format!("--out {}: cannot write classes.txt", out.display()))?;
    println!(
        "{count} scenes of {side} × {side} pixels in {}: images, masks and depths ({STEPS} steps a metre)",
        out.display()
    );
    Ok(())
}

fn write(out: &Path, name: &str, scene: &Scene) -> anyhow::Result<()> {
    for folder in ["images", "masks", "depths"] {
        std::fs::create_dir_all(out.join(folder))?;
    }
    let (width, height) = (scene.image.width() as u32, scene.image.height() as u32);
    let image = RgbImage::from_raw(width, height, scene.image.pixels().to_vec());
    image.context("three bytes a pixel")?.save(out.join("images").join(name))?;
    scene.mask.write_palette(&out.join("masks").join(name))?;
    scene.depth.write(&out.join("depths").join(name), STEPS)?;
    Ok(())
}
