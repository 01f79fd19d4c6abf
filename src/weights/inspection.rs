//! What a weights file is, without images and without reading its data.

use core::fmt;

use serde::Serialize;

use crate::data::Preprocess;
use crate::text::{TextAttention, TextPool};
use crate::vit::Pool;

use super::description::{Description, TextDescription};
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
    /// The tower for texts, in a file that has one too. Then `unused` and `missing` are those of both towers, and paths in the report
    /// begin with `image.` and `text.`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<TextInspection>,
    /// Why the tower for texts is not known, in a file that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_problem: Option<String>,
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
        let (unused, missing) = (unused(&report), missing(&report));
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
            text: None,
            text_problem: None,
            description,
            report,
        }
    }

    /// The same of a file with a tower for texts, whose report is of both.
    pub(super) fn with_text(self, text: TextDescription, report: LoadReport) -> Self {
        let (unused, missing) = (unused(&report), missing(&report));
        let text = Some(TextInspection::new(text, LoadReport::default()));
        Self { unused, missing, text, report, ..self }
    }

    /// What a load would guess, leave out or miss: a line for each. None for a file that says
    /// everything and is taken as it is.
    pub fn remarks(&self) -> Vec<String> {
        let mut all = self.description.clone();
        all.notes.extend(self.text.iter().flat_map(|text| text.description.notes.iter().cloned()));
        let mut lines = remarks(&all, &self.report);
        lines.extend(self.text_problem.iter().map(|problem| format!("text tower: {problem}")));
        lines
    }
}

/// Tensors that the model does not take.
fn unused(report: &LoadReport) -> Vec<String> {
    let unused = report.unused.iter().map(|unused| unused.tensor.clone());
    let aside = report.set_aside.iter().map(|aside| aside.name.clone());
    let mut all: Vec<_> = unused.chain(aside).collect();
    all.sort();
    all
}

/// Tensors that the model needs.
fn missing(report: &LoadReport) -> Vec<String> {
    let mut all: Vec<_> = report.missing.iter().map(|missing| missing.tensor.clone()).collect();
    all.sort();
    all.dedup();
    all
}

/// What a text tower in a weights file is, by [`WeightsFile::inspect_text`](super::WeightsFile::inspect_text), or as a part of an
/// [`Inspection`].
///
/// As JSON it is one object with the public fields but for `description` and `report`; as text, a table of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TextInspection {
    /// Whose names the tower has: `transformers`, `open_clip`, `big_vision` or `vit22b`.
    pub origin: &'static str,
    /// Ids that there are.
    pub vocabulary: usize,
    /// Tokens of a text, padding included.
    pub length: usize,
    /// Width of a token.
    pub width: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Number of attention heads.
    pub num_heads: usize,
    /// Which tokens a token attends to.
    pub attention: TextAttention,
    /// How tokens become one vector.
    pub pool: TextPool,
    /// Length of the vector of a text.
    pub vector: usize,
    /// Tensors of a file with this tower alone that it does not take.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<String>,
    /// Tensors that it needs and such a file does not have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The config in full, and how it is known.
    #[serde(skip)]
    pub description: TextDescription,
    /// What a load of this tower alone would do with each tensor.
    #[serde(skip)]
    pub report: LoadReport,
}

impl TextInspection {
    pub(super) fn new(description: TextDescription, report: LoadReport) -> Self {
        let config = &description.config;
        Self {
            origin: description.origin,
            vocabulary: config.vocabulary,
            length: config.length,
            width: config.width,
            depth: config.depth,
            num_heads: config.num_heads,
            attention: config.attention,
            pool: config.pool,
            vector: config.outputs(),
            unused: unused(&report),
            missing: missing(&report),
            description,
            report,
        }
    }

    fn rows(&self) -> [(&'static str, String); 8] {
        let attention = match self.attention {
            TextAttention::Full => "full",
            TextAttention::Causal => "causal",
        };
        [
            ("vocabulary", self.vocabulary.to_string()),
            ("length", format!("{} tokens", self.length)),
            ("text width", self.width.to_string()),
            ("text depth", self.depth.to_string()),
            ("text heads", self.num_heads.to_string()),
            ("attention", attention.into()),
            ("pooled at", self.pool.to_string()),
            ("vector", self.vector.to_string()),
        ]
    }
}

impl fmt::Display for TextInspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<14} {}", "origin", self.origin)?;
        for (name, value) in self.rows() {
            write!(f, "\n{name:<14} {value}")?;
        }
        let (unused, missing) = (list(&self.unused), list(&self.missing));
        write!(f, "\n{:<14} {unused}\n{:<14} {missing}", "unused", "missing")
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".to_string(),
        names => names.join(" "),
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
        ];
        let of_text = self.text.iter().flat_map(TextInspection::rows);
        let left = [("unused", list(&self.unused)), ("missing", list(&self.missing))];
        let rows = rows.into_iter().chain(of_text).chain(left);
        for (index, (name, value)) in rows.enumerate() {
            let line = if index == 0 { "" } else { "\n" };
            write!(f, "{line}{name:<14} {value}")?;
        }
        Ok(())
    }
}
