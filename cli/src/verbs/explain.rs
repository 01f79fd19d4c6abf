//! Pictures of what a model makes of images: its patches by their principal components, and how much
//! of each goes into the pooled vector.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;
use vit22b::data::{ExampleKey, Image, ImageSet, Preprocess};
use vit22b::probe::PatchViews;
use vit22b::report::{PatchedImage, patches};

use crate::args::{DeviceName, Images, Weights, tell_remarks};
use crate::terminal::{ImageBar, counted};

#[derive(Args)]
#[group(id = "pictures", required = true, multiple = true, args = ["pca", "attention"])]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    #[command(flatten)]
    images: Images,
    /// Folder for pictures of the patches: their first three principal
    /// components as red, green and blue
    #[arg(long, value_name = "DIR")]
    pca: Option<PathBuf>,
    /// Folder for pictures of the attention that pools the patches:
    /// bright where the pooled vector takes most
    #[arg(long, value_name = "DIR")]
    attention: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceName,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { weights, images, pca, attention, device } = arguments;
    let set = images.open()?;
    let folders = [("--pca", "patches", &pca), ("--attention", "attention", &attention)];
    for (option, _, folder) in &folders {
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("{option} {}", folder.display()))?;
        }
    }
    let runtime = device.runtime()?;
    let embedder = weights.embedder(&runtime, &images)?;
    let views = PatchViews { patches: pca.is_some(), attention: attention.is_some() };
    ensure!(
        views.are_of(embedder.config()),
        "--attention: this model takes the mean of all patches; attention pooling or a class token \
         is needed"
    );
    let names = picture_names(&set);
    let seen = embedder.preprocess().with_value_range(0.0, 1.0);
    let decoding = images.decoding().options();
    let (mut bar, patch) = (ImageBar::new(set.len()), embedder.config().patch);
    let broken = embedder.visit_with(&set, &views.function(), |index, features| {
        let (pixels, size) = pixels(&set.decode(index, decoding)?, &seen);
        let image = PatchedImage { pixels: &pixels, size, patch };
        for (_, view, folder) in &folders {
            if let (Some(folder), Some(values)) = (folder, features.values(view)) {
                patches(&folder.join(&names[index]), image, values)?;
            }
        }
        bar.done(index + 1);
        anyhow::Ok(())
    })?;
    bar.finish(&broken);
    tell_remarks(&set);
    images.precision().tell(&runtime);
    for (_, _, folder) in folders {
        if let Some(folder) = folder {
            let pictures = counted(set.len() - broken.images.len(), "picture");
            println!("{pictures} in {}", folder.display());
        }
    }
    Ok(())
}

/// What the model sees of an image, with values in [0, 1], and its height and width.
fn pixels(image: &Image, seen: &Preprocess) -> (Vec<f32>, [usize; 2]) {
    let size = seen.size_for([image.height(), image.width()]);
    let mut pixels = vec![0.0; 3 * size[0] * size[1]];
    seen.write(image, ExampleKey::new(0, 0, 0), &mut pixels);
    (pixels, size)
}

/// The name of each image's picture: the image's path without its ending; with the ending, as in `a_jpg.png`,
/// where another image has the same.
fn picture_names(set: &ImageSet) -> Vec<String> {
    let flat = |name: &str| name.replace(['/', '\\'], "_");
    let stem = |name: &str| {
        let path = Path::new(name);
        flat(&path.with_extension("").display().to_string())
    };
    let mut counts = BTreeMap::<String, usize>::new();
    for item in set.items() {
        *counts.entry(stem(&item.name)).or_default() += 1;
    }
    let items = set.items().map(|item| match counts[&stem(&item.name)] {
        1 => stem(&item.name) + ".png",
        _ => flat(&item.name).replace('.', "_") + ".png",
    });
    items.collect()
}
