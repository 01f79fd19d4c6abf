//! Whether a model can be relied on: distances from what it was fitted on, subgroups, raters who disagree.

mod mahalanobis;
mod outliers;
mod soft_labels;
mod subgroups;

pub use mahalanobis::Mahalanobis;
pub use outliers::outlier_scores;
pub use soft_labels::{SoftLabelScores, SoftLabels};
pub use subgroups::SubgroupAccuracy;
