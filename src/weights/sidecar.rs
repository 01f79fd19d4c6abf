//! The JSON files that are published beside weights.

use std::path::Path;

use serde_json::{Value, json};

use crate::data::json;

use super::container::error::Damage;
use super::error::WeightsError;

/// `config.json` (timm, transformers), `preprocessor_config.json` (transformers) and `open_clip_config.json`; null where
/// there is no such file.
#[derive(Debug, Default)]
pub(super) struct Sidecar {
    config: Value,
    preprocessor: Value,
    open_clip: Value,
}

impl Sidecar {
    /// Reads the files beside `path`, or in it if it is a folder.
    pub(super) fn beside(path: &Path) -> Result<Self, WeightsError> {
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
        let mut config = read(&folder.join("config.json"))?;
        let mut open_clip = read(&folder.join("open_clip_config.json"))?;
        // The config of a model of open_clip may have the usual name, alone or with its preprocessing.
        let is_open_clip = |config: &Value| config["vision_cfg"].is_object();
        if open_clip.is_null() && (is_open_clip(&config) || is_open_clip(&config["model_cfg"])) {
            open_clip = std::mem::take(&mut config);
        }
        if is_open_clip(&open_clip) {
            open_clip = json!({"model_cfg": open_clip});
        }
        if config.is_null() && !open_clip.is_null() {
            config = as_timm(&open_clip);
        }
        let preprocessor = read(&folder.join("preprocessor_config.json"))?;
        Ok(Self { config, preprocessor, open_clip })
    }

    /// The same for JSON that is there already.
    pub(super) fn of(config: Value, preprocessor: Value) -> Self {
        Self { config, preprocessor, open_clip: Value::Null }
    }

    /// The config of a model of open_clip.
    pub(super) fn open_clip(&self) -> &Value {
        &self.open_clip["model_cfg"]
    }

    /// The entries of the tower for texts in transformers' config, or of a config that is one of such a tower alone.
    pub(super) fn text_entries(&self) -> Option<&serde_json::Map<String, Value>> {
        let alone =
            self.config["model_type"].as_str().is_some_and(|name| name.contains("_text_model"));
        match &self.config["text_config"] {
            Value::Object(entries) => Some(entries),
            _ if alone => self.config.as_object(),
            _ => None,
        }
    }

    /// The type of transformers' model.
    pub(super) fn model_type(&self) -> Option<&str> {
        self.config["model_type"].as_str()
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

/// What open_clip says of images, in the words of timm, whose models it takes for images too.
fn as_timm(open_clip: &Value) -> Value {
    let (vision, steps) = (&open_clip["model_cfg"]["vision_cfg"], &open_clip["preprocess_cfg"]);
    let mode = match steps["resize_mode"].as_str() {
        Some("shortest") => Value::from("center"),
        _ => steps["resize_mode"].clone(),
    };
    let mut pretrained = json!({});
    if steps.is_object() {
        pretrained = json!({"mean": steps["mean"], "std": steps["std"], "crop_pct": 1.0, "crop_mode": mode,
            "interpolation": steps["interpolation"]});
    }
    json!({
        "architecture": vision["timm_model_name"],
        "model_args": {
            "img_size": vision["image_size"],
            "num_heads": vision["heads"],
            "global_pool": vision["timm_pool"].as_str().filter(|pool| !pool.is_empty()),
        },
        "pretrained_cfg": pretrained,
    })
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
