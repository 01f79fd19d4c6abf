//! A probe of features on disk holds the rows of a step. Alone in its process, because it counts all that is allocated.

#[path = "counting/mod.rs"]
mod counting;
#[path = "folder/mod.rs"]
mod folder;

use std::sync::atomic::Ordering::Relaxed;

use burn::tensor::Device;
use vit22b::Runtime;
use vit22b::data::{ImageSet, Item, Location};
use vit22b::eval::accuracy;
use vit22b::probe::{Embedder, FeatureRows, LinearProbeConfig, MappedFeatures, PartsConfig};
use vit22b::vit::ViT22BConfig;

use crate::counting::{NOW, PEAK};
use crate::folder::Folder;

const IMAGES: usize = 20_000;
const WIDTH: usize = 256;

#[test]
fn a_probe_of_features_on_disk_does_not_hold_them() {
    let folder = Folder::new("mapped-memory");
    // A dark and a bright image, each many times under other names.
    let files = [40u8, 200].map(|grey| {
        let path = folder.path().join(format!("{grey}.ppm"));
        std::fs::write(&path, [b"P6 8 8 255\n".to_vec(), vec![grey; 192]].concat()).unwrap();
        path
    });
    let items = (0..IMAGES).map(|index| Item {
        name: format!("{index:06}"),
        location: Location::File(files[index % 2].clone()),
        labels: vec![index % 2],
    });
    let set = ImageSet::new(["dark", "bright"].map(String::from).to_vec(), items).unwrap();
    let config = ViT22BConfig::new(0).with_image([8, 8]).with_patch(8).with_width(WIDTH);
    let config = config.with_depth(1).with_mlp_dim(16).with_num_heads(4);
    let runtime = Runtime::flex();
    let model = config.init(&runtime.device()).unwrap();
    let steps = "resize(8)|value_range(-1, 1)".parse().unwrap();
    let embedder = Embedder::new(&runtime, model, steps).unwrap().with_batch(100);
    let out = folder.path().join("features");
    let mut parts = PartsConfig::new(&out);
    parts.images_per_part = Some(3_000);
    embedder.embed_in_parts(&set, "parameters", &parts, |_| ()).unwrap();
    drop((embedder, set));

    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let features = MappedFeatures::open(&out).unwrap();
    assert_eq!((features.rows(), features.columns()), (IMAGES, WIDTH));
    let labels = features.first_labels().unwrap();
    let config = LinearProbeConfig {
        epochs: 0.1,
        learning_rates: vec![0.01, 0.1],
        ..LinearProbeConfig::paper()
    };
    let probe = config.fit_rows(&features, &labels, 2, &Device::flex()).unwrap();
    assert_eq!(accuracy(&probe.predict_rows(&features), &labels), 1.0);
    let held = (PEAK.load(Relaxed) - before) as f64 / f64::from(1 << 20);
    // The features are 19.5 MiB; labels and their names, while they are read, about 3.
    assert!(held < 8.0, "{held:.1} MiB");
}
