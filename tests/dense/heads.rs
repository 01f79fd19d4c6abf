//! Heads by themselves.

use burn::tensor::{Device, Int, Tensor, TensorData};
use safetensors::SafeTensors;
use vit22b::dense::loss::pixel_cross_entropy;
use vit22b::heads::{
    Corners, FcnConfig, LinearDecoderConfig, MapNormKind, PyramidConfig, Resample2d, UperNetConfig,
};

use crate::parts::{assert_map, count, filled, folder, json, list, number, tensors};

/// Float32 on both sides; the references ran in float64.
const MAPS: f64 = 1e-5;

/// The name in the file of a parameter of a norm or a convolution.
fn renamed(path: &str, names: &[(&str, &str)]) -> String {
    let with = |path: String, (ours, theirs): &(&str, &str)| path.replace(ours, theirs);
    names.iter().fold(path.to_string(), with)
}

const NORMS: [(&str, &str); 3] = [
    ("norm.scale", "norm.weight"),
    ("norm.mean", "norm.running_mean"),
    ("norm.variance", "norm.running_var"),
];

#[test]
fn uper_net_and_its_pyramid() {
    let name = "uper_head";
    let config = json(name, "config.json");
    let (weights, io) = (tensors(name, "model"), tensors(name, "io"));
    let number_of = |key: &str| count(&config[key]);
    let (width, classes) = (number_of("in_channels"), number_of("classes"));
    let grid: [usize; 2] = list(&config["grid"]).try_into().unwrap();
    let epsilon = number(&config["batch_norm_eps"]);
    let device = Device::flex();

    let pyramid = PyramidConfig::new(width)
        .with_norm(MapNormKind::FrozenBatch)
        .with_epsilon(epsilon)
        .init(&device);
    let names = [
        ("four.first", "fpn.fpn1.conv_transpose1"),
        ("four.second", "fpn.fpn1.conv_transpose2"),
        ("four.norm", "fpn.fpn1.norm"),
        ("two", "fpn.fpn2"),
    ];
    let pyramid = filled(pyramid, &weights, |path| {
        renamed(path, &[&names[..], &NORMS, &[("fpn1.norm.", "fpn1.normalization.")]].concat())
    });
    let tokens: Tensor<3> = io.get("tokens").unwrap();
    let maps: [Tensor<4>; 4] = core::array::from_fn(|index| {
        let map = tokens.clone().narrow(0, index, 1).swap_dims(1, 2);
        map.reshape([1, width, grid[0], grid[1]])
    });
    let maps = pyramid.forward(maps);
    for (index, map) in maps.iter().enumerate() {
        let expected = io.get(&format!("pyramid_{index}")).unwrap();
        assert_map(&format!("pyramid {index}"), map.clone(), expected, MAPS);
    }

    let head = UperNetConfig::new(vec![width; 4], number_of("channels"), classes)
        .with_pool_sizes(list(&config["pool_scales"]))
        .with_norm(MapNormKind::FrozenBatch)
        .with_epsilon(epsilon)
        .init(&device);
    let pools = head.pools.len();
    let head = filled(head, &weights, |path| {
        let path = renamed(path, &NORMS).replace("norm.", "batch_norm.");
        let path = match path.strip_prefix("pools.").and_then(|rest| rest.split_once('.')) {
            Some((index, rest)) => format!("psp_modules.{index}.1.{rest}"),
            None => renamed(
                &path,
                &[
                    ("laterals", "lateral_convs"),
                    ("levels", "fpn_convs"),
                    ("join", "fpn_bottleneck"),
                ],
            ),
        };
        format!("decode_head.{path}")
    });
    assert_eq!(pools, list::<usize>(&config["pool_scales"]).len());
    assert_map("pooled", head.pooled(maps[3].clone()), io.get("pooled").unwrap(), MAPS);
    assert_map("logits", head.forward(&maps), io.get("logits").unwrap(), MAPS);

    let auxiliary = FcnConfig::new(width, number_of("auxiliary_channels"), classes)
        .with_norm(MapNormKind::FrozenBatch)
        .with_epsilon(epsilon)
        .init(&device);
    let auxiliary = filled(auxiliary, &weights, |path| {
        format!("auxiliary_head.{}", renamed(path, &NORMS).replace("norm.", "batch_norm."))
    });
    let level = number_of("auxiliary_level");
    let logits = auxiliary.forward(maps[level].clone());
    assert_map("auxiliary logits", logits, io.get("auxiliary_logits").unwrap(), MAPS);
}

#[test]
fn the_linear_decoder() {
    let name = "segmenter_linear";
    let config = json(name, "config.json");
    let (weights, io) = (tensors(name, "model"), tensors(name, "io"));
    let classes = count(&config["classes"]);
    let [grid, image]: [[usize; 2]; 2] =
        ["grid", "image"].map(|key| list(&config[key]).try_into().unwrap());
    let decoder = LinearDecoderConfig::new(count(&config["width"]), classes).init(&Device::flex());
    let decoder = filled(decoder, &weights, str::to_string);
    let low = decoder.forward(io.get("tokens").unwrap(), grid);
    assert_map("logits of patches", low.clone(), io.get("logits_low").unwrap(), MAPS);
    let logits = Resample2d::new(Corners::Edges).forward(low.clone(), image);
    assert_map("logits of pixels", logits.clone(), io.get("logits").unwrap(), MAPS);
    let aligned = Resample2d::new(Corners::Aligned).forward(low, image);
    let aligned = aligned.narrow(0, 0, 1).narrow(1, 0, 1);
    let expected = io.get("first_class_with_aligned_corners").unwrap();
    assert_map("aligned corners", aligned, expected, MAPS);

    let bytes = std::fs::read(folder(name).join("io.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let labels = |name: &str| file.tensor(name).unwrap().data().to_vec();
    let truth: Vec<i64> = labels("truth").into_iter().map(i64::from).collect();
    let [b, _, height, width] = logits.dims();
    let truth = TensorData::new(truth, [b, height, width]);
    let truth = Tensor::<3, Int>::from_data(truth, &Device::flex());
    let loss = pixel_cross_entropy(logits.clone(), truth, Some(count(&config["ignore"])));
    let expected = number(&config["cross_entropy"]);
    let loss: f64 = loss.into_data().iter::<f64>().sum();
    // A mean of f32.
    assert!((loss / expected - 1.0).abs() < 1e-6, "{loss}, expected {expected}");
    let classes = logits.argmax(1).into_data();
    let got: Vec<u8> = classes.iter::<i64>().map(|class| class as u8).collect();
    assert_eq!(got, labels("prediction"));
}
