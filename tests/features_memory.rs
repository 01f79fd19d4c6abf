//! Memory does not grow with the number of images. Alone in its process, because it counts all of it.

#![cfg(target_os = "linux")]

#[path = "folder/mod.rs"]
mod folder;

use std::path::PathBuf;

use vit22b::Runtime;
use vit22b::data::{Drawings, ImageSet};
use vit22b::probe::{Embedder, FeatureFolder, PartsConfig};
use vit22b::vit::ViT22BConfig;

use crate::folder::Folder;

/// The most memory that this process has had, in MiB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib / 1024.0
}

/// Shards of 1,000 tiny drawings each.
fn shards(folder: &Folder, count: usize) -> Vec<PathBuf> {
    let drawings = Drawings::new(8, 7);
    let pictures = (0..50).map(|index| {
        let pixels = drawings.example(index).pixels;
        let bytes = pixels.iter().map(|value| (127.5 * (value + 1.0)) as u8);
        b"P6 8 8 255\n".iter().copied().chain(bytes).collect::<Vec<u8>>()
    });
    let pictures: Vec<Vec<u8>> = pictures.collect();
    let shard = |number: usize| {
        let path = folder.path().join(format!("{number:03}.tar"));
        let mut tar = tar::Builder::new(std::fs::File::create(&path).unwrap());
        for index in 0..1_000 {
            let bytes = &pictures[index % pictures.len()];
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            let name = format!("{number:03}/{index:06}.ppm");
            tar.append_data(&mut header, name, &bytes[..]).unwrap();
        }
        tar.finish().unwrap();
        path
    };
    (0..count).map(shard).collect()
}

#[test]
fn twenty_thousand_images_take_the_memory_of_two_thousand() {
    let folder = Folder::new("features-memory");
    let shards = shards(&folder, 20);
    // One token, and 1,024 bytes of features for each image.
    let config = ViT22BConfig::new(0).with_image([8, 8]).with_patch(8).with_width(256);
    let config = config.with_depth(1).with_mlp_dim(16).with_num_heads(4);
    let runtime = Runtime::flex();
    let model = config.init(&runtime.device()).unwrap();
    let steps = "resize(8)|value_range(-1, 1)".parse().unwrap();
    let embedder = Embedder::new(&runtime, model, steps).unwrap().with_batch(100).with_threads(2);
    let embed = |count: usize| {
        let set = ImageSet::shards(&shards[..count]).unwrap();
        let out = folder.path().join(format!("{count}"));
        let mut config = PartsConfig::new(&out);
        config.images_per_part = Some(500);
        let report = embedder.embed_in_parts(&set, "parameters", &config, |_| ()).unwrap();
        assert_eq!((report.rows, report.parts), (1_000 * count, 2 * count));
        assert_eq!(FeatureFolder::open(&out).unwrap().rows(), report.rows);
        peak()
    };
    let (few, many) = (embed(2), embed(20));
    // The features of the other 18,000 images are 17.6 MiB.
    assert!(many - few < 8.0, "{few:.1} MiB for 2,000 images, {many:.1} MiB for 20,000");
}
