//! This crate's own files of models for dense prediction: the config of the whole, how images are seen, and the classes.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::class_list::ClassList;
use crate::vit::complete;
use crate::weights::container::Container;
use crate::weights::error::WeightsError;
use crate::weights::preprocessing::Seen;

use super::native::{MANIFEST, entries, invalid};

/// The manifest of such a file.
#[derive(Serialize, Deserialize)]
pub(crate) struct DenseManifest<C> {
    pub(crate) format: u32,
    pub(crate) task: DenseTask,
    pub(crate) config: C,
    pub(crate) seen: Seen,
    #[serde(default)]
    pub(crate) classes: Option<ClassList>,
}

/// What a model predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DenseTask {
    Segmentation,
    Depth,
}

impl DenseTask {
    fn name(self) -> &'static str {
        match self {
            Self::Segmentation => "segmentation",
            Self::Depth => "depth",
        }
    }
}

/// The manifest, if the file is one of this crate's. A file of another task is an error.
pub(crate) fn read<C: DeserializeOwned>(
    container: &Container,
    task: DenseTask,
) -> Result<Option<DenseManifest<C>>, WeightsError> {
    if !container.metadata.contains_key(MANIFEST) {
        return Ok(None);
    }
    let mut value = entries(container)?;
    if value["task"] != task.name() {
        let got = match &value["task"] {
            Value::String(other) => format!("one for {other}"),
            _ => "a tower alone, without a head".to_string(),
        };
        return Err(WeightsError::Unsupported {
            what: format!("the file as a model for {}: it is {got}", task.name()),
            next: "train a head on it, or take a file with one",
        });
    }
    // Fields of towers that this version has besides.
    complete(&mut value["config"]["tower"]);
    let manifest = serde_json::from_value(value);
    manifest.map(Some).map_err(|error| invalid(container, error.to_string()))
}
