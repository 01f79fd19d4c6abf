//! The model in a weights file, and how its config is known.

use core::fmt;

use crate::data::preprocess::Preprocess;
use crate::error::ConfigError;
use crate::text::{TextAttention, TextConfig};
use crate::vit::ViT22BConfig;

use super::origin::Origin;

/// The model in a weights file: its config, and for each field that does not follow from the shapes
/// where its value is from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Description {
    /// Whose names the file has.
    pub origin: Origin,
    /// The model of the file; options have not changed its image and head yet.
    pub config: ViT22BConfig,
    /// The fields that do not follow from the shapes.
    pub notes: Vec<Note>,
    /// How an image becomes the model's input.
    pub preprocessing: Preprocess,
    /// The names of the classifier's classes, in their order, where the JSON beside the file says them.
    pub class_names: Vec<String>,
}

/// The text tower in a weights file: its config, and for each field that does not follow from the shapes where its value
/// is from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TextDescription {
    /// Whose names the tower has: `transformers`, `open_clip` `big_vision` or `vit22b`.
    pub origin: &'static str,
    /// The tower.
    pub config: TextConfig,
    /// The fields that do not follow from the shapes.
    pub notes: Vec<Note>,
}

/// A field that does not follow from the shapes in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The field of the config, or of the preprocessing.
    pub field: &'static str,
    /// Its value.
    pub value: String,
    /// Where the value is from.
    pub from: Evidence,
}

/// Where a value is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// The options of this load.
    Options,
    /// `config.json` or `preprocessor_config.json` beside the file.
    Sidecar,
    /// The origin's own default, which a file may have departed from.
    OriginsDefault,
    /// The one of several models in the file that its authors evaluate.
    Authors,
}

impl Description {
    pub(super) fn check(self) -> Result<Self, ConfigError> {
        self.config.validate()?;
        Ok(self)
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "origin: {}", self.origin)?;
        for (name, text) in self.config.describe() {
            write!(f, "\n{name}: {text}")?;
        }
        if self.notes.iter().all(|note| note.field != "preprocessing") {
            write!(f, "\npreprocessing: {}", self.preprocessing)?;
        }
        notes(f, &self.notes)
    }
}

impl fmt::Display for TextDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TextConfig { vocabulary, length, width, depth, num_heads, mlp_dim, .. } = &self.config;
        let attention = match self.config.attention {
            TextAttention::Full => "full",
            TextAttention::Causal => "causal",
        };
        write!(
            f,
            "text tower of {}: {vocabulary} ids, {length} tokens, width {width}, ",
            self.origin
        )?;
        write!(f, "depth {depth}, mlp {mlp_dim}, {num_heads} heads, {attention} attention, ")?;
        write!(f, "pooled at {}, ", self.config.pool)?;
        write!(f, "vectors of {}", self.config.outputs())?;
        notes(f, &self.notes)
    }
}

fn notes(f: &mut fmt::Formatter<'_>, notes: &[Note]) -> fmt::Result {
    for note in notes {
        let from = match note.from {
            Evidence::Options => "from the options",
            Evidence::Sidecar => "from the JSON beside the file",
            Evidence::OriginsDefault => "the origin's default; the file does not say",
            Evidence::Authors => "the model of the file that its authors evaluate",
        };
        write!(f, "\n{} = {}: {from}", note.field, note.value)?;
    }
    Ok(())
}

/// Collects the fields that do not follow from the shapes.
#[derive(Debug, Default)]
pub(super) struct Notes(pub(super) Vec<Note>);

impl Notes {
    /// Takes the first value that is there, and notes where it is from.
    pub(super) fn choose<T: fmt::Debug>(
        &mut self,
        field: &'static str,
        option: Option<T>,
        sidecar: Option<T>,
        default: Option<T>,
    ) -> Option<T> {
        let (value, from) = match (option, sidecar, default) {
            (Some(value), ..) => (value, Evidence::Options),
            (None, Some(value), _) => (value, Evidence::Sidecar),
            (None, None, default) => (default?, Evidence::OriginsDefault),
        };
        self.0.push(Note { field, value: shown(&value), from });
        Some(value)
    }

    /// The same with a default of the origin.
    pub(super) fn choose_or<T: fmt::Debug>(
        &mut self,
        field: &'static str,
        option: Option<T>,
        sidecar: Option<T>,
        usual: T,
    ) -> T {
        match self.choose(field, option, sidecar, None) {
            Some(value) => value,
            None => self.usual(field, usual),
        }
    }

    /// Takes a default of the origin, and notes that.
    pub(super) fn usual<T: fmt::Debug>(&mut self, field: &'static str, value: T) -> T {
        self.0.push(Note { field, value: shown(&value), from: Evidence::OriginsDefault });
        value
    }
}

/// A value as options and inspections name it.
fn shown(value: &impl fmt::Debug) -> String {
    match format!("{value:?}").to_lowercase().as_str() {
        "classtoken" => "token".into(),
        text => text.into(),
    }
}
