//! Safetensors with names and labels in the header.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::broken::invalid;
use super::npy;
use crate::probe::table::FeatureTable;

/// The most bytes of a header that readers take.
const MOST_HEADER: usize = 100_000_000;

/// Writes a table, with more entries for its header. The bytes follow from the table alone: the header is sorted.
pub(super) fn write<const N: usize>(
    table: &FeatureTable,
    entries: [(&str, &str); N],
    out: &mut impl Write,
) -> io::Result<()> {
    let text = |value: Value| Value::String(value.to_string());
    let mut metadata: Map<String, Value> =
        entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
    metadata.insert("names".into(), text(table.names().into()));
    if !table.classes().is_empty() {
        metadata.insert("classes".into(), text(table.classes().into()));
        metadata.insert("labels".into(), text(table.labels().into()));
    }
    let shape = [table.rows(), table.columns()];
    let size = 4 * shape.iter().product::<usize>();
    let features = json!({ "dtype": "F32", "shape": shape, "data_offsets": [0, size] });
    let header = json!({ "__metadata__": metadata, "features": features }).to_string();
    // The values start at a multiple of 8 bytes.
    let length = header.len().next_multiple_of(8);
    if length > MOST_HEADER {
        return Err(invalid(format!(
            "the names and labels of {} images are more than a header of safetensors holds; write \
             to a folder, in parts, or another form",
            table.rows()
        )));
    }
    out.write_all(&(length as u64).to_le_bytes())?;
    // A width in a format has at most 16 bits.
    out.write_all(header.as_bytes())?;
    out.write_all(&b"       "[..length - header.len()])?;
    npy::values(table, out)
}

/// A table as bytes of safetensors, with more entries for its header.
pub(in crate::probe) fn to_safetensors<const N: usize>(
    table: &FeatureTable,
    entries: [(&str, &str); N],
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write(table, entries, &mut bytes)?;
    Ok(bytes)
}

/// The table of bytes that [`to_safetensors`] made, and the entries of the header; none if they are broken.
pub(in crate::probe) fn from_safetensors(
    bytes: &[u8],
) -> Option<(FeatureTable, HashMap<String, String>)> {
    read(bytes).ok()
}

#[derive(Deserialize)]
pub(super) struct Header {
    #[serde(rename = "__metadata__")]
    metadata: HashMap<String, String>,
    features: Features,
}

#[derive(Deserialize)]
struct Features {
    dtype: String,
    shape: [u64; 2],
}

impl Header {
    /// Rows and columns of the values, which begin behind the header.
    pub(super) fn shape(&self) -> [u64; 2] {
        self.features.shape
    }
}

/// Reads a header of features in f32.
pub(super) fn header(mut file: impl Read) -> io::Result<Header> {
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MOST_HEADER as u64 {
        return Err(invalid("it is no file of safetensors"));
    }
    let mut header = Vec::new();
    (&mut file).take(length).read_to_end(&mut header)?;
    let header: Header = serde_json::from_slice(&header).map_err(broken)?;
    match header.features.dtype.as_str() {
        "F32" => Ok(header),
        dtype => Err(invalid(format!("expected features of F32, got {dtype}"))),
    }
}

fn broken(error: serde_json::Error) -> io::Error {
    invalid(format!("its header is broken: {error}"))
}

/// Reads a table, and the entries of its header.
pub(super) fn read(mut file: impl Read) -> io::Result<(FeatureTable, HashMap<String, String>)> {
    let Header { metadata, features } = header(&mut file)?;
    let [rows, columns] = features.shape;
    let table = npy::from_bytes(file, rows, columns)?;
    let bad = |error: crate::eval::EvalError| invalid(error.to_string());
    let names: Vec<String> = match metadata.get("names") {
        Some(names) => serde_json::from_str(names).map_err(broken)?,
        None => vec![],
    };
    let mut table = if names.is_empty() { table } else { table.with_names(names).map_err(bad)? };
    if let (Some(classes), Some(labels)) = (metadata.get("classes"), metadata.get("labels")) {
        let classes: Vec<String> = serde_json::from_str(classes).map_err(broken)?;
        table = table
            .with_labels(classes, serde_json::from_str(labels).map_err(broken)?)
            .map_err(bad)?;
    }
    Ok((table, metadata))
}
