//! What a weights file is, without images and without reading its data.

use core::fmt;

use serde::Serialize;

use crate::data::Preprocess;
use crate::vit::Pool;

use super::description::Description;
use super::remarks::remarks;
use super::report::LoadReport;

/// What a weights file is, by [`WeightsFile::inspect`](super::WeightsFile::inspect).
///
/// As JSON it is one object with the public fields but for `description` and `report`; as text, a
/// table of them.
///
/// ```
/// use vit22b::weights::{LoadOptions, WeightsFile};
///
/// let file = WeightsFile::open("tests/fixtures/hf_dinov2")?;
/// let inspection = file.inspect(&LoadOptions::new())?;
/// assert_eq!((inspection.origin, inspection.patch), ("transformers", 7));
/// assert_eq!(inspection.unused, ["embeddings.mask_token"]);
/// # Ok::<(), vit22b::weights::WeightsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// Whose names the file has: `timm`, `transformers`, `big_vision` or `vit22b`.
    pub origin: &'static str,
    /// The name that `config.json` gives: timm's `architecture`, or the first of transformers'
    /// `architectures`.
    pub architecture: Option<String>,
    /// Classes of the classifier in the file; 0 if it has none.
    pub num_classes: usize,
    /// Width of a token.
    pub width: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Number of attention heads.
    pub num_heads: usize,
    /// Side of a square patch in pixels.
    pub patch: usize,
    /// Height and width of the images that the model is for, in pixels.
    pub image: [usize; 2],
    /// How tokens become one vector: `token`, `average`, `map`, `query`, or `distilled` for the mean of
    /// class token and distillation token.
    pub pool: &'static str,
    /// How an image becomes the model's input.
    pub preprocessing: Preprocess,
    /// Tensors of the file that the model does not take, also those that are knowingly not loaded.
    pub unused: Vec<String>,
    /// Tensors that the model needs and the file does not have.
    pub missing: Vec<String>,
    /// The config in full, and how it is known.
    #[serde(skip)]
    pub description: Description,
    /// What a load would do with each tensor.
    #[serde(skip)]
    pub report: LoadReport,
}

impl Inspection {
    pub(super) fn new(
        architecture: Option<String>,
        num_classes: usize,
        description: Description,
        report: LoadReport,
    ) -> Self {
        let config = &description.config;
        let aside = report.set_aside.iter().map(|aside| aside.name.clone());
        let mut unused: Vec<_> = report.unused.iter().map(|unused| unused.tensor.clone()).collect();
        unused.extend(aside);
        unused.sort();
        let mut missing: Vec<_> =
            report.missing.iter().map(|missing| missing.tensor.clone()).collect();
        missing.sort();
        missing.dedup();
        Self {
            origin: description.origin.family(),
            architecture,
            num_classes,
            width: config.width,
            depth: config.depth,
            num_heads: config.num_heads,
            patch: config.patch,
            image: config.image,
            pool: match config.pool {
                Pool::ClassToken => "token",
                Pool::Average => "average",
                Pool::Map => "map",
                Pool::Distilled => "distilled",
                Pool::ClassBesideDistillation => "token",
                Pool::Query => "query",
            },
            preprocessing: description.preprocessing.clone(),
            unused,
            missing,
            description,
            report,
        }
    }

    /// What a load would guess, leave out or miss: a line for each. None for a file that says
    /// everything and is taken as it is.
    pub fn remarks(&self) -> Vec<String> {
        remarks(&self.description, &self.report)
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [height, width] = self.image;
        let architecture = self.architecture.as_deref().unwrap_or("config.json gives no name");
        let classes = match self.num_classes {
            0 => "no classifier".to_string(),
            count => count.to_string(),
        };
        let list = |names: &[String]| match names {
            [] => "none".to_string(),
            names => names.join(" "),
        };
        let rows = [
            ("origin", self.origin.to_string()),
            ("architecture", architecture.into()),
            ("num_classes", classes),
            ("width", self.width.to_string()),
            ("depth", self.depth.to_string()),
            ("num_heads", self.num_heads.to_string()),
            ("patch", self.patch.to_string()),
            ("image", format!("{height} x {width}")),
            ("pool", self.pool.into()),
            ("preprocessing", self.preprocessing.to_string()),
            ("unused", list(&self.unused)),
            ("missing", list(&self.missing)),
        ];
        for (index, (name, value)) in rows.into_iter().enumerate() {
            let line = if index == 0 { "" } else { "\n" };
            write!(f, "{line}{name:<14} {value}")?;
        }
        Ok(())
    }
}
