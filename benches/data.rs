//! Reading photographs: one image on one thread, and 512 images in batches made by two threads.
//!
//!     cargo bench --bench data
//!
//! It draws its photographs, JPEG files of about 100 kB, into `out/photos`. `benches/data_torch.py` measures
//! PyTorch's DataLoader on the same files beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use fastrand::Rng;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use vit22b::data::{
    BatchSource, DecodeOptions, ExampleKey, ImageBatch, ImageLoader, ImageSet, Prefetch, Preprocess,
};

const PHOTOS: u64 = 256;
const TRAIN: &str = "inception_crop(224, 224, 8, 100)|flip_lr|normalize(imagenet)";
const EVALUATION: &str = "resize_shorter(256)|center_crop(224)|normalize(imagenet)";

/// A photograph-like image: brightness and two colours as noise whose strength falls with its frequency, as in
/// photographs, and a few edges.
fn photo(seed: u64) -> (u32, u32, Vec<u8>) {
    let mut rng = Rng::with_seed(seed);
    let (width, height) = if seed.is_multiple_of(3) { (375, 500) } else { (500, 375) };
    let [light, red, blue] = [1.0, 0.3, 0.3].map(|strength| {
        noise(width, height, &mut rng).into_iter().map(|v| strength * v).collect::<Vec<f32>>()
    });
    let edges: Vec<[f32; 4]> = (0..4)
        .map(|_| [rng.f32() - 0.5, rng.f32() - 0.5, rng.f32() * 300.0, rng.f32() * 60.0 - 30.0])
        .collect();
    let mut pixels = Vec::with_capacity(3 * width * height);
    for (i, light) in light.iter().enumerate() {
        let (x, y) = ((i % width) as f32, (i / width) as f32);
        let step = |[a, b, at, by]: &[f32; 4]| if a * x + b * y > *at - 100.0 { *by } else { 0.0 };
        let light = 120.0 + 40.0 * light + edges.iter().map(step).sum::<f32>();
        let [red, blue] = [red[i], blue[i]].map(|colour| 40.0 * colour);
        pixels.extend([light + red, light - 0.5 * (red + blue), light + blue].map(|v| v as u8));
    }
    (width as u32, height as u32, pixels)
}

/// Octaves of interpolated random grids, each weaker than the next coarser.
fn noise(width: usize, height: usize, rng: &mut Rng) -> Vec<f32> {
    let mut sum = vec![0.0; width * height];
    for octave in 0..9 {
        let cell = 256 >> octave;
        let strength = 0.9f32.powi(octave);
        let columns = width / cell + 2;
        let grid: Vec<f32> =
            (0..columns * (height / cell + 2)).map(|_| 2.0 * rng.f32() - 1.0).collect();
        for (i, value) in sum.iter_mut().enumerate() {
            let (x, y) = (i % width, i / width);
            let (u, v) = ((x % cell) as f32 / cell as f32, (y % cell) as f32 / cell as f32);
            let at = |dx: usize, dy: usize| grid[(y / cell + dy) * columns + x / cell + dx];
            let row = |dy: usize| at(0, dy) * (1.0 - u) + at(1, dy) * u;
            *value += strength * (row(0) * (1.0 - v) + row(1) * v);
        }
    }
    sum
}

/// The folder of photographs, drawn if it is not there, in four classes.
fn photos() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../out/photos");
    for seed in 0..PHOTOS {
        let path = root.join(format!("class{}/{seed:03}.jpg", seed % 4));
        if path.exists() {
            continue;
        }
        std::fs::create_dir_all(path.parent().expect("a class")).expect("a folder");
        let (width, height, pixels) = photo(seed);
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90)
            .write_image(&pixels, width, height, ExtendedColorType::Rgb8)
            .expect("an image");
        std::fs::write(path, bytes).expect("a file");
    }
    root
}

fn one_image(c: &mut Criterion) {
    let set = ImageSet::class_folders(&photos()).expect("photographs");
    let files: Vec<Vec<u8>> = (0..64).map(|index| set.read(index).expect("a file")).collect();
    let images: Vec<_> = (0..64)
        .map(|index| set.decode(index, DecodeOptions::default()).expect("an image"))
        .collect();
    let mut group = c.benchmark_group("one image");
    let mut next = (0..64).cycle();
    let mut turn = move || next.next().unwrap_or(0);
    group.bench_function("decode", |bencher| {
        bencher.iter(|| vit22b::data::Image::decode(&files[turn()], DecodeOptions::default()));
    });
    for (name, steps) in [
        ("preprocess for training", TRAIN),
        ("preprocess for evaluation", EVALUATION),
        ("RandAugment", "inception_crop(224, 224, 8, 100)|randaug(2, 10)|normalize(imagenet)"),
    ] {
        let preprocess: Preprocess = steps.parse().expect("steps");
        let mut values = vec![0.0; 3 * 224 * 224];
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                &mut turn,
                |i| preprocess.write(&images[i], ExampleKey::new(0, 0, i as u64), &mut values),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn two_threads(c: &mut Criterion) {
    const SIZE: usize = 64;
    const BATCHES: u64 = 8;
    let set = ImageSet::class_folders(&photos()).expect("photographs");
    let mut group = c.benchmark_group("two threads");
    group.throughput(Throughput::Elements(BATCHES * SIZE as u64)).sample_size(10);
    for (name, steps) in [("training", TRAIN), ("evaluation", EVALUATION)] {
        let steps = steps.parse().expect("steps");
        let loader: Arc<dyn BatchSource<ImageBatch>> =
            Arc::new(ImageLoader::new(set.clone(), steps).expect("a loader"));
        // From starting the threads to the last batch, so that none is made outside of the time taken.
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let batches = Prefetch::new(Arc::clone(&loader), 0, SIZE, BATCHES, 2);
                batches.for_each(|batch| drop(batch.expect("a batch")));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, one_image, two_threads);
criterion_main!(benches);
