//! What the origins' tables of names share.

use crate::vit::ViT22BConfig;

use super::big_vision;
use super::error::WeightsError;
use super::hugging_face;
use super::native;
use super::origin::Origin;
use super::tensors::Tensors;
use super::term::Term;
use super::timm;

/// An origin, and what its names leave open.
#[derive(Debug, Clone, Copy)]
pub(super) enum Names {
    Native,
    Timm(timm::Names),
    BigVision(big_vision::Names),
    HuggingFace(Origin),
}

impl Names {
    /// The tensors that make the parameter at `path`; none if the origin has no name for it.
    pub(super) fn terms(self, path: &str, shape: &[usize], config: &ViT22BConfig) -> Vec<Term> {
        match self {
            Self::Native => native::terms(path, shape),
            Self::Timm(names) => timm::terms(path, shape, config, names),
            Self::BigVision(names) => big_vision::terms(path, shape, config, names),
            Self::HuggingFace(origin) => hugging_face::terms(path, shape, config, origin),
        }
    }

    /// Whether a canonical name is one of the classifier's.
    pub(super) fn is_of_head(self, name: &str) -> bool {
        let modules: &[&str] = match self {
            Self::Native | Self::Timm(_) => &["head."],
            Self::BigVision(_) => &["head/", "pre_logits/"],
            Self::HuggingFace(_) => &["classifier."],
        };
        modules.iter().any(|module| name.starts_with(module))
    }
}

/// `blocks.3.attn.query.weight` as `blocks.3.` and `attn.query.weight`; other paths with an empty
/// scope.
pub(super) fn split_block(path: &str) -> (&str, &str) {
    let dot = path.strip_prefix("blocks.").and_then(|rest| rest.find('.'));
    path.split_at(dot.map_or(0, |dot| "blocks.".len() + dot + 1))
}

/// Width, channels and patch by a PyTorch convolution `[d, c, p, p]`.
pub(super) fn square_patch(tensors: &Tensors, name: &str) -> Result<[usize; 3], WeightsError> {
    let [width, channels, patch, patch_width] = tensors.axes("patch", name)?;
    ensure_square(patch, patch_width)?;
    Ok([width, channels, patch])
}

pub(super) fn ensure_square(height: usize, width: usize) -> Result<(), WeightsError> {
    if height == width {
        return Ok(());
    }
    Err(WeightsError::Unsupported {
        what: format!("a patch of {height} x {width} pixels"),
        next: "patches are squares here",
    })
}

pub(super) fn heads_unknown(width: usize) -> WeightsError {
    let usual = match width.is_multiple_of(64) {
        true => format!("; {} heads of 64 are usual", width / 64),
        false => String::new(),
    };
    WeightsError::Ambiguous {
        field: "num_heads",
        why: format!("the shapes are the same for any number of heads that divides {width}{usual}"),
        option: "num_heads",
    }
}

pub(super) fn activation(name: &str) -> WeightsError {
    WeightsError::Unsupported {
        what: format!("the activation {name}"),
        next: "GELU in its exact and its tanh form are; `LoadOptions::gelu` takes one of them anyway",
    }
}
