//! The choices that layers have.

use serde::{Deserialize, Serialize};

/// How a block joins attention and MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// ViT-22B: side by side on one norm, `x + attention(norm(x)) + mlp(norm(x))`.
    Parallel,
    /// The classic ViT: one after the other, each with its own norm before it.
    Sequential,
    /// One after the other, each with its own norm behind it ("res-post-norm"): `x + norm(attention(x))`,
    /// then `x + norm(mlp(x))`.
    ResPostNorm,
}

/// How a norm normalises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormKind {
    /// `x / rms(x) * scale`: no centring.
    Rms,
    /// `(x - mean(x)) / std(x) * scale`.
    Layer,
}

/// How queries and keys of each head are normalised before their product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QkNorm {
    /// Not at all, as in the classic ViT.
    None,
    /// RMS normalisation over the head dimension.
    Rms,
    /// Centred layer normalisation over the head dimension, as Flax's `normalize_qk` does it.
    Layer,
}

/// The activation function of an MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gelu {
    /// The tanh approximation, Flax's default.
    Tanh,
    /// The exact form by the error function, PyTorch's default.
    Erf,
    /// `x σ(1.702 x)`, CLIP's QuickGELU.
    Quick,
}

/// The activation of the gate of a gated MLP, `act(x W_gate) * x W1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// `x σ(x)`: the MLP is a SwiGLU.
    Silu,
    /// The MLP's own [`Gelu`]: the MLP is a GEGLU.
    Gelu,
}

/// Which exits of a block have a norm before their last product ("sub-LN").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubNorm {
    /// The MLP's: EVA-02.
    Mlp,
    /// The MLP's and the attention's: the image towers of EVA-02-CLIP.
    MlpAndAttention,
}

/// How learned positions are resampled for a grid that they were not learned on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// Linear in both axes, corners onto corners, as big_vision does it.
    Bilinear,
    /// Cubic in both axes (a = −3/4), edges onto edges, as PyTorch does it: transformers' models.
    Bicubic,
    /// Cubic in both axes (a = −1/2), edges onto edges, the kernel widened where the grid shrinks:
    /// timm's models.
    BicubicAntialias,
    /// Linear in both axes, edges onto edges, the kernel widened where the grid shrinks: SigLIP 2's
    /// models for images of any shape.
    BilinearAntialias,
    /// Linear in both axes, edges onto edges, the kernel the same where the grid shrinks: transformers'
    /// DPT.
    BilinearEdges,
}

impl core::fmt::Display for Interpolation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Bilinear => "bilinear",
            Self::Bicubic => "bicubic",
            Self::BicubicAntialias => "bicubic, antialiased",
            Self::BilinearAntialias => "bilinear, antialiased",
            Self::BilinearEdges => "bilinear, edges onto edges",
        })
    }
}

/// How the projections of a parallel block are executed.
///
/// The choice changes no parameter, and no result beyond rounding. [`Projections::Auto`] takes the
/// execution that `docs/performance.md` shows to be faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Projections {
    /// The faster one on the device at hand.
    Auto,
    /// One product for each of query, key, value, MLP-in, attention-out and MLP-out.
    Separate,
    /// The paper's two products: `[d, 3d + f]` at the entrance and `[d + f, d]` at the exit.
    Fused,
}

impl Projections {
    /// Whether the products are joined. Separate products are faster on every device measured so
    /// far, because joining the weights copies them at each call (and on a TPU the cut after the
    /// product copies too).
    pub(super) fn is_fused(self) -> bool {
        self == Projections::Fused
    }
}
