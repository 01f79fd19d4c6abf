//! The linear probe on the features of a published model for images in class folders.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use burn::tensor::Tensor;
use burn_trace::Params;
use vit22b::Runtime;
use vit22b::data::ImageSet;
use vit22b::eval::{LogisticConfig, Matrix, accuracy};
use vit22b::vit::ViT22B;

use crate::embedding::Published;

/// Images of a batch.
const BATCH: usize = 8;
/// Where one folder holds all images, each fifth one tests.
const TEST_EVERY: usize = 5;

/// Features and classes of one part of the images.
#[derive(Default)]
struct Part {
    features: Vec<f32>,
    classes: Vec<usize>,
}

/// Fits the probe and prints what it reads.
pub(crate) fn run(
    published: &Published,
    weights: &Path,
    images: &Path,
    device: &str,
    seed: u64,
    json: bool,
) -> anyhow::Result<()> {
    let start = Instant::now();
    let (train, test) = parts(images, seed)?;
    let classes = train.classes().len();
    ensure!(classes > 1, "{}: expected folders of at least two classes", images.display());
    let runtime = Runtime::named(device)?;
    let frozen = published.load(weights, &runtime.device())?;
    eprintln!("on {runtime}\n");
    let width = frozen.model.config().width;
    let pooled = runtime
        .bind(Params(frozen.model), |model: &Params<ViT22B>, x: Tensor<4>| model.pooled(x))?;
    let mut broken = 0;
    let mut embed = |set: &ImageSet| {
        let mut part = Part::default();
        let failed = published.for_each_batch(set, &frozen.preprocess, BATCH, |rows, images| {
            let values: Vec<f32> = pooled.call(images)?.into_data().try_to_vec()?;
            for (row, index) in rows {
                part.features.extend(&values[row * width..][..width]);
                part.classes.push(set.items()[*index].labels[0]);
            }
            Ok(())
        })?;
        broken += failed.images.len();
        if !failed.images.is_empty() {
            eprintln!("{failed}");
        }
        anyhow::Ok(part)
    };
    let (train, test) = (embed(&train)?, embed(&test)?);
    ensure!(!test.classes.is_empty(), "no image is left to test with");

    let config = LogisticConfig { seed, ..LogisticConfig::default() };
    let features = Matrix::new(&train.features, width)?;
    let fit = config.fit(features, &train.classes, classes).context("the probe")?;
    let score = |part: &Part| -> anyhow::Result<f64> {
        let predictions = fit.classifier.predict(Matrix::new(&part.features, width)?)?;
        Ok(accuracy(&predictions, &part.classes))
    };
    let (on_train, on_test) = (score(&train)?, score(&test)?);
    let seconds = start.elapsed().as_secs_f64();
    if json {
        let result = serde_json::json!({
            "device": runtime.name(), "weights": weights, "images": images, "classes": classes,
            "features": width, "train_images": train.classes.len(), "test_images": test.classes.len(),
            "broken_images": broken, "l2": fit.l2, "train_accuracy": on_train,
            "test_accuracy": on_test, "seed": seed, "seconds": seconds,
        });
        println!("{result}");
        return Ok(());
    }
    println!("linear probe on {width} features, {classes} classes, L2 {}", fit.l2);
    println!("  {:>6} images to train  {:>6.1} %", train.classes.len(), 100.0 * on_train);
    println!("  {:>6} images to test   {:>6.1} %", test.classes.len(), 100.0 * on_test);
    println!("{seconds:.1} s");
    Ok(())
}

/// `train` and `val` where they are there, or class folders of which a part tests.
fn parts(images: &Path, seed: u64) -> anyhow::Result<(ImageSet, ImageSet)> {
    if images.join("train").is_dir() && images.join("val").is_dir() {
        let [train, test] = ImageSet::train_val(images)?;
        return Ok((train, test));
    }
    let all = ImageSet::class_folders(images)?;
    let mut order: Vec<usize> = (0..all.len()).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut order);
    let part = |tests: bool| {
        let places = order.iter().enumerate().filter(|(i, _)| (i % TEST_EVERY == 0) == tests);
        let items = places.map(|(_, index)| all.items()[*index].clone()).collect();
        ImageSet::new(all.classes().to_vec(), items)
    };
    Ok((part(false)?, part(true)?))
}
