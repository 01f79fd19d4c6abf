//! The choices that heads have.

use serde::{Deserialize, Serialize};

/// How a [`MapNorm`](super::MapNorm) normalises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapNormKind {
    /// By a mean and a variance of each channel that do not change: the batch norm of a published
    /// model. Gradients do not reach the two.
    FrozenBatch,
    /// Over the channels of each position.
    Layer,
    /// Over the positions and the channels of each of this many groups of channels. It trains with
    /// batches of any size.
    Group(usize),
}

/// What becomes of the class token when tokens become a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readout {
    /// It is left out.
    Ignore,
    /// It is added to each patch.
    Add,
    /// It is put beside each patch, and a layer joins the two.
    Project,
}

/// The size of a fused map of [`Dpt`](super::Dpt).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FusedSize {
    /// Twice that of the map before it: DPT.
    Double,
    /// That of the next finer map, and twice that of the finest one at the end: Depth Anything.
    NextMap,
}

/// The size of the map of depths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepthSize {
    /// Twice that of the last fused map: DPT.
    Double,
    /// This many pixels for each patch: Depth Anything.
    Patch(usize),
}

/// What the last convolution of a depth head becomes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepthOutput {
    /// Itself: for a target that may be negative, such as a logarithm.
    Linear,
    /// Its positive part times a number: relative depth, which is the larger the nearer a thing is.
    Relu(f64),
    /// Its sigmoid times the largest depth: metric depth.
    Sigmoid(f64),
}
