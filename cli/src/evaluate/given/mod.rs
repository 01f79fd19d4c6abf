//! Files with logits of any classifier.

mod arrays;
mod table;
mod tensors;

use std::path::Path;

use anyhow::{Context, bail};

pub(crate) use arrays::GivenLogits;

/// Reads logits and labels from safetensors or from a table.
pub(crate) fn read(path: &Path) -> anyhow::Result<GivenLogits> {
    let option = || format!("--logits {}", path.display());
    let bytes = std::fs::read(path).with_context(option)?;
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let read = match ending.to_ascii_lowercase().as_str() {
        "safetensors" => tensors::tensors(&bytes),
        "csv" | "tsv" => table::table(&bytes),
        _ => bail!("{}: expected .safetensors, .csv or .tsv", option()),
    };
    read.with_context(option)
}
