//! The metrics of a run, as lines of JSON.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::train::error::TrainError;

/// A line of a run's `metrics.jsonl`.
///
/// Numbers that are not finite are `null`: JSON cannot write them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Record {
    /// A training step.
    Train {
        /// The step, counted from 1.
        step: u64,
        /// The loss before the update.
        loss: Option<f32>,
        /// Joint norm of all gradients, before clipping.
        gradient_norm: Option<f32>,
        /// Peak times schedule.
        learning_rate: f32,
        /// Examples trained on in a second, over the last steps: `images_per_second` in the file, whatever
        /// the examples are.
        #[serde(rename = "images_per_second")]
        examples_per_second: f64,
        /// Model FLOPs utilisation, where the peak of the device is known.
        utilisation: Option<f64>,
    },
    /// Scores on held-out examples.
    Evaluation {
        /// Number of steps done.
        step: u64,
        /// Means over the examples by name, such as `loss` and `precision_at_1`, each a key of the line.
        #[serde(flatten)]
        scores: BTreeMap<String, Option<f32>>,
    },
}

impl Record {
    /// Number of steps done.
    pub fn step(&self) -> u64 {
        match self {
            Self::Train { step, .. } | Self::Evaluation { step, .. } => *step,
        }
    }
}

/// Reads the records of a run from the file that it writes them to, up to the first line that is not
/// complete: a process that was killed may have left half a line.
///
/// # Errors
///
/// [`TrainError::File`].
pub fn read_records(path: &Path) -> Result<Vec<Record>, TrainError> {
    let file = File::open(path).map_err(TrainError::file("read", path))?;
    Ok(scan(path, &file, u64::MAX)?.0)
}

/// The records of the steps up to `last_step`, and the length of their lines in bytes.
fn scan(path: &Path, file: &File, last_step: u64) -> Result<(Vec<Record>, u64), TrainError> {
    let mut reader = BufReader::new(file);
    let (mut records, mut bytes) = (Vec::new(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(TrainError::file("read", path))?;
        let complete = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok());
        let wanted = complete.filter(|record: &Record| record.step() <= last_step);
        let Some(record) = wanted else { return Ok((records, bytes)) };
        records.push(record);
        bytes += read as u64;
    }
}

/// The file `metrics.jsonl` of a run that goes on.
#[derive(Debug)]
pub(super) struct MetricsLog {
    path: PathBuf,
    file: File,
    records: Vec<Record>,
}

impl MetricsLog {
    /// Opens the log as it was after `step` steps. Lines of later steps, which a run wrote before it was
    /// killed, are cut off.
    pub(super) fn at_step(path: PathBuf, step: u64) -> Result<Self, TrainError> {
        let options = OpenOptions::new().read(true).write(true).create(true).clone();
        let open = options.open(&path);
        let mut file = open.map_err(TrainError::file("open", &path))?;
        let (records, bytes) = scan(&path, &file, step)?;
        file.set_len(bytes)
            .and_then(|()| file.seek(SeekFrom::Start(bytes)))
            .map_err(TrainError::file("cut", &path))?;
        Ok(Self { path, file, records })
    }

    /// Writes a line at once, so that other programs see it.
    pub(super) fn push(&mut self, record: Record) -> Result<(), TrainError> {
        let json = serde_json::to_string(&record).map_err(std::io::Error::from);
        json.and_then(|json| self.file.write_all(format!("{json}\n").as_bytes()))
            .map_err(TrainError::file("write", &self.path))?;
        self.records.push(record);
        Ok(())
    }

    /// Forces all lines to the disk. A run does so before it saves: a resumed run needs the lines up to its
    /// checkpoint.
    pub(super) fn sync(&self) -> Result<(), TrainError> {
        self.file.sync_all().map_err(TrainError::file("synchronise", &self.path))
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn train(step: u64, loss: f32) -> Record {
        Record::Train {
            step,
            loss: Some(loss).filter(|loss| loss.is_finite()),
            gradient_norm: None,
            learning_rate: 1e-3,
            examples_per_second: 3.0,
            utilisation: Some(0.1),
        }
    }

    #[test]
    fn a_log_goes_on_where_the_checkpoint_is() {
        let path = std::env::temp_dir().join(format!("vit22b-{}-log.jsonl", std::process::id()));
        let mut log = MetricsLog::at_step(path.clone(), 0).unwrap();
        // All bits of a float come back; what is not finite is null.
        for record in [train(1, 0.1 + 0.2), train(2, f32::NAN)] {
            log.push(record).unwrap();
        }
        let line = r#"{"kind":"evaluation","step":2,"loss":1.1,"precision_at_1":null}"#;
        let scored: Record = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&scored).unwrap(), line);
        log.push(scored).unwrap();
        log.push(train(3, 3.0)).unwrap();
        let half = &serde_json::to_string(&train(4, 4.0)).unwrap()[..30];
        log.file.write_all(half.as_bytes()).unwrap();
        drop(log);
        let all = read_records(&path).unwrap();
        assert_eq!(all.len(), 4);
        assert_eq!(all[0], train(1, 0.1 + 0.2));

        let mut log = MetricsLog::at_step(path.clone(), 2).unwrap();
        assert_eq!(log.records(), &all[..3]);
        log.push(train(3, 5.0)).unwrap();
        assert_eq!(read_records(&path).unwrap(), [&all[..3], &[train(3, 5.0)]].concat());
        assert!(MetricsLog::at_step(path.clone(), 0).unwrap().records().is_empty());
        std::fs::remove_file(path).unwrap();
    }
}
