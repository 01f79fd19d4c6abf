//! Frozen features of a model, and what a classifier reads from them.

mod cache;
mod linear;
mod table;

pub use cache::{FeatureCache, FeatureCacheError, FeatureKey};
pub use linear::{LinearProbe, LinearProbeConfig, ProbeError};
pub use table::Features;
