//! NumPy's format, version 1.0.

use std::io::{self, Read, Write};

use super::broken::invalid;
use crate::probe::table::FeatureTable;

const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// Writes the array, which starts at a multiple of 64 bytes.
pub(super) fn write(table: &FeatureTable, out: &mut impl Write) -> io::Result<()> {
    let (rows, columns) = (table.rows(), table.columns());
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let header =
        format!("{header:<length$}\n", length = (11 + header.len()).next_multiple_of(64) - 11);
    let length = u16::try_from(header.len()).expect("two numbers and some words");
    out.write_all(MAGIC)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    values(table, out)
}

/// Writes all values, row by row.
pub(super) fn values(table: &FeatureTable, out: &mut impl Write) -> io::Result<()> {
    table.matrix().values().iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
}

/// Reads an array that [`write`] wrote.
pub(super) fn read(mut file: impl Read) -> io::Result<FeatureTable> {
    let [rows, columns] = header(&mut file)?;
    from_bytes(file, rows, columns)
}

/// Reads the header: rows and columns of the values, which begin behind it.
pub(super) fn header(file: &mut impl Read) -> io::Result<[u64; 2]> {
    let mut begin = [0; 10];
    file.read_exact(&mut begin)?;
    if !begin.starts_with(MAGIC) {
        return Err(invalid("it is no array of NumPy's format 1.0"));
    }
    let mut header = vec![0; u16::from_le_bytes([begin[8], begin[9]]).into()];
    file.read_exact(&mut header)?;
    let header = String::from_utf8_lossy(&header);
    let shape = header
        .trim_end()
        .strip_prefix("{'descr': '<f4', 'fortran_order': False, 'shape': (")
        .and_then(|rest| rest.strip_suffix("), }"))
        .and_then(|shape| shape.split_once(", "))
        .and_then(|(rows, columns)| Some([rows.parse::<u64>().ok()?, columns.parse().ok()?]));
    shape.ok_or_else(|| invalid(format!("expected rows of f32, got {}", header.trim_end())))
}

/// A table of so many rows and columns of values, which end with the file.
pub(super) fn from_bytes(mut file: impl Read, rows: u64, columns: u64) -> io::Result<FeatureTable> {
    let size = rows.checked_mul(columns).and_then(|values| values.checked_mul(4));
    let size = size.ok_or_else(|| invalid("it says that it is larger than any file"))?;
    let mut bytes = Vec::new();
    (&mut file).take(size).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != size || file.read(&mut [0])? > 0 {
        return Err(invalid(format!("expected {rows} × {columns} values, as its header says")));
    }
    let values = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    FeatureTable::new(values, columns as usize).map_err(|error| invalid(error.to_string()))
}
