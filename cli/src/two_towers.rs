//! Models of two towers: options that name one, images and texts as its vectors.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use burn::tensor::Tensor;
use clap::{Args, ValueEnum};
use vit22b::contrast::{TextEmbedder, TextVectors, TwoTower, embedding};
use vit22b::data::{ImageSet, Preprocess};
use vit22b::eval::Matrix;
use vit22b::params::NamedTensors;
use vit22b::probe::{Embedder, FeatureFunction};
use vit22b::text::{TextEncoder, TextPool, Tokenizer};
use vit22b::weights::{LoadOptions, TextDescription, WeightsError, WeightsFile};
use vit22b::{ConfigError, Runtime};

use crate::args::{DeviceName, Images, ModelPrecision, Weights, naming_option};
use crate::given::About;
use crate::terminal::{ImageBar, counted};
use crate::unsaid::{Loaded, compared, named, positive};

/// A published model of images and texts.
#[derive(Args)]
pub(crate) struct TwoTowers {
    #[command(flatten)]
    weights: Weights,
    /// The tokenizer of the text tower: SentencePiece's model, CLIP's
    /// merges or a tokenizer.json; default: the one beside the weights
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    tokenizer: Option<PathBuf>,
    #[command(flatten)]
    unsaid: UnsaidOfText,
}

/// What a file leaves open of its text tower.
#[derive(Args)]
pub(crate) struct UnsaidOfText {
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
#[derive(Clone, Copy, PartialEq, ValueEnum)]
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
    precision: ModelPrecision,
    runtime: Runtime,
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
        let read = |path: &Path| Tokenizer::read(path).context("--tokenizer");
        let given = self.tokenizer.as_deref().map(read).transpose()?;
        let (model, preprocess) = self.load_towers(&runtime)?;
        let tokenizer = match given {
            Some(tokenizer) => tokenizer,
            None => {
                let weights = self.weights.name().path()?;
                let folder = if weights.is_dir() { Some(&*weights) } else { weights.parent() };
                let folder = folder.filter(|path| *path != Path::new(""));
                read(folder.unwrap_or(Path::new(".")))?
            }
        };
        let kind = tokenizer.kind();
        let encoder = TextEncoder::new(tokenizer, model.text.config()).context("--tokenizer")?;
        eprintln!("tokenizer: {kind}, {}", encoder.tokenizer().file());
        let scale: f32 = model.scale().into_scalar();
        let precision = images.precision();
        let texts = TextEmbedder::in_precision(&runtime, model.text, encoder, precision.into())?;
        let images = Loaded { model: model.image, preprocess }.embedder(&runtime, images)?;
        Ok(Pair { images, texts, scale: scale.into(), precision, runtime })
    }

    /// Both towers, and what images become for the one.
    fn load_towers(&self, runtime: &Runtime) -> anyhow::Result<(TwoTower, Preprocess)> {
        let (file, options) = self.weights.open()?;
        let (options, unsaid) = (self.unsaid.added_to(options), self.weights.unsaid());
        unsaid.check_side(&file)?;
        let loaded = file.load_two_towers(&options, &runtime.device());
        let loaded = loaded.map_err(|error| match error {
            WeightsError::Config(error) if file.describe(&options).is_ok() => {
                self.unsaid.naming_option(error)
            }
            error => unsaid.explained(error),
        })?;
        unsaid.compare(&file, &loaded.image)?;
        self.unsaid.compare(&file, &options, &loaded.text)?;
        eprintln!("{}\n{}\n{}", loaded.image, loaded.text, loaded.report);
        Ok((loaded.model, loaded.image.preprocessing))
    }

    /// What was typed for the weights.
    pub(crate) fn shown(&self) -> String {
        self.weights.name().to_string()
    }
}

impl UnsaidOfText {
    /// Options of a load that say this too.
    pub(crate) fn added_to(&self, options: LoadOptions) -> LoadOptions {
        let pool = self.text_pool.map(TextPool::from);
        options.with_text_heads(self.text_heads).with_text_pool(pool)
    }

    /// An error about the config of the text tower, with the option that sets the field.
    pub(crate) fn naming_option(&self, error: ConfigError) -> anyhow::Error {
        match self.sets_heads() {
            true => naming_option(error, &[("num_heads", "--text-heads")]),
            false => anyhow!(error).context("--weights: the text tower"),
        }
    }

    /// Whether a number of heads is given.
    pub(crate) fn sets_heads(&self) -> bool {
        self.text_heads.is_some()
    }

    /// An error for options about a text tower that is not there.
    pub(crate) fn not_given(&self) -> anyhow::Result<()> {
        let given = [
            ("--text-heads", self.text_heads.is_some()),
            ("--text-pool", self.text_pool.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((option, _)) => bail!("{option}: the file has no text tower; leave {option} out"),
            None => Ok(()),
        }
    }

    /// Refuses what the file contradicts, and prints on standard error what replaced something.
    pub(crate) fn compare(
        &self,
        file: &WeightsFile,
        options: &LoadOptions,
        found: &TextDescription,
    ) -> anyhow::Result<()> {
        let without = |options: LoadOptions| Some(file.describe_text(&options).ok()?.config);
        if let Some(heads) = self.text_heads {
            let said = without(options.clone().with_text_heads(None)).map(|said| said.num_heads);
            compared("text-heads", heads, found.config.num_heads, said)?;
        }
        if let Some(pool) = options.text_pool {
            let said = without(options.clone().with_text_pool(None)).map(|said| said.pool);
            let [pool, found] = [pool, found.config.pool].map(named::<TextPoolName, _>);
            compared("text-pool", pool, found, said.map(named::<TextPoolName, _>))?;
        }
        Ok(())
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
        self.precision.tell(&self.runtime);
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
    if path.is_file() {
        return lines(option, path, "name");
    }
    ensure!(
        !given.trim().is_empty(),
        "{option}: there is no name in it; give names, such as a,b,c"
    );
    Ok(given.split(',').map(|name| name.trim().to_string()).collect())
}

/// The lines of a file that are not blank, each of which is a `noun`.
pub(crate) fn lines(option: &str, path: &Path, noun: &str) -> anyhow::Result<Vec<String>> {
    let shown = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("{option} {shown}"))?;
    let Ok(text) = String::from_utf8(bytes) else {
        bail!("{option} {shown}: expected text in UTF-8, got other bytes; save the file as UTF-8");
    };
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<String> = lines.map(str::to_string).collect();
    ensure!(!lines.is_empty(), "{option} {shown}: the file has no {noun}; give one on each line");
    Ok(lines)
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
