//! Pictures of what a model makes of images: its patches by their principal components, how much of each goes into
//! the pooled vector, and what speaks for a class.

mod class;
mod gradients;
mod seen;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;
use clap::builder::Resettable;
use vit22b::data::ImageSet;
use vit22b::probe::PatchViews;
use vit22b::report::{HeatMap, PatchedImage, heat_maps, patches};

use crate::args::{DeviceName, Images, Weights, tell_remarks};
use crate::terminal::{ImageBar, counted};
use gradients::Gradients;
use seen::pixels;

#[derive(Args)]
#[command(
    mut_arg("side", |arg| arg.alias(Resettable::Reset)),
    mut_arg("images", |arg| arg.visible_alias("image").help(IMAGES))
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    #[command(flatten)]
    images: Images,
    /// What the heat maps are of, by the name that the file has for it or
    /// by its number [default: the likeliest class of each image]
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Folder for heat maps: what speaks for a class (red) and against it
    /// (blue), by integrated gradients of its logit from a grey image on,
    /// for pixels and for patches; and from which patches the pooled
    /// vector comes, by the attention of all blocks (rollout)
    /// [default: out/explain, where no other pictures are asked for]
    #[arg(long, value_name = "DIR")]
    heat: Option<PathBuf>,
    /// Steps of the gradients' path: more of them make the gap between
    /// the two sums that are printed smaller
    #[arg(long, value_name = "STEPS", default_value_t = 64)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    path_steps: u16,
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

const IMAGES: &str = "Images: a file, a folder, a list (.csv, .tsv or .jsonl) or shards
(.tar, several as \"a-{000..099}.tar\")";

/// Where heat maps go if nothing else is asked for.
const HEAT: &str = "out/explain";

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { weights, images, class, heat, path_steps, pca, attention, device } = arguments;
    let is_default = pca.is_none() && attention.is_none();
    let heat = heat.or_else(|| (is_default || class.is_some()).then(|| HEAT.into()));
    let set = images.open()?;
    let folders = [("--pca", "patches", &pca), ("--attention", "attention", &attention)];
    for (option, folder) in
        folders.map(|(option, _, folder)| (option, folder)).iter().chain([&("--heat", &heat)])
    {
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("{option} {}", folder.display()))?;
        }
    }
    let runtime = device.runtime()?;
    let embedder = weights.embedder(&runtime, &images)?;
    let views = PatchViews {
        patches: pca.is_some(),
        attention: attention.is_some(),
        rollout: heat.is_some(),
    };
    ensure!(
        views.are_of(embedder.config()),
        "--attention: this model takes the mean of all patches; attention pooling or a class token \
         is needed"
    );
    let classifier = match &heat {
        Some(_) => weights.classifier(&runtime.device())?,
        None => None,
    };
    let gradients = match (classifier, &class) {
        (Some(found), class) => {
            let path = (path_steps.into(), images.batch());
            Some(Gradients::new(found, class.as_deref(), path, runtime.device())?)
        }
        (None, Some(class)) => anyhow::bail!(
            "--class {class}: this file has no classifier; `vit22b finetune` trains one on it"
        ),
        (None, None) => None,
    };
    if heat.is_some() && gradients.is_none() {
        eprintln!("note: this file has no classifier, so the rollout is drawn alone");
    }
    let names = picture_names(&set);
    let seen = embedder.preprocess().with_value_range(0.0, 1.0);
    let decoding = images.decoding().options();
    let (mut bar, patch) = (ImageBar::new(set.len()), embedder.config().patch);
    let mut said = vec![];
    let broken = embedder.visit_with(&set, &views.function(), |index, features| {
        let decoded = set.decode(index, decoding)?;
        let (pixels, size) = pixels(&decoded, &seen);
        let image = PatchedImage { pixels: &pixels, size, patch };
        for (_, view, folder) in &folders {
            if let (Some(folder), Some(values)) = (folder, features.values(view)) {
                patches(&folder.join(&names[index]), image, values)?;
            }
        }
        if let (Some(folder), Some(values)) = (&heat, features.values("rollout")) {
            let path = |kind| folder.join(&names[index]).with_extension(kind);
            let map = HeatMap { values, size: size.map(|side| side / patch) };
            heat_maps(&path("rollout.png"), &pixels, size, &[map])?;
            if let Some(gradients) = &gradients {
                let told = gradients.draw(&decoded, &path("gradients.png"))?;
                said.push(format!("{}: {told}", set.name(index)));
            }
        }
        bar.done(index + 1);
        anyhow::Ok(())
    })?;
    bar.finish(&broken);
    tell_remarks(&set);
    images.precision().tell(&runtime);
    said.iter().for_each(|line| println!("{line}"));
    let each = set.len() - broken.images.len();
    for (_, _, folder) in folders {
        if let Some(folder) = folder {
            println!("{} in {}", counted(each, "picture"), folder.display());
        }
    }
    if let Some(folder) = heat {
        let maps = if gradients.is_some() { 2 * each } else { each };
        println!("{} in {}", counted(maps, "heat map"), folder.display());
    }
    Ok(())
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
