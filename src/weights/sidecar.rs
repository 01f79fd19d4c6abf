//! The JSON files that are published beside weights.

use std::path::Path;

use serde_json::Value;

use crate::data::json;

use super::container::error::Damage;
use super::error::WeightsError;

/// `config.json` (timm, transformers) and `preprocessor_config.json` (transformers); null where
/// there is no such file.
#[derive(Debug, Default)]
pub(super) struct Sidecar {
    config: Value,
    preprocessor: Value,
}

impl Sidecar {
    /// Reads the files beside `path`, or in it if it is a folder.
    pub(super) fn beside(path: &Path) -> Result<Self, WeightsError> {
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
        Ok(Self {
            config: read(&folder.join("config.json"))?,
            preprocessor: read(&folder.join("preprocessor_config.json"))?,
        })
    }

    /// The same for JSON that is there already.
    pub(super) fn of(config: Value, preprocessor: Value) -> Self {
        Self { config, preprocessor }
    }

    /// An entry of the config, wherever timm and transformers may put it: in the config of the
    /// vision tower, among the arguments of the model, in timm's `pretrained_cfg`, or at the top.
    pub(super) fn config(&self, key: &str) -> Option<&Value> {
        let scopes = ["vision_config", "model_args", "pretrained_cfg"];
        let nested = scopes.iter().map(|scope| &self.config[*scope][key]);
        nested.chain([&self.config[key]]).find(|value| !value.is_null())
    }

    /// The entries of the config, and those of its tower for images, each if it is there.
    pub(super) fn towers(&self) -> [Option<&serde_json::Map<String, Value>>; 2] {
        [self.config.as_object(), self.config["vision_config"].as_object()]
    }

    /// The arguments of the model, which timm writes.
    pub(super) fn arguments(&self) -> impl Iterator<Item = (&str, &Value)> {
        let arguments = self.config["model_args"].as_object().into_iter().flatten();
        arguments.map(|(name, value)| (name.as_str(), value))
    }

    pub(super) fn number(&self, key: &str) -> Option<usize> {
        self.config(key)?.as_u64().map(|number| number as usize)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.config(key)?.as_str()
    }

    /// The name of the model: timm's `architecture`, or the first of transformers' `architectures`.
    pub(super) fn architecture(&self) -> Option<&str> {
        let classes = self.config("architectures").and_then(Value::as_array);
        self.text("architecture").or_else(|| classes?.first()?.as_str())
    }

    /// Height and width; one number stands for both.
    pub(super) fn size(&self, key: &str) -> Option<[usize; 2]> {
        let value = self.config(key)?;
        match value.as_u64() {
            Some(side) => Some([side as usize; 2]),
            None => {
                let sides = value.as_array()?.iter().map(|side| Some(side.as_u64()? as usize));
                let sides: Vec<usize> = sides.collect::<Option<_>>()?;
                // timm's `input_size` begins with the channels.
                sides.last_chunk().copied()
            }
        }
    }

    /// The names of the classes in their order: transformers' `id2label`, timm's `label_names`. None
    /// where they are not all there, or are no names but `LABEL_0` and so on.
    pub(super) fn class_names(&self) -> Vec<String> {
        let names: Option<Vec<&str>> = match (&self.config["id2label"], self.config("label_names"))
        {
            (Value::Object(by_index), _) => {
                let names = 0..by_index.len();
                names.map(|index| by_index.get(&index.to_string())?.as_str()).collect()
            }
            (_, Some(Value::Array(names))) => names.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let names = names.unwrap_or_default();
        let numbered = |(index, name): (usize, &&str)| **name == format!("LABEL_{index}");
        match names.iter().enumerate().all(numbered) {
            true => vec![],
            false => names.into_iter().map(str::to_string).collect(),
        }
    }

    /// The entries of the image processor, if its file is there.
    pub(super) fn preprocessor_entries(&self) -> Option<&serde_json::Map<String, Value>> {
        self.preprocessor.as_object()
    }
}

fn read(path: &Path) -> Result<Value, WeightsError> {
    let file = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Value::Null),
        Err(reason) => return Err(WeightsError::Io { file, reason }),
    };
    json::parse(&text).map_err(|error| {
        Damage::Header { part: "JSON".into(), at: 0, problem: error.to_string() }
            .in_file(&file)
            .into()
    })
}
