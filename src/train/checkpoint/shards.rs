//! The tensors of a checkpoint in safetensors files of limited size.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{DType, TensorData};
use safetensors::Dtype;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::durable::NewFile;
use super::manifest::ShardFile;
use super::part::Part;
use crate::train::error::CheckpointError;

/// Files with tensors.
#[derive(Serialize, Deserialize)]
pub(super) struct Shards {
    pub(super) files: Vec<ShardFile>,
    /// The file of each tensor of which a file holds all.
    pub(super) whole: BTreeMap<String, String>,
    /// Whether there are parts of tensors.
    pub(super) is_cut: bool,
    /// Bytes of all tensors.
    pub(super) bytes: u64,
}

/// The files of one process: with parameters, and with all else.
#[derive(Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) model: Shards,
    pub(super) rest: Shards,
}

impl Shards {
    /// These and others.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.files.extend(other.files);
        self.whole.extend(other.whole);
        self.is_cut |= other.is_cut;
        self.bytes += other.bytes;
        self
    }
}

/// One tensor in a file: a lane of a part.
struct Item {
    part: usize,
    lane: usize,
}

/// Writes tensors to files whose names begin with `stem`, and gives each file's header these texts. Only the values of one
/// part at a time are on the host. Names lose `prefix`.
pub(super) fn write<E: From<CheckpointError>>(
    folder: &Path,
    (stem, prefix): (&str, &str),
    parts: &[&Part<'_, E>],
    texts: &BTreeMap<String, String>,
    shard_bytes: u64,
) -> Result<Shards, E> {
    let mut items = vec![];
    for (index, part) in parts.iter().enumerate() {
        items.extend((0..part.names.len()).map(|lane| Item { part: index, lane }));
    }
    // Larger elements first, as the format's own writer has them, so that each tensor begins at a multiple of its element.
    items.sort_by_key(|item| std::cmp::Reverse(parts[item.part].dtype.size()));
    let groups = cut(&items, shard_bytes, |item| parts[item.part].bytes() as u64);
    let count = groups.len();
    let mut shards = Shards { files: vec![], whole: BTreeMap::new(), is_cut: false, bytes: 0 };
    let mut values: Option<(usize, TensorData)> = None;
    for (number, items) in groups.into_iter().enumerate() {
        let file = format!("{stem}-{:05}-of-{count:05}.safetensors", number + 1);
        let named = |item: &Item| {
            let part = parts[item.part];
            let name = part.names[item.lane].as_str();
            part.piece.name(name.strip_prefix(prefix).unwrap_or(name))
        };
        let mut new = NewFile::create(&folder.join(&file))?;
        new.write(&header(items, parts, named, texts)?)?;
        for item in items {
            let part = parts[item.part];
            let data = match &mut values {
                Some((index, data)) if *index == item.part => data,
                other => &mut other.insert((item.part, (part.values)()?)).1,
            };
            let (size, all) = (part.bytes(), data.as_bytes());
            let bytes = all.get(item.lane * size..(item.lane + 1) * size);
            let is_whole = all.len() == size * part.names.len();
            new.write(bytes.filter(|_| is_whole).ok_or_else(|| CheckpointError::Tensor {
                name: part.names[item.lane].clone(),
                expected: "as many values as it has elements",
                got: format!("{:?}{:?}", data.dtype(), data.shape().as_slice()),
            })?)?;
            match part.piece.is_whole() {
                true => drop(shards.whole.insert(named(item), file.clone())),
                false => shards.is_cut = true,
            }
            shards.bytes += size as u64;
        }
        let (bytes, sha256) = new.finish()?;
        shards.files.push(ShardFile { name: file, bytes, sha256 });
    }
    Ok(shards)
}

/// Items in groups of at most `limit` bytes, or of one larger item.
fn cut<T>(items: &[T], limit: u64, bytes: impl Fn(&T) -> u64) -> Vec<&[T]> {
    let mut groups = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (index, item) in items.iter().enumerate() {
        let bytes = bytes(item);
        if index > start && size + bytes > limit {
            groups.push(&items[start..index]);
            (start, size) = (index, 0);
        }
        size += bytes;
    }
    groups.extend(Some(&items[start..]).filter(|last| !last.is_empty()));
    groups
}

/// The length of the header, and the header: names, types and places of the tensors that follow.
fn header<E>(
    items: &[Item],
    parts: &[&Part<'_, E>],
    named: impl Fn(&Item) -> String,
    texts: &BTreeMap<String, String>,
) -> Result<Vec<u8>, CheckpointError> {
    let mut header = serde_json::Map::new();
    if !texts.is_empty() {
        header.insert("__metadata__".into(), json!(texts));
    }
    let mut end = 0;
    for item in items {
        let part = parts[item.part];
        let dtype = safe_dtype(part.dtype).ok_or_else(|| CheckpointError::Tensor {
            name: part.names[item.lane].clone(),
            expected: HELD,
            got: format!("{:?}", part.dtype),
        })?;
        let start = end;
        end += part.bytes();
        let about =
            json!({ "dtype": dtype, "shape": part.piece.sizes(), "data_offsets": [start, end] });
        header.insert(named(item), about);
    }
    let mut text = Value::Object(header).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text);
    Ok(bytes)
}

const TYPES: [(DType, Dtype); 6] = [
    (DType::F32, Dtype::F32),
    (DType::BF16, Dtype::BF16),
    (DType::F16, Dtype::F16),
    (DType::F64, Dtype::F64),
    (DType::I32, Dtype::I32),
    (DType::I64, Dtype::I64),
];

pub(super) const HELD: &str = "f32, bf16, f16, f64, i32 and i64";

fn safe_dtype(dtype: DType) -> Option<Dtype> {
    TYPES.iter().find(|(burn, _)| *burn == dtype).map(|(_, safe)| *safe)
}

pub(super) fn burn_dtype(dtype: Dtype) -> Option<DType> {
    TYPES.iter().find(|(_, safe)| *safe == dtype).map(|(burn, _)| *burn)
}
