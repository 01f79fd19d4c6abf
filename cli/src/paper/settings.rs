//! What a report is made with. Results of other settings are not mixed with it.

use serde::{Deserialize, Serialize};

/// All that numbers follow from, besides the family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Changes when a section measures something else.
    pub(crate) version: u32,
    /// The text of `--family`, where it was given.
    pub(crate) family: Option<String>,
    pub(crate) quick: bool,
    /// Steps of pre-training.
    pub(crate) steps: u64,
    pub(crate) seeds: Vec<u64>,
    /// The part of the usual number of images.
    pub(crate) share: f64,
}

/// The version of what is measured here.
pub(crate) const VERSION: u32 = 3;

impl Settings {
    /// So many of what are usually `all`; never fewer than `least`.
    pub(crate) fn count(&self, all: usize, least: usize) -> usize {
        let quick = if self.quick { 0.6 } else { 1.0 };
        ((all as f64 * self.share * quick).ceil() as usize).max(least)
    }

    /// Steps of training a head or a student, of which there are usually `all`: a third of them in a quick report, and no
    /// more than models are trained for.
    pub(crate) fn steps_of(&self, all: u64) -> u64 {
        self.steps.min(if self.quick { all.div_ceil(3) } else { all })
    }

    /// Whether models are given, which are larger than those that are trained here.
    pub(crate) fn is_given(&self) -> bool {
        self.family.is_some()
    }

    /// Strengths of corruptions, from 1 to 5.
    pub(crate) fn strengths(&self) -> &'static [usize] {
        if self.quick || self.is_given() { &[1, 3, 5] } else { &[1, 2, 3, 4, 5] }
    }

    /// What differs from another, in the words of the command.
    pub(crate) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let pairs = [
            ("what is measured, by another version of this program", self.version != other.version),
            ("--family", self.family != other.family),
            ("--quick", self.quick != other.quick),
            ("--steps", self.steps != other.steps),
            ("--seed or --seeds", self.seeds != other.seeds),
            ("--share", self.share.to_bits() != other.share.to_bits()),
        ];
        pairs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}
