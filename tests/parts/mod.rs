//! Folders of golden values of the parts beyond the model, and modules that are filled from them.
//!
//! `VIT22B_FIXTURES=DIR` takes another folder of the same form where DIR, or its folder `parts`, has one.

// Each test takes what it needs of it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::{Device, Shape, Tensor};
use serde_json::Value;
use vit22b::params::{self, AnyTensor, NamedTensors};
use vit22b::weights::WeightsFile;

/// The folder of this name.
pub(crate) fn folder(name: &str) -> PathBuf {
    let given = std::env::var_os("VIT22B_FIXTURES").map(PathBuf::from);
    let given = given.into_iter().flat_map(|dir| [dir.clone(), dir.join("parts")]);
    let copies = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parts");
    let mut folders = given.chain([copies]).map(|dir| dir.join(name));
    folders.find(|folder| folder.is_dir()).unwrap_or_else(|| panic!("a folder {name}"))
}

/// A JSON file of such a folder.
pub(crate) fn json(name: &str, file: &str) -> Value {
    let path = folder(name).join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The float tensors of a safetensors file of such a folder.
pub(crate) fn tensors(name: &str, file: &str) -> NamedTensors {
    let path = folder(name).join(file).with_extension("safetensors");
    let tensors = WeightsFile::open(path).and_then(|file| file.tensors(&Device::flex()));
    tensors.unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn list<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
}

pub(crate) fn count(value: &Value) -> usize {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count")) as usize
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The module with the tensors that a PyTorch module has under the names that `name` gives. PyTorch keeps
/// the weights of linear layers as `[out, in]`.
pub(crate) fn filled<M: Module>(
    module: M,
    tensors: &NamedTensors,
    name: impl Fn(&str) -> String,
) -> M {
    let values = params::shapes(&module).into_iter().map(|(path, shape)| {
        let name = name(&path);
        let all = tensors.iter().find(|(other, _)| *other == name);
        let (_, tensor) = all.unwrap_or_else(|| panic!("no \"{name}\" for {path}"));
        (path, in_shape(tensor, &shape))
    });
    let values = values.collect();
    params::replace(module, values).unwrap_or_else(|error| panic!("{error}"))
}

fn in_shape(tensor: &AnyTensor, shape: &Shape) -> AnyTensor {
    if let (AnyTensor::R2(weight), [_, _]) = (tensor, shape.as_slice()) {
        return AnyTensor::new(weight.clone().transpose());
    }
    let data = tensor.to_data();
    let flat: Vec<f32> = data.try_to_vec().unwrap();
    let data = burn::tensor::TensorData::new(flat, shape.clone());
    AnyTensor::from_data(data, &Device::flex())
}

/// Asserts that each element differs by at most `tolerance * (1 + largest |expected|)`.
#[track_caller]
pub(crate) fn assert_map<const D: usize>(
    what: &str,
    got: Tensor<D>,
    expected: Tensor<D>,
    tolerance: f64,
) {
    assert_eq!(got.dims(), expected.dims(), "{what}");
    let largest: f32 = expected.clone().abs().max().into_scalar();
    let got: Vec<f32> = got.into_data().try_to_vec().unwrap();
    let expected: Vec<f32> = expected.into_data().try_to_vec().unwrap();
    let limit = tolerance * (1.0 + f64::from(largest));
    for (at, (got, expected)) in got.iter().zip(&expected).enumerate() {
        let difference = f64::from((got - expected).abs());
        assert!(difference <= limit, "{what}, element {at}: {got}, expected {expected} ± {limit}");
    }
}

/// Asserts that two numbers of double precision agree to 1e-9 of what is expected.
#[track_caller]
pub(crate) fn assert_number(what: &str, got: f64, expected: f64) {
    let limit = 1e-9 * expected.abs().max(1e-6);
    assert!((got - expected).abs() <= limit, "{what}: {got}, expected {expected}");
}
