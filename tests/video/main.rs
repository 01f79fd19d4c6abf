//! Frames of files, sets of videos, the temporal head beside PyTorch's encoder, and clips and views beside their
//! definitions.
//!
//! `VIT22B_FIXTURES=DIR` takes other folders of the same form, of any seed and shape.

#[path = "../folder/mod.rs"]
mod folder;
mod frames;
#[path = "../parts/mod.rs"]
mod parts;
mod sets;

use burn::tensor::{Device, Tensor};
use vit22b::params::NamedTensors;
use vit22b::video::{ClipConfig, TemporalHead, TemporalHeadConfig, ViewMean, mean_of_views};

use parts::{assert_map, assert_number, count, filled, json, list, number, tensors};

/// Float32 against float64.
const LOGITS: f64 = 2e-5;

/// The head of the fixture.
fn head(name: &str) -> TemporalHead {
    let config = json(name, "config.json");
    let of = |key: &str| count(&config[key]);
    let head = TemporalHeadConfig::new(of("feature_width"), of("frames"), of("classes"))
        .with_width(of("width"))
        .with_depth(of("depth"))
        .with_num_heads(of("heads"))
        .with_mlp_dim(Some(of("mlp")))
        .with_epsilon(number(&config["layer_norm_eps"]))
        .init(&Device::flex());
    let weights = with_separate_projections(tensors(name, "model"), of("width"), of("depth"));
    filled(head, &weights, |path| {
        let names = [
            ("blocks.", "encoder.layers."),
            ("attn.", "self_attn."),
            ("self_attn.out", "self_attn.out_proj"),
            ("mlp_norm", "norm2"),
            ("mlp.fc", "linear"),
            ("scale", "weight"),
        ];
        let path = names.iter().fold(path.to_string(), |path, (a, b)| path.replace(a, b));
        match path.strip_prefix("norm.") {
            Some(leaf) => format!("encoder.norm.{leaf}"),
            None if path.starts_with("encoder") => path.replace(".norm.", ".norm1."),
            None => path,
        }
    })
}

/// PyTorch keeps query, key and value as one tensor.
fn with_separate_projections(
    mut weights: NamedTensors,
    width: usize,
    depth: usize,
) -> NamedTensors {
    // Tokens and positions are not transposed: they have one more axis than matrices.
    for layer in 0..depth {
        let attention = format!("encoder.layers.{layer}.self_attn");
        let weight: Tensor<2> = weights.take(&format!("{attention}.in_proj_weight")).unwrap();
        let bias: Tensor<1> = weights.take(&format!("{attention}.in_proj_bias")).unwrap();
        for (place, name) in ["query", "key", "value"].into_iter().enumerate() {
            let piece = weight.clone().narrow(0, place * width, width);
            weights.insert(format!("{attention}.{name}.weight"), piece);
            let piece = bias.clone().narrow(0, place * width, width);
            weights.insert(format!("{attention}.{name}.bias"), piece);
        }
    }
    weights
}

#[test]
fn the_temporal_head() {
    let name = "temporal_head";
    let (head, io) = (head(name), tensors(name, "io"));
    let frames: Tensor<3> = io.get("frames").unwrap();
    assert_map("tokens", head.encode(frames.clone()), io.get("encoded").unwrap(), LOGITS);
    assert_map("logits", head.forward(frames.clone()), io.get("logits").unwrap(), LOGITS);
    let reversed = head.forward(frames.clone().flip([1]));
    assert_map("reversed", reversed, io.get("logits_of_reversed").unwrap(), LOGITS);
}

/// Without positions the order of frames cannot matter, with them it does.
#[test]
fn order_enters_by_positions_alone() {
    let name = "temporal_head";
    let (mut head, io) = (head(name), tensors(name, "io"));
    let frames: Tensor<3> = io.get("frames").unwrap();
    let change = |head: &TemporalHead| -> f32 {
        let difference = head.forward(frames.clone()) - head.forward(frames.clone().flip([1]));
        difference.abs().max().into_scalar()
    };
    assert!(change(&head) > 1e-2, "{}", change(&head));
    head.positions = head.positions.map(|positions| {
        positions.map(|all| {
            let [places, width] = all.dims();
            let first = all.clone().narrow(0, 0, 1);
            Tensor::cat(vec![first, Tensor::zeros([places - 1, width], &all.device())], 0)
        })
    });
    // The same sums in another order.
    assert!(change(&head) < 1e-5, "{}", change(&head));
    let expected = io.get("logits_with_frame_positions_zero").unwrap();
    assert_map("without positions", head.forward(frames), expected, LOGITS);
}

#[test]
fn clips() {
    for case in json("video", "video.json")["clips"].as_array().unwrap() {
        let [video, frames, stride, clips] =
            ["video", "frames", "stride", "clips"].map(|key| count(&case[key]));
        let expected: Vec<Vec<usize>> = list(&case["indices"]);
        let got = ClipConfig::new(frames, stride).with_clips(clips).frames_of(video).unwrap();
        assert_eq!(got, expected, "{case}");
    }
}

#[test]
fn views() {
    let case = json("video", "video.json");
    let logits: Vec<Vec<Vec<f64>>> = list(&case["logits"]);
    let labels: Vec<usize> = list(&case["labels"]);
    let (views, classes) = (logits[0].len(), logits[0][0].len());
    let said = count(&case["views"]["clips"]) * count(&case["views"]["crops"]);
    assert_eq!(views, said);
    let flat = logits.concat().concat();
    for (of, kind) in [(ViewMean::Logits, "logits"), (ViewMean::Probabilities, "probabilities")] {
        let means = mean_of_views(&flat, [views, classes], of).unwrap();
        let expected: Vec<Vec<f64>> = list(&case[format!("mean_{kind}")]);
        for (got, expected) in means.iter().zip(expected.concat()) {
            assert_number(kind, *got, expected);
        }
        let matrix = vit22b::eval::Matrix::new(&means, classes).unwrap();
        let predicted = matrix.argmax().unwrap();
        assert_eq!(predicted, list::<usize>(&case[format!("prediction_by_{kind}")]));
        let right = vit22b::eval::accuracy(&predicted, &labels);
        assert_number("top-1", right, number(&case[format!("top1_by_{kind}")]));
    }
}
