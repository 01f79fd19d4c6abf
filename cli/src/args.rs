//! Options that several verbs have, and what is made of them.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use vit22b::Runtime;
use vit22b::data::{ImageSet, OnBroken, Preprocess};
use vit22b::train::Precision;
use vit22b::vit::{Gelu, ViT22B};
use vit22b::weights::{HeadChoice, LoadOptions, WeightsError, WeightsFile};

/// Where the work is done.
#[derive(Args)]
pub(crate) struct DeviceName {
    /// What computes: auto, flex or xla
    #[arg(long, value_name = "NAME", default_value = "auto")]
    device: String,
}

impl DeviceName {
    pub(crate) fn runtime(&self) -> anyhow::Result<Runtime> {
        Runtime::named(&self.device).with_context(|| format!("--device {}", self.device))
    }
}

/// The type of products and activations.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum PrecisionName {
    F32,
    Bf16,
}

impl From<PrecisionName> for Precision {
    fn from(name: PrecisionName) -> Self {
        match name {
            PrecisionName::F32 => Self::F32,
            PrecisionName::Bf16 => Self::Bf16,
        }
    }
}

/// A published model.
#[derive(Args)]
pub(crate) struct Weights {
    /// A checkpoint of timm, transformers, big_vision or vit22b: a file
    /// or a folder
    #[arg(long, value_name = "PATH", verbatim_doc_comment)]
    weights: PathBuf,
    #[command(flatten)]
    unsaid: Unsaid,
}

#[allow(dead_code, reason = "for verbs that come")]
impl Weights {
    pub(crate) fn path(&self) -> &Path {
        &self.weights
    }

    /// The model without its classifier.
    pub(crate) fn load(&self, device: &Device) -> anyhow::Result<Loaded> {
        self.unsaid.load(&self.weights, HeadChoice::Drop, device)
    }
}

/// What a weights file leaves open, or what shall be other than the file says.
#[derive(Args)]
pub(crate) struct Unsaid {
    /// Attention heads, where neither the file nor JSON beside it says
    #[arg(long)]
    num_heads: Option<usize>,
    /// The form of GELU, in place of the origin's usual one
    #[arg(long)]
    gelu: Option<GeluName>,
    /// Side of the images in pixels, in place of the model's own
    #[arg(long, value_name = "PIXELS", alias = "image")]
    side: Option<usize>,
    /// Steps of preprocessing, in place of the model's own
    #[arg(long, value_name = "STEPS")]
    preprocess: Option<Preprocess>,
}

#[derive(Clone, Copy, ValueEnum)]
enum GeluName {
    Tanh,
    Erf,
}

/// A model, and what images become for it.
pub(crate) struct Loaded {
    pub(crate) model: ViT22B,
    pub(crate) preprocess: Preprocess,
}

impl Unsaid {
    pub(crate) fn options(&self) -> LoadOptions {
        let gelu = self.gelu.map(|name| match name {
            GeluName::Tanh => Gelu::Tanh,
            GeluName::Erf => Gelu::Erf,
        });
        LoadOptions::new()
            .with_num_heads(self.num_heads)
            .with_gelu(gelu)
            .with_image(self.side.map(|side| [side, side]))
    }

    /// Loads a model of colour images, and prints on standard error what it is and how that is known.
    pub(crate) fn load(
        &self,
        weights: &Path,
        head: HeadChoice,
        device: &Device,
    ) -> anyhow::Result<Loaded> {
        let options = self.options().with_head(head);
        let file = WeightsFile::open(weights);
        let loaded = file.and_then(|file| file.load(&options, device)).map_err(explained)?;
        eprintln!("{}\n{}", loaded.description, loaded.report);
        let usual = loaded.description.preprocessing;
        let preprocess = self.preprocess.clone().unwrap_or(usual);
        let config = loaded.model.config();
        let ([height, width], patch) = (preprocess.size(), config.patch);
        ensure!(
            height.is_multiple_of(patch) && width.is_multiple_of(patch),
            "--preprocess {preprocess}: makes {height} x {width} pixels, expected multiples of the \
             patch, {patch}"
        );
        ensure!(
            config.channels == 3,
            "--weights {}: the model takes {} channels, and images have 3",
            weights.display(),
            config.channels
        );
        Ok(Loaded { model: loaded.model, preprocess })
    }
}

/// The error, with the command's own option where the library names one of its own.
pub(crate) fn explained(error: WeightsError) -> anyhow::Error {
    match error {
        WeightsError::Ambiguous { field, why, option: "num_heads" } => {
            anyhow!("{field} does not follow from the file: {why}; give --num-heads")
        }
        error => anyhow!(error).context("--weights"),
    }
}

/// Images on disk.
#[derive(Args)]
pub(crate) struct Images {
    /// Images: a folder, a list (.csv or .jsonl) or a shard (.tar)
    #[arg(long, value_name = "PATH")]
    images: PathBuf,
    /// Stop at an image that cannot be read, in place of leaving it out
    #[arg(long)]
    stop_at_broken: bool,
}

#[allow(dead_code, reason = "for verbs that come")]
impl Images {
    pub(crate) fn path(&self) -> &Path {
        &self.images
    }

    pub(crate) fn on_broken(&self) -> OnBroken {
        if self.stop_at_broken { OnBroken::Fail } else { OnBroken::Skip }
    }

    /// All images; those of a folder have no labels, wherever in it they are.
    pub(crate) fn open(&self) -> anyhow::Result<ImageSet> {
        open(&self.images, ImageSet::folder)
    }

    /// All images with their labels; those of a folder are in a folder for each class.
    pub(crate) fn open_labelled(&self) -> anyhow::Result<ImageSet> {
        open(&self.images, ImageSet::class_folders)
    }
}

#[allow(dead_code, reason = "for verbs that come")]
fn open(
    path: &Path,
    folder: impl Fn(&Path) -> Result<ImageSet, vit22b::data::DataError>,
) -> anyhow::Result<ImageSet> {
    let option = || format!("--images {}", path.display());
    if path.is_dir() {
        return folder(path).with_context(option);
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "csv" | "jsonl" | "ndjson" => ImageSet::list(path).with_context(option),
        "tar" => ImageSet::shards(&[path.into()]).with_context(option),
        "gz" | "tgz" | "zip" => {
            bail!("{}: compressed files are not read; unpack it first", option())
        }
        _ => bail!("{}: expected a folder, or a file that ends in .csv, .jsonl or .tar", option()),
    }
}
