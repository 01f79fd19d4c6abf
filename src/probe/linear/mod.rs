//! The linear probe by SGD: how much a linear classifier reads from frozen features.

mod choice;
mod config;
mod descent;
mod error;
mod fit;
mod fitted;
mod rows;
mod views;

pub use config::LinearProbeConfig;
pub use error::ProbeError;
pub use fit::TestedProbe;
pub use fitted::LinearProbe;
pub use rows::FeatureRows;
