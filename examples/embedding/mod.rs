//! A published model and a folder of images, for the examples: the model loaded and explained, the
//! images decoded ahead of the device, broken ones kept apart.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::ensure;
use burn::tensor::{Device, Tensor};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use vit22b::data::{BrokenImages, ImageLoader, ImageSet, OnBroken, Preprocess};
use vit22b::vit::{Gelu, ViT22B};
use vit22b::weights::{HeadChoice, LoadOptions, WeightsFile};

/// What to load, and what its file leaves open.
#[derive(Args)]
pub(crate) struct Published {
    /// A checkpoint of timm, transformers, big_vision or this crate: a file or a folder
    #[arg(long)]
    pub(crate) weights: Option<PathBuf>,
    /// A folder of images
    #[arg(long)]
    pub(crate) images: Option<PathBuf>,
    /// Attention heads, where neither the file nor JSON beside it says
    #[arg(long)]
    num_heads: Option<usize>,
    /// tanh or erf, in place of the origin's usual form of GELU
    #[arg(long, value_parser = gelu)]
    gelu: Option<Gelu>,
    /// Side of the images in pixels, in place of the checkpoint's
    #[arg(long)]
    side: Option<usize>,
    /// Steps of preprocessing, in place of the checkpoint's
    #[arg(long)]
    preprocess: Option<Preprocess>,
    /// Stop at an image that cannot be read, in place of leaving it out
    #[arg(long)]
    stop_at_broken: bool,
}

fn gelu(name: &str) -> Result<Gelu, String> {
    match name {
        "tanh" => Ok(Gelu::Tanh),
        "erf" => Ok(Gelu::Erf),
        _ => Err("expected tanh or erf".into()),
    }
}

/// A model without its classifier, and what images become for it.
pub(crate) struct Frozen {
    pub(crate) model: ViT22B,
    pub(crate) preprocess: Preprocess,
}

impl Published {
    /// Loads the model and says on standard error what it is and how that is known.
    pub(crate) fn load(&self, weights: &Path, device: &Device) -> anyhow::Result<Frozen> {
        let options = LoadOptions::new()
            .with_head(HeadChoice::Drop)
            .with_num_heads(self.num_heads)
            .with_gelu(self.gelu)
            .with_image(self.side.map(|side| [side, side]));
        let checkpoint = WeightsFile::open(weights)?;
        let loaded = checkpoint.load(&options, device)?;
        eprintln!("{}\n{}", loaded.description, loaded.report);
        let usual = loaded.description.preprocessing;
        let preprocess = self.preprocess.clone().unwrap_or(usual);
        let [height, width] = preprocess.size();
        let patch = loaded.model.config().patch;
        ensure!(
            height.is_multiple_of(patch) && width.is_multiple_of(patch),
            "--preprocess {preprocess}: makes {height} x {width} pixels, expected multiples of the \
             patch, {patch}"
        );
        ensure!(
            loaded.model.config().channels == 3,
            "the model takes {} channels, and images have 3",
            loaded.model.config().channels
        );
        Ok(Frozen { model: loaded.model, preprocess })
    }

    /// Hands the images on in batches of one size, decoded ahead on two threads, with the rows that
    /// are images and the index of each. Returns what could not be read.
    pub(crate) fn for_each_batch(
        &self,
        set: &ImageSet,
        preprocess: &Preprocess,
        size: usize,
        mut each: impl FnMut(&[(usize, usize)], Tensor<4>) -> anyhow::Result<()>,
    ) -> anyhow::Result<BrokenImages> {
        let on_broken = if self.stop_at_broken { OnBroken::Fail } else { OnBroken::Skip };
        let loader = ImageLoader::new(set.clone(), preprocess.clone())?.with_broken(on_broken);
        let loader = Arc::new(loader);
        let (bar, start) = (progress(set.len()), Instant::now());
        for batch in loader.epoch(size, 2) {
            let batch = batch?;
            let rows: Vec<_> = batch.indices().collect();
            each(&rows, Tensor::from_data(batch.images, &Device::flex()))?;
            bar.inc(size as u64);
            let rate = bar.position() as f64 / start.elapsed().as_secs_f64();
            bar.set_message(format!("{rate:.1} images/s"));
        }
        bar.finish_and_clear();
        Ok(loader.broken())
    }
}

/// Nothing where standard error is a file.
fn progress(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {pos} of {len}, {msg}, {eta} left");
    ProgressBar::new(length as u64).with_style(style.expect("the template is valid"))
}
