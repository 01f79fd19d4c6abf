//! The file of `--family`: published models of several sizes, and images of one's own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Deserialize;
use vit22b::weights::{HeadChoice, LoadOptions, WeightsFile};

use crate::unsaid::open_weights;
use crate::weights::WeightsName;

/// The file as it is written. Paths are relative to its folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// A folder for each class, or train/ and val/ with such folders; a list or shards with labels.
    images: PathBuf,
    models: Vec<WrittenModel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenModel {
    name: String,
    /// A file or folder, or hf:ORGANISATION/NAME[@REVISION].
    weights: String,
    /// Side of the images in pixels, in place of the model's own.
    side: Option<usize>,
    /// Attention heads, where neither the file nor JSON beside it says.
    num_heads: Option<usize>,
}

/// Models and images that were given.
pub(crate) struct FamilyFile {
    /// The text of the file, which results follow from.
    pub(crate) text: String,
    pub(crate) images: PathBuf,
    /// The smallest first.
    pub(crate) models: Vec<GivenModel>,
}

/// A model that was given.
pub(crate) struct GivenModel {
    pub(crate) name: String,
    pub(crate) file: WeightsFile,
    pub(crate) options: LoadOptions,
    pub(crate) parameters: u64,
    /// What it is, in a few words.
    pub(crate) description: String,
}

/// The paper compares sizes, which two cannot show.
const LEAST: usize = 3;

impl FamilyFile {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).context("cannot be read")?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let Written { images, models } =
            serde_json::from_str(&text).context("expected {\"images\": …, \"models\": […]}")?;
        ensure!(
            models.len() >= LEAST,
            "models: got {}, expected at least {LEAST} of different sizes",
            models.len()
        );
        let names: BTreeSet<&str> = models.iter().map(|model| model.name.trim()).collect();
        ensure!(
            names.len() == models.len() && !names.contains(""),
            "models: each needs a name of its own, got {}",
            models.iter().map(|model| format!("{:?}", model.name)).collect::<Vec<_>>().join(", ")
        );
        let images = folder.join(images);
        ensure!(images.exists(), "images: {}: there is no such file or folder", images.display());
        let opened = models
            .iter()
            .map(|model| model.open(folder).with_context(|| format!("the model {:?}", model.name)));
        let mut models = opened.collect::<anyhow::Result<Vec<_>>>()?;
        models.sort_by_key(|model| model.parameters);
        let same = models.windows(2).find(|pair| pair[0].parameters == pair[1].parameters);
        if let Some([a, b]) = same {
            eprintln!("{} and {} are of one size: {} parameters", a.name, b.name, a.parameters);
        }
        ensure!(
            models.first().map(|model| model.parameters)
                != models.last().map(|model| model.parameters),
            "models: all are of one size, and the report compares sizes"
        );
        Ok(Self { text, images, models })
    }
}

impl WrittenModel {
    fn open(&self, folder: &Path) -> anyhow::Result<GivenModel> {
        let typed = match self.weights.starts_with("hf:") {
            true => self.weights.clone().into(),
            false => folder.join(&self.weights).into_os_string(),
        };
        let file = open_weights(&WeightsName::from(typed)).context("weights")?;
        let options = LoadOptions::new()
            .with_head(HeadChoice::Drop)
            .with_num_heads(self.num_heads)
            .with_image(self.side.map(|side| [side, side]));
        let found = file.describe(&options).context("weights")?;
        let (config, preprocess) = (&found.config, &found.preprocessing);
        let [height, width] = preprocess.size();
        ensure!(
            height == width && preprocess.is_fixed(),
            "{preprocess}: the report takes square images of one size; give \"side\""
        );
        ensure!(
            height.is_multiple_of(config.patch) && config.channels == 3,
            "images of {height} pixels, patches of {} and {} channels: the report takes colour images that the patch divides; give \"side\"",
            config.patch,
            config.channels
        );
        Ok(GivenModel {
            name: self.name.trim().into(),
            parameters: config.parameters().total(),
            description: format!(
                "width {}, depth {}, patches of {}, images of {height} pixels; {}",
                config.width, config.depth, config.patch, self.weights
            ),
            file,
            options,
        })
    }
}
