//! How well a classifier does on images and classes of another data set.

mod label_map;
mod robustness;

pub use label_map::{
    LabelMap, LabelMapError, Vote, imagenet_wnids, multi_label_accuracy, read_real_labels,
};
pub use robustness::{ALEXNET_CORRUPTION_ERRORS, RobustnessBaseline, mean_corruption_error};
