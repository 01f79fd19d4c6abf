//! Fine-tuning and distillation held against published code: timm, SciPy, optax, PyTorch.
//!
//! `VIT22B_FIXTURES=DIR` takes the folders `fine_tune` and `distillation` from `DIR`, or from `DIR/parts`; the rest comes
//! from the copies in `tests/fixtures/parts`.

mod adafactor;
mod distillation;
mod layer_decay;
mod momentum;
mod positions;
mod steps;

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;

/// Where a file of a fixture lies.
fn path(name: &str) -> PathBuf {
    let given = std::env::var_os("VIT22B_FIXTURES").map(PathBuf::from);
    let places = given.iter().flat_map(|root| [root.join(name), root.join("parts").join(name)]);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parts").join(name);
    places.into_iter().find(|path| path.exists()).unwrap_or(own)
}

fn json(name: &str) -> Value {
    let path = path(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

/// Rows, and their common length.
fn rows(value: &Value) -> (Vec<f32>, usize) {
    let rows: Vec<Vec<f32>> = serde_json::from_value(value.clone()).unwrap();
    let columns = rows[0].len();
    (rows.concat(), columns)
}

fn matrix(value: &Value) -> Tensor<2> {
    let (values, columns) = rows(value);
    let shape = [values.len() / columns, columns];
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

fn vector(value: &Value) -> Tensor<1> {
    let values: Vec<f32> = serde_json::from_value(value.clone()).unwrap();
    Tensor::from_floats(&values[..], &Device::flex())
}

/// The largest difference of two lists of one length.
#[track_caller]
fn worst<const D: usize>(got: &Tensor<D>, expected: &Tensor<D>) -> f32 {
    assert_eq!(got.dims(), expected.dims());
    let difference: f32 = (got.clone() - expected.clone()).abs().max().into_scalar();
    assert!(!difference.is_nan());
    difference
}
