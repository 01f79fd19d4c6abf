//! Tables with a header, whose fields stand between commas, semicolons or tabs.

use std::path::{Path, PathBuf};

use csv_core::{ReadFieldResult, ReaderBuilder};

use crate::data::error::DataError;

/// What may stand between fields; where the header has none of them, it is one column.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// A table, whose fields are found by the names of their columns.
pub(super) struct Table {
    path: PathBuf,
    header: Vec<String>,
    separator: char,
    rows: Vec<(u64, Vec<String>)>,
}

/// A row of a table.
pub(super) struct Row<'a> {
    table: &'a Table,
    line: u64,
    fields: &'a [String],
}

impl Row<'_> {
    /// The field of a column, by [`Table::columns`].
    pub(super) fn field(&self, column: usize) -> &str {
        &self.fields[column]
    }

    pub(super) fn error(&self, expected: impl Into<String>, got: impl Into<String>) -> DataError {
        DataError::Line {
            path: self.table.path.clone(),
            line: self.line,
            expected: expected.into(),
            got: got.into(),
        }
    }
}

impl Table {
    /// Reads a table. What separates its fields is what makes the most of `known`, in lower case, names of
    /// columns; a comma if that is the same for all.
    pub(super) fn read(path: &Path, known: &[&str]) -> Result<Self, DataError> {
        let text = read_text(path)?;
        let table = |separator: char| {
            let mut rows = rows(&text, separator);
            let header = if rows.is_empty() { vec![] } else { rows.remove(0).1 };
            Self { path: path.into(), header, separator, rows }
        };
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let found = |separator: &char| {
            let columns = first.split(*separator).map(|name| lower(name.trim_matches('"')));
            columns.filter(|name| known.contains(&&**name)).count()
        };
        // The first of the best: `max_by_key` would give the last.
        let best = SEPARATORS.into_iter().rev().max_by_key(found);
        Ok(table(best.unwrap_or(',')))
    }

    /// The columns with these names, in any case, in the order of the names.
    pub(super) fn columns(&self, names: &[&str]) -> Vec<usize> {
        let named = |name: &&str| {
            let columns = self.header.iter().enumerate();
            columns
                .filter(|(_, column)| lower(column) == *name)
                .map(|(at, _)| at)
                .collect::<Vec<_>>()
        };
        names.iter().flat_map(named).collect()
    }

    /// The column with this name.
    pub(super) fn column(&self, name: &str) -> Result<usize, DataError> {
        self.columns(&[name]).first().copied().ok_or_else(|| self.without_column(name))
    }

    /// The name of a column as the table has it.
    pub(super) fn name(&self, column: usize) -> &str {
        &self.header[column]
    }

    /// The first line.
    pub(super) fn header(&self) -> String {
        self.header.join(&self.separator.to_string())
    }

    /// The error of a table that lacks a column.
    pub(super) fn without_column(&self, names: &str) -> DataError {
        DataError::Line {
            path: self.path.clone(),
            line: 1,
            expected: format!("a header with the column {names}"),
            got: format!("\"{}\"", self.header()),
        }
    }

    /// Applies a function to each row.
    pub(super) fn rows<T>(
        &self,
        make: impl Fn(Row<'_>) -> Result<T, DataError>,
    ) -> Result<Vec<T>, DataError> {
        let made = self.rows.iter().map(|(line, fields)| {
            let row = Row { table: self, line: *line, fields };
            if fields.len() != self.header.len() {
                let expected = format!("{} fields", self.header.len());
                return Err(row.error(expected, fields.len().to_string()));
            }
            make(row)
        });
        made.collect()
    }
}

fn lower(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The text of a file in UTF-8, without a byte order mark.
pub(super) fn read_text(path: &Path) -> Result<String, DataError> {
    let bytes =
        std::fs::read(path).map_err(|reason| DataError::Io { path: path.into(), reason })?;
    let utf8 = |line: u64, got: &str| DataError::Line {
        path: path.into(),
        line,
        expected: "text in UTF-8".into(),
        got: format!("{got}; save the file as UTF-8"),
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(utf8(1, "the byte order mark of UTF-16"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let breaks = bytes[..at].iter().filter(|byte| **byte == b'\n').count();
        utf8(breaks as u64 + 1, &format!("the byte 0x{:02x}", bytes[at]))
    })?;
    Ok(text.strip_prefix('\u{feff}').map(String::from).unwrap_or(text))
}

/// The line number and the fields of each row that is not empty. Fields are trimmed.
fn rows(text: &str, separator: char) -> Vec<(u64, Vec<String>)> {
    let mut reader = ReaderBuilder::new().delimiter(separator as u8).build();
    let mut rest = text.as_bytes();
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
        assert_eq!(rows(text, ','), expected);
        assert_eq!(rows("", ','), []);
        assert_eq!(rows("\u{e9};\"open", ';'), [(1, fields(["\u{e9}", "open"]))]);
    }
}
