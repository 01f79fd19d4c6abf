//! Loading holds the model and one tensor. Alone in its process, because it counts all of it.

#[path = "counting/mod.rs"]
mod counting;

use std::sync::atomic::Ordering::Relaxed;

use burn::tensor::Device;
use vit22b::params;
use vit22b::vit::{Pool, ViT22BConfig};
use vit22b::weights::{LoadOptions, WeightsFile, export_big_vision, export_timm, save};

use crate::counting::{NOW, PEAK};

#[test]
fn peak_memory_is_the_model_and_one_tensor() {
    let device = Device::flex();
    let config = ViT22BConfig::new(10)
        .with_image([64, 64])
        .with_patch(8)
        .with_width(256)
        .with_depth(4)
        .with_mlp_dim(1024)
        .with_num_heads(4)
        .with_pool(Pool::ClassToken)
        .classic();
    let folder = std::env::temp_dir().join(format!("vit22b_memory_{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let files = ["native.safetensors", "timm", "big_vision.npz"].map(|name| folder.join(name));
    let steps = "resize(64)|value_range(-1, 1)".parse().unwrap();
    let (model_bytes, largest) = {
        let model = config.init(&device).unwrap();
        save(&model, &steps, &files[0]).unwrap();
        export_timm(&model, &steps, &files[1]).unwrap();
        export_big_vision(&model, &files[2]).unwrap();
        let sizes = || params::shapes(&model).into_iter().map(|(_, s)| 4 * s.num_elements());
        (sizes().sum::<usize>(), sizes().max().unwrap())
    };
    assert!(model_bytes > 12 << 20);
    for file in &files {
        let weights = WeightsFile::open(file).unwrap();
        let before = NOW.load(Relaxed);
        PEAK.store(before, Relaxed);
        let loaded = weights.load(&LoadOptions::new(), &device).unwrap();
        let peak = PEAK.load(Relaxed) - before;
        // Names, shapes and the report of sixty parameters.
        let slack = 256 << 10;
        assert!(
            peak <= model_bytes + largest + slack,
            "{}: {peak} bytes for a model of {model_bytes} and a tensor of {largest}",
            file.display()
        );
        drop(loaded);
    }
    std::fs::remove_dir_all(folder).unwrap();
}
