//! The entries of transformers' `preprocessor_config.json`, as all processors read them.

use serde_json::{Map, Value};

use crate::data::preprocess::Filter;
use crate::weights::error::WeightsError;
use crate::weights::sidecar::Sidecar;

use super::numbers::{filter, three};

pub(super) const FILE: &str = "preprocessor_config.json";

/// The entries of the file. One that is null is as one that is not there.
#[derive(Clone, Copy)]
pub(super) struct Entries<'a>(&'a Map<String, Value>);

impl<'a> Entries<'a> {
    pub(super) fn of(sidecar: &'a Sidecar) -> Option<Self> {
        sidecar.preprocessor_entries().map(Self)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let said = self.0.iter().filter(|(_, value)| !value.is_null());
        said.map(|(key, value)| (key.as_str(), value))
    }

    pub(super) fn said(self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn refuse(self, key: &str, expected: &str) -> WeightsError {
        WeightsError::not_understood(FILE, key, self.said(key), expected, "preprocess")
    }

    pub(super) fn flag(self, key: &str, usual: bool) -> Result<bool, WeightsError> {
        match self.said(key) {
            None => Ok(usual),
            Some(value) => value.as_bool().ok_or_else(|| self.refuse(key, "true or false")),
        }
    }

    /// The entry that names the processor's class, and that class by its usual name.
    pub(super) fn class(self) -> (Option<&'static str>, Option<String>) {
        let on = |key: &&str| self.said(key).is_some_and(|value| *value != Value::Bool(false));
        let class = ["image_processor_type", "feature_extractor_type"].into_iter().find(on);
        let name = class.and_then(|key| self.said(key)?.as_str()).map(|name| {
            name.trim_end_matches("Fast")
                .trim_end_matches("Pil")
                .replace("FeatureExtractor", "ImageProcessor")
        });
        (class, name)
    }

    /// The filter that is named, if one is.
    pub(super) fn filter(self) -> Result<Option<Filter>, WeightsError> {
        let expected = "1 (lanczos), 2 (bilinear), 3 (bicubic), 4 (box)";
        let read = |value| filter(value).ok_or_else(|| self.refuse("resample", expected));
        self.said("resample").map(read).transpose()
    }

    /// A value in [0, 1] times this is what is normalised.
    pub(super) fn scale(self) -> Result<f64, WeightsError> {
        Ok(match (self.flag("do_rescale", true)?, self.said("rescale_factor")) {
            (false, _) => 255.0,
            (true, None) => 1.0,
            (true, Some(factor)) => {
                let factor = factor.as_f64().filter(|factor| *factor > 0.0);
                let factor = factor.ok_or_else(|| self.refuse("rescale_factor", "above 0"))?;
                let scale = 255.0 * factor;
                if (scale - 1.0).abs() < 1e-6 { 1.0 } else { scale }
            }
        })
    }

    /// Mean and standard deviation, each as said, else by `usual`; none where nothing is normalised.
    pub(super) fn statistics(
        self,
        [mean, std]: [[f64; 3]; 2],
        mut usual: impl FnMut(&'static str, [f64; 3]) -> [f64; 3],
    ) -> Result<[[f64; 3]; 2], WeightsError> {
        let mut statistic = |key: &'static str, value: [f64; 3]| match self.said(key) {
            Some(value) => three(value)
                .map(|numbers| numbers.map(f64::from))
                .ok_or_else(|| self.refuse(key, "one number or three")),
            None => Ok(usual(key, value)),
        };
        match self.flag("do_normalize", true)? {
            true => Ok([statistic("image_mean", mean)?, statistic("image_std", std)?]),
            false => Ok([[0.0; 3], [1.0; 3]]),
        }
    }
}
