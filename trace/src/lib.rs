//! Burn functions recorded as graphs.
