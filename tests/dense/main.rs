//! Dense prediction beside the modules of transformers and the formulas of NumPy and scikit-learn: heads,
//! whole models from their files, and measurements.
//!
//! `VIT22B_FIXTURES=DIR` takes other folders of the same form, of any seed and shape.

mod heads;
mod metrics;
mod models;
#[path = "../parts/mod.rs"]
mod parts;
