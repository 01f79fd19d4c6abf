//! How gradients become parameters.

pub(crate) mod adafactor;
pub(crate) mod adam;
pub(crate) mod ema;
pub(crate) mod optimizer;
pub(crate) mod polyak;
pub(crate) mod schedule;
pub(crate) mod slot;
pub(crate) mod stage;
