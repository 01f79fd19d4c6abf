//! The corpus of the fuzzer, and as many files again as a few seconds hold: none may panic.

use std::path::{Path, PathBuf};

use vit22b::vit::ViT22BConfig;
use vit22b::weights::{LoadOptions, WeightsFile, save};

use crate::files::{File, Scratch, fixture, own_fixture};
use crate::golden::{device, own_path};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/weights")
}

/// What the fuzz target does.
fn read(bytes: Vec<u8>) -> bool {
    let Ok(weights) = WeightsFile::from_bytes("a file", bytes) else { return false };
    let device = device();
    let _ = weights.tensors(&device);
    let load = |strict| {
        let options = LoadOptions::new().with_num_heads(Some(1)).with_strict(strict);
        weights.load(&options, &device).is_ok()
    };
    let lenient = load(false);
    load(true) && lenient
}

/// Each origin's smallest model. `VIT22B_WRITE_CORPUS=1` writes them to the corpus.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let small = |file: &str| {
        // Widths of 2, MLPs of 4 and patches of one pixel.
        fixture(file).shrink(&[(7, 1), (14, 1), (16, 2), (32, 2), (48, 2), (64, 4), (96, 6)])
    };
    let vit = || {
        let lengths = [(14, 1), (16, 2), (48, 2), (144, 6), (192, 4)];
        own_fixture("timm_vit/model.safetensors").shrink(&lengths)
    };
    // Widths of 4, whose halves rotary positions cut in two, and grids of 2 x 2.
    let family = |name: &str| {
        let lengths =
            [(2, 1), (4, 1), (5, 2), (25, 4), (26, 5), (27, 6), (32, 4), (40, 4), (44, 4)];
        let more = [(48, 3), (64, 4), (84, 12), (96, 12), (128, 8)];
        let file = own_fixture(&format!("families/{name}/model.safetensors"));
        file.shrink(&[&lengths[..], &more[..]].concat()).bytes()
    };
    let families = FAMILIES.map(|(seed, name)| (seed, family(name)));
    let mut seeds = vec![
        ("native.safetensors", native()),
        ("timm_reg.safetensors", small("timm_dinov2_reg/model.safetensors").bytes()),
        ("hf_vit.safetensors", small("hf_vit/model.safetensors").bytes()),
        ("hf_dinov2.safetensors", small("hf_dinov2/model.safetensors").bytes()),
        ("two_models.safetensors", two_models(small("timm_dinov2_reg/model.safetensors")).bytes()),
        ("transformers_5.safetensors", transformers_5(small("hf_vit/model.safetensors")).bytes()),
        ("big_vision.npz", File::big_vision(2).with_positions().npz()),
        ("big_vision_compressed.npz", File::big_vision(2).with_positions().npz_compressed()),
        ("big_vision_column_major.npz", File::big_vision(2).with_positions().npz_column_major()),
        ("mae.safetensors", mae(vit()).bytes()),
        ("moco.safetensors", moco(vit()).bytes()),
        ("average.safetensors", average(vit()).bytes()),
    ];
    seeds.extend(families);
    seeds
}

/// Seeds of families, and the folders that they are made of.
const FAMILIES: [(&str, &str); 7] = [
    ("hf_aimv2.safetensors", "hf_aimv2"),
    ("hf_beit.safetensors", "hf_beit_relative"),
    ("hf_clip.safetensors", "hf_clip_projection"),
    ("hf_deit.safetensors", "hf_deit_teacher"),
    ("hf_dinov2_swiglu.safetensors", "hf_dinov2_swiglu"),
    ("hf_dinov3.safetensors", "hf_dinov3_gated"),
    ("hf_siglip2.safetensors", "hf_siglip2_naflex"),
];

/// MAE's whole checkpoint: the decoder beside the encoder.
fn mae(mut file: File) -> File {
    file.set("decoder_embed.weight", &[2, 2]);
    file.set("decoder_blocks.0.mlp.fc1.weight", &[2, 2]);
    file.set("mask_token", &[1, 1, 2]);
    file
}

/// Two encoders, of which the first learns by gradients, and a projection head.
fn moco(file: File) -> File {
    let file = file.rename_all(|name| name.replace("head.", "head.0."));
    let mut both = file.clone().rename_all(|name| format!("module.base_encoder.{name}"));
    both.extend(file.rename_all(|name| format!("module.momentum_encoder.{name}")));
    both
}

/// The mean of the patches behind a class token.
fn average(file: File) -> File {
    let file = file.rename_all(|name| name.replace("norm.", "fc_norm."));
    file.rename_all(|name| name.replace("fc_norm.fc_norm.", "fc_norm."))
}

/// A student and a teacher in wrappers, with blocks in chunks.
fn two_models(file: File) -> File {
    let chunked = file.rename_all(|name| name.replace("blocks.", "blocks.0."));
    let mut both = chunked.clone().rename_all(|name| format!("module.student.{name}"));
    both.extend(chunked.rename_all(|name| format!("module.teacher._orig_mod.{name}")));
    both
}

fn transformers_5(file: File) -> File {
    file.rename_all(|name| {
        let name = name.replace("attention.output.dense", "attention.o_proj");
        let name = name.replace("attention.attention.query", "attention.q_proj");
        let name = name.replace("attention.attention.key", "attention.k_proj");
        let name = name.replace("attention.attention.value", "attention.v_proj");
        let name = name.replace("intermediate.dense", "mlp.fc1").replace("output.dense", "mlp.fc2");
        name.replace("encoder.layer.", "layers.")
    })
}

fn native() -> Vec<u8> {
    let scratch = Scratch::new("corpus");
    let file = scratch.0.join("native.safetensors");
    let config = ViT22BConfig::new(2).with_image([2, 2]).with_patch(1);
    let config = config.with_width(2).with_depth(1).with_mlp_dim(2).with_num_heads(1);
    let model = config.init(&device()).unwrap();
    save(&model, &"resize(2)|value_range(-1, 1)".parse().unwrap(), &file).unwrap();
    std::fs::read(file).unwrap()
}

#[test]
fn the_corpus_is_read_or_refused() {
    if std::env::var_os("VIT22B_WRITE_CORPUS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for (name, bytes) in seeds() {
            std::fs::write(folder().join(name), bytes).unwrap();
        }
    }
    let mut count = 0;
    let seeds = seeds();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let loads = read(std::fs::read(&path).unwrap());
        let is_seed = seeds.iter().any(|(name, _)| path.ends_with(name));
        assert!(loads || !is_seed, "{}", path.display());
        count += 1;
    }
    assert!(count >= seeds.len());
}

/// Seeded, so that a failure comes back: the seed is in the panic's text.
#[test]
fn mutated_files_are_read_or_refused() {
    let seeds = seeds();
    for seed in 0..3_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut bytes = seeds[random.usize(..seeds.len())].1.clone();
        for _ in 0..random.usize(1..4) {
            mutate(&mut bytes, &mut random);
        }
        let result = std::panic::catch_unwind(|| read(bytes));
        assert!(result.is_ok(), "mutation {seed} made the reader panic");
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut fastrand::Rng) {
    if bytes.is_empty() {
        return;
    }
    let place = random.usize(..bytes.len());
    match random.u8(..6) {
        0 => bytes[place] ^= 1 << random.u8(..8),
        1 => bytes[place] = random.u8(..),
        2 => bytes.truncate(place),
        3 => {
            // Digits are what shapes and offsets are made of.
            let digits: Vec<_> = (0..bytes.len()).filter(|i| bytes[*i].is_ascii_digit()).collect();
            if !digits.is_empty() {
                bytes[digits[random.usize(..digits.len())]] = b'0' + random.u8(..10);
            }
        }
        4 => {
            let end = (place + random.usize(..32)).min(bytes.len());
            let part: Vec<_> = bytes[place..end].to_vec();
            let to = random.usize(..=bytes.len());
            bytes.splice(to..to, part);
        }
        _ => {
            let end = (place + random.usize(..8)).min(bytes.len());
            bytes.drain(place..end);
        }
    }
}

/// The same for the JSON beside a file, of timm and of transformers.
#[test]
fn mutated_json_is_followed_or_refused() {
    let small = |file: &str| fixture(file).shrink(&[(7, 1), (16, 2), (32, 2), (48, 2), (96, 4)]);
    let timm = serde_json::json!({"architecture": "vit_base_patch1_224", "global_pool": "token",
        "num_classes": 2, "model_args": {"img_size": 4, "num_heads": 1, "act_layer": "gelu"},
        "pretrained_cfg": {"input_size": [3, 4, 4], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5],
            "interpolation": "bicubic", "crop_pct": 0.9, "crop_mode": "center"}});
    let config = serde_json::json!({"model_type": "dinov2", "architectures": ["Dinov2Model"],
        "hidden_act": "gelu", "image_size": 4, "layer_norm_eps": 1e-6, "num_attention_heads": 1});
    let processor = serde_json::json!({"do_resize": true, "do_center_crop": true, "do_pad": false,
        "crop_size": {"height": 4, "width": 4}, "size": {"shortest_edge": 5}, "resample": 3,
        "do_rescale": true, "rescale_factor": 0.00392156862745098, "do_normalize": true,
        "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
        "image_processor_type": "BitImageProcessor"});
    let dinov3 = own_fixture("families/hf_dinov3/model.safetensors");
    let beside = |file: &str| {
        let text = own_path(&format!("families/hf_dinov3/{file}"));
        serde_json::from_slice(&std::fs::read(text).unwrap()).unwrap()
    };
    let of_dinov3 = ["config.json", "preprocessor_config.json"].map(|file| (file, beside(file)));
    let mut read = 0;
    for (name, weights, json) in [
        ("json_dinov3", dinov3, of_dinov3.to_vec()),
        ("json_timm", small("timm_dinov2_reg/model.safetensors"), [("config.json", timm)].to_vec()),
        (
            "json_transformers",
            small("hf_dinov2/model.safetensors"),
            [("config.json", config), ("preprocessor_config.json", processor)].to_vec(),
        ),
    ] {
        let scratch = Scratch::new(name);
        std::fs::write(scratch.0.join("model.safetensors"), weights.bytes()).unwrap();
        for seed in 0..1_000 {
            let mut random = fastrand::Rng::with_seed(seed);
            for (file, json) in &json {
                let mut bytes = json.to_string().into_bytes();
                for _ in 0..random.usize(..4) {
                    mutate(&mut bytes, &mut random);
                }
                std::fs::write(scratch.0.join(file), bytes).unwrap();
            }
            let result = std::panic::catch_unwind(|| {
                let weights = WeightsFile::open(&scratch.0)?;
                weights.inspect(&LoadOptions::new())
            });
            let result = result.unwrap_or_else(|_| panic!("{name}: mutation {seed} made it panic"));
            read += usize::from(result.is_ok());
        }
    }
    // Many mutations change a text that is not read.
    assert!(read > 250, "{read}");
}
