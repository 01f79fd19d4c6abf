//! Whole models from their files.

use std::path::PathBuf;

use burn::tensor::{Device, Tensor};
use serde_json::Value;
use vit22b::weights::{LoadOptions, LoadReport, WeightsError, WeightsFile};

use crate::parts::{assert_map, folder, json, number, tensors};

/// Float32 on both sides; the references ran in float64.
const MAPS: f64 = 1e-5;

fn device() -> Device {
    Device::flex()
}

/// Every tensor of the file is used or named, and every parameter is filled.
#[track_caller]
fn assert_whole(report: &LoadReport, file: &WeightsFile) {
    assert!(report.fits() && report.new.is_empty(), "{report}");
    let mut named: Vec<&str> = report.set_aside.iter().map(|aside| aside.name.as_str()).collect();
    named.extend(report.loaded.iter().flat_map(|loaded| &loaded.from).map(String::as_str));
    named.sort_unstable();
    named.dedup();
    assert_eq!(named.len(), file.tensors(&device()).unwrap().len());
}

/// A copy of a fixture's model with another `config.json`.
struct Copy(PathBuf);

impl Copy {
    fn with(name: &str, change: impl FnOnce(&mut Value)) -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static COPIES: AtomicUsize = AtomicUsize::new(0);
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        let copy = format!("vit22b-dense-{}-{number}", std::process::id());
        let copy = std::env::temp_dir().join(copy);
        std::fs::create_dir_all(&copy).unwrap();
        let weights = "model.safetensors";
        // Read and written anew: the fixture may be read-only, and a copy would be too.
        let bytes = std::fs::read(folder(name).join(weights)).unwrap();
        std::fs::write(copy.join(weights), bytes).unwrap();
        let mut config = json(name, "config.json");
        change(&mut config);
        std::fs::write(copy.join("config.json"), config.to_string()).unwrap();
        Self(copy)
    }

    fn open(&self) -> WeightsFile {
        WeightsFile::open(&self.0).unwrap()
    }

    fn refused(&self) -> String {
        self.open().load_depth(&LoadOptions::new(), &device()).unwrap_err().to_string()
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn dpt_on_a_plain_vit() {
    let name = "dpt_vit";
    let io = tensors(name, "io");
    let file = WeightsFile::open(folder(name)).unwrap();
    let loaded = file.load_depth(&LoadOptions::new(), &device()).unwrap();
    assert_whole(&loaded.report, &file);
    let expected = json(name, "expected.json");
    let config = loaded.model.config();
    assert_eq!(config.tower.epsilon, number(&expected["layer_norm_eps"]));

    let images: Tensor<4> = io.get("pixel_values").unwrap();
    let (blocks, _) = config.blocks.tokens(&loaded.model.tower, images.clone()).unwrap();
    let taps: Tensor<4> = io.get("taps").unwrap();
    for (index, tokens) in blocks.into_iter().enumerate() {
        let tap = taps.clone().narrow(0, index, 1).squeeze_dim(0);
        assert_map(&format!("tap {index}"), tokens, tap, MAPS);
    }
    let stages = loaded.model.stages(images.clone());
    for (kind, maps) in [("reassembled", &stages.reassembled), ("fused", &stages.fused)] {
        for (index, map) in maps.iter().enumerate() {
            let what = format!("{kind}_{index}");
            // The last fused map is large, and not in the file.
            let Some(expected) = io.get(&what) else { continue };
            assert_map(&what, map.clone(), expected, MAPS);
        }
    }
    assert_map("depth", stages.depth, io.get("predicted_depth").unwrap(), MAPS);

    // Every fourth row and column of the map that the other readouts give.
    for readout in ["ignore", "add"] {
        let copy = Copy::with(name, |config| config["readout_type"] = readout.into());
        let file = copy.open();
        let error = file.load_depth(&LoadOptions::new(), &device()).unwrap_err();
        let WeightsError::DoesNotFit(report) = error else { panic!("{error}") };
        assert!(report.unused.iter().all(|unused| unused.tensor.contains("readout_projects")));
        let options = LoadOptions::new().with_strict(false);
        let loaded = file.load_depth(&options, &device()).unwrap();
        let depth = every_fourth(loaded.model.forward(images.clone()));
        let expected = io.get(&format!("depth_readout_{readout}")).unwrap();
        assert_map(readout, depth, expected, MAPS);
    }
}

fn every_fourth(map: Tensor<3>) -> Tensor<3> {
    let [b, height, width] = map.dims();
    let rows = map.reshape([b, height / 4, 4 * width]).narrow(2, 0, width);
    rows.reshape([b, height / 4, width / 4, 4]).narrow(3, 0, 1).squeeze_dim(3)
}

#[test]
fn depth_anything() {
    let name = "depth_anything";
    let io = tensors(name, "io");
    let file = WeightsFile::open(folder(name)).unwrap();
    let loaded = file.load_depth(&LoadOptions::new(), &device()).unwrap();
    assert_whole(&loaded.report, &file);
    let images: Tensor<4> = io.get("pixel_values").unwrap();
    let stages = loaded.model.stages(images.clone());
    for (kind, maps) in [("reassembled", &stages.reassembled), ("fused", &stages.fused)] {
        for (index, map) in maps.iter().enumerate() {
            let what = format!("{kind}_{index}");
            assert_map(&what, map.clone(), io.get(&what).unwrap(), MAPS);
        }
    }
    assert_map("relative", stages.depth, io.get("depth_relative").unwrap(), MAPS);

    let most = json(name, "expected.json")["max_depth"].clone();
    let copy = Copy::with(name, |config| {
        config["depth_estimation_type"] = "metric".into();
        config["max_depth"] = most;
    });
    let loaded = copy.open().load_depth(&LoadOptions::new(), &device()).unwrap();
    let depth = loaded.model.forward(images);
    assert_map("metric", depth, io.get("depth_metric").unwrap(), MAPS);
}

/// What is computed otherwise than the config says is no model of that file.
#[test]
fn what_is_not_followed_is_refused_by_its_key() {
    let refused = |name: &str, key: &str, value: Value| {
        let message = Copy::with(name, |config| config[key] = value).refused();
        assert!(message.starts_with(&format!("config.json says {key} = ")), "{key}: {message}");
        message
    };
    for (key, value) in [
        ("is_hybrid", true.into()),
        ("head_in_index", 0.into()),
        ("readout_type", "sum".into()),
        ("reassemble_factors", "four".into()),
        ("neck_hidden_sizes", vec![1, 2, 3, 4].into()),
        ("fusion_hidden_size", 7.into()),
        ("backbone_out_indices", vec![0, 1].into()),
        ("use_batch_norm_in_fusion_residual", true.into()),
        ("a_new_entry", 1.into()),
        ("backbone", "resnet50".into()),
        ("hidden_act", "relu".into()),
    ] {
        // The tower's own entries are refused where it is described.
        if key != "hidden_act" {
            refused("dpt_vit", key, value);
        } else {
            assert!(!Copy::with("dpt_vit", |config| config[key] = value).refused().is_empty());
        }
    }
    for (key, value) in [
        ("depth_estimation_type", "both".into()),
        ("max_depth", "far".into()),
        ("head_in_index", 1.into()),
        ("patch_size", 5.into()),
        ("reassemble_hidden_size", 5.into()),
        ("head_hidden_size", 5.into()),
        ("backbone_config", Value::Null),
    ] {
        refused("depth_anything", key, value);
    }
    for (key, value) in [
        ("reshape_hidden_states", true.into()),
        ("out_indices", vec![1, 2, 4, 3].into()),
        ("out_indices", vec![0, 1, 2, 3].into()),
        ("out_indices", "all".into()),
    ] {
        let change = |config: &mut Value| config["backbone_config"][key] = value;
        let message = Copy::with("depth_anything", change).refused();
        assert!(message.starts_with(&format!("config.json says {key} = ")), "{message}");
    }
    let other = refused("depth_anything", "model_type", "upernet".into());
    assert!(other.ends_with("expected one of dpt, depth_anything"), "{other}");

    // Without its config nothing says which blocks are read.
    let copy = Copy::with("dpt_vit", |_| {});
    std::fs::remove_file(copy.0.join("config.json")).unwrap();
    assert_eq!(
        copy.refused(),
        "config.json says model_type = nothing, which is not followed in a model for depth: expected one \
         of dpt, depth_anything"
    );
    let file = WeightsFile::open(folder("uper_head")).unwrap();
    let error = file.load_segmentation(&LoadOptions::new(), &device()).unwrap_err().to_string();
    assert!(error.contains("model_type = nothing"), "{error}");
}

/// Blocks by their names, and counted from the end, are those by their numbers.
#[test]
fn blocks_may_be_said_in_three_ways() {
    let depth = |change: fn(&mut Value)| {
        let copy = Copy::with("depth_anything", change);
        copy.open().load_depth(&LoadOptions::new(), &device()).unwrap().model.config().clone()
    };
    let said = depth(|_| {});
    assert_eq!(depth(|config| drop(config["backbone_config"]["out_features"].take())), said);
    assert_eq!(depth(|config| drop(config["backbone_config"]["out_indices"].take())), said);
    let from_the_end = depth(|config| {
        let depth = config["backbone_config"]["num_hidden_layers"].as_i64().unwrap();
        let indices = config["backbone_config"]["out_indices"].as_array_mut().unwrap();
        indices.iter_mut().for_each(|index| *index = (index.as_i64().unwrap() - depth - 1).into());
    });
    assert_eq!(from_the_end, said);
}

/// A model that transformers made by `tests/fixtures/make_dense.py`, and the images of several sizes for which
/// the file has its outputs.
fn made(name: &str) -> (WeightsFile, Vec<[Tensor<4>; 2]>) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dense").join(name);
    let io = WeightsFile::open(path.join("io.safetensors")).unwrap().tensors(&device()).unwrap();
    let pair = |index: usize| -> Option<[Tensor<4>; 2]> {
        let images = io.get(&format!("images_{index}"))?;
        let output = format!("output_{index}");
        // A map of depths has no axis of channels.
        let output = io.get(&output).or_else(|| Some(io.get::<3>(&output)?.unsqueeze_dim(1)));
        Some([images, output?])
    };
    (WeightsFile::open(path.join("model.safetensors")).unwrap(), (0..).map_while(pair).collect())
}

#[test]
fn depth_on_other_towers_and_images_of_other_sizes() {
    for name in ["dpt_vit_sizes", "dpt_dinov2", "dpt_beit", "depth_anything_sizes"] {
        let (file, pairs) = made(name);
        let loaded = file.load_depth(&LoadOptions::new(), &device()).unwrap();
        let LoadReport { new, .. } = &loaded.report;
        // BEiT's tower has no norm behind its blocks in the file, and none is read.
        let expected: &[&str] = match name {
            "dpt_beit" => &["tower.norm.scale", "tower.norm.bias"],
            _ => &[],
        };
        assert!(loaded.report.fits() && new == expected, "{name}: {}", loaded.report);
        assert_eq!(pairs.len(), 2);
        for [images, expected] in pairs {
            let depth = loaded.model.forward(images);
            assert_map(name, depth.unsqueeze_dim(1), expected, MAPS);
        }
    }
}

#[test]
fn uper_net_on_three_towers() {
    for name in ["upernet_dinov2", "upernet_beit", "upernet_dinov3"] {
        let (file, pairs) = made(name);
        let loaded = file.load_segmentation(&LoadOptions::new(), &device()).unwrap();
        assert!(loaded.report.fits(), "{name}: {}", loaded.report);
        assert!(!pairs.is_empty());
        for [images, expected] in pairs {
            let both = loaded.model.forward_train(images.clone(), None);
            let auxiliary = both.auxiliary.map(|logits| logits.dims());
            let has_auxiliary = name == "upernet_dinov2";
            assert_eq!(auxiliary, has_auxiliary.then_some(expected.dims()), "{name}");
            assert_map(name, both.logits, expected.clone(), MAPS);
            assert_map(name, loaded.model.forward(images), expected, MAPS);
        }
    }
}
