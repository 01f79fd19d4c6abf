//! The sections of the report, a file for each.

mod alignment;
mod attribution;
mod calibration;
mod distillation;
mod fairness;
mod few_shot;
mod finetuning;
mod full_size;
mod linear_probe;
mod out_of_distribution;
mod perceptual;
mod reliability;
mod zero_shot;

use super::section::Section;

/// All sections, in the order of the report.
pub(crate) const SECTIONS: [&Section; 13] = [
    &linear_probe::SECTION,
    &few_shot::SECTION,
    &zero_shot::SECTION,
    &out_of_distribution::SECTION,
    &finetuning::SECTION,
    &fairness::SECTION,
    &alignment::SECTION,
    &reliability::SECTION,
    &calibration::SECTION,
    &distillation::SECTION,
    &perceptual::SECTION,
    &attribution::SECTION,
    &full_size::SECTION,
];
