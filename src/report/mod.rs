//! Results for people: pictures as SVG, and reports of tables and charts as one HTML page.

mod chart;
mod document;
mod error;
mod panels;
mod patches;
mod pictures;

pub use chart::{Axis, Chart, DotRows, Mark, Series};
pub use document::{Block, Report, Section, Table};
pub use error::ReportError;
pub use panels::{Line, Panel, panels};
pub use patches::{PatchedImage, patches};
pub use pictures::{confusion, curve, scatter};
