//! Images and labels to train and to evaluate with.
//!
//! An [`ImageSet`] says where encoded images are and how they are labelled, an [`Image`] is one of them
//! decoded, and a [`Preprocess`] turns it into what a model takes. An [`ImageLoader`] joins the three: it gives
//! endless shuffled batches for training ([`BatchSource`], made ahead by [`Prefetch`]), and each image once for
//! evaluation ([`Epoch`]). [`Drawings`] and [`CueConflict`] are procedural images, [`Corruption`] damages images.

pub(crate) mod batch;
pub(crate) mod class_list;
mod corruption;
mod depth_map;
mod digits;
mod error;
mod frames;
mod image;
pub(crate) mod json;
mod label_mask;
mod labels;
pub(crate) mod loader;
mod pairs;
pub(crate) mod preprocess;
mod procedural;
pub(crate) mod set;
mod views;

pub use batch::{
    BatchError, BatchSource, DepthBatch, Epoch, ExampleKey, FirstOf, HeldOut, ImageBatch,
    MaskBatch, Masked, Prefetch, ShareOf,
};
pub use class_list::{ClassList, IGNORED};
pub use corruption::{Corruption, CorruptionError};
pub use depth_map::{DepthMap, DepthMapError};
pub use digits::{Digits, DigitsError, SIDE as DIGIT_SIDE};
pub use error::DataError;
pub use image::{DecodeOptions, FloatImage, Image, ImageError};
pub use label_mask::{LabelMask, LabelMaskError};
pub use labels::{Hierarchy, LabelError};
pub use loader::{BrokenImages, ImageLoader, OnBroken};
pub use pairs::{DepthTruth, JointCrop, MaskTruth, PairLoader, Pairs, Truth};
pub use preprocess::{
    BigVisionResize, Filter, ImageOp, Preprocess, PreprocessError, ResizeMethod, RobustnessSet,
    Rounding, Transform,
};
pub use procedural::{
    CaptionedDrawing, Clip, ColouredShapes, CueConflict, CueImage, Drawings, Example, MovingShapes,
    Scene, Scenes,
};
pub use set::{Captions, FrameSource, ImageSet, Item, Location, Video, VideoSet};
pub use views::Views;
