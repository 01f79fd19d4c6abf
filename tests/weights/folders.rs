//! What is taken of a folder.

use burn::tensor::{Device, Tensor};
use vit22b::weights::{LoadOptions, WeightsError, WeightsFile};

use crate::folder::Folder;
use crate::golden::own_path;

#[test]
fn the_only_file_of_a_folder_is_taken_whatever_its_name() {
    let folder = Folder::new("weights-folder");
    let opened = || WeightsFile::open(folder.path());
    let error = opened().unwrap_err();
    assert!(matches!(error, WeightsError::Folder { .. }), "{error}");
    assert!(error.to_string().contains("got no file of weights"), "{error}");

    let npz = folder.path().join("B_16-i21k.npz");
    std::fs::copy(own_path("big_vision_map/checkpoint.npz"), npz).unwrap();
    let config = opened().unwrap().describe(&LoadOptions::new()).unwrap().config;
    let model = WeightsFile::open(own_path("big_vision_map/checkpoint.npz")).unwrap();
    assert_eq!(config, model.describe(&LoadOptions::new()).unwrap().config);

    let other = folder.path().join("other.safetensors");
    std::fs::copy(own_path("timm_vit/model.safetensors"), &other).unwrap();
    let error = opened().unwrap_err().to_string();
    assert!(error.contains("got several: B_16-i21k.npz, other.safetensors"), "{error}");
    // The usual name comes first.
    std::fs::rename(other, folder.path().join("model.safetensors")).unwrap();
    let found = opened().unwrap().describe(&LoadOptions::new().with_num_heads(Some(3))).unwrap();
    assert_eq!(found.origin.family(), "timm");
}

#[test]
fn a_checkpoint_of_training_is_its_model() {
    let device = Device::flex();
    let run = own_path("checkpoint_v1");
    let loaded = WeightsFile::open(&run).unwrap().load(&LoadOptions::new(), &device).unwrap();
    assert_eq!(loaded.description.origin.family(), "vit22b");
    let side = loaded.model.config().image[0];
    let usual =
        format!("resize_shorter({side}, bilinear)|center_crop({side}, {side})|value_range(-1, 1)");
    assert_eq!(loaded.description.preprocessing.to_string(), usual);
    assert!(loaded.remarks()[0].starts_with("guessed: preprocessing = "), "{:?}", loaded.remarks());
    let config = loaded.model.config();
    let images = Tensor::<4>::zeros([1, 3, side, side], &device);
    assert_eq!(loaded.model.pooled(images).dims(), [1, config.width]);
}

#[test]
fn a_text_is_no_file_of_weights() {
    for text in ["short", "<!DOCTYPE html>\n<html><head><title>Not found</title></head></html>"] {
        let error = WeightsFile::from_bytes("model.safetensors", text.into()).unwrap_err();
        let start =
            "model.safetensors: this is a text, expected a safetensors file or an .npz archive";
        assert!(error.to_string().starts_with(start), "{error}");
    }
}
