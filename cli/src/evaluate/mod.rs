//! What the verb `evaluate` measures, each part a section of its report.

pub(crate) mod calibration;
pub(crate) mod classifier;
pub(crate) mod classifiers;
pub(crate) mod conflict;
pub(crate) mod corruptions;
pub(crate) mod detection;
pub(crate) mod drawn;
pub(crate) mod fitted;
pub(crate) mod given;
pub(crate) mod groups;
pub(crate) mod images;
pub(crate) mod logits;
pub(crate) mod part;
pub(crate) mod people;
pub(crate) mod source;
