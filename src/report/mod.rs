//! Results for people to look at: pictures as SVG or PNG, and reports of tables and charts as one HTML page.
//! All functions take plain numbers.

mod chart;
mod depth;
mod document;
mod error;
mod heat;
mod panels;
mod patches;
mod picture;
mod pictures;
mod ramp;

pub use chart::{Axis, Chart, DotRows, Mark, Series};
pub use depth::depth_picture;
pub use document::{Block, Report, Section, Table};
pub use error::ReportError;
pub use heat::{HeatMap, heat_maps};
pub use panels::{Line, Panel, panels};
pub use patches::{PatchedImage, patches};
pub use picture::picture;
pub use pictures::{confusion, curve, scatter};
