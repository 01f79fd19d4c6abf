//! Whether a classifier treats groups alike.

mod demographic_parity;
mod rates;

pub use demographic_parity::{DemographicParityConfig, DemographicParityThresholds};
pub use rates::{GroupRates, GroupTable};
