//! Options of loading.

use burn::config::Config;
use burn::tensor::DType;
use serde::{Deserialize, Serialize};

use crate::data::preprocess::Preprocess;
use crate::text::TextPool;
use crate::vit::{Gelu, Pool};

/// What is done with the classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadChoice {
    /// It is loaded, if the file has one.
    Keep,
    /// The model has none, and its output is the pooled vector.
    Drop,
    /// A new one for this many classes, whose weights are zero.
    Replace(usize),
}

/// The element type of loaded parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElementChoice {
    /// 32-bit floats, which every device computes with.
    F32,
    /// bfloat16.
    Bf16,
    /// 16-bit floats.
    F16,
    /// Each parameter as the file has it.
    Keep,
}

impl ElementChoice {
    /// The type that a tensor of type `stored` gets.
    pub(super) fn of(self, stored: DType) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
            Self::F16 => DType::F16,
            Self::Keep => stored,
        }
    }
}

/// How a weights file is loaded. Some options settle what the file leaves open.
///
/// ```
/// use vit22b::weights::{HeadChoice, LoadOptions};
///
/// let options = LoadOptions::new()
///     .with_head(HeadChoice::Replace(5))
///     .with_image(Some([384, 384]))
///     .with_num_heads(Some(12));
/// assert!(options.strict);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct LoadOptions {
    /// Whether loading fails unless each parameter comes from the file and each tensor of the file
    /// goes to one. If false, what fits is loaded, and other parameters keep their initial values.
    #[config(default = true)]
    pub strict: bool,
    /// What is done with the classifier.
    #[config(default = "HeadChoice::Keep")]
    pub head: HeadChoice,
    /// The element type of the parameters.
    #[config(default = "ElementChoice::F32")]
    pub elements: ElementChoice,
    /// Height and width in pixels of the images that the loaded model is for; positions are
    /// resampled to their grid. None keeps those of the file.
    pub image: Option<[usize; 2]>,
    /// How an image becomes the model's input, in place of what the JSON beside the file says.
    pub preprocess: Option<Preprocess>,
    /// Rows and columns of the positions in the file, if they do not form a square.
    pub grid: Option<[usize; 2]>,
    /// The model to load where the file holds several: what stands before its tensors' names, such
    /// as `teacher.backbone`, or the beginning of that.
    pub part: Option<String>,
    /// The architecture, in place of the name and the arguments in `config.json`, which are refused
    /// where they are not known to be computed right.
    pub assume: Option<String>,
    /// How tokens become one vector, in place of what the file says.
    pub pool: Option<Pool>,
    /// Number of attention heads, which the shapes of most files do not show.
    pub num_heads: Option<usize>,
    /// The activation, in place of the origin's default.
    pub gelu: Option<Gelu>,
    /// What norms add to the variance, in place of the origin's default.
    pub epsilon: Option<f64>,
    /// Number of attention heads of the text tower, where the file does not say it.
    pub text_heads: Option<usize>,
    /// How the tokens of a text become one vector, in place of the origin's default.
    pub text_pool: Option<TextPool>,
}
