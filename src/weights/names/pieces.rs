//! Helpers that the tables of several origins use.

use super::tensors::Tensors;
use crate::vit::ViT22BConfig;
use crate::weights::description::{Description, Notes};
use crate::weights::error::WeightsError;
use crate::weights::options::LoadOptions;
use crate::weights::origin::Origin;
use crate::weights::preprocessing;
use crate::weights::sidecar::Sidecar;

/// The description of a file whose config is known: its preprocessing and the names of its classes are what the
/// JSON beside it says.
pub(crate) fn described(
    origin: Origin,
    config: ViT22BConfig,
    sidecar: &Sidecar,
    options: &LoadOptions,
    mut notes: Notes,
) -> Result<Description, WeightsError> {
    let (image, patch) = (config.image, config.patch);
    let preprocessing = preprocessing::infer(origin, sidecar, image, patch, options, &mut notes)?;
    let class_names = sidecar.class_names();
    let description = Description { origin, config, notes: notes.0, preprocessing, class_names };
    Ok(description.check()?)
}

/// Splits `blocks.3.attn.query.weight` into `blocks.3.` and `attn.query.weight`. The first is empty
/// for a path outside the blocks.
pub(crate) fn split_block(path: &str) -> (&str, &str) {
    let dot = path.strip_prefix("blocks.").and_then(|rest| rest.find('.'));
    path.split_at(dot.map_or(0, |dot| "blocks.".len() + dot + 1))
}

/// Width, channels and patch, from the shape `[d, c, p, p]` of a PyTorch convolution.
pub(crate) fn square_patch(tensors: &Tensors, name: &str) -> Result<[usize; 3], WeightsError> {
    let [width, channels, patch, patch_width] = tensors.axes("patch", name)?;
    ensure_square(patch, patch_width)?;
    Ok([width, channels, patch])
}

pub(crate) fn ensure_square(height: usize, width: usize) -> Result<(), WeightsError> {
    if height == width {
        return Ok(());
    }
    Err(WeightsError::Unsupported {
        what: format!("a patch of {height} x {width} pixels"),
        next: "patches are squares here",
    })
}

pub(crate) fn heads_unknown(width: usize) -> WeightsError {
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

pub(crate) fn activation(name: &str) -> WeightsError {
    WeightsError::Unsupported {
        what: format!("the activation {name}"),
        next: "GELU in its exact and its tanh form are; `LoadOptions::gelu` takes one of them anyway",
    }
}

/// A layer in the names that only its authors' own files have; `name` is one of them.
pub(crate) fn authors_names(name: &str) -> WeightsError {
    let layer = match name.contains(".mlp.") {
        true => "a gated MLP (SwiGLU)",
        false => "rotary positions",
    };
    WeightsError::Unsupported {
        what: format!("{layer} under the names of DINOv2's and DINOv3's own files (\"{name}\")"),
        next: "take the file of the same model that transformers or timm publish",
    }
}
