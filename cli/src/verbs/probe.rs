//! The linear probe: how much a logistic regression reads from the features of a published model.

use std::time::Instant;

use anyhow::{Context, ensure};
use clap::builder::ArgPredicate;
use clap::{Arg, Args};
use serde_json::Value;
use vit22b::eval::{LogisticConfig, accuracy};
use vit22b::probe::{FeatureTable, TestSplit};

use crate::args::{DeviceName, Images, Weights};
use crate::evaluate::classifiers::TOO_FEW;
use crate::features::Features;

#[derive(Args)]
#[command(mut_args(or_features))]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    #[command(flatten)]
    images: Images,
    #[command(flatten)]
    features: Features,
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

/// Options that features take the place of are not required beside them. The value that they have there is not read.
fn or_features(option: Arg) -> Arg {
    match option.get_id().as_str() {
        "weights" | "images" => option
            .required(false)
            .required_unless_present("features")
            .default_value_if("features", ArgPredicate::IsPresent, Some("none")),
        _ => option,
    }
}

/// Features to train and to test with, and what is told of them.
struct Given {
    tables: [FeatureTable; 2],
    /// Where they are from.
    json: serde_json::Value,
    /// How images were turned, where images were given.
    orientation: Option<&'static str>,
}

fn given(arguments: &Arguments) -> anyhow::Result<Given> {
    let Arguments { weights, images, features, seed, device, .. } = arguments;
    if let Some(tables) = features.train_test(*seed)? {
        let path = features.path().map(|path| path.display().to_string());
        let json = serde_json::json!({ "features_of": path });
        return Ok(Given { tables, json, orientation: None });
    }
    let [train, test] = images.train_test(*seed)?;
    let runtime = device.runtime()?;
    let embedder = weights.embedder(&runtime, images)?;
    let tables = [images.embed(&embedder, &train)?, images.embed(&embedder, &test)?];
    images.tell_precision(&runtime);
    let broken = train.len() + test.len() - tables[0].rows() - tables[1].rows();
    let remarks: Vec<&String> = train.remarks().iter().chain(test.remarks()).collect();
    let shown = images.path().display().to_string();
    ensure!(tables[1].rows() > 0, "--images {shown}: no image is left to test with");
    let orientation = images.decoding().orientation();
    let json = serde_json::json!({
        "device": runtime.name(), "weights": weights.name().to_string(), "images": shown,
        "broken_images": broken, "orientation": orientation, "remarks": remarks,
    });
    Ok(Given { tables, json, orientation: Some(orientation) })
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let Given { tables: [train, test], json: origin, orientation } = given(&arguments)?;
    let split = TestSplit::new(train.classes(), &train.first_labels()?, &test.first_labels()?);
    ensure!(split.measured_classes() > 0, TOO_FEW);
    let Arguments { seed, json, .. } = arguments;
    let classes = train.classes().len();

    let config = LogisticConfig { seed, ..LogisticConfig::default() };
    let fit = config.fit(train.matrix(), &train.first_labels()?, classes).context("the probe")?;
    let score = |part: &FeatureTable| -> anyhow::Result<f64> {
        Ok(accuracy(&fit.classifier.predict(part.matrix())?, &part.first_labels()?))
    };
    let (on_train, on_test) = (score(&train)?, score(&test)?);
    let cautions = split.cautions();
    let seconds = start.elapsed().as_secs_f64();
    if json {
        let mut result = serde_json::json!({
            "classes": classes, "features": train.columns(), "train_images": train.rows(),
            "test_images": test.rows(), "l2": fit.l2,
            "train_accuracy": on_train, "test_accuracy": on_test, "seed": seed, "seconds": seconds,
            "cautions": cautions, "untested_classes": split.untested,
            "untrained_classes": split.untrained,
        });
        if let (Value::Object(result), Value::Object(origin)) = (&mut result, origin) {
            result.extend(origin);
        }
        println!("{result}");
        return Ok(());
    }
    println!("linear probe on {} features, {classes} classes, L2 {}", train.columns(), fit.l2);
    println!("  {:>6} images to train  {:>6.1} %", train.rows(), 100.0 * on_train);
    println!("  {:>6} images to test   {:>6.1} %", test.rows(), 100.0 * on_test);
    cautions.iter().for_each(|caution| println!("caution: {caution}"));
    let orientation = orientation.map(|name| format!(", EXIF orientation {name}"));
    println!("{seconds:.1} s{}", orientation.unwrap_or_default());
    Ok(())
}
