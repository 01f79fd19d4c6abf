//! Videos by the features of their frames.
//!
//! A frozen model makes one vector of each frame, which is done once and kept. A small transformer over
//! these vectors, in the order of time, is what is trained: [`TemporalHead`]. Which frames are taken says a
//! [`ClipConfig`]; where a video is seen in several clips and crops, [`mean_of_views`] makes one answer of
//! theirs.
//!
//! [`VideoFeatures`] computes and keeps the vectors of a [`VideoSet`](crate::data::VideoSet), [`ClassifyClips`] is the task of
//! learning from them, and [`evaluate`] counts how often a [`TrainedHead`] is right.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use vit22b::video::{ClipConfig, TemporalHeadConfig};
//!
//! let clips = ClipConfig::new(8, 2).with_clips(4);
//! assert_eq!(clips.frames_of(64)?[1], [16, 18, 20, 22, 24, 26, 28, 30]);
//!
//! let device = Device::flex();
//! let head = TemporalHeadConfig::new(32, 8, 5).with_width(24).with_num_heads(3).init(&device);
//! // Pooled features of 8 frames of 2 videos.
//! let features = Tensor::<3>::zeros([2, 8, 32], &device);
//! assert_eq!(head.forward(features).dims(), [2, 5]);
//! # Ok::<(), vit22b::ConfigError>(())
//! ```

mod accuracy;
mod clips;
mod crops;
mod error;
mod examples;
mod features;
mod head_file;
mod listing;
mod task;
mod temporal_head;
mod views;

pub use accuracy::{VideoAccuracy, evaluate, logits_of_views};
pub use clips::ClipConfig;
pub use error::VideoError;
pub use examples::ClipExamples;
pub use features::{VideoFeatures, VideoFeaturesConfig};
pub use head_file::TrainedHead;
pub use task::{ClassifyClips, ClipBatch};
pub use temporal_head::{TemporalHead, TemporalHeadConfig};
pub use views::{ViewMean, mean_of_views};
