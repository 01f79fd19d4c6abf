//! What a model is worth: measurements on features, logits and decisions, and pictures of them.
//!
//! Each measurement is a function of plain arrays: a [`Matrix`] borrows logits or features row by
//! row, in `f32` or `f64`; labels are classes counted from 0; what is right is a `bool`.
//!
//! | question | here |
//! | --- | --- |
//! | what a classifier reads from frozen features | [`LinearProbeConfig`], [`LogisticConfig`], [`Ridge`], [`FewShotConfig`], [`NearestNeighbours`] |
//! | whether it is right as often as it says | [`Reliability`], [`class_wise_error`], [`negative_log_likelihood`], [`brier_score`], [`fit_temperature`] |
//! | whether it knows what it does not know | [`KnownScore`], [`RocCurve`], [`RiskCoverage`], [`oracle_collaborative_auc`] |
//! | whether it decides as people do | [`Agreement`], [`CueDecisions`], [`Trials`], [`sixteen_classes`] |
//! | whether it treats groups alike | [`GroupTable`], [`ParityConfig`] |
//! | how it does elsewhere | [`LabelMap`], [`RobustnessSet`], [`mean_corruption_error`], [`RobustnessBaseline`] |
//!
//! [`Scorecard`] takes the usual ones of a classifier's logits at once; [`report`](crate::report) draws them.
//!
//! Ties never depend on the order of the examples. What has no answer, NaN among it, is an
//! [`EvalError`] that names the example.

mod agreement;
mod calibration;
mod confusion;
mod detection;
mod error;
mod fairness;
mod feature_cache;
mod few_shot;
mod label_map;
mod lane;
mod linear_classifier;
mod linear_probe;
mod linear_solve;
mod logistic;
mod matrix;
mod neighbours;
mod parity;
mod plane;
mod robustness;
mod row;
mod scorecard;
mod selective;
mod sixteen_classes;
mod softmax;
mod trials;

pub use agreement::{Agreement, CueDecisions};
pub use calibration::{
    Bin, Binning, Reliability, TEMPERATURES, brier_score, class_wise_error, fit_temperature,
    negative_log_likelihood,
};
pub use confusion::Confusion;
pub use detection::{KnownScore, RocCurve, oracle_collaborative_auc};
pub use error::EvalError;
pub use fairness::{GroupRates, GroupTable};
pub use feature_cache::{FeatureCache, FeatureCacheError, FeatureKey, Features};
pub use few_shot::{BIAS_CONSTANT, FewShotAccuracy, FewShotConfig, Ridge, draw_shots};
pub use label_map::{
    LabelMap, LabelMapError, Vote, imagenet_wnids, multi_label_accuracy, read_real_labels,
};
pub use linear_classifier::LinearClassifier;
pub use linear_probe::{LinearProbe, LinearProbeConfig, ProbeError, accuracy};
pub use logistic::{LogisticConfig, LogisticFit};
pub use matrix::{Matrix, Real};
pub use neighbours::NearestNeighbours;
pub use parity::{ParityConfig, ParityThresholds};
pub use plane::principal_plane;
pub use robustness::{
    ALEXNET_CORRUPTION_ERRORS, RobustnessBaseline, RobustnessSet, mean_corruption_error,
};
pub use scorecard::{
    CalibrationScores, DetectionScores, Scorecard, ScorecardConfig, detection_scores,
};
pub use selective::RiskCoverage;
pub use sixteen_classes::sixteen_classes;
pub use softmax::Predictions;
pub use trials::{HumanComparison, Trial, Trials, TrialsError};
