//! The tensors of a checkpoint in safetensors files of limited size.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{DType, TensorData};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::durable;
use super::manifest::{Manifest, ShardFile, read_shard};
use super::state::{Leaf, Values};
use crate::train::error::CheckpointError;

/// Writes the tensors to files. Only the tensors of one file at a time are copied to the host.
pub(super) fn write(
    folder: &Path,
    leaves: &[(String, Leaf)],
    shard_bytes: u64,
) -> Result<Vec<ShardFile>, CheckpointError> {
    let shards = cut(leaves, shard_bytes);
    let count = shards.len();
    let write = |(index, shard): (usize, &[(String, Leaf)])| {
        let name = format!("state-{:05}-of-{count:05}.safetensors", index + 1);
        let path = folder.join(&name);
        let bytes = serialise(&path, shard)?;
        durable::write(&path, &bytes)?;
        Ok(ShardFile::of(name, &bytes))
    };
    shards.into_iter().enumerate().map(write).collect()
}

/// Reads and checks all files.
pub(super) fn read(folder: &Path, manifest: &Manifest) -> Result<Values, CheckpointError> {
    let mut values = BTreeMap::new();
    for file in &manifest.files {
        let bytes = read_shard(folder, file)?;
        let path = folder.join(&file.name);
        let tensors = SafeTensors::deserialize(&bytes)
            .map_err(|error| CheckpointError::damaged(&path, "safetensors", error))?;
        for (name, view) in tensors.iter() {
            let dtype = burn_dtype(view.dtype()).ok_or_else(|| CheckpointError::Tensor {
                name: name.into(),
                expected: HELD,
                got: format!("{:?}", view.dtype()),
            })?;
            let data = TensorData::from_bytes_vec(view.data().to_vec(), view.shape(), dtype);
            values.insert(name.to_owned(), data);
        }
    }
    Ok(values)
}

/// The tensors in groups of at most `limit` bytes, or of one larger tensor.
fn cut(leaves: &[(String, Leaf)], limit: u64) -> Vec<&[(String, Leaf)]> {
    let mut shards = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (index, (_, leaf)) in leaves.iter().enumerate() {
        let bytes = leaf.bytes();
        if index > start && size + bytes > limit {
            shards.push(&leaves[start..index]);
            (start, size) = (index, 0);
        }
        size += bytes;
    }
    shards.push(&leaves[start..]);
    shards
}

fn serialise(path: &Path, leaves: &[(String, Leaf)]) -> Result<Vec<u8>, CheckpointError> {
    let values: Vec<(&String, TensorData)> =
        leaves.iter().map(|(name, leaf)| (name, leaf.data())).collect();
    let view = |(name, data): &'_ (&String, TensorData)| {
        safe_dtype(data.dtype()).ok_or_else(|| CheckpointError::Tensor {
            name: (*name).clone(),
            expected: HELD,
            got: format!("{:?}", data.dtype()),
        })
    };
    let dtypes = values.iter().map(view).collect::<Result<Vec<_>, _>>()?;
    let views = values.iter().zip(dtypes).map(|((name, data), dtype)| {
        Ok((name.as_str(), TensorView::new(dtype, data.shape().to_vec(), data.as_bytes())?))
    });
    views
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .and_then(|views| safetensors::serialize(views, None))
        .map_err(|error| CheckpointError::io("write", path)(std::io::Error::other(error)))
}

const TYPES: [(DType, Dtype); 6] = [
    (DType::F32, Dtype::F32),
    (DType::BF16, Dtype::BF16),
    (DType::F16, Dtype::F16),
    (DType::F64, Dtype::F64),
    (DType::I32, Dtype::I32),
    (DType::I64, Dtype::I64),
];

const HELD: &str = "f32, bf16, f16, f64, i32 and i64";

fn safe_dtype(dtype: DType) -> Option<Dtype> {
    TYPES.iter().find(|(burn, _)| *burn == dtype).map(|(_, safe)| *safe)
}

fn burn_dtype(dtype: Dtype) -> Option<DType> {
    TYPES.iter().find(|(_, safe)| *safe == dtype).map(|(burn, _)| *burn)
}
