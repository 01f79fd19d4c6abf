//! The sections of the report, a file for each.

mod alignment;
mod attribution;
mod calibration;
mod depth;
mod distillation;
mod fairness;
mod few_shot;
mod finetuning;
mod full_size;
mod geometry;
mod linear_probe;
mod out_of_distribution;
mod perceptual;
mod reliability;
mod segmentation;
mod video;
mod zero_shot;

use super::section::Section;

/// All sections, in the order of the report.
pub(crate) const SECTIONS: [&Section; 17] = [
    &linear_probe::SECTION,
    &few_shot::SECTION,
    &zero_shot::SECTION,
    &out_of_distribution::SECTION,
    &finetuning::SECTION,
    &segmentation::SECTION,
    &depth::SECTION,
    &geometry::SECTION,
    &video::SECTION,
    &fairness::SECTION,
    &alignment::SECTION,
    &reliability::SECTION,
    &calibration::SECTION,
    &distillation::SECTION,
    &perceptual::SECTION,
    &attribution::SECTION,
    &full_size::SECTION,
];
