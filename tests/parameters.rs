//! The parameters of every form of model: paths, shapes, order, and the values drawn from a seed.
//!
//! Published files, checkpoints, rules of recipes and the numbers in the README all depend on
//! them, so they never change. `VIT22B_UPDATE_GOLDEN=1` writes `golden/parameters.txt` anew, for a
//! form that was added.
//!
//! It is the only test of its file, because Flex has one source of random numbers in a process.

use std::fmt::Write;
use std::path::Path;

use burn::tensor::Device;
use vit22b::params;
use vit22b::vit::{
    Biases, BlockKind, Gate, Gelu, HeadInput, NormKind, Pool, Positions, QkNorm, SubNorm, Variant,
    ViT22BConfig,
};

fn small() -> ViT22BConfig {
    let config = ViT22BConfig::new(5).with_image([8, 12]).with_patch(4);
    config.with_width(32).with_depth(2).with_mlp_dim(64).with_num_heads(2)
}

fn biases(all: bool) -> Biases {
    Biases {
        embedding: all,
        norm: all,
        qkv: all,
        attn_out: all,
        mlp: all,
        map_qkv: all,
        map_out: all,
        head: all,
    }
}

/// One form for each choice of the config, and some that combine several.
fn forms() -> Vec<(&'static str, ViT22BConfig)> {
    let mut headless = small();
    headless.num_classes = 0;
    let sequential = || small().with_block(BlockKind::Sequential);
    vec![
        ("parallel, attention pooling", small()),
        ("sequential", sequential()),
        ("average pooling", small().with_pool(Pool::Average)),
        ("class token", small().with_pool(Pool::ClassToken)),
        ("registers", small().with_registers(3)),
        ("class token, registers", small().with_pool(Pool::ClassToken).with_registers(3)),
        ("layer norm", small().with_norm(NormKind::Layer)),
        ("no qk norm", small().with_qk_norm(QkNorm::None)),
        ("layer qk norm", small().with_qk_norm(QkNorm::Layer)),
        ("erf gelu", small().with_gelu(Gelu::Erf)),
        ("layer scale, parallel", small().with_layer_scale(Some(0.25))),
        ("layer scale, sequential", sequential().with_layer_scale(Some(0.25))),
        ("every bias", small().with_biases(biases(true))),
        ("no bias", small().with_biases(biases(false))),
        ("every bias, sequential", sequential().with_biases(biases(true))),
        ("norm of the embedding", small().with_norm_embedding(true)),
        ("norm of the pooled vector", small().with_pool(Pool::Average).with_norm_pooled(true)),
        ("sines and cosines", small().with_positions(Positions::SinCos2d)),
        ("no classifier", headless),
        ("classifier bias 0", small().with_head_bias(0.0)),
        ("one channel", small().with_channels(1)),
        ("classic", small().classic()),
        (
            "classic, class token, registers, layer scale, embedding norm",
            small()
                .classic()
                .with_pool(Pool::ClassToken)
                .with_registers(2)
                .with_layer_scale(Some(1e-5))
                .with_norm_embedding(true),
        ),
        ("mu/16", Variant::parse("mu/16").unwrap().config(3)),
        ("gated MLP", small().with_gate(Some(Gate::Silu))),
        ("norms before the last products", small().with_sub_norm(Some(SubNorm::MlpAndAttention))),
        ("no bias of keys", small().classic().with_key_bias(Some(false))),
        ("distillation token", small().deit_distilled()),
        ("dinov3", small().dinov3()),
        ("clip with a projection", small().clip().with_projection(Some(12))),
        ("beit", small().beit()),
        ("eva02", small().eva02()),
        ("aimv2", small().aimv2()),
        ("perception encoder", small().with_width(64).perception_encoder()),
        (
            "classifier of class token and mean",
            small().dinov2().with_head_input(Some(HeadInput::PooledAndMean)),
        ),
    ]
}

/// A line for each parameter: path, shape, first value and norm.
fn lines(config: &ViT22BConfig) -> Vec<String> {
    let device = Device::flex();
    device.seed(7);
    let model = params::initialize(config.init(&device).unwrap());
    let values = params::collect(&model);
    let line = |(path, shape): (String, burn::tensor::Shape)| {
        let (_, values) = values.iter().find(|(name, _)| *name == path).unwrap();
        let values: Vec<f32> = values.to_data().try_to_vec().unwrap();
        let norm = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        format!("{path} {:?} {:.5e} {norm:.5e}", shape.as_slice(), values[0])
    };
    params::shapes(&model).into_iter().map(line).collect()
}

/// Whether two lines are the same but for the last digits of their values.
fn agree(got: &str, expected: &str) -> bool {
    let split = |line: &str| {
        let (name, values) = line.rsplit_once("] ").unwrap();
        let values = values.split(' ').map(|value| value.parse::<f64>().unwrap());
        (name.to_owned(), values.collect::<Vec<_>>())
    };
    let ((name, got), (expected_name, expected)) = (split(got), split(expected));
    let is_close = |(got, expected): (&f64, &f64)| (got - expected).abs() <= 1e-4 * expected.abs();
    name == expected_name && got.iter().zip(&expected).all(is_close)
}

#[test]
fn parameters_are_where_they_were_and_drawn_as_they_were() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/parameters.txt");
    let got: Vec<_> = forms().iter().map(|(name, config)| (*name, lines(config))).collect();
    if std::env::var_os("VIT22B_UPDATE_GOLDEN").is_some() {
        let mut text = String::new();
        for (name, lines) in &got {
            writeln!(text, "# {name}\n{}\n", lines.join("\n")).unwrap();
        }
        std::fs::write(&path, text.trim_end().to_owned() + "\n").unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let expected: Vec<Vec<_>> =
        text.trim_end().split("\n\n").map(|form| form.lines().collect()).collect();
    assert_eq!(got.len(), expected.len(), "forms");
    for ((name, lines), expected) in got.iter().zip(&expected) {
        assert_eq!(expected[0], format!("# {name}"));
        assert_eq!(lines.len(), expected.len() - 1, "parameters of \"{name}\"");
        for (got, expected) in lines.iter().zip(&expected[1..]) {
            assert!(agree(got, expected), "\"{name}\": expected {expected}, got {got}");
        }
    }
}
