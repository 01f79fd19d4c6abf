//! Whether a classifier is right as often as it says, and whether it knows when it does not know.

mod calibration;
mod detection;
mod scorecard;
mod selective;

pub use calibration::{
    Bin, Binning, Reliability, TEMPERATURES, brier_score, class_wise_error, fit_temperature,
    negative_log_likelihood,
};
pub use detection::{KnownScore, RocCurve, oracle_collaborative_auc};
pub use scorecard::{
    CalibrationScores, DetectionScores, Scorecard, ScorecardConfig, detection_scores,
};
pub use selective::RiskCoverage;
