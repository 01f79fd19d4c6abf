//! What Pillow, torchvision and TensorFlow made: `make.py` and `make_tensorflow.py` in `tests/fixtures/images` write it.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;

/// A folder of images and of what is expected of them.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images")
}

/// The bytes of one of the images.
pub(crate) fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Shape and bytes of everything of Pillow's whose name satisfies a condition.
pub(crate) fn expected(wanted: impl Fn(&str) -> bool) -> Vec<(String, Vec<usize>, Vec<u8>)> {
    read("pillow.safetensors", wanted)
}

/// Shape and bytes of everything in a file whose name satisfies a condition.
pub(crate) fn read(
    name: &str,
    wanted: impl Fn(&str) -> bool,
) -> Vec<(String, Vec<usize>, Vec<u8>)> {
    let bytes = file(name);
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let all = tensors.tensors().into_iter().filter(|(name, _)| wanted(name));
    let all: Vec<_> =
        all.map(|(name, view)| (name, view.shape().to_vec(), view.data().to_vec())).collect();
    assert!(!all.is_empty(), "nothing is expected of such a name");
    all
}

/// The largest and the mean difference of two images.
pub(crate) fn difference(a: &[u8], b: &[u8]) -> (u8, f64) {
    assert_eq!(a.len(), b.len());
    let differences = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let sum: f64 = differences().map(f64::from).sum();
    (differences().max().unwrap_or(0), sum / a.len() as f64)
}
