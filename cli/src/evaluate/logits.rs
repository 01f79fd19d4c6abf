//! Logits of any classifier in a file.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use burn::tensor::{Bytes, DType, TensorData};
use safetensors::tensor::{Dtype, SafeTensors};
use vit22b::eval::{Matrix, Scorecard, ScorecardConfig};

use super::calibration::{calibration, selective};
use super::detection::detection;
use super::groups::{GroupTask, groups};
use super::part::{Part, grouped, line, percent};

/// Logits of a classifier with labels, and perhaps groups and logits of unknown examples.
pub(crate) struct GivenLogits {
    pub(crate) logits: Vec<f32>,
    pub(crate) labels: Vec<usize>,
    pub(crate) classes: usize,
    pub(crate) unknown: Option<Vec<f32>>,
    pub(crate) groups: Option<Vec<usize>>,
}

impl GivenLogits {
    /// Reads safetensors with `logits` `[n, c]` and `labels` `[n]`, and if they are there `unknown`
    /// `[m, c]` and `groups` `[n]`; or lines of a label and its logits, separated by commas.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("--logits {}", path.display()))?;
        let read = match path.extension().and_then(|extension| extension.to_str()) {
            Some("safetensors") => Self::safetensors(&bytes),
            Some("csv") => Self::lines(std::str::from_utf8(&bytes)?),
            _ => bail!("--logits {}: expected .safetensors or .csv", path.display()),
        };
        read.with_context(|| format!("--logits {}", path.display()))
    }

    fn safetensors(bytes: &[u8]) -> anyhow::Result<Self> {
        let file = SafeTensors::deserialize(bytes)?;
        let matrix = |name: &str| -> anyhow::Result<(Vec<f32>, usize)> {
            let tensor = file.tensor(name)?;
            let [_, columns] = *tensor.shape() else { bail!("{name} has no two axes") };
            let dtype = match tensor.dtype() {
                Dtype::F32 => DType::F32,
                Dtype::F64 => DType::F64,
                Dtype::F16 => DType::F16,
                Dtype::BF16 => DType::BF16,
                other => bail!("{name} is {other:?}, expected F32, F64, F16 or BF16"),
            };
            let bytes = Bytes::from_bytes_vec(tensor.data().to_vec());
            let values = TensorData::from_bytes(bytes, tensor.shape().to_vec(), dtype);
            Ok((values.iter::<f32>().collect(), columns))
        };
        let classes = |name: &str| -> anyhow::Result<Vec<usize>> {
            let tensor = file.tensor(name)?;
            let values: Vec<i64> = match tensor.dtype() {
                Dtype::I64 => {
                    let (values, _) = tensor.data().as_chunks();
                    values.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
                }
                Dtype::I32 => {
                    let (values, _) = tensor.data().as_chunks();
                    values.iter().map(|bytes| i32::from_le_bytes(*bytes).into()).collect()
                }
                other => bail!("{name} is {other:?}, not I64 or I32"),
            };
            let value = |value: i64| {
                usize::try_from(value).with_context(|| format!("{name} holds {value}"))
            };
            values.into_iter().map(value).collect()
        };
        let has = |name: &str| file.names().contains(&name);
        let (logits, columns) = matrix("logits")?;
        let unknown = if has("unknown") { Some(matrix("unknown")?) } else { None };
        if let Some((_, other)) = &unknown {
            ensure!(*other == columns, "unknown has {other} classes, logits have {columns}");
        }
        Ok(Self {
            logits,
            labels: classes("labels")?,
            classes: columns,
            unknown: unknown.map(|(values, _)| values),
            groups: if has("groups") { Some(classes("groups")?) } else { None },
        })
    }

    fn lines(text: &str) -> anyhow::Result<Self> {
        let (mut logits, mut labels, mut classes) = (Vec::new(), Vec::new(), None);
        for (line, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let mut fields = text.split(',').map(str::trim);
            let label = fields.next().and_then(|field| field.parse().ok());
            let row: Option<Vec<f32>> = fields.map(|field| field.parse().ok()).collect();
            let (Some(label), Some(row)) = (label, row) else {
                // A first line without a number names the columns.
                if line == 0 && text.split(',').all(|field| field.trim().parse::<f32>().is_err()) {
                    continue;
                }
                bail!(
                    "line {}: expected the number of a class and its logits, got {text:?}",
                    line + 1
                )
            };
            let expected = *classes.get_or_insert(row.len());
            ensure!(
                row.len() == expected,
                "line {}: expected {expected} logits, got {}",
                line + 1,
                row.len()
            );
            logits.extend(row);
            labels.push(label);
        }
        let classes = classes.context("expected lines of a label and its logits, got none")?;
        Ok(Self { logits, labels, classes, unknown: None, groups: None })
    }

    /// Whether each row is in [0, 1] and sums to 1.
    fn are_probabilities(&self) -> bool {
        self.classes > 1
            && self.logits.chunks_exact(self.classes).all(|row| {
                row.iter().all(|value| (0.0..=1.0).contains(value))
                    && (row.iter().sum::<f32>() - 1.0).abs() < 1e-3
            })
    }

    /// The decision whether the first class is right, if there are two classes and groups.
    pub(crate) fn group_task(&self) -> anyhow::Result<Option<GroupTask>> {
        let Some(group) = self.groups.clone().filter(|_| self.classes == 2) else {
            return Ok(None);
        };
        let count = group.iter().max().map_or(0, |last| last + 1);
        let rows = Matrix::new(&self.logits, 2)?;
        // 2 p − 1 of the second class.
        let scores = rows.iter().map(|row| f64::from((row[1] - row[0]) / 2.0).tanh());
        Ok(Some(GroupTask {
            text: "The second class is the positive one.".into(),
            names: (0..count).map(|group| format!("group {group}")).collect(),
            scores: scores.collect(),
            group,
            truth: self.labels.iter().map(|label| *label == 1).collect(),
        }))
    }
}

/// What is said of them, and the sections.
pub(crate) fn given_logits(path: &Path, seed: u64) -> anyhow::Result<(String, Vec<Part>)> {
    let given = GivenLogits::read(path)?;
    if given.are_probabilities() {
        eprintln!(
            "warning: every row of {} is in [0, 1] and sums to 1: these are probabilities, where logits are \
             expected; take their logarithms",
            path.display()
        );
    }
    let matrix = Matrix::new(&given.logits, given.classes)?;
    let config = ScorecardConfig { seed, ..Default::default() };
    let card = Scorecard::measure(matrix, &given.labels, &config)?;
    let mut parts = vec![
        calibration("The given logits", &card)?,
        selective(&[("the given logits".into(), card.clone())])?,
    ];
    let accuracy = percent(card.accuracy);
    parts[0].summary.insert(0, line("Accuracy", accuracy, "higher"));
    if let Some(unknown) = &given.unknown {
        let double = |values: &[f32]| values.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
        let (known, unknown) = (double(&given.logits), double(unknown));
        let rows = |values| Matrix::new(values, given.classes);
        let text = "Known and unknown examples as given.";
        parts.push(detection(text, rows(&known)?, rows(&unknown)?)?);
    }
    if let Some(task) = given.group_task()? {
        parts.push(groups(&task)?);
    }
    let lead = format!(
        "{} examples of {} classes, {}.",
        grouped(given.labels.len() as u64),
        given.classes,
        path.display()
    );
    Ok((lead, parts))
}
