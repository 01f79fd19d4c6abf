//! Results for people: pictures as SVG, and reports of tables and charts as one HTML page.

mod chart;
mod document;
mod panels;
mod pictures;

use std::fmt::Display;

use thiserror::Error;

pub use chart::{Axis, Chart, DotRows, Mark, Series};
pub use document::{Block, Report, Section, Table};
pub use panels::{Line, Panel, panels};
pub use pictures::{confusion, curve, scatter};

/// A picture that could not be drawn or written.
#[derive(Debug, Error)]
#[error("{what}: cannot draw the picture: {reason}")]
#[non_exhaustive]
pub struct ReportError {
    /// The file, or the picture's title.
    pub what: String,
    /// What went wrong.
    pub reason: String,
}

impl ReportError {
    fn new(what: impl Display, reason: impl Display) -> Self {
        Self { what: what.to_string(), reason: reason.to_string() }
    }
}

type Drawn = Result<(), Box<dyn std::error::Error>>;
