//! Reading fixtures: a folder with config.json and safetensors files.

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use vit22b::Runtime;
use vit22b::params::{AnyTensor, NamedTensors};

/// A folder of golden values.
pub(crate) struct Fixture {
    folder: PathBuf,
    pub(crate) config: serde_json::Value,
}

pub(crate) fn device() -> Device {
    Device::flex()
}

/// What the numerics are checked on: Burn's CPU backend and XLA, or the one that `VIT22B_DEVICE`
/// names.
pub(crate) fn runtimes() -> Vec<Runtime> {
    match std::env::var("VIT22B_DEVICE") {
        Ok(name) => vec![Runtime::named(&name).unwrap()],
        Err(_) => vec![Runtime::flex(), Runtime::xla().unwrap()],
    }
}

/// Where a fixture lies: in `VIT22B_FIXTURES` if it is there.
pub(crate) fn path(name: &str) -> PathBuf {
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    match std::env::var_os("VIT22B_FIXTURES").map(|root| PathBuf::from(root).join(name)) {
        Some(path) if path.exists() => path,
        _ => copy,
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

pub(crate) fn read(path: &Path) -> NamedTensors {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = SafeTensors::deserialize(&bytes).unwrap();
    file.tensors()
        .into_iter()
        .map(|(name, view)| {
            assert_eq!(view.dtype(), Dtype::F32, "{name}");
            let values: Vec<f32> = view
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
                .collect();
            let data = TensorData::new(values, view.shape().to_vec());
            let any = match view.shape().len() {
                1 => AnyTensor::new(Tensor::<1>::from_data(data, &device())),
                2 => AnyTensor::new(Tensor::<2>::from_data(data, &device())),
                3 => AnyTensor::new(Tensor::<3>::from_data(data, &device())),
                4 => AnyTensor::new(Tensor::<4>::from_data(data, &device())),
                rank => panic!("{name} has rank {rank}"),
            };
            (name, any)
        })
        .collect()
}

/// Flat values.
pub(crate) fn values(tensor: &AnyTensor) -> Vec<f32> {
    tensor.to_data().try_to_vec().unwrap()
}

/// Asserts that two tensors agree to `tolerance` in each element.
#[track_caller]
pub(crate) fn assert_close(name: &str, got: &AnyTensor, expected: &AnyTensor, tolerance: f32) {
    assert_eq!(got.shape(), expected.shape(), "{name}");
    let worst = worst(got, expected);
    assert!(worst <= tolerance, "{name}: differs by {worst}, tolerance {tolerance}");
}

/// The largest difference of two elements; NaN if there is one.
fn worst(got: &AnyTensor, expected: &AnyTensor) -> f32 {
    let differences = values(got).into_iter().zip(values(expected)).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |worst, d| if d > worst || d.is_nan() { d } else { worst })
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
