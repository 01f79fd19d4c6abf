//! Parquet: columns `name` and `features`, and `labels` for labelled images. Values are plain and not compressed;
//! features are noise to a compressor.

use std::collections::HashMap;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};

use polars_parquet_format::thrift;
use polars_parquet_format::thrift::protocol::{TCompactInputProtocol, TCompactOutputProtocol};
use polars_parquet_format::{
    ColumnChunk, ColumnMetaData, CompressionCodec, ConvertedType, DataPageHeader, Encoding,
    FieldRepetitionType, FileMetaData, KeyValue, ListType, LogicalType, PageHeader, PageType,
    RowGroup, SchemaElement, StringType, Type,
};

use super::broken::invalid;
use crate::probe::table::FeatureTable;

const MAGIC: &[u8; 4] = b"PAR1";

/// The most values of features in a group of rows: 64 MiB, since a page must be smaller than 2 GiB.
const MOST_VALUES: usize = 1 << 24;

/// The most bytes of a footer, which has about 500 for a group of rows and the names of the classes.
const MOST_FOOTER: usize = 1 << 30;

/// The key under which the classes stand in the footer, as a list in JSON.
const CLASSES: &str = "classes";

pub(super) fn write(table: &FeatureTable, out: &mut impl Write) -> io::Result<()> {
    let mut out = Counted { out, written: 0 };
    out.write_all(MAGIC)?;
    let mut groups = Vec::new();
    let rows_of_group = (MOST_VALUES / table.columns()).max(1);
    for first in (0..table.rows()).step_by(rows_of_group) {
        let rows = first..(first + rows_of_group).min(table.rows());
        let mut columns = Vec::new();
        if !table.names().is_empty() {
            let mut values = Vec::new();
            table.names()[rows.clone()].iter().for_each(|name| text(name, &mut values));
            columns.push(out.column(Type::BYTE_ARRAY, &["name"], rows.len(), &[&values])?);
        }
        let mut levels = Levels::default();
        rows.clone().for_each(|_| levels.row(table.columns()));
        let values = &table.matrix().values()[rows.start * table.columns()..];
        let values = &values[..rows.len() * table.columns()];
        let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let [repetition, definition] = levels.bytes();
        let page: [&[u8]; 3] = [&repetition, &definition, &values];
        columns.push(out.column(
            Type::FLOAT,
            &["features", "list", "element"],
            levels.len,
            &page,
        )?);
        if !table.labels().is_empty() {
            let (mut levels, mut values) = (Levels::default(), Vec::new());
            for labels in &table.labels()[rows.clone()] {
                levels.row(labels.len());
                labels.iter().for_each(|label| text(&table.classes()[*label], &mut values));
            }
            let [repetition, definition] = levels.bytes();
            let page: [&[u8]; 3] = [&repetition, &definition, &values];
            let path = ["labels", "list", "element"];
            columns.push(out.column(Type::BYTE_ARRAY, &path, levels.len, &page)?);
        }
        let sizes = columns.iter().filter_map(|column| column.meta_data.as_ref());
        let size = sizes.map(|column| column.total_uncompressed_size).sum();
        groups.push(RowGroup::new(columns, size, rows.len() as i64, None, None, None, None));
    }
    let classes = serde_json::Value::from(table.classes()).to_string();
    let classes =
        (!table.labels().is_empty()).then(|| vec![KeyValue::new(CLASSES.into(), classes)]);
    let written_by = format!("vit22b version {}", env!("CARGO_PKG_VERSION"));
    let rows = table.rows() as i64;
    let footer =
        FileMetaData::new(1, schema(table), rows, groups, classes, written_by, None, None, None);
    let mut bytes = Vec::new();
    footer.write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut bytes)).map_err(broken)?;
    out.write_all(&bytes)?;
    out.write_all(&(bytes.len() as u32).to_le_bytes())?;
    out.write_all(MAGIC)
}

/// The columns, each group before what is in it.
fn schema(table: &FeatureTable) -> Vec<SchemaElement> {
    let element = |name: &str, repetition| {
        let (kind, children, logical) = (None::<Type>, None, None::<LogicalType>);
        let name = name.to_string();
        SchemaElement::new(kind, None, repetition, name, children, None, None, None, None, logical)
    };
    let required = Some(FieldRepetitionType::REQUIRED);
    let string = |name| SchemaElement {
        type_: Some(Type::BYTE_ARRAY),
        converted_type: Some(ConvertedType::UTF8),
        logical_type: Some(LogicalType::STRING(StringType {})),
        ..element(name, required)
    };
    let list = |name, of| {
        let list = SchemaElement {
            num_children: Some(1),
            converted_type: Some(ConvertedType::LIST),
            logical_type: Some(LogicalType::LIST(ListType {})),
            ..element(name, required)
        };
        let repeated = Some(FieldRepetitionType::REPEATED);
        [list, SchemaElement { num_children: Some(1), ..element("list", repeated) }, of]
    };
    let mut columns = Vec::new();
    if !table.names().is_empty() {
        columns.push(string("name"));
    }
    let float = SchemaElement { type_: Some(Type::FLOAT), ..element("element", required) };
    columns.extend(list("features", float));
    if !table.labels().is_empty() {
        columns.extend(list("labels", string("element")));
    }
    let [name, labels] = [table.names().is_empty(), table.labels().is_empty()].map(|no| !no);
    let count = 1 + i32::from(name) + i32::from(labels);
    let root = SchemaElement { num_children: Some(count), ..element("schema", None) };
    [root].into_iter().chain(columns).collect()
}

/// How the values of a column of lists are spread over its rows: for each value whether it continues a row
/// (repetition) and whether it is there at all (definition), since an empty list takes the place of one value.
#[derive(Default)]
struct Levels {
    len: usize,
    /// Levels of either kind and how often each follows.
    runs: [Vec<(u8, usize)>; 2],
}

impl Levels {
    /// Adds a row of so many values.
    fn row(&mut self, values: usize) {
        self.len += values.max(1);
        let [repetition, definition] = &mut self.runs;
        let push = |runs: &mut Vec<(u8, usize)>, level, count| match runs.last_mut() {
            _ if count == 0 => {}
            Some((last, times)) if *last == level => *times += count,
            _ => runs.push((level, count)),
        };
        push(repetition, 0, 1);
        push(repetition, 1, values.saturating_sub(1));
        push(definition, u8::from(values > 0), values.max(1));
    }

    /// Runs of equal levels, behind their length.
    fn bytes(&self) -> [Vec<u8>; 2] {
        self.runs.each_ref().map(|runs| {
            let mut bytes = vec![0; 4];
            for (level, count) in runs {
                let mut number = count << 1;
                while number > 0x7f {
                    bytes.push((number & 0x7f) as u8 | 0x80);
                    number >>= 7;
                }
                bytes.extend([number as u8, *level]);
            }
            let length = (bytes.len() - 4) as u32;
            bytes[..4].copy_from_slice(&length.to_le_bytes());
            bytes
        })
    }
}

/// A text behind its length.
fn text(text: &str, bytes: &mut Vec<u8>) {
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.as_bytes());
}

/// A file that knows how much was written.
struct Counted<'a, W> {
    out: &'a mut W,
    written: u64,
}

impl<W: Write> Counted<'_, W> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Writes the values of a column in one page.
    fn column(
        &mut self,
        kind: Type,
        path: &[&str],
        values: usize,
        page: &[&[u8]],
    ) -> io::Result<ColumnChunk> {
        let too_large = |_| invalid("the features of one image are too large for a page");
        let size = i32::try_from(page.iter().map(|part| part.len()).sum::<usize>());
        let size = size.map_err(too_large)?;
        let count = i32::try_from(values).map_err(too_large)?;
        let levels = Encoding::RLE;
        let header = DataPageHeader::new(count, Encoding::PLAIN, levels, levels, None);
        let header =
            PageHeader::new(PageType::DATA_PAGE, size, size, None, header, None, None, None);
        let mut bytes = Vec::new();
        header
            .write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut bytes))
            .map_err(broken)?;
        let offset = self.written as i64;
        self.write_all(&bytes)?;
        page.iter().try_for_each(|part| self.write_all(part))?;
        let size = self.written as i64 - offset;
        let path = path.iter().map(ToString::to_string).collect();
        let encodings = vec![Encoding::PLAIN, Encoding::RLE];
        let codec = CompressionCodec::UNCOMPRESSED;
        let column = ColumnMetaData::new(
            kind,
            encodings,
            path,
            codec,
            values as i64,
            size,
            size,
            None,
            offset,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
        );
        Ok(ColumnChunk::new(None, 0, column, None, None, None, None, None, None))
    }
}

fn broken(error: thrift::Error) -> io::Error {
    invalid(format!("it is no Parquet file, or a broken one: {error}"))
}

/// Reads a table that [`write`] wrote.
pub(super) fn read(mut file: impl BufRead + Seek) -> io::Result<FeatureTable> {
    let end = file.seek(SeekFrom::End(-8))?;
    let mut tail = [0; 8];
    file.read_exact(&mut tail)?;
    let length = u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]);
    if tail[4..] != MAGIC[..] || u64::from(length) > end || length as usize > MOST_FOOTER {
        return Err(invalid("it is no Parquet file, or a broken one"));
    }
    file.seek(SeekFrom::Start(end - u64::from(length)))?;
    let mut footer = vec![0; length as usize];
    file.read_exact(&mut footer)?;
    let limit = 64 * footer.len() + 1024;
    let mut protocol = TCompactInputProtocol::new(&footer[..], limit);
    let footer = FileMetaData::read_from_in_protocol(&mut protocol).map_err(broken)?;
    let (mut names, mut values, mut labels) = (vec![], vec![], vec![]);
    let (mut columns, mut rows) = (0, 0);
    for column in footer.row_groups.iter().flat_map(|group| &group.columns) {
        let column = column.meta_data.as_ref().ok_or_else(|| invalid("a column has no data"))?;
        let path: Vec<&str> = column.path_in_schema.iter().map(String::as_str).collect();
        match *path {
            ["name"] => {
                let (bytes, count) = page(&mut file, column)?;
                names.extend(texts(&bytes, count)?);
            }
            ["features", ..] => {
                let (bytes, count) = page(&mut file, column)?;
                let (lengths, bytes) = lengths(&bytes, count)?;
                columns =
                    if columns == 0 { lengths.first().copied().unwrap_or(0) } else { columns };
                if let Some(other) = lengths.iter().find(|length| **length != columns) {
                    let what = format!("expected {columns} features in each row, got {other}");
                    return Err(invalid(what));
                }
                let (floats, rest) = bytes.as_chunks();
                if floats.len() != lengths.len() * columns || !rest.is_empty() {
                    return Err(invalid("a page of features is too long or too short"));
                }
                rows += lengths.len();
                values.extend(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            }
            ["labels", ..] => {
                let (bytes, count) = page(&mut file, column)?;
                let (lengths, bytes) = lengths(&bytes, count)?;
                let mut all = texts(bytes, lengths.iter().sum())?.into_iter();
                labels.extend(lengths.iter().map(|length| all.by_ref().take(*length).collect()));
            }
            _ => {}
        }
    }
    if rows as i64 != footer.num_rows || columns == 0 {
        return Err(invalid("it has no rows of `features`"));
    }
    let bad = |error: crate::eval::EvalError| invalid(error.to_string());
    let mut table = FeatureTable::new(values, columns).map_err(bad)?;
    if !names.is_empty() {
        table = table.with_names(names).map_err(bad)?;
    }
    let entries = footer.key_value_metadata.unwrap_or_default();
    let classes = entries.into_iter().find(|entry| entry.key == CLASSES).and_then(|e| e.value);
    let Some(classes) = classes else { return table.with_label_names(&labels) };
    let classes: Vec<String> = serde_json::from_str(&classes)?;
    let of: HashMap<&String, usize> = classes.iter().zip(0..).collect();
    let index = |label: &String| of.get(label).copied();
    let labels: Vec<Vec<String>> = labels;
    let indices = labels.iter().map(|labels| labels.iter().filter_map(index).collect()).collect();
    table.with_labels(classes.clone(), indices).map_err(bad)
}

/// The bytes of a column's only page and the number of its values.
fn page(file: &mut (impl Read + Seek), column: &ColumnMetaData) -> io::Result<(Vec<u8>, usize)> {
    let other =
        "only plain values in one page that is not compressed are read, as they are written here";
    if column.codec != CompressionCodec::UNCOMPRESSED || column.dictionary_page_offset.is_some() {
        return Err(invalid(other));
    }
    let [offset, size] = [column.data_page_offset, column.total_compressed_size].map(u64::try_from);
    let [Ok(offset), Ok(size)] = [offset, size] else { return Err(invalid("a column is nowhere")) };
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(size).read_to_end(&mut bytes)?;
    let mut rest = &bytes[..];
    let mut protocol = TCompactInputProtocol::new(&mut rest, 1 << 16);
    let header = PageHeader::read_from_in_protocol(&mut protocol).map_err(broken)?;
    drop(protocol);
    let page = header.data_page_header.filter(|page| page.encoding == Encoding::PLAIN);
    let page = page.ok_or_else(|| invalid(other))?;
    let whole = i64::from(page.num_values) == column.num_values;
    if !whole || header.uncompressed_page_size as usize != rest.len() {
        return Err(invalid(other));
    }
    let at = bytes.len() - rest.len();
    Ok((bytes.split_off(at), page.num_values as usize))
}

/// The number of values of each row of a column of lists, and the bytes behind these levels.
fn lengths(bytes: &[u8], count: usize) -> io::Result<(Vec<usize>, &[u8])> {
    let (repetition, bytes) = levels(bytes, count)?;
    let (definition, bytes) = levels(bytes, count)?;
    let mut lengths: Vec<usize> = Vec::new();
    for (repeated, defined) in repetition.into_iter().zip(definition) {
        match lengths.last_mut().filter(|_| repeated == 1) {
            Some(length) => *length += 1,
            None => lengths.push(defined.into()),
        }
    }
    Ok((lengths, bytes))
}

/// Levels of `count` values, and the bytes behind them.
fn levels(bytes: &[u8], count: usize) -> io::Result<(Vec<u8>, &[u8])> {
    let short = || invalid("the levels of a list are broken");
    let (length, bytes) = bytes.split_first_chunk().ok_or_else(short)?;
    let (mut runs, bytes) =
        bytes.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(short)?;
    let mut levels = Vec::new();
    while levels.len() < count {
        let (mut number, mut shift) = (0_usize, 0);
        loop {
            let byte;
            (byte, runs) = runs.split_first().ok_or_else(short)?;
            number |= usize::from(byte & 0x7f).checked_shl(shift).ok_or_else(short)?;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let level;
        (level, runs) = runs.split_first().ok_or_else(short)?;
        let times = number >> 1;
        if number & 1 == 1 || *level > 1 || times > count - levels.len() {
            return Err(short());
        }
        levels.resize(levels.len() + times, *level);
    }
    Ok((levels, bytes))
}

/// So many texts, each behind its length.
fn texts(mut bytes: &[u8], count: usize) -> io::Result<Vec<String>> {
    let mut texts = Vec::new();
    for _ in 0..count {
        let text = bytes
            .split_first_chunk()
            .and_then(|(length, rest)| rest.split_at_checked(u32::from_le_bytes(*length) as usize));
        let Some((text, rest)) = text else { return Err(invalid("a page of texts is too short")) };
        texts.push(String::from_utf8(text.into()).map_err(|error| invalid(error.to_string()))?);
        bytes = rest;
    }
    Ok(texts)
}
