//! Explanations and perceptual distances beside captum, LPIPS, scikit-learn and NumPy, on a small model of timm.
//!
//! `VIT22B_FIXTURES=DIR` takes another folder of the same form, of any seed.

#[path = "../parts/mod.rs"]
mod parts;

use burn::tensor::{Device, Tensor};
use serde_json::Value;
use vit22b::eval::{
    Matrix, just_noticeable_precision, perceptual_distance, two_alternative_scores,
};
use vit22b::explain::{PathGradients, PathRule, attention_rollout, pooled_rollout};
use vit22b::params::NamedTensors;
use vit22b::vit::{FeatureRequest, ViT22B};
use vit22b::weights::{LoadOptions, WeightsFile};

use parts::{assert_map, assert_number, count, folder, json, list, number, tensors};

const NAME: &str = "explain";

/// Float32 on both sides; the references ran in float64.
const MAPS: f64 = 2e-5;

fn model() -> (ViT22B, NamedTensors, Value) {
    let expected = json(NAME, "expected.json");
    let heads = count(&expected["config"]["num_heads"]);
    let file = WeightsFile::open(folder(NAME).join("model.safetensors")).unwrap();
    let options = LoadOptions::new().with_num_heads(Some(heads));
    let model = file.load(&options, &Device::flex()).unwrap().model;
    (model, tensors(NAME, "io"), expected)
}

#[test]
fn integrated_gradients() {
    let (model, io, expected) = model();
    let images: Tensor<4> = io.get("images").unwrap();
    let logits = model.forward(images.clone());
    assert_map("logits", logits, io.get("logits").unwrap(), MAPS);
    let targets: Vec<usize> = list(&expected["target"]);
    let baseline = images.full_like(number(&expected["baseline"]));
    for (rule, name) in
        [(PathRule::Midpoint, "midpoint"), (PathRule::GaussLegendre, "gauss_legendre")]
    {
        for steps in [16, 64] {
            let found = PathGradients::new(steps)
                .with_rule(rule)
                .with_batch(10)
                .integrate(&model, images.clone(), baseline.clone(), &targets, ViT22B::forward)
                .unwrap();
            let what = format!("ig_{name}_{steps}");
            assert_map(&what, found.attributions.clone(), io.get(&what).unwrap(), MAPS);
            let differences: Vec<f64> = list(&expected["logit_difference"]);
            let gaps: Vec<f64> = list(&expected["completeness_gap"][format!("{name}_{steps}")]);
            for image in 0..differences.len() {
                let (difference, gap) = (found.differences[image], found.gaps[image]);
                // Sums of f32 over all values of an image.
                let close = |got: f64, expected: f64| (got - expected).abs() < 2e-5;
                assert!(close(difference, differences[image]), "{what}: {difference}");
                assert!(close(gap, gaps[image]), "{what}: {gap}, expected {}", gaps[image]);
            }
        }
    }
}

#[test]
fn rollout() {
    let (model, io, _) = model();
    let depth = model.blocks.len();
    let request = (0..depth).fold(FeatureRequest::new(), FeatureRequest::attention);
    let features = model.features(io.get("images").unwrap(), &request).unwrap();
    let all: Tensor<5> = io.get("attention").unwrap();
    let blocks: Vec<Tensor<4>> = features.attention.values().cloned().collect();
    for (index, attention) in blocks.iter().enumerate() {
        let expected = all.clone().narrow(1, index, 1).squeeze_dim(1);
        assert_map("attention", attention.clone(), expected, MAPS);
    }
    let rollout = attention_rollout(&blocks);
    assert_map("rollout", rollout.clone(), io.get("rollout").unwrap(), MAPS);
    let [b, n, _] = rollout.dims();
    let class = rollout.clone().narrow(1, 0, 1).narrow(2, 1, n - 1);
    let map: Tensor<3> = io.get("class_token_map").unwrap();
    assert_map("class token", class.reshape(map.dims()), map, MAPS);
    let probe: Tensor<4> = io.get("probe_attention").unwrap();
    let heads = probe.dims()[1];
    let pooled = pooled_rollout(probe.reshape([b, heads, n]), rollout);
    assert_map("probe", pooled, io.get("probe_rollout").unwrap(), MAPS);
}

#[test]
fn perceptual() {
    let (model, io, expected) = model();
    let depth = model.blocks.len();
    let request = (0..depth).fold(FeatureRequest::new(), FeatureRequest::block);
    let features = model.features(io.get("images").unwrap(), &request).unwrap();
    let of_each: Vec<f64> = list(&expected["perceptual"]["of_each_block"]);
    let mut sum = 0.0;
    for (block, expected) in of_each.iter().enumerate() {
        let tokens = features.patch_grid(features.blocks[&block].clone());
        let width = tokens.dims()[3];
        let values = |image| -> Vec<f32> {
            tokens.clone().narrow(0, image, 1).into_data().try_to_vec().unwrap()
        };
        let (a, b) = (values(0), values(1));
        let matrix = |values| Matrix::new(values, width).unwrap();
        let distance = perceptual_distance(matrix(&a[..]), matrix(&b[..])).unwrap();
        // The tokens are f32 here.
        assert!((distance / expected - 1.0).abs() < 2e-5, "block {block}: {distance}");
        sum += distance;
    }
    assert!((sum / number(&expected["perceptual"]["distance"]) - 1.0).abs() < 2e-5);

    let case = &expected["two_alternative"];
    let of = |key: &str| -> Vec<f64> { list(&case[key]) };
    let scores = two_alternative_scores(&of("d0"), &of("d1"), &of("share_preferring_1")).unwrap();
    for (got, expected) in scores.iter().zip(of("scores")) {
        assert_number("2AFC", *got, expected);
    }
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    assert_number("2AFC, mean", mean, number(&case["mean"]));
    let case = &expected["just_noticeable"];
    let same: Vec<u8> = list(&case["same"]);
    let same: Vec<bool> = same.into_iter().map(|same| same == 1).collect();
    let precision = just_noticeable_precision(&list::<f64>(&case["distance"]), &same).unwrap();
    assert_number("JND", precision, number(&case["average_precision"]));
}
