//! Losses against their definitions in NumPy.

use burn::tensor::{Tensor, TensorData};
use vit22b::train::loss::distillation;

use crate::golden::{device, path};

fn matrix(value: &serde_json::Value) -> Tensor<2> {
    let rows: Vec<Vec<f32>> = serde_json::from_value(value.clone()).unwrap();
    let shape = [rows.len(), rows[0].len()];
    Tensor::from_data(TensorData::new(rows.concat(), shape), &device())
}

/// 1e-5: f32 against f64.
#[test]
fn distillation_is_the_divergence_of_softmaxes() {
    let text = std::fs::read_to_string(path("metrics.json")).unwrap();
    let case = &serde_json::from_str::<serde_json::Value>(&text).unwrap()["distillation"];
    let temperature = case["temperature"].as_f64().unwrap();
    let loss = distillation(matrix(&case["student"]), matrix(&case["teacher"]), temperature);
    let (loss, expected): (f64, _) = (loss.into_scalar(), case["kl"].as_f64().unwrap());
    assert!((loss - expected).abs() < 1e-5 * expected, "{loss} not {expected}");
}
