//! The library that wrote a file, known by the names of its tensors.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::vit::Interpolation;

/// Whose names and conventions a file follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Origin {
    /// This crate: parameters by their paths, and a manifest.
    Native,
    /// timm's `VisionTransformer`.
    Timm,
    /// big_vision's `models/vit.py`.
    BigVision,
    /// Hugging Face transformers' ViT, and the models of the same names: MAE, MSN, DeiT and I-JEPA.
    HfVit,
    /// Hugging Face transformers' DINOv2, with or without registers.
    HfDinov2,
    /// Hugging Face transformers' DINOv3.
    HfDinov3,
    /// The vision tower of Hugging Face transformers' SigLIP and SigLIP 2.
    HfSiglip,
    /// The vision tower of Hugging Face transformers' CLIP.
    HfClip,
    /// The vision tower of Hugging Face transformers' AIMv2.
    HfAimv2,
    /// Hugging Face transformers' BEiT.
    HfBeit,
    /// open_clip's own vision transformer, under the names of CLIP's authors.
    OpenClip,
}

impl Origin {
    /// The library whose names these are: `timm`, `transformers`, `big_vision`, `open_clip` or `vit22b`.
    pub fn family(self) -> &'static str {
        match self {
            Self::Native => "vit22b",
            Self::Timm => "timm",
            Self::BigVision => "big_vision",
            Self::OpenClip => "open_clip",
            Self::HfVit
            | Self::HfDinov2
            | Self::HfDinov3
            | Self::HfSiglip
            | Self::HfClip
            | Self::HfAimv2
            | Self::HfBeit => "transformers",
        }
    }

    /// How this origin resamples positions; `registers` is the number of register tokens.
    pub(super) fn interpolation(self, registers: usize) -> Interpolation {
        match self {
            Self::Native | Self::BigVision => Interpolation::Bilinear,
            Self::Timm | Self::OpenClip => Interpolation::BicubicAntialias,
            // transformers has a class of its own for DINOv2 with registers, which antialiases.
            Self::HfDinov2 if registers > 0 => Interpolation::BicubicAntialias,
            _ => Interpolation::Bicubic,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "vit22b",
            Self::Timm => "timm",
            Self::BigVision => "big_vision",
            Self::HfVit => "transformers' ViT",
            Self::HfDinov2 => "transformers' DINOv2",
            Self::HfDinov3 => "transformers' DINOv3",
            Self::HfSiglip => "transformers' SigLIP",
            Self::HfClip => "transformers' CLIP",
            Self::HfAimv2 => "transformers' AIMv2",
            Self::HfBeit => "transformers' BEiT",
            Self::OpenClip => "open_clip",
        })
    }
}
