//! What can go wrong with a picture.

use std::fmt::Display;

use thiserror::Error;

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
    pub(super) fn new(what: impl Display, reason: impl Display) -> Self {
        Self { what: what.to_string(), reason: reason.to_string() }
    }
}

/// What a function that draws on an area of `plotters` returns.
pub(super) type Drawn = Result<(), Box<dyn std::error::Error>>;
