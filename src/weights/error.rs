//! What can go wrong between a file and a model.

use thiserror::Error;

use crate::data::preprocess::PreprocessError;
use crate::error::ConfigError;

use super::container::error::{ContainerError, Damage};
use super::origin::Origin;
use super::report::LoadReport;

/// Weights that cannot be read, described, loaded or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The operating system's answer.
    #[error("{file}: {reason}")]
    Io {
        /// The path.
        file: String,
        /// What happened.
        reason: std::io::Error,
    },
    /// The file breaks the rules of its format.
    #[error("{file}: {damage}")]
    Damaged {
        /// The path, or the name given with bytes.
        file: String,
        /// Where and how.
        damage: Damage,
    },
    /// A folder without weights, or with several.
    #[error(
        "{folder}: of a folder with weights one file is expected (.safetensors or .npz), the index of its \
         shards, or a checkpoint of training, got {found}; name the file"
    )]
    Folder {
        /// The folder.
        folder: String,
        /// What is in it.
        found: String,
    },
    /// The tensors have names of no known origin.
    #[error(
        "the names are of no origin that is known (timm, Hugging Face's ViT, DeiT, MAE, I-JEPA, DINOv2, \
         DINOv3, CLIP, SigLIP, AIMv2 and BEiT, open_clip, big_vision, or this crate): of {count} tensors the first are {first}; \
         rename them to one of these layouts"
    )]
    UnknownOrigin {
        /// How many tensors there are.
        count: usize,
        /// Some of their names.
        first: String,
    },
    /// The file has no text tower whose names are known.
    #[error(
        "the file has no text tower under the names of transformers' CLIP or SigLIP, open_clip or big_vision: of {count} \
         tensors the first are {first}; take a file that holds both towers"
    )]
    NoText {
        /// How many tensors there are.
        count: usize,
        /// Some of their names.
        first: String,
    },
    /// A tensor whose shape gives a field of the config is missing, or has another rank.
    #[error("{field} cannot be inferred: {origin} keeps it in \"{tensor}\", {problem}")]
    NotInferred {
        /// The field of the config.
        field: &'static str,
        /// Whose names they are.
        origin: Origin,
        /// The tensor that gives the field.
        tensor: String,
        /// What is wrong with the tensor.
        problem: String,
    },
    /// The file leaves a field of the config open.
    #[error("{field} does not follow from the file: {why}; say it with `LoadOptions::{option}`")]
    Ambiguous {
        /// The field of the config.
        field: &'static str,
        /// Why the file does not settle it.
        why: String,
        /// The option that settles it.
        option: &'static str,
    },
    /// The JSON beside the file says something that is not followed here.
    #[error(
        "{file} says {key} = {value}, which is not followed: expected {expected}; \
         `LoadOptions::{option}` goes on without it"
    )]
    NotUnderstood {
        /// The name of the JSON file.
        file: &'static str,
        /// The entry.
        key: String,
        /// Its value.
        value: String,
        /// What can be followed.
        expected: String,
        /// The option that takes its place.
        option: &'static str,
    },
    /// The `config.json` beside the file is not that of a model for the task, or says something that is
    /// not followed there.
    #[error(
        "config.json says {key} = {value}, which is not followed in a model for {task}: expected {expected}"
    )]
    Dense {
        /// Depth or segmentation.
        task: &'static str,
        /// The entry.
        key: String,
        /// Its value; `nothing` where there is no entry, or no such file beside the weights.
        value: String,
        /// What can be followed.
        expected: String,
    },
    /// No model that is computed here has the name in the options.
    #[error(
        "no architecture that is computed here is called \"{name}\": expected {expected}; give its name to \
         `LoadOptions::assume`"
    )]
    UnknownArchitecture {
        /// The name.
        name: String,
        /// Which names there are.
        expected: String,
    },
    /// A model that this family cannot express.
    #[error("{what} is not a part of this model family; {next}")]
    Unsupported {
        /// What the file has.
        what: String,
        /// What can be done.
        next: &'static str,
    },
    /// The config, as the file and the options make it, describes no model.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The JSON beside the file describes no preprocessing.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),
    /// Loading is strict, and parameters or tensors are left over.
    #[error(
        "the file does not fit the model; with `LoadOptions::strict` false what fits is loaded\n{0}"
    )]
    DoesNotFit(Box<LoadReport>),
    /// The other library has no names for something that the model has.
    #[error("{origin} has no form for {field} = {value}: {rule}")]
    NotExportable {
        /// The library that was asked for.
        origin: Origin,
        /// The field of the config.
        field: &'static str,
        /// Its value.
        value: String,
        /// What that library can express.
        rule: &'static str,
    },
    /// The files cannot be fetched from a hub.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(Box<vit22b_hub::HubError>),
}

impl WeightsError {
    /// The entry `key` of `file` is not followed; none as its value is a default.
    pub(super) fn not_understood(
        file: &'static str,
        key: &str,
        value: Option<&serde_json::Value>,
        expected: &str,
        option: &'static str,
    ) -> Self {
        let value = value.map_or("its default".into(), ToString::to_string);
        Self::NotUnderstood { file, key: key.into(), value, expected: expected.into(), option }
    }
}

#[cfg(feature = "hub")]
impl From<vit22b_hub::HubError> for WeightsError {
    fn from(error: vit22b_hub::HubError) -> Self {
        Self::Hub(Box::new(error))
    }
}

impl From<ContainerError> for WeightsError {
    fn from(error: ContainerError) -> Self {
        match error {
            ContainerError::Io { file, reason } => Self::Io { file, reason },
            ContainerError::Damaged { file, damage } => Self::Damaged { file, damage },
            ContainerError::Folder { folder, found } => Self::Folder { folder, found },
        }
    }
}
