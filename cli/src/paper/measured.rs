//! What was measured of models, and how its numbers are written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What stands beside the trained models.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Control {
    /// Each model as it was before training.
    Untrained,
    /// The values of the images themselves.
    Pixels,
}

/// How numbers are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A share, written in percent.
    Share,
    /// A plain number, written with three decimals.
    Plain,
}

impl Unit {
    pub(crate) fn text(self, value: f64) -> String {
        match self {
            Self::Share => format!("{:.1} %", 100.0 * value),
            Self::Plain => format!("{value:.3}"),
        }
    }

    /// A difference of two such numbers, without its sign.
    pub(crate) fn difference(self, value: f64) -> String {
        match self {
            Self::Share => format!("{:.1} points", 100.0 * value.abs()),
            Self::Plain => format!("{:.3}", value.abs()),
        }
    }
}

/// What was found out about one model with one seed, as it is kept on disk.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measured {
    pub(crate) numbers: BTreeMap<String, f64>,
    /// Points of curves by name.
    #[serde(default)]
    pub(crate) curves: BTreeMap<String, Vec<[f64; 2]>>,
    /// Pictures as SVG, each with a title that says what it shows.
    #[serde(default)]
    pub(crate) pictures: Vec<(String, String)>,
    /// A table of its own: columns, then rows.
    #[serde(default)]
    pub(crate) table: Vec<Vec<String>>,
    /// What a reader should know of it.
    #[serde(default)]
    pub(crate) remarks: Vec<String>,
    /// How long it took.
    #[serde(default)]
    pub(crate) seconds: f64,
}

impl Measured {
    pub(crate) fn with(mut self, key: &str, value: f64) -> Self {
        self.numbers.insert(key.into(), value);
        self
    }

    pub(crate) fn with_curve(
        mut self,
        key: &str,
        points: impl IntoIterator<Item = [f64; 2]>,
    ) -> Self {
        self.curves.insert(key.into(), points.into_iter().collect());
        self
    }
}

/// The title of a figure, and its SVG.
pub(crate) type Figure = (String, String);

/// All that was found for a section.
pub(crate) struct Found {
    /// Models by size, the smallest first; then controls.
    pub(crate) rows: Vec<Row>,
}

/// What was found out about a model, by seed.
pub(crate) struct Row {
    pub(crate) name: String,
    /// Where among the sizes the model stands. Pixels have no size.
    pub(crate) size: Option<usize>,
    pub(crate) control: Option<Control>,
    pub(crate) seeds: Vec<(u64, Measured)>,
}

impl Row {
    /// A number with each seed.
    pub(crate) fn values(&self, key: &str) -> Vec<f64> {
        self.seeds.iter().filter_map(|(_, measured)| measured.numbers.get(key).copied()).collect()
    }

    pub(crate) fn mean(&self, key: &str) -> Option<f64> {
        let values = self.values(key);
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

impl Found {
    /// The trained models, the smallest first.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.control.is_none() && row.size.is_some())
    }

    /// Whether a number was measured of any model.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.rows.iter().any(|row| !row.values(key).is_empty())
    }

    pub(crate) fn controls(&self, control: Control) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.control == Some(control))
    }
}
