//! Classifiers on frozen features.

mod few_shot;
mod linear_classifier;
mod logistic;
mod neighbours;
mod plane;
mod r_squared;

pub use few_shot::{BIAS_CONSTANT, FewShotAccuracy, FewShotConfig, Ridge, draw_shots};
pub use linear_classifier::LinearClassifier;
pub use logistic::{LogisticConfig, LogisticFit};
pub use neighbours::NearestNeighbours;
pub use plane::principal_plane;
pub use r_squared::r_squared;
