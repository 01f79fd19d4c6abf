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
    /// Hugging Face transformers' ViT.
    HfVit,
    /// Hugging Face transformers' DINOv2, with or without registers.
    HfDinov2,
    /// The vision tower of Hugging Face transformers' SigLIP.
    HfSiglip,
}

impl Origin {
    /// The library whose names these are: `timm`, `transformers`, `big_vision` or `vit22b`.
    pub fn family(self) -> &'static str {
        match self {
            Self::Native => "vit22b",
            Self::Timm => "timm",
            Self::BigVision => "big_vision",
            Self::HfVit | Self::HfDinov2 | Self::HfSiglip => "transformers",
        }
    }

    /// How this origin resamples positions; `registers` is the number of register tokens.
    pub(super) fn interpolation(self, registers: usize) -> Interpolation {
        match self {
            Self::Native | Self::BigVision => Interpolation::Bilinear,
            Self::Timm => Interpolation::BicubicAntialias,
            // transformers has a class of its own for DINOv2 with registers, which antialiases.
            Self::HfDinov2 if registers > 0 => Interpolation::BicubicAntialias,
            Self::HfVit | Self::HfDinov2 | Self::HfSiglip => Interpolation::Bicubic,
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
            Self::HfSiglip => "transformers' SigLIP",
        })
    }
}
