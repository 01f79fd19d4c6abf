//! The linear probe: how much a logistic regression reads from the features of a published model.

use std::time::Instant;

use anyhow::{Context, ensure};
use clap::Args;
use vit22b::eval::{LogisticConfig, accuracy};
use vit22b::probe::FeatureTable;

use crate::args::{DeviceName, Images, Weights};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    #[command(flatten)]
    images: Images,
    /// Seed of the probe, and of which images test where they are not
    /// in folders train and val (or test): each fifth does
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceName,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { weights, images, seed, json, device } = arguments;
    let start = Instant::now();
    let [train, test] = images.train_test(seed)?;
    let classes = train.classes().len();
    let runtime = device.runtime()?;
    let embedder = weights.embedder(&runtime, &images)?;
    let tables = [images.embed(&embedder, &train)?, images.embed(&embedder, &test)?];
    let broken = train.len() + test.len() - tables[0].rows() - tables[1].rows();
    let [train, test] = &tables;
    ensure!(test.rows() > 0, "--images {}: no image is left to test with", images.path().display());

    let config = LogisticConfig { seed, ..LogisticConfig::default() };
    let fit = config.fit(train.matrix(), &train.first_labels()?, classes).context("the probe")?;
    let score = |part: &FeatureTable| -> anyhow::Result<f64> {
        Ok(accuracy(&fit.classifier.predict(part.matrix())?, &part.first_labels()?))
    };
    let (on_train, on_test) = (score(train)?, score(test)?);
    let seconds = start.elapsed().as_secs_f64();
    if json {
        let result = serde_json::json!({
            "device": runtime.name(), "weights": weights.name().to_string(), "images": images.path(),
            "classes": classes, "features": train.columns(), "train_images": train.rows(),
            "test_images": test.rows(), "broken_images": broken, "l2": fit.l2,
            "train_accuracy": on_train, "test_accuracy": on_test, "seed": seed,
            "orientation": images.orientation().name(), "seconds": seconds,
        });
        println!("{result}");
        return Ok(());
    }
    println!("linear probe on {} features, {classes} classes, L2 {}", train.columns(), fit.l2);
    println!("  {:>6} images to train  {:>6.1} %", train.rows(), 100.0 * on_train);
    println!("  {:>6} images to test   {:>6.1} %", test.rows(), 100.0 * on_test);
    println!("{seconds:.1} s, EXIF orientation {}", images.orientation().name());
    Ok(())
}
