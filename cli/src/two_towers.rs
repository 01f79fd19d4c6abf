//! Models of two towers: options that name one, images and texts as its vectors.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use burn::tensor::Tensor;
use clap::{Args, ValueEnum};
use vit22b::contrast::{TextEmbedder, TextVectors, embedding};
use vit22b::data::ImageSet;
use vit22b::eval::Matrix;
use vit22b::params::NamedTensors;
use vit22b::probe::{Embedder, FeatureFunction};
use vit22b::text::{TextEncoder, TextPool, Tokenizer};

use crate::args::{DeviceName, Images, Weights};
use crate::given::About;
use crate::terminal::{ImageBar, counted};
use crate::unsaid::{Loaded, positive};

/// A published model of images and texts.
#[derive(Args)]
pub(crate) struct TwoTowers {
    #[command(flatten)]
    weights: Weights,
    /// The tokenizer of the text tower: SentencePiece's model, CLIP's
    /// merges or a tokenizer.json; default: the one beside the weights
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    tokenizer: Option<PathBuf>,
    /// Attention heads of the text tower, where neither the file nor JSON
    /// beside it says
    #[arg(long, value_parser = positive)]
    text_heads: Option<usize>,
    /// Which of a text's tokens become its vector, where the file does not
    /// say
    #[arg(long)]
    text_pool: Option<TextPoolName>,
}

impl About for TwoTowers {
    const MAIN: &'static str = "weights";
}

/// How a text's tokens become its vector.
#[derive(Clone, Copy, ValueEnum)]
enum TextPoolName {
    Last,
    First,
    Mean,
    End,
    LargestId,
    Map,
}

impl From<TextPoolName> for TextPool {
    fn from(name: TextPoolName) -> Self {
        match name {
            TextPoolName::Last => Self::Last,
            TextPoolName::First => Self::First,
            TextPoolName::Mean => Self::Mean,
            TextPoolName::End => Self::End,
            TextPoolName::LargestId => Self::LargestId,
            TextPoolName::Map => Self::Map,
        }
    }
}

/// A model on a device.
pub(crate) struct Pair {
    pub(crate) images: Embedder,
    pub(crate) texts: TextEmbedder,
    /// What cosines are multiplied with.
    pub(crate) scale: f64,
}

/// Vectors of the images that could be read, with their places in the set.
pub(crate) struct ImageVectors {
    values: Vec<f32>,
    width: usize,
    pub(crate) indices: Vec<usize>,
}

impl ImageVectors {
    pub(crate) fn matrix(&self) -> anyhow::Result<Matrix<'_>> {
        Ok(Matrix::new(&self.values, self.width)?)
    }
}

impl TwoTowers {
    /// Loads both towers, and prints on standard error what they are and how that is known.
    pub(crate) fn load(&self, device: &DeviceName, images: &Images) -> anyhow::Result<Pair> {
        let runtime = device.runtime()?;
        let (model, preprocess) = self.weights.load_two_towers(
            &runtime,
            self.text_heads,
            self.text_pool.map(TextPool::from),
        )?;
        let beside = match &self.tokenizer {
            Some(file) => file.clone(),
            None => {
                let weights = self.weights.name().path()?;
                let folder = if weights.is_dir() { Some(&*weights) } else { weights.parent() };
                folder.filter(|path| *path != Path::new("")).unwrap_or(Path::new(".")).to_path_buf()
            }
        };
        let tokenizer = Tokenizer::read(beside).context("--tokenizer")?;
        let kind = tokenizer.kind();
        let encoder = TextEncoder::new(tokenizer, model.text.config()).context("--tokenizer")?;
        eprintln!("tokenizer: {kind}, {}", encoder.tokenizer().file());
        let scale: f32 = model.scale().into_scalar();
        let texts = TextEmbedder::new(&runtime, model.text, encoder)?;
        let images = Loaded { model: model.image, preprocess }.embedder(&runtime, images)?;
        Ok(Pair { images, texts, scale: scale.into() })
    }

    /// What was typed for the weights.
    pub(crate) fn shown(&self) -> String {
        self.weights.name().to_string()
    }
}

impl Pair {
    /// The vectors of a set, with a bar; images that cannot be read are told on standard error.
    pub(crate) fn embed_images(&self, set: &ImageSet) -> anyhow::Result<ImageVectors> {
        let function = FeatureFunction::new(|model, images: Tensor<4>| {
            let mut out = NamedTensors::default();
            out.insert("embedding", embedding(model, images));
            out
        });
        let mut bar = ImageBar::new(set.len());
        let mut vectors = ImageVectors { values: vec![], width: 1, indices: vec![] };
        let broken = self.images.visit_with(set, &function, |index, features| {
            let vector = features.values("embedding").unwrap_or_default();
            ensure!(
                vector.iter().all(|x| x.is_finite()),
                "{}: its vector is not of numbers; the weights are damaged",
                set.name(index)
            );
            vectors.width = vector.len();
            vectors.values.extend(vector);
            vectors.indices.push(index);
            bar.done(index + 1);
            anyhow::Ok(())
        })?;
        bar.finish(&broken);
        ensure!(!vectors.indices.is_empty(), "--images: no image is left");
        Ok(vectors)
    }

    /// The vectors of texts; how many were cut is told on standard error.
    pub(crate) fn embed_texts(&self, texts: &[String]) -> anyhow::Result<TextVectors> {
        let vectors = self.texts.embed(texts)?;
        tell_cut(vectors.cut, "text");
        Ok(vectors)
    }
}

/// Says that texts were longer than the tower takes.
pub(crate) fn tell_cut(cut: usize, noun: &str) {
    if cut > 0 {
        eprintln!("note: {} longer than the tower takes, and cut at its end", counted(cut, noun));
    }
}

/// Names from a list with commas, or of a file with one on each line.
pub(crate) fn names(option: &str, given: &str) -> anyhow::Result<Vec<String>> {
    let path = Path::new(given);
    let names: Vec<String> = match path.is_file() {
        true => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("{option} {given}"))?;
            let text = text.trim_start_matches('\u{feff}');
            text.lines().filter(|line| !line.trim().is_empty()).map(str::to_string).collect()
        }
        false => given.split(',').map(|name| name.trim().to_string()).collect(),
    };
    if names.is_empty() {
        bail!("{option} {given}: the file has no name; give one on each line");
    }
    Ok(names)
}

/// Images with the classes of their folders or their list; those of a folder without class folders have none.
pub(crate) fn open_with_classes(images: &Images) -> anyhow::Result<ImageSet> {
    let path = images.path();
    if path.is_dir() {
        let whole = images.open()?;
        return Ok(match ImageSet::class_folders(path) {
            // Images beside the class folders would be left out.
            Ok(set) if set.len() == whole.len() => set,
            _ => whole,
        });
    }
    images.open()
}
