//! A fixture: a folder with config.json and safetensors files.

use std::path::PathBuf;

use vit22b::Runtime;
use vit22b::params::{AnyTensor, NamedTensors};

use crate::golden::{path, read, values};

/// A folder of golden values.
pub(crate) struct Fixture {
    folder: PathBuf,
    pub(crate) config: serde_json::Value,
}

/// The runtimes on which numbers are checked: Burn's CPU backend and, where it is built in, XLA; or
/// the one that `VIT22B_DEVICE` names.
pub(crate) fn runtimes() -> Vec<Runtime> {
    match std::env::var("VIT22B_DEVICE") {
        Ok(name) => vec![Runtime::named(&name).unwrap()],
        Err(_) if cfg!(feature = "xla") => {
            vec![Runtime::flex(), Runtime::named("xla").unwrap()]
        }
        Err(_) => vec![Runtime::flex()],
    }
}

impl Fixture {
    pub(crate) fn open(name: &str) -> Self {
        let folder = path(name);
        let text = std::fs::read_to_string(folder.join("config.json"))
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        Self { config: serde_json::from_str(&text).unwrap(), folder }
    }

    pub(crate) fn number(&self, key: &str) -> usize {
        self.config[key].as_u64().unwrap_or_else(|| panic!("{key} is no number")) as usize
    }

    /// All tensors of a file.
    pub(crate) fn tensors(&self, file: &str) -> NamedTensors {
        read(&self.folder.join(file).with_extension("safetensors"))
    }
}

/// The largest difference of an element.
pub(crate) fn largest_difference(got: &AnyTensor, expected: &AnyTensor) -> f32 {
    let (got, expected) = (values(got), values(expected));
    got.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The norm of the difference relative to that of what is expected.
pub(crate) fn relative_error(got: &AnyTensor, expected: &AnyTensor) -> f64 {
    assert_eq!(got.shape(), expected.shape());
    let (got, expected) = (values(got), values(expected));
    let square = |x: f32| f64::from(x) * f64::from(x);
    let difference: f64 = got.iter().zip(&expected).map(|(a, b)| square(a - b)).sum();
    let norm: f64 = expected.iter().map(|b| square(*b)).sum();
    (difference / norm.max(f64::MIN_POSITIVE)).sqrt()
}
