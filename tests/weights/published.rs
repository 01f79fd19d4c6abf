//! Models of others, loaded from their own files, against their own outputs.

use burn::tensor::Tensor;
use vit22b::params::AnyTensor;
use vit22b::vit::{FeatureRequest, Interpolation, resample};
use vit22b::weights::{Checkpoint, LoadOptions, LoadedModel};

use crate::golden::{assert_close, device, path, read};

fn load(file: &str) -> LoadedModel {
    let checkpoint = Checkpoint::open(path(file)).unwrap_or_else(|error| panic!("{error}"));
    let loaded = checkpoint.load(&LoadOptions::new(), &device());
    loaded.unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// 1e-4 in every element: f32 sums over some hundred terms, in another order.
fn compare(fixture: &str, file: &str, features: &str, pooled: &str) {
    let model = load(&format!("{fixture}/{file}")).model;
    let io = read(&path(fixture).join("io.safetensors"));
    let images: Tensor<4> = io.get("images").unwrap();
    let request = FeatureRequest::new().encoded().pooled().logits();
    let got = model.features(images, &request).unwrap();
    for (name, ours) in [
        (features, AnyTensor::new(got.encoded.unwrap())),
        (pooled, AnyTensor::new(got.pooled.unwrap())),
        ("logits", AnyTensor::new(got.logits.unwrap())),
    ] {
        let expected = io.iter().find(|(n, _)| *n == name).unwrap().1;
        assert_close(&format!("{fixture} {name}"), &ours, expected, 1e-4);
    }
}

fn timm(fixture: &str) {
    compare(fixture, "model.safetensors", "features", "pooled");
}

fn big_vision(fixture: &str) {
    compare(fixture, "checkpoint.npz", "encoded", "pooled");
}

#[test]
fn timm_classic_with_class_token() {
    timm("timm_vit");
}

#[test]
fn timm_attention_pooling() {
    timm("timm_map");
}

#[test]
fn timm_dinov2_with_layer_scale() {
    timm("timm_dinov2");
}

#[test]
fn timm_parallel_with_registers_and_average_pooling() {
    timm("timm_pwee");
}

#[test]
fn timm_parallel_with_rms_and_qk_norm() {
    timm("timm_xp");
}

#[test]
fn big_vision_attention_pooling() {
    big_vision("big_vision_map");
}

#[test]
fn big_vision_average_pooling() {
    big_vision("big_vision_gap");
}

#[test]
fn big_vision_class_token() {
    big_vision("big_vision_tok");
}

/// 1e-6: the same two products and a sum in f32.
#[test]
fn positions_resample_as_in_big_vision() {
    let tensors = read(&path("big_vision_map").join("resample.safetensors"));
    let table = |name: &str| tensors.get::<3>(name).unwrap().squeeze_dim::<2>(0);
    let positions = table("pos_embedding_16_tokens");
    let got = resample(positions, [4, 4], [6, 6], Interpolation::Bilinear);
    let expected = AnyTensor::new(table("pos_embedding_36_tokens"));
    assert_close("positions", &AnyTensor::new(got), &expected, 1e-6);
}
