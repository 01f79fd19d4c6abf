//! Whether a classifier treats groups alike.

mod demographic_parity;
mod rates;

pub use demographic_parity::{ParityConfig, ParityThresholds};
pub use rates::{GroupRates, GroupTable};
