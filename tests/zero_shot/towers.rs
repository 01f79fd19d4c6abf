//! Both towers of each origin from its own file: embeddings, logits and losses beside the origin's in double precision.
//!
//! The same libraries in single precision differ from these values by up to 5e-7 in embeddings of length 1, 1e-6 in
//! others and 2e-6 in logits; 1e-5 and 2e-5 are asked for.

use std::path::Path;

use burn::tensor::{Device, Int, Tensor};
#[cfg(feature = "xla")]
use vit22b::Runtime;
use vit22b::contrast::{TwoTower, embedding};
use vit22b::params::NamedTensors;
use vit22b::text::TextPool;
use vit22b::train::loss::{sigmoid_contrastive, softmax_contrastive};
use vit22b::weights::{LoadOptions, LoadedTwoTower, WeightsError, WeightsFile};

use super::{copies, folder, json};

pub(super) const FOLDERS: [&str; 8] = [
    "siglip",
    "siglip2",
    "clip",
    "clip_quick",
    "open_clip_vit",
    "open_clip_siglip",
    "big_vision_two_towers",
    "lit",
];

/// The float tensors of a file, and its ids.
pub(super) fn inputs(folder: &Path) -> (NamedTensors, Tensor<2, Int>) {
    let bytes = std::fs::read(folder.join("io.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let device = Device::flex();
    let floats =
        WeightsFile::open(folder.join("io.safetensors")).unwrap().tensors(&device).unwrap();
    let ids = file.tensor("input_ids").unwrap();
    let values: Vec<i32> = ids
        .data()
        .chunks_exact(8)
        .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()) as i32)
        .collect();
    let shape = [ids.shape()[0], ids.shape()[1]];
    let data = burn::tensor::TensorData::new(values, shape);
    (floats, Tensor::from_data(data, &device))
}

fn weights(folder: &Path) -> WeightsFile {
    let names = ["model.safetensors", "checkpoint.npz"].map(|name| folder.join(name));
    WeightsFile::open(names.iter().find(|name| name.exists()).unwrap()).unwrap()
}

pub(super) fn load(folder: &Path) -> LoadedTwoTower {
    weights(folder).load_two_towers(&LoadOptions::new(), &Device::flex()).unwrap()
}

#[track_caller]
fn assert_near<const D: usize>(what: &str, got: Tensor<D>, expected: Tensor<D>, tolerance: f64) {
    assert_eq!(got.dims(), expected.dims(), "{what}");
    let far: f32 = (got - expected).abs().max().into_scalar();
    assert!(f64::from(far) <= tolerance, "{what}: {far:e} away, allowed {tolerance:e}");
}

fn expected(io: &NamedTensors, name: &str) -> Tensor<2> {
    io.get::<2>(name).unwrap_or_else(|| panic!("no {name}"))
}

/// Vectors of images before they are divided by their norms. Those of SigLIP 2 that are patches of several grids are put
/// together to an image each.
fn images(folder: &Path, io: &NamedTensors, model: &TwoTower) -> Tensor<2> {
    let pixels = io.get::<4>("pixel_values").unwrap();
    let Some(patches) = io.get::<3>("patches") else { return embedding(&model.image, pixels) };
    let bytes = std::fs::read(folder.join("io.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let grids = file.tensor("spatial_shapes").unwrap();
    let grids: Vec<usize> = grids.data().chunks_exact(8).map(|bytes| bytes[0].into()).collect();
    let square = embedding(&model.image, pixels);
    let p = model.image.config().patch;
    let rows = grids.chunks_exact(2).enumerate().map(|(index, grid)| {
        let (rows, columns) = (grid[0], grid[1]);
        let of_image = patches.clone().slice([index..index + 1, 0..rows * columns]);
        let image = of_image.reshape([rows, columns, p, p, 3]).permute([4, 0, 2, 1, 3]);
        embedding(&model.image, image.reshape([1, 3, rows * p, columns * p]))
    });
    let all = Tensor::cat(rows.collect(), 0);
    let [count, width] = square.dims();
    assert_near("square images", all.clone().slice([0..count, 0..width]), square, 1e-5);
    all
}

#[test]
fn every_origin_loads_from_its_own_file() {
    for name in FOLDERS {
        let folder = folder(name);
        let (io, ids) = inputs(&folder);
        let LoadedTwoTower { model, report, text, .. } = load(&folder);
        assert!(report.fits(), "{name}: {report}");
        let tensors = weights(&folder).tensors(&Device::flex()).unwrap().len();
        let mut used: Vec<_> = report.loaded.iter().flat_map(|loaded| &loaded.from).collect();
        used.sort();
        used.dedup();
        assert_eq!(used.len() + report.set_aside.len(), tensors, "{name}: {report}");

        let texts = model.text.forward(ids.clone());
        assert_near(&format!("{name}: raw texts"), texts, expected(&io, "text_embeds_raw"), 1e-5);
        let texts = model.embed_texts(ids.clone());
        assert_near(&format!("{name}: texts"), texts.clone(), expected(&io, "text_embeds"), 1e-5);
        let raw = images(&folder, &io, &model);
        assert_near(
            &format!("{name}: raw images"),
            raw.clone(),
            expected(&io, "image_embeds_raw"),
            1e-5,
        );
        let norms = raw.clone().square().sum_dim(1).sqrt();
        let images = raw / norms;
        assert_near(
            &format!("{name}: images"),
            images.clone(),
            expected(&io, "image_embeds"),
            1e-5,
        );
        if let Some(tokens) = io.get::<3>("text_tokens_of_first") {
            let first = ids.clone().slice([0..1, 0..ids.dims()[1]]);
            assert_near(&format!("{name}: tokens"), model.text.encoded(first), tokens, 1e-5);
        }
        let logits = model.logits(images.clone(), texts.clone());
        assert_near(&format!("{name}: logits"), logits, expected(&io, "logits_per_image"), 2e-5);

        let said = json(&folder.join("expected.json"));
        let number = |key: &str| said[key].as_f64().unwrap_or_else(|| panic!("{name}: no {key}"));
        let scale: f32 = model.scale().into_scalar();
        assert!((f64::from(scale) - number("exp_logit_scale")).abs() < 1e-5, "{name}: {scale}");
        assert_eq!(model.bias.is_some(), !said["logit_bias"].is_null(), "{name}");
        assert_eq!(text.config.end as u64, said["end"].as_u64().unwrap_or(text.config.end as u64));
        let zero = || Tensor::zeros([1], &Device::flex());
        let bias = model.bias.as_ref().map_or_else(zero, |bias| bias.val());
        // Sums of five logits, each as near as above.
        for (loss, key) in [
            (softmax_contrastive(images.clone(), texts.clone(), model.scale()), "softmax_loss"),
            (sigmoid_contrastive(images, texts, model.scale(), bias), "sigmoid_loss"),
        ] {
            let loss: f32 = loss.into_scalar();
            let far = (f64::from(loss) - number(key)).abs();
            assert!(far < 1e-4, "{name}: {key} is {loss}, {far:e} away");
        }
    }
}

/// What is compiled computes what Burn's CPU backend computes; the pooling at an end is a part of it.
#[cfg(feature = "xla")]
#[test]
fn a_compiled_tower_is_the_same() {
    let runtime = Runtime::named("xla:cpu").unwrap();
    for name in ["siglip", "clip", "clip_quick", "lit"] {
        let folder = folder(name);
        let (io, ids) = inputs(&folder);
        let tower = load(&folder).model.text;
        let bound = runtime.bind(tower, |tower, ids: Tensor<2, Int>| tower.forward(ids)).unwrap();
        let texts = bound.call(ids).unwrap();
        assert_near(name, texts, expected(&io, "text_embeds_raw"), 1e-5);
    }
}

#[test]
fn a_text_tower_is_loaded_alone() {
    let folder = folder("clip");
    let (io, ids) = inputs(&folder);
    let loaded = weights(&folder).load_text(&LoadOptions::new(), &Device::flex()).unwrap();
    assert_eq!(loaded.description.config.pool, TextPool::End);
    assert_near("clip", loaded.model.forward(ids), expected(&io, "text_embeds_raw"), 1e-5);
}

/// The bytes of a file with other tensors.
fn changed(name: &str, change: impl Fn(&str) -> Option<String>, more: &[&str]) -> Vec<u8> {
    let bytes = std::fs::read(copies().join("parts").join(name).join("model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.tensors();
    let mut kept: Vec<(String, safetensors::tensor::TensorView<'_>)> =
        tensors.iter().filter_map(|(name, view)| Some((change(name)?, view.clone()))).collect();
    let any = tensors[0].1.clone();
    kept.extend(more.iter().map(|name| (name.to_string(), any.clone())));
    safetensors::serialize(kept, None).unwrap()
}

#[test]
fn what_is_left_over_is_told() {
    let options = || LoadOptions::new().with_num_heads(Some(4)).with_text_heads(Some(3));
    let load = |bytes: Vec<u8>| {
        let file = WeightsFile::from_bytes("f", bytes).unwrap();
        file.load_two_towers(&options(), &Device::flex())
    };
    let same = |name: &str| Some(name.to_string());
    load(changed("siglip", same, &[])).unwrap();
    // A tensor of neither tower.
    let error = load(changed("siglip", same, &["audio_model.scale"])).unwrap_err();
    let WeightsError::DoesNotFit(report) = error else { panic!("{error}") };
    let unused: Vec<_> = report.unused.iter().map(|unused| unused.tensor.as_str()).collect();
    assert_eq!(unused, ["audio_model.scale"]);
    // A missing one of the text tower, and the scale.
    let without = |name: &str| {
        let missing = ["logit_scale", "text_model.encoder.layers.1.mlp.fc1.bias"];
        (!missing.contains(&name)).then(|| name.to_string())
    };
    let error = load(changed("siglip", without, &[])).unwrap_err();
    let WeightsError::DoesNotFit(report) = error else { panic!("{error}") };
    let missing: Vec<_> = report.missing.iter().map(|missing| missing.path.as_str()).collect();
    assert_eq!(missing, ["text.blocks.1.mlp.fc1.bias", "log_scale"]);
    // A tensor of a tower that the config does not have.
    let error = load(changed("clip", same, &["text_model.pooler.weight"])).unwrap_err();
    let WeightsError::DoesNotFit(report) = error else { panic!("{error}") };
    assert_eq!(report.unused[0].tensor, "text_model.pooler.weight");
    // A file without a text tower.
    let images = |name: &str| name.starts_with("vision_").then(|| name.to_string());
    let error = load(changed("siglip", images, &[])).unwrap_err().to_string();
    assert!(error.starts_with("the file has no text tower under the names of"), "{error}");
    // Neither tower's number of heads follows from the tensors.
    let bytes = changed("siglip", same, &[]);
    let file = WeightsFile::from_bytes("f", bytes).unwrap();
    let half = LoadOptions::new().with_num_heads(Some(4));
    let error = file.load_two_towers(&half, &Device::flex()).unwrap_err().to_string();
    assert!(error.contains("say it with `LoadOptions::text_heads`"), "{error}");
}

/// All of the file is told: both towers, and what neither takes.
#[test]
fn inspection_tells_of_both_towers() {
    for name in FOLDERS {
        let folder = folder(name);
        let inspection = weights(&folder).inspect(&LoadOptions::new()).unwrap();
        let loaded = load(&folder);
        let text = inspection.text.as_ref().unwrap();
        assert_eq!(text.description, loaded.text, "{name}");
        assert_eq!(text.vector, loaded.text.config.outputs(), "{name}");
        assert_eq!(inspection.report, loaded.report, "{name}");
        assert!(inspection.missing.is_empty(), "{name}: {:?}", inspection.missing);
        let aside: Vec<_> = loaded.report.set_aside.iter().map(|aside| &aside.name).collect();
        assert_eq!(inspection.unused.iter().collect::<Vec<_>>(), aside, "{name}");
        assert_eq!(inspection.remarks(), loaded.remarks(), "{name}");
        assert!(inspection.to_string().contains("\nvocabulary     "), "{inspection}");
    }
    let alone = |name: &str| name.starts_with("text_model.").then(|| name.to_string());
    let file = WeightsFile::from_bytes("f", changed("siglip", alone, &[])).unwrap();
    let options = LoadOptions::new().with_text_heads(Some(3));
    let text = file.inspect_text(&options).unwrap();
    assert_eq!((text.length, text.unused.len(), text.missing.len()), (16, 0, 0));
    assert!(file.inspect(&options).is_err());
}

/// An assumed architecture of the image model leaves what is said of the text tower.
#[test]
fn an_assumed_architecture_leaves_the_text_tower() {
    for name in ["clip", "clip_quick", "siglip"] {
        let folder = folder(name);
        let said = weights(&folder).describe_text(&LoadOptions::new()).unwrap().config;
        let options = LoadOptions::new().with_assume(Some("vit_base_patch16_224".into()));
        let assumed = weights(&folder).describe_text(&options).unwrap().config;
        assert_eq!(assumed, said, "{name}");
    }
}
