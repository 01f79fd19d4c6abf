//! Factors on the learning rate by layer against timm's.

use burn::tensor::Device;
use vit22b::params;
use vit22b::train::{Tune, layer_decay, weight_decay};
use vit22b::vit::{Pool, QkNorm, ViT22BConfig};

use crate::{json, number};

/// The name that timm's `VisionTransformer` gives to a parameter; its query, key and value are one.
fn timm_name(path: &str) -> String {
    let path = match path {
        "pos_embedding" => return "pos_embed".into(),
        "class_token" => return "cls_token".into(),
        "registers" => return "reg_token".into(),
        "map.probe" => return "attn_pool.latent".into(),
        path => path,
    };
    let of_map = path.starts_with("map.");
    let mut name = path.replace("embedding.", "patch_embed.proj.").replace("map.", "attn_pool.");
    for (ours, timms) in [
        (".mlp_layer_scale", ".ls2.gamma"),
        (".layer_scale", ".ls1.gamma"),
        (".mlp_norm.", ".norm2."),
        (".scale", ".weight"),
        ("attn.out.", "attn.proj."),
    ] {
        name = name.replace(ours, timms);
    }
    if of_map {
        // timm's pooling has its attention in the same module.
        return name
            .replace(".attn.query.", ".q.")
            .replace(".attn.key.", ".kv.")
            .replace(".attn.value.", ".kv.")
            .replace(".attn.proj.", ".proj.");
    }
    for projection in ["query", "key", "value"] {
        name = name.replace(&format!("attn.{projection}."), "attn.qkv.");
    }
    let in_block = name.starts_with("blocks.");
    if in_block { name.replacen(".norm.", ".norm1.", 1) } else { name }
}

/// Exactly but for the rounding of powers, 1e-12.
#[test]
fn factors_are_those_of_timm() {
    let fixture = json("fine_tune/layer_decay.json");
    let depth = number(&fixture["depth"]) as usize;
    let decay = number(&fixture["weight_decay"]);
    let mut compared = 0;
    for (model, expected) in fixture["models"].as_object().unwrap() {
        let (kind, rate) = model.rsplit_once('_').unwrap();
        let rate: f64 = rate.parse().unwrap();
        let config = ViT22BConfig::new(3).classic().with_image([16, 16]).with_patch(8);
        let config = config.with_width(16).with_depth(depth).with_mlp_dim(32).with_num_heads(2);
        let config = match kind {
            "attention_pool" => config.with_pool(Pool::Map),
            "registers" => config
                .with_pool(Pool::ClassToken)
                .with_registers(2)
                .with_layer_scale(Some(0.1))
                .with_qk_norm(QkNorm::Layer),
            _ => config.with_pool(Pool::ClassToken),
        };
        let model = config.init(&Device::flex()).unwrap();
        let paths: Vec<String> = params::shapes(&model).into_iter().map(|(path, _)| path).collect();
        let factors = layer_decay(depth, rate).resolve(&paths).unwrap();
        let decays = weight_decay(decay, decay).resolve(&paths).unwrap();
        for ((path, factor), of_weight) in paths.iter().zip(factors).zip(decays) {
            let name = timm_name(path);
            let expected = &expected[&name];
            assert!(expected.is_array(), "{path}: timm has no {name}");
            let Tune::Factor(factor) = factor else { panic!("{path} is frozen") };
            assert!((factor - number(&expected[0])).abs() < 1e-12, "{path}: {factor}, {expected}");
            // big_vision decays kernels alone; timm also the probe of the pooling.
            if path != "map.probe" {
                assert_eq!(of_weight, number(&expected[1]), "{path}");
            }
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}
