//! Tables of comma-separated values with a header.

use std::path::Path;

use csv_core::{ReadFieldResult, Reader};

use crate::data::error::DataError;

/// A row of a table, whose fields are found by the names of their columns.
pub(super) struct Row<'a> {
    path: &'a Path,
    header: &'a [String],
    line: u64,
    fields: &'a [String],
}

impl Row<'_> {
    /// The field of the first of these columns that the table has.
    pub(super) fn field(&self, names: &[&str]) -> Result<&str, DataError> {
        let field = names.iter().find_map(|name| self.optional(name));
        field.ok_or_else(|| DataError::Line {
            path: self.path.into(),
            line: 1,
            expected: format!("a header with the column {}", names.join(" or ")),
            got: format!("\"{}\"", self.header.join(",")),
        })
    }

    /// The field of a column, or none if the table lacks the column.
    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        let column = self.header.iter().position(|column| column == name)?;
        self.fields.get(column).map(String::as_str)
    }

    pub(super) fn error(&self, expected: impl Into<String>, got: impl Into<String>) -> DataError {
        DataError::Line {
            path: self.path.into(),
            line: self.line,
            expected: expected.into(),
            got: got.into(),
        }
    }
}

/// Reads a table and applies a function to each row.
pub(super) fn read_csv<T>(
    path: &Path,
    make: impl Fn(Row<'_>) -> Result<T, DataError>,
) -> Result<Vec<T>, DataError> {
    let text = std::fs::read_to_string(path)
        .map_err(|reason| DataError::Io { path: path.into(), reason })?;
    let mut rows = rows(&text).into_iter();
    let (_, header) = rows.next().unwrap_or_default();
    let made = rows.map(|(line, fields)| {
        let row = Row { path, header: &header, line, fields: &fields };
        if fields.len() != header.len() {
            return Err(row.error(format!("{} fields", header.len()), fields.len().to_string()));
        }
        make(row)
    });
    made.collect()
}

/// The line number and the fields of each row that is not empty. Fields are trimmed.
fn rows(text: &str) -> Vec<(u64, Vec<String>)> {
    let (mut reader, mut rest) = (Reader::new(), text.as_bytes());
    // A field is never longer than the text: removing quotes shortens it.
    let mut buffer = vec![0; text.len()];
    let (mut rows, mut fields, mut filled) = (Vec::new(), Vec::new(), 0);
    // The line on which the row starts, and the line breaks seen in it so far.
    let (mut line, mut inside) = (1, 0);
    let breaks = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    loop {
        if fields.is_empty() && filled == 0 {
            // Skips empty lines, which the reader would count as a part of the next row.
            let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            line += breaks(&rest[..ends]);
            rest = &rest[ends..];
        }
        let (result, read, written) = reader.read_field(rest, &mut buffer[filled..]);
        inside += breaks(&rest[..read]);
        rest = &rest[read..];
        filled += written;
        match result {
            // An empty input tells the reader that the text has ended.
            ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
            ReadFieldResult::Field { record_end } => {
                let field = String::from_utf8_lossy(&buffer[..filled]).trim().to_string();
                fields.push(field);
                filled = 0;
                if record_end {
                    rows.push((line, std::mem::take(&mut fields)));
                    line += std::mem::take(&mut inside);
                }
            }
            ReadFieldResult::End => return rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_spaces_and_ends_of_lines() {
        let text = "path, label\r\n\"a, \"\"b\"\"\n.jpg\",cat\n\nlast.jpg,";
        let fields = |row: [&str; 2]| row.map(String::from).to_vec();
        let expected = [
            (1, fields(["path", "label"])),
            (2, fields(["a, \"b\"\n.jpg", "cat"])),
            (5, fields(["last.jpg", ""])),
        ];
        assert_eq!(rows(text), expected);
        assert_eq!(rows(""), []);
        assert_eq!(rows("\u{e9},\"open"), [(1, fields(["\u{e9}", "open"]))]);
    }
}
