//! A published file as a function of images: opened, loaded, bound to a runtime, called.
//!
//!     cargo run --release --example published
//!     cargo run --release --example published -- DIR/model.safetensors PHOTO.jpg OTHER.png
//!
//! Without arguments it takes a tiny model of timm and three pictures of the tests, and prints
//!
//! ```text
//! origin: timm
//! image: 56 x 56, patch 14 -> 4 x 4 = 16 tokens (29,088 parameters)
//! prefix: 1 tokens
//! blocks: 2 parallel, width 48, mlp 192, 3 heads of 16, rms norm, rms qk norm (28,016 parameters each)
//! pool: class token (0 parameters)
//! head: 10 classes (490 parameters)
//! total: 85,658 parameters, 85,168 without pool and head
//! gelu = erf: the origin's default; the file does not say
//! epsilon = 1e-6: the origin's default; the file does not say
//! preprocessing = resize_shorter(62, bicubic)|center_crop(56, 56)|value_range(-1, 1): the origin's default; …
//! 31 parameters loaded, 0 missing, 0 mismatched; 0 tensors unused, 0 set aside
//! on XLA on cpu
//!
//! photo.jpg    [-0.758,  0.955,  0.070,  1.682] … of 48
//! photo.png    [-0.761,  0.953,  0.068,  1.683] … of 48
//! scene.png    [-0.750,  0.935,  0.060,  1.684] … of 48
//! ```

use std::path::PathBuf;

use anyhow::Context;
use burn::tensor::{Tensor, TensorData};
use vit22b::Runtime;
use vit22b::data::{DecodeOptions, ExampleKey, Image};
use vit22b::vit::ViT22B;
use vit22b::weights::{LoadOptions, WeightsFile};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from).collect::<Vec<_>>();
    if arguments.is_empty() {
        let fixtures = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"));
        let names = [
            "timm_xp/model.safetensors",
            "images/photo.jpg",
            "images/photo.png",
            "images/scene.png",
        ];
        arguments = names.map(|name| fixtures.join(name)).to_vec();
    }
    let (weights, images) = arguments.split_first().context("expected a file of weights")?;

    // Options say what the file leaves open, another image size or another classifier.
    let runtime = Runtime::auto();
    let loaded = WeightsFile::open(weights)?.load(&LoadOptions::new(), &runtime.device())?;
    let preprocess = loaded.description.preprocessing.clone();
    println!("{}\n{}\non {runtime}\n", loaded.description, loaded.report);

    // The model goes to the device once; each call takes images there and features back.
    let pooled = runtime.bind(loaded.model, |model: &ViT22B, x: Tensor<4>| model.pooled(x))?;
    let [height, width] = preprocess.size();
    for path in images {
        let image = Image::decode(&std::fs::read(path)?, DecodeOptions::default())?;
        let mut pixels = vec![0.0; 3 * height * width];
        preprocess.write(&image, ExampleKey::new(0, 0, 0), &mut pixels);
        let pixels = TensorData::new(pixels, [1, 3, height, width]);
        let features = pooled.call(Tensor::from_data(pixels, &runtime.device()))?;
        let values = features.into_data().try_to_vec::<f32>()?;
        let name = path.file_name().unwrap_or_default().display().to_string();
        println!("{name:<12} {:6.3?} … of {}", &values[..4], values.len());
    }
    Ok(())
}
