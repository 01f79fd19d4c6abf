//! A temporal head in a file, with all that using it takes.

use std::collections::HashMap;
use std::path::Path;

use burn::tensor::{DType, Device, TensorData};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use super::error::VideoError;
use super::temporal_head::{TemporalHead, TemporalHeadConfig};
use crate::params::{self, AnyTensor, NamedTensors};
use crate::probe::MadeBy;

const FORMAT: &str = "vit22b temporal head";

/// A head, the classes that it knows, and what made the features that it was trained on.
///
/// As a file it is safetensors: parameters in f32 by their paths, and the rest as JSON in the header.
#[derive(Debug, Clone)]
pub struct TrainedHead {
    /// The head.
    pub head: TemporalHead,
    /// Its config.
    pub config: TemporalHeadConfig,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// What made the features.
    pub made_by: MadeBy,
}

impl TrainedHead {
    /// Writes the file.
    ///
    /// # Errors
    ///
    /// [`VideoError::Io`], [`VideoError::Broken`].
    pub fn save(&self, path: &Path) -> Result<(), VideoError> {
        let broken = |reason: String| VideoError::Broken { path: path.into(), reason };
        let parameters = params::collect(&self.head);
        let values = parameters.iter().map(|(name, tensor)| {
            let data = tensor.to_data().convert_dtype(DType::F32);
            (name.to_owned(), data)
        });
        let values: Vec<(String, TensorData)> = values.collect();
        let views = values.iter().map(|(name, data)| {
            let view = TensorView::new(Dtype::F32, data.shape().to_vec(), data.as_bytes());
            view.map(|view| (name.as_str(), view)).map_err(|error| broken(error.to_string()))
        });
        let views = views.collect::<Result<Vec<_>, _>>()?;
        let json = |value: serde_json::Result<Value>| {
            value.map(|value| value.to_string()).map_err(|error| broken(error.to_string()))
        };
        let metadata = HashMap::from([
            ("format".into(), FORMAT.into()),
            ("config".into(), json(serde_json::to_value(&self.config))?),
            ("classes".into(), json(serde_json::to_value(&self.classes))?),
            ("made_by".into(), json(serde_json::to_value(&self.made_by))?),
        ]);
        let bytes = safetensors::serialize(views, Some(metadata))
            .map_err(|error| broken(error.to_string()))?;
        std::fs::write(path, bytes).map_err(VideoError::io(path))
    }

    /// Reads a file that [`save`](Self::save) has written.
    ///
    /// # Errors
    ///
    /// [`VideoError::Io`]; [`VideoError::Broken`] for a file that holds something else.
    pub fn load(path: &Path, device: &Device) -> Result<Self, VideoError> {
        let bytes = std::fs::read(path).map_err(VideoError::io(path))?;
        let broken = |reason: String| VideoError::Broken { path: path.into(), reason };
        let other = |_| broken("expected a head that `video train` has written".into());
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(other)?;
        let header = header.metadata().clone().unwrap_or_default();
        if header.get("format").is_none_or(|format| format != FORMAT) {
            return Err(broken(
                "expected a head that `video train` has written, got other tensors".into(),
            ));
        }
        let json = |name: &str| header.get(name).map_or("null", String::as_str);
        let config: TemporalHeadConfig = serde_json::from_str(json("config"))
            .map_err(|error| broken(format!("its config: {error}")))?;
        let classes: Vec<String> = serde_json::from_str(json("classes"))
            .map_err(|error| broken(format!("its classes: {error}")))?;
        let made_by: MadeBy = serde_json::from_str(json("made_by"))
            .map_err(|error| broken(format!("its model: {error}")))?;
        config.validate()?;
        if classes.len() != config.classes {
            let reason = format!("expected {} classes, got {}", config.classes, classes.len());
            return Err(broken(reason));
        }
        let tensors =
            SafeTensors::deserialize(&bytes).map_err(|error| broken(error.to_string()))?;
        let mut values = NamedTensors::default();
        for (name, view) in tensors.iter() {
            if view.dtype() != Dtype::F32 || !(1..=6).contains(&view.shape().len()) {
                return Err(broken(format!("{name}: expected F32 of 1 to 6 axes")));
            }
            let data = TensorData::from_bytes_vec(view.data().to_vec(), view.shape(), DType::F32);
            values.insert_any(name.to_owned(), AnyTensor::from_data(data, device));
        }
        let head = params::replace(config.init(device), values)
            .map_err(|error| broken(error.to_string()))?;
        Ok(Self { head, config, classes, made_by })
    }
}
