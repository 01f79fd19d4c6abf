//! Logits in safetensors: `logits` `[n, c]` and `labels` `[n]`, and if they are there `unknown` `[m, c]` and
//! `groups` `[n]`.

use anyhow::{Context, bail, ensure};
use burn::tensor::{Bytes, DType, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::arrays::{GivenLogits, bad_row};

pub(super) fn tensors(bytes: &[u8]) -> anyhow::Result<GivenLogits> {
    let file = SafeTensors::deserialize(bytes).context("expected a safetensors file")?;
    let names = file.names();
    let tensor = |name: &str| {
        let listed = || format!("expected a tensor `{name}`, got {}", names.join(", "));
        file.tensor(name).with_context(listed)
    };
    let has = |name: &str| names.contains(&name);
    let (logits, classes) = matrix("logits", &tensor("logits")?)?;
    ensure!(
        classes > 1,
        "logits have no more than one column, expected one for each of at least two classes"
    );
    ensure!(!logits.is_empty(), "logits have no rows");
    let rows = logits.len() / classes;
    let unknown = if has("unknown") { Some(matrix("unknown", &tensor("unknown")?)?) } else { None };
    if let Some((_, other)) = &unknown {
        ensure!(*other == classes, "unknown has {other} columns, and logits have {classes}");
    }
    let labels = whole_numbers("labels", &tensor("labels")?, rows)?;
    if let Some(row) = labels.iter().position(|label| *label >= classes) {
        bail!("labels, row {row}: class {}, and logits have {classes} columns", labels[row]);
    }
    let groups = match has("groups") {
        true => Some(whole_numbers("groups", &tensor("groups")?, rows)?),
        false => None,
    };
    Ok(GivenLogits { logits, labels, classes, unknown: unknown.map(|(values, _)| values), groups })
}

/// Row by row, and the number of columns.
fn matrix(name: &str, tensor: &TensorView<'_>) -> anyhow::Result<(Vec<f64>, usize)> {
    let [_, columns] = *tensor.shape() else {
        bail!("{name} have the shape {:?}, expected two axes", tensor.shape());
    };
    let values = floats(tensor).with_context(|| format!("{name} are {:?}", tensor.dtype()))?;
    if let Some((row, problem)) = bad_row(&values, columns) {
        bail!("{name}, row {row} (the first is 0): {problem}");
    }
    Ok((values, columns))
}

fn floats(tensor: &TensorView<'_>) -> anyhow::Result<Vec<f64>> {
    let dtype = match tensor.dtype() {
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        _ => bail!("expected F16, BF16, F32 or F64"),
    };
    let bytes = Bytes::from_bytes_vec(tensor.data().to_vec());
    Ok(TensorData::from_bytes(bytes, tensor.shape().to_vec(), dtype).iter().collect())
}

/// Classes or groups, of any width, also as whole floats.
fn whole_numbers(name: &str, tensor: &TensorView<'_>, rows: usize) -> anyhow::Result<Vec<usize>> {
    ensure!(
        matches!(*tensor.shape(), [n] | [n, 1] if n == rows),
        "{name} have the shape {:?}, expected [{rows}], one for each row of logits",
        tensor.shape()
    );
    macro_rules! integers {
        ($type:ty) => {
            tensor
                .data()
                .as_chunks()
                .0
                .iter()
                .map(|le| i128::from(<$type>::from_le_bytes(*le)))
                .collect()
        };
    }
    let values: Vec<i128> = match tensor.dtype() {
        Dtype::I8 => integers!(i8),
        Dtype::U8 | Dtype::BOOL => integers!(u8),
        Dtype::I16 => integers!(i16),
        Dtype::U16 => integers!(u16),
        Dtype::I32 => integers!(i32),
        Dtype::U32 => integers!(u32),
        Dtype::I64 => integers!(i64),
        Dtype::U64 => integers!(u64),
        other => {
            let values = floats(tensor)
                .with_context(|| format!("{name} are {other:?}, expected whole numbers"))?;
            if let Some(row) = values.iter().position(|value| value.fract() != 0.0) {
                bail!("{name}, row {row}: {}, expected a whole number", values[row]);
            }
            values.into_iter().map(|value| value as i128).collect()
        }
    };
    let value = |(row, value): (usize, i128)| {
        let whole = usize::try_from(value).ok();
        whole.with_context(|| format!("{name}, row {row}: {value}, expected a number from 0 on"))
    };
    values.into_iter().enumerate().map(value).collect()
}
