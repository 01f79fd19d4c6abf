//! The entries of a config, each followed, known to change nothing, or refused by its name.

use serde_json::{Map, Value};

use crate::weights::error::WeightsError;
use crate::weights::names::hugging_face::json::is_known;
use crate::weights::sidecar::Sidecar;

/// Entries that name a backbone elsewhere, and must not.
const ELSEWHERE: [&str; 4] =
    ["backbone", "backbone_kwargs", "use_pretrained_backbone", "use_timm_backbone"];

/// The entries of the config of a model for a task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entries<'a> {
    pub(super) task: &'static str,
    pub(super) map: &'a Map<String, Value>,
}

impl<'a> Entries<'a> {
    /// The entries beside a file, if its model is of one of the `types`, of which each comes with the
    /// entries that it has beside those of a tower.
    pub(super) fn of(
        task: &'static str,
        sidecar: &'a Sidecar,
        types: &[(&'static str, &[&str])],
    ) -> Result<(Self, &'static str), WeightsError> {
        let names: Vec<_> = types.iter().map(|(name, _)| *name).collect();
        let expected = format!("one of {}", names.join(", "));
        let nothing = || WeightsError::Dense {
            task,
            key: "model_type".into(),
            value: "nothing".into(),
            expected: expected.clone(),
        };
        let [map, _] = sidecar.towers();
        let entries = Self { task, map: map.ok_or_else(nothing)? };
        let said = entries.text("model_type");
        let found = types.iter().find(|(name, _)| said == Some(name));
        let (name, own) = found.ok_or_else(|| entries.refuse("model_type", &expected))?;
        for (key, value) in entries.map {
            let is_off = ELSEWHERE.contains(&key.as_str())
                && (*value == Value::Bool(false) || value.as_object().is_some_and(Map::is_empty));
            let known = is_off || own.contains(&key.as_str()) || is_known(key, value);
            if !known {
                let expected = "an entry that is known, since it may change what is computed";
                return Err(entries.refuse(key, expected));
            }
        }
        Ok((entries, name))
    }

    /// An entry that is not null.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    /// True or false, or an error for another value.
    pub(super) fn flag(&self, key: &str, usual: bool) -> Result<bool, WeightsError> {
        let Some(value) = self.get(key) else { return Ok(usual) };
        value.as_bool().ok_or_else(|| self.refuse(key, "true or false"))
    }

    /// A whole number above 0, or an error for another value.
    pub(super) fn count(&self, key: &str, usual: usize) -> Result<usize, WeightsError> {
        let Some(value) = self.get(key) else { return Ok(usual) };
        let count = value.as_u64().filter(|count| (1..1 << 32).contains(count));
        let count = count.ok_or_else(|| self.refuse(key, "a whole number above 0"))?;
        Ok(count as usize)
    }

    /// A number above 0, or an error for another value.
    pub(super) fn number(&self, key: &str, usual: f64) -> Result<f64, WeightsError> {
        let Some(value) = self.get(key) else { return Ok(usual) };
        let number = value.as_f64().filter(|number| *number > 0.0 && number.is_finite());
        number.ok_or_else(|| self.refuse(key, "a number above 0"))
    }

    /// Numbers, or an error for another value.
    pub(super) fn numbers(&self, key: &str, usual: &[f64]) -> Result<Vec<f64>, WeightsError> {
        let Some(value) = self.get(key) else { return Ok(usual.to_vec()) };
        let numbers = value.as_array().and_then(|all| all.iter().map(Value::as_f64).collect());
        numbers.ok_or_else(|| self.refuse(key, "a list of numbers"))
    }

    /// Whole numbers above 0, or an error for another value.
    pub(super) fn counts(&self, key: &str, usual: &[usize]) -> Result<Vec<usize>, WeightsError> {
        let Some(value) = self.get(key) else { return Ok(usual.to_vec()) };
        let count = |value: &Value| {
            value.as_u64().filter(|count| (1..1 << 32).contains(count)).map(|count| count as usize)
        };
        let counts = value.as_array().and_then(|all| all.iter().map(count).collect());
        counts.ok_or_else(|| self.refuse(key, "a list of whole numbers above 0"))
    }

    /// Refuses an entry that says otherwise than what the tensors show, or what alone is followed.
    pub(super) fn expect(&self, key: &str, shown: &Value) -> Result<(), WeightsError> {
        match self.get(key) {
            Some(value) if value != shown => Err(self.refuse(key, &shown.to_string())),
            _ => Ok(()),
        }
    }

    /// The entry is not followed.
    pub(super) fn refuse(&self, key: &str, expected: &str) -> WeightsError {
        let value = self.map.get(key).map_or("nothing".into(), ToString::to_string);
        WeightsError::Dense { task: self.task, key: key.into(), value, expected: expected.into() }
    }
}
