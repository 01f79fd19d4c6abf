//! Metrics as TensorBoard reads them.
//!
//! An event file is a TFRecord file: each record is its length, a checksum of the length, a message, and a checksum of the message. The
//! messages are `Event`s of TensorFlow's `event.proto`, of which a few fields are written here: by hand, since a crate for protocol
//! buffers would be much more code than they are.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::metrics_log::Record;
use crate::train::error::TrainError;

/// An event file of a run that begins or goes on.
#[derive(Debug)]
pub(super) struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// A new file in a folder, for the steps behind `step`. Of what older files in the folder say of later steps TensorBoard shows
    /// nothing.
    pub(super) fn create(folder: &Path, step: u64) -> Result<Self, TrainError> {
        let now = seconds() as u64;
        // Several starts in a second have names of their own.
        let names = (0..).map(|number| format!("events.out.tfevents.{now:010}.{number}.vit22b"));
        for name in names {
            let path = folder.join(name);
            match File::create_new(&path) {
                Ok(file) => {
                    let mut events = Self { path, file };
                    events.push(step, &text(3, "brain.Event:2"))?;
                    // A session log whose status is START.
                    events.push(step, &bytes(7, &number(1, 1)))?;
                    return Ok(events);
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(TrainError::file("make", &path)(error)),
            }
        }
        unreachable!("there are more names than files")
    }

    /// Writes the numbers of a record, each with a name.
    pub(super) fn record(&mut self, record: &Record) -> Result<(), TrainError> {
        let named: Vec<(String, f32)> = match record {
            Record::Train {
                loss,
                gradient_norm,
                learning_rate,
                examples_per_second,
                utilisation,
                ..
            } => [
                ("train/loss", *loss),
                ("train/gradient_norm", *gradient_norm),
                ("train/learning_rate", Some(*learning_rate)),
                ("train/examples_per_second", Some(*examples_per_second as f32)),
                ("train/utilisation", utilisation.map(|share| share as f32)),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect(),
            Record::Evaluation { scores, .. } => scores
                .iter()
                .filter_map(|(name, score)| Some((format!("held_out/{name}"), (*score)?)))
                .collect(),
        };
        let values = named.iter().flat_map(|(name, value)| {
            let mut message = text(1, name);
            message.push(2 << 3 | 5);
            message.extend(value.to_le_bytes());
            bytes(1, &message)
        });
        let summary: Vec<u8> = values.collect();
        self.push(record.step(), &bytes(5, &summary))
    }

    /// Writes an event with the time, a step, and what it says.
    fn push(&mut self, step: u64, what: &[u8]) -> Result<(), TrainError> {
        let mut event = vec![1 << 3 | 1];
        event.extend(seconds().to_le_bytes());
        event.extend(number(2, step));
        event.extend(what);
        let length = (event.len() as u64).to_le_bytes();
        let mut record = length.to_vec();
        record.extend(masked(&length).to_le_bytes());
        record.extend(&event);
        record.extend(masked(&event).to_le_bytes());
        self.file.write_all(&record).map_err(TrainError::file("write", &self.path))
    }
}

fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// A field that holds a number.
fn number(field: u8, value: u64) -> Vec<u8> {
    let mut bytes = vec![field << 3];
    bytes.extend(varint(value));
    bytes
}

/// A field that holds bytes.
fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![field << 3 | 2];
    bytes.extend(varint(value.len() as u64));
    bytes.extend(value);
    bytes
}

fn text(field: u8, value: &str) -> Vec<u8> {
    bytes(field, value.as_bytes())
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = vec![];
    while value >= 1 << 7 {
        bytes.push(value as u8 | 1 << 7);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// The checksum of a TFRecord: CRC-32C, turned and moved, so that sums of sums are no weak point.
fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), bit by bit: records are short.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            let carry = if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
            crc >> 1 ^ carry
        })
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_rfc_3720() {
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
        assert_eq!(varint(300), [0xac, 0x02]);
    }

    /// The bytes that TensorBoard's own writer makes of the same event, but for the time.
    #[test]
    fn a_record_has_the_bytes_of_tensorflow() {
        let folder = std::env::temp_dir().join(format!("vit22b-events-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut events = EventFile::create(&folder, 0).unwrap();
        assert_ne!(EventFile::create(&folder, 0).unwrap().path, events.path);
        let line = r#"{"kind":"evaluation","step":7,"loss":1.5,"precision_at_1":null}"#;
        events.record(&serde_json::from_str(line).unwrap()).unwrap();
        let all = std::fs::read(&events.path).unwrap();
        let mut records = vec![];
        let mut rest = &all[..];
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let (event, sum) = (&rest[12..12 + length], &rest[12 + length..][..4]);
            assert_eq!(rest[8..12], masked(&rest[..8]).to_le_bytes());
            assert_eq!(sum, masked(event).to_le_bytes());
            records.push(event.to_vec());
            rest = &rest[16 + length..];
        }
        assert_eq!(records.len(), 3);
        assert_eq!(&records[0][9..], b"\x10\x00\x1a\x0dbrain.Event:2");
        let expected = b"\x10\x07\x2a\x16\x0a\x14\x0a\x0dheld_out/loss\x15\x00\x00\xc0\x3f";
        assert_eq!(&records[2][9..], expected);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
