//! Configs in files that earlier versions wrote.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::config::{Biases, ViT22BConfig};

/// Fields that tell the size of a model: a file that lacks one is broken, and no default stands for it.
const SIZES: [&str; 7] =
    ["num_classes", "image", "patch", "width", "depth", "mlp_dim", "num_heads"];

/// Reads the config in a file of this or an earlier version, for `#[serde(deserialize_with)]`. Fields that
/// the file lacks are added by [`complete`].
pub(crate) fn read_config<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<ViT22BConfig, D::Error> {
    let mut json = Value::deserialize(deserializer)?;
    complete(&mut json);
    serde_json::from_value(json).map_err(D::Error::custom)
}

/// Adds the fields of a config that an earlier version did not know, with their defaults: models were
/// computed so before there was a choice.
pub(crate) fn complete(config: &mut Value) {
    let mut defaults = serde_json::to_value(ViT22BConfig::new(0)).unwrap_or_default();
    if let Some(defaults) = defaults.as_object_mut() {
        SIZES.iter().for_each(|size| drop(defaults.remove(*size)));
    }
    add_missing(config, defaults);
    if let Some(biases) = config.get_mut("biases") {
        add_missing(biases, serde_json::to_value(Biases::new()).unwrap_or_default());
    }
}

/// Adds the fields of one object that another lacks.
pub(crate) fn add_missing(object: &mut Value, others: Value) {
    if let (Value::Object(fields), Value::Object(others)) = (object, others) {
        for (name, value) in others {
            fields.entry(name).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vit::Positions;

    fn read(json: &Value) -> Result<ViT22BConfig, serde_json::Error> {
        read_config(json)
    }

    #[test]
    fn fields_that_an_earlier_version_did_not_know_have_their_defaults() {
        let config = ViT22BConfig::new(10).with_width(48).with_positions(Positions::SinCos2d);
        let whole = serde_json::to_value(&config).unwrap();
        assert_eq!(read(&whole).unwrap(), config);
        for name in whole.as_object().unwrap().keys() {
            let mut json = whole.clone();
            json.as_object_mut().unwrap().remove(name);
            match SIZES.contains(&name.as_str()) {
                true => {
                    let error = read(&json).unwrap_err().to_string();
                    assert_eq!(error, format!("missing field `{name}`"));
                }
                false if name == "positions" => assert_ne!(read(&json).unwrap(), config),
                false => assert_eq!(read(&json).unwrap(), config, "{name}"),
            }
        }
        let mut json = whole.clone();
        json["biases"].as_object_mut().unwrap().remove("embedding");
        assert_eq!(read(&json).unwrap(), config);
        json["biases"] = "all".into();
        assert!(read(&json).is_err());
    }
}
