//! Models of others, loaded from their own files, against their own outputs.

use burn::tensor::Tensor;
use vit22b::params::AnyTensor;
use vit22b::vit::{FeatureRequest, Interpolation, ViT22B};
use vit22b::weights::{LoadOptions, Resampled, WeightsFile};

use crate::golden::{assert_close, device, path, read};

fn open(file: &str) -> WeightsFile {
    WeightsFile::open(path(file)).unwrap_or_else(|error| panic!("{error}"))
}

fn load(file: &str) -> ViT22B {
    let loaded = open(file).load(&LoadOptions::new(), &device());
    loaded.unwrap_or_else(|error| panic!("{file}: {error}")).model
}

/// 1e-4 in every element: f32 sums over some hundred terms, in another order.
fn compare(fixture: &str, file: &str) {
    let model = load(&format!("{fixture}/{file}"));
    let io = read(&path(fixture).join("io.safetensors"));
    let images: Tensor<4> = io.get("images").unwrap();
    let request = FeatureRequest::new().encoded().pooled();
    let request = if io.contains("logits") { request.logits() } else { request };
    let got = model.features(images, &request).unwrap();
    let encoded = got.encoded.map(AnyTensor::new);
    let mut compared = 0;
    for (name, ours) in [
        ("features", encoded.clone()),
        ("encoded", encoded),
        ("pooled", got.pooled.map(AnyTensor::new)),
        ("logits", got.logits.map(AnyTensor::new)),
    ] {
        let expected = io.iter().find(|(n, _)| *n == name);
        if let (Some((_, expected)), Some(ours)) = (expected, ours) {
            assert_close(&format!("{fixture} {name}"), &ours, expected, 1e-4);
            compared += 1;
        }
    }
    assert_eq!(compared, if io.contains("logits") { 3 } else { 2 });

    // Larger images: the positions resampled at each call, and once when the model is loaded.
    let Some(larger) = io.get::<4>("larger") else { return };
    let expected = AnyTensor::new(io.get::<3>("larger_features").unwrap());
    let [_, _, height, width] = larger.dims();
    let options = LoadOptions::new().with_image(Some([height, width]));
    let resampled = open(&format!("{fixture}/{file}")).load(&options, &device()).unwrap();
    assert!(resampled.report.resampled.is_some());
    for model in [model, resampled.model] {
        let request = FeatureRequest::new().encoded();
        let got = model.features(larger.clone(), &request).unwrap().encoded.unwrap();
        assert_close(&format!("{fixture} larger"), &AnyTensor::new(got), &expected, 1e-4);
    }
}

#[test]
fn timm_classic_with_class_token() {
    compare("timm_vit", "model.safetensors");
}

#[test]
fn timm_attention_pooling() {
    compare("timm_map", "model.safetensors");
}

#[test]
fn timm_dinov2_with_layer_scale() {
    compare("timm_dinov2", "model.safetensors");
}

#[test]
fn timm_dinov2_with_registers() {
    compare("timm_dinov2_reg", "model.safetensors");
}

#[test]
fn timm_registers_with_positions() {
    compare("timm_reg_positions", "model.safetensors");
}

#[test]
fn timm_parallel_with_registers_and_average_pooling() {
    compare("timm_pwee", "model.safetensors");
}

#[test]
fn timm_parallel_with_rms_and_qk_norm() {
    compare("timm_xp", "model.safetensors");
}

#[test]
fn big_vision_attention_pooling() {
    compare("big_vision_map", "checkpoint.npz");
}

#[test]
fn big_vision_average_pooling() {
    compare("big_vision_gap", "checkpoint.npz");
}

#[test]
fn big_vision_class_token() {
    compare("big_vision_tok", "checkpoint.npz");
}

#[test]
fn transformers_vit() {
    compare("hf_vit", "model.safetensors");
}

/// Without the name of a file: the folder.
#[test]
fn transformers_dinov2() {
    compare("hf_dinov2", "");
}

#[test]
fn transformers_dinov2_with_registers() {
    compare("hf_dinov2_reg", "");
}

/// The vision tower of a model with two, over three shards.
#[test]
fn transformers_siglip() {
    compare("hf_siglip", "model.safetensors.index.json");
}

/// 1e-5: the same two products and a sum, in f32.
#[test]
fn big_vision_positions_are_resampled_as_its_loader_does() {
    for fixture in ["big_vision_map", "big_vision_gap", "big_vision_tok"] {
        let expected = read(&path(fixture).join("resample.safetensors"));
        let expected: Tensor<3> = expected.get("pos_embedding_36_tokens").unwrap();
        let weights = open(&format!("{fixture}/checkpoint.npz"));
        let patch = weights.describe(&LoadOptions::new()).unwrap().config.patch;
        let options = LoadOptions::new().with_image(Some([6 * patch; 2]));
        let loaded = weights.load(&options, &device()).unwrap();
        let (from, to, by) = ([4, 4], [6, 6], Interpolation::Bilinear);
        assert_eq!(loaded.report.resampled, Some(Resampled { from, to, by, zeroed: [false; 2] }));
        let got = AnyTensor::new(loaded.model.pos_embedding.unwrap().val());
        let expected = AnyTensor::new(expected.squeeze_dim::<2>(0));
        assert_close(fixture, &got, &expected, 1e-5);
    }
}
