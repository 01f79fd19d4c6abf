//! Tables with a header, whose fields stand between commas, semicolons or tabs. They are read row by row: a list
//! of ten million images takes the memory of one.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use csv_core::{ReadFieldResult, ReaderBuilder};

use crate::data::error::DataError;
use crate::files::open_plain;

/// What may stand between fields; where the header has none of them, it is one column.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// A table, whose fields are found by the names of their columns.
pub(super) struct Table {
    path: PathBuf,
    header: Vec<String>,
    separator: char,
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
    /// Reads the header of a table. What separates its fields is what makes the most of `known`, in lower case,
    /// names of columns; a comma if that is the same for all.
    pub(super) fn read(path: &Path, known: &[&str]) -> Result<Self, DataError> {
        let mut file = open_text(path)?;
        let mut first = String::new();
        while first.trim().is_empty() {
            let mut line = Vec::new();
            if file.read_until(b'\n', &mut line).map_err(io(path))? == 0 {
                break;
            }
            first = String::from_utf8_lossy(&line).into_owned();
        }
        let found = |separator: &char| {
            let columns = first.split(*separator).map(|name| lower(name.trim_matches('"')));
            columns.filter(|name| known.contains(&&**name)).count()
        };
        // The first of the best: `max_by_key` would give the last.
        let separator = SEPARATORS.into_iter().rev().max_by_key(found).unwrap_or(',');
        let mut header = Vec::new();
        let file = open_text(path)?;
        rows(path, file, separator, |_, fields| {
            header = fields.to_vec();
            Ok(ControlFlow::Break(()))
        })?;
        Ok(Self { path: path.into(), header, separator })
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

    /// Hands on each row behind the header.
    pub(super) fn rows(
        &self,
        mut each: impl FnMut(Row<'_>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let mut is_header = true;
        rows(&self.path, open_text(&self.path)?, self.separator, |line, fields| {
            if !std::mem::take(&mut is_header) {
                let row = Row { table: self, line, fields };
                if fields.len() != self.header.len() {
                    let expected = format!("{} fields", self.header.len());
                    return Err(row.error(expected, fields.len().to_string()));
                }
                each(row)?;
            }
            Ok(ControlFlow::Continue(()))
        })
    }
}

fn lower(name: &str) -> String {
    name.trim().to_lowercase()
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> DataError {
    move |reason| DataError::Io { path: path.into(), reason }
}

fn not_utf8(path: &Path, line: u64, got: &str) -> DataError {
    DataError::Line {
        path: path.into(),
        line,
        expected: "text in UTF-8".into(),
        got: format!("{got}; save the file as UTF-8"),
    }
}

/// Text, or the error that names its line. `line` is that of its first byte.
fn utf8(path: &Path, line: u64, bytes: &[u8]) -> Result<String, DataError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        not_utf8(path, line + breaks(&bytes[..at]), &format!("the byte 0x{:02x}", bytes[at]))
    })?;
    Ok(text.into())
}

fn breaks(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// A file of text behind its byte order mark.
fn open_text(path: &Path) -> Result<BufReader<File>, DataError> {
    let mut file = BufReader::new(open_plain(path).map_err(io(path))?.0);
    let begin = file.fill_buf().map_err(io(path))?;
    if begin.starts_with(&[0xff, 0xfe]) || begin.starts_with(&[0xfe, 0xff]) {
        return Err(not_utf8(path, 1, "the byte order mark of UTF-16"));
    }
    if begin.starts_with("\u{feff}".as_bytes()) {
        file.consume("\u{feff}".len());
    }
    Ok(file)
}

/// The text of a file in UTF-8, without a byte order mark.
pub(super) fn read_text(path: &Path) -> Result<String, DataError> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut open_text(path)?, &mut bytes).map_err(io(path))?;
    utf8(path, 1, &bytes)
}

/// Hands on each line that is not empty, with its number.
pub(super) fn lines(
    path: &Path,
    mut each: impl FnMut(u64, &str) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let (mut file, mut bytes) = (open_text(path)?, Vec::new());
    for line in 1.. {
        bytes.clear();
        if file.read_until(b'\n', &mut bytes).map_err(io(path))? == 0 {
            break;
        }
        let text = utf8(path, line, &bytes)?;
        if !text.trim().is_empty() {
            each(line, &text)?;
        }
    }
    Ok(())
}

/// Hands on the line number and the fields of each row that is not empty, until it is told to stop. Fields are
/// trimmed.
fn rows(
    path: &Path,
    mut file: impl BufRead,
    separator: char,
    mut each: impl FnMut(u64, &[String]) -> Result<ControlFlow<()>, DataError>,
) -> Result<(), DataError> {
    let mut reader = ReaderBuilder::new().delimiter(separator as u8).build();
    let (mut buffer, mut filled) = (vec![0; 1 << 10], 0);
    let (mut fields, mut at_start) = (Vec::new(), true);
    // The line on which the row starts, the line breaks in it so far, and those in it before this field.
    let (mut line, mut inside, mut before) = (1, 0, 0);
    let mut quotes = 0;
    loop {
        let rest = file.fill_buf().map_err(io(path))?;
        if at_start {
            // Skips empty lines, which the reader would count as a part of the next row.
            let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if ends > 0 {
                line += breaks(&rest[..ends]);
                file.consume(ends);
                continue;
            }
        }
        // An empty input tells the reader that the text has ended.
        let (result, read, written) = reader.read_field(rest, &mut buffer[filled..]);
        inside += breaks(&rest[..read]);
        quotes += rest[..read].iter().filter(|byte| **byte == b'"').count();
        let at_end = rest.is_empty();
        file.consume(read);
        filled += written;
        at_start = false;
        match result {
            ReadFieldResult::InputEmpty => {}
            ReadFieldResult::OutputFull => buffer.resize(2 * buffer.len(), 0),
            ReadFieldResult::Field { record_end } => {
                let field = utf8(path, line + before, &buffer[..filled])?;
                fields.push(field.trim().to_string());
                (filled, before) = (0, inside);
                if record_end {
                    // An open quote takes all lines behind it for one field.
                    if at_end && inside > 0 && quotes % 2 == 1 {
                        return Err(DataError::Line {
                            path: path.into(),
                            line,
                            expected: "quotes that are closed".into(),
                            got: "one that is open to the end of the file".into(),
                        });
                    }
                    quotes = 0;
                    if each(line, &fields)?.is_break() {
                        return Ok(());
                    }
                    fields.clear();
                    line += inside;
                    (inside, before, at_start) = (0, 0, true);
                }
            }
            ReadFieldResult::End => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, separator: char) -> Vec<(u64, Vec<String>)> {
        // Bytes come one by one, as at the borders of what is read at once.
        let file = BufReader::with_capacity(1, text.as_bytes());
        let mut all = Vec::new();
        rows(Path::new("x.csv"), file, separator, |line, fields| {
            all.push((line, fields.to_vec()));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        all
    }

    #[test]
    fn quotes_spaces_and_ends_of_lines() {
        let text = "path, label\r\n\"a, \"\"b\"\"\n.jpg\",cat\n\nlast.jpg,";
        let fields = |row: [&str; 2]| row.map(String::from).to_vec();
        let expected = [
            (1, fields(["path", "label"])),
            (2, fields(["a, \"b\"\n.jpg", "cat"])),
            (5, fields(["last.jpg", ""])),
        ];
        assert_eq!(all(text, ','), expected);
        assert_eq!(all("", ','), []);
        assert_eq!(all("\u{e9};\"open", ';'), [(1, fields(["\u{e9}", "open"]))]);
        let open = rows(Path::new("x.csv"), &b"a,b\nc,\"d\ne,f\n"[..], ',', |_, _| {
            Ok(ControlFlow::Continue(()))
        });
        let error = open.unwrap_err().to_string();
        let text = "expected quotes that are closed, got one that is open to the end of the file";
        assert_eq!(error, format!("x.csv, line 2: {text}"));
        let long = "x".repeat(5_000);
        assert_eq!(
            all(&format!("\"\n{long}\",b\nc,d"), ','),
            [(1, fields([&long, "b"])), (3, fields(["c", "d"])),]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_their_line() {
        let text = b"a,b\n\"1\n2\",\xff\n";
        let error = rows(Path::new("x.csv"), &text[..], ',', |_, _| Ok(ControlFlow::Continue(())));
        let error = error.unwrap_err().to_string();
        assert_eq!(
            error,
            "x.csv, line 3: expected text in UTF-8, got the byte 0xff; save the file as UTF-8"
        );
    }
}
