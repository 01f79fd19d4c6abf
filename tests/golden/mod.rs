//! Golden values: tensors in files, and comparison with them.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use vit22b::params::{AnyTensor, NamedTensors};
use vit22b::weights::WeightsFile;

pub(crate) fn device() -> Device {
    Device::flex()
}

/// Where a fixture lies: in `VIT22B_FIXTURES` if it is there.
pub(crate) fn path(name: &str) -> PathBuf {
    match std::env::var_os("VIT22B_FIXTURES").map(|root| PathBuf::from(root).join(name)) {
        Some(path) if path.exists() && !is_of_family(&path) => path,
        _ => own_path(name),
    }
}

/// Whether a fixture is one of `tests/families.rs`, of which some have the names of others.
fn is_of_family(path: &Path) -> bool {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let io = std::fs::read(folder.join("io.safetensors")).unwrap_or_default();
    let header = String::from_utf8_lossy(&io[..io.len().min(4_096)]).into_owned();
    header.contains("\"pixel_values\"")
}

/// Where the copy of a fixture lies whose shapes a test knows.
pub(crate) fn own_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// All tensors of a safetensors file.
pub(crate) fn read(path: &Path) -> NamedTensors {
    let tensors = WeightsFile::open(path).and_then(|file| file.tensors(&device()));
    tensors.unwrap_or_else(|error| panic!("{error}"))
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
