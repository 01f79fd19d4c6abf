//! A run: an engine with data and a folder.

pub(crate) mod curves;
pub(crate) mod event;
mod event_file;
mod measurement;
pub(crate) mod metrics_log;
pub(crate) mod progress;
mod resume;
mod start;
mod steps;
pub(crate) mod trainer;
