//! Options that several verbs have.

use anyhow::Context;
use clap::{Args, ValueEnum};
use vit22b::Runtime;
use vit22b::train::Precision;

/// Where the work is done.
#[derive(Args)]
pub(crate) struct DeviceName {
    /// What computes: auto, flex or xla
    #[arg(long, value_name = "NAME", default_value = "auto")]
    device: String,
}

impl DeviceName {
    pub(crate) fn runtime(&self) -> anyhow::Result<Runtime> {
        Runtime::named(&self.device).with_context(|| format!("--device {}", self.device))
    }
}

/// The type of products and activations.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum PrecisionName {
    F32,
    Bf16,
}

impl From<PrecisionName> for Precision {
    fn from(name: PrecisionName) -> Self {
        match name {
            PrecisionName::F32 => Self::F32,
            PrecisionName::Bf16 => Self::Bf16,
        }
    }
}
