//! From images of any size to a class or a depth for each of their pixels.

mod depths;
mod segmenter;
mod views;

pub use depths::DepthEstimator;
pub use segmenter::{Segmenter, Windows};
pub use views::PredictError;
