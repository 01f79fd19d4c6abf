//! Measurements of what a model is worth, on features, logits and decisions.
//!
//! Each measurement is a function of plain arrays. A [`Matrix`] borrows logits or features row by row, in
//! `f32` or `f64`; labels are indices of classes, counted from 0; whether an answer is right is a `bool`.
//!
//! | question | here |
//! | --- | --- |
//! | how much a classifier reads from frozen features | [`LinearProbeConfig`](crate::probe::LinearProbeConfig), [`LogisticConfig`], [`Ridge`], [`r_squared`], [`FewShotConfig`], [`NearestNeighbours`] |
//! | whether it is right as often as it says | [`Reliability`], [`class_wise_error`], [`negative_log_likelihood`], [`brier_score`], [`fit_temperature`] |
//! | whether it knows what it does not know | [`KnownScore`], [`RocCurve`], [`RiskCoverage`], [`oracle_collaborative_auc`], [`Mahalanobis`], [`outlier_scores`] |
//! | whether it decides as people do | [`Agreement`], [`CueDecisions`], [`Trials`], [`sixteen_classes`], [`SoftLabels`] |
//! | whether it sees as people do | [`perceptual_distance`], [`two_alternative_scores`], [`just_noticeable_precision`] |
//! | whether images and texts find each other | [`Ranks`], [`Retrieval`], [`class_vectors`] |
//! | whether it treats groups alike | [`GroupTable`], [`DemographicParityConfig`], [`SubgroupAccuracy`] |
//! | how well it segments an image, and knows its depths | [`SegmentationTable`], [`DepthErrors`], [`WindowMean`] |
//! | how well it does on other images and classes | [`LabelMap`], [`RobustnessSet`](crate::data::RobustnessSet), [`mean_corruption_error`], [`RobustnessBaseline`] |
//!
//! [`Scorecard`] takes the usual measurements of a classifier's logits in one call; [`report`](crate::report)
//! draws them.
//!
//! How ties are broken never depends on the order of the examples. Where a measurement has no answer, for
//! example because of a NaN, it returns an [`EvalError`] that names the example.

mod arrays;
mod confidence;
mod dense;
mod elsewhere;
mod features;
mod groups;
mod people;
mod reliability;
mod zero_shot;

pub use arrays::{Confusion, EvalError, Matrix, Predictions, Real, accuracy};
pub use confidence::{
    Bin, Binning, CalibrationScores, DetectionScores, KnownScore, Reliability, RiskCoverage,
    RocCurve, Scorecard, ScorecardConfig, TEMPERATURES, brier_score, class_wise_error,
    detection_scores, fit_temperature, negative_log_likelihood, oracle_collaborative_auc,
};
pub use dense::{
    DepthAlignment, DepthCrop, DepthErrors, DepthScores, SegmentationTable, WindowMean,
    window_starts,
};
pub use elsewhere::{
    ALEXNET_CORRUPTION_ERRORS, LabelMap, LabelMapError, RobustnessBaseline, Vote, imagenet_wnids,
    mean_corruption_error, multi_label_accuracy, read_real_labels,
};
pub use features::{
    BIAS_CONSTANT, FewShotAccuracy, FewShotConfig, LinearClassifier, LogisticConfig, LogisticFit,
    NearestNeighbours, Ridge, draw_shots, principal_plane, r_squared,
};
pub use groups::{DemographicParityConfig, DemographicParityThresholds, GroupRates, GroupTable};
pub use people::{
    Agreement, CueDecisions, HumanComparison, Trial, Trials, TrialsError,
    just_noticeable_precision, perceptual_distance, sixteen_classes, two_alternative_scores,
};
pub use reliability::{Mahalanobis, SoftLabelScores, SoftLabels, SubgroupAccuracy, outlier_scores};
pub use zero_shot::{Ranks, Retrieval, class_vectors};
