//! The linear probe: how much a linear classifier reads from the features of a published model.

use std::time::Instant;

use anyhow::{Context, ensure};
use clap::builder::ArgPredicate;
use clap::{Arg, Args, ValueEnum};
use serde_json::{Value, json};
use vit22b::data::Preprocess;
use vit22b::eval::{LogisticConfig, accuracy};
use vit22b::probe::{FeatureTable, LinearProbe, LinearProbeConfig, MappedFeatures, TestSplit};

use crate::args::{DeviceName, Images, Weights};
use crate::evaluate::classifiers::TOO_FEW;
use crate::features::{Features, Labelled};
use crate::terminal::ImageBar;
use crate::training::values_step;

#[derive(Args)]
#[command(mut_args(or_features))]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    #[command(flatten)]
    images: Images,
    #[command(flatten)]
    features: Features,
    /// How the classifier is fitted: by L-BFGS to features made once, or
    /// as in the paper by SGD, to images with crops and mirroring that are
    /// new in each epoch, to features as they are
    #[arg(long, default_value = "lbfgs")]
    method: Method,
    #[command(flatten)]
    descent: Descent,
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

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Method {
    Lbfgs,
    Sgd,
}

/// How SGD goes on.
#[derive(Args)]
struct Descent {
    /// With --method sgd, passes over the images [default: 10]
    #[arg(long)]
    epochs: Option<f64>,
    /// With --method sgd, peak learning rates, of which the best on
    /// held-out training images is taken
    /// [default: 0.003,0.01,0.03,0.1,0.3]
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true)]
    lr: Vec<f64>,
    /// With --method sgd, the share of the training images in percent on
    /// which the rate is chosen [default: 2, and at least 100 or a fifth]
    #[arg(long, value_name = "PERCENT")]
    held_out: Option<f64>,
    /// With --method sgd, the least share of the area of an image in
    /// percent that a random crop shows [default: 50]
    #[arg(long, value_name = "PERCENT")]
    least_area: Option<f64>,
}

/// The least number of held-out images by which rates are told apart, where there are enough.
const LEAST_HELD_OUT: usize = 100;

impl Descent {
    /// An error for an option that the method does not take.
    fn check(&self, method: Method) -> anyhow::Result<()> {
        let given = [
            ("--epochs", self.epochs.is_some()),
            ("--lr", !self.lr.is_empty()),
            ("--held-out", self.held_out.is_some()),
            ("--least-area", self.least_area.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((option, _)) if method != Method::Sgd => {
                anyhow::bail!("{option}: goes with --method sgd")
            }
            _ => Ok(()),
        }
    }

    fn config(&self, images: usize, seed: u64) -> anyhow::Result<LinearProbeConfig> {
        let mut config = LinearProbeConfig { seed, ..LinearProbeConfig::paper() };
        config.epochs = self.epochs.unwrap_or(config.epochs);
        if !self.lr.is_empty() {
            config.learning_rates.clone_from(&self.lr);
        }
        let percent = self.held_out.unwrap_or(100.0 * config.held_out);
        ensure!(
            percent > 0.0 && percent <= 50.0,
            "--held-out {percent}: expected a percentage above 0 and at most 50"
        );
        let share = (images as f64 * percent / 100.0).round() as usize;
        let count = share.max(LEAST_HELD_OUT.min(images / 5));
        // A half more, so that the product with the number of images is not below it.
        config.held_out = (count as f64 + 0.5) / (images as f64 + 1.0);
        Ok(config)
    }

    /// Random crops and mirroring of images for a model whose own preprocessing is this.
    fn views(&self, own: &Preprocess) -> anyhow::Result<Preprocess> {
        let ([height, width], area) = (own.size(), self.least_area.unwrap_or(50.0));
        let values = values_step(own);
        let steps =
            format!("inception_crop({height}, {width}, {area}, 100, bilinear)|flip_lr|{values}");
        steps.parse().with_context(|| format!("--least-area {area}"))
    }
}

/// A probe with its accuracies.
struct Probed {
    classes: Vec<String>,
    columns: usize,
    train_labels: Vec<usize>,
    test_labels: Vec<usize>,
    /// What was chosen on held-out training images, by name.
    chosen: (&'static str, f64),
    on_train: f64,
    on_test: f64,
    /// Where the features are from.
    origin: Value,
    /// How images were turned, where images were given.
    orientation: Option<&'static str>,
}

impl Probed {
    /// A logistic regression on features in memory.
    fn logistic(
        [train, test]: [FeatureTable; 2],
        seed: u64,
        origin: Value,
    ) -> anyhow::Result<Self> {
        let labels = check_split(&train, &test)?;
        let config = LogisticConfig { seed, ..LogisticConfig::default() };
        let classes = train.classes().len();
        let fit = config.fit(train.matrix(), &labels[0], classes).context("the probe")?;
        let predict = |part: &FeatureTable| fit.classifier.predict(part.matrix());
        let predictions = [predict(&train)?, predict(&test)?];
        Ok(Self::new((&train, labels), predictions, ("l2", fit.l2), origin))
    }

    fn new<T: Labelled>(
        (train, [train_labels, test_labels]): (&T, [Vec<usize>; 2]),
        [on_train, on_test]: [Vec<usize>; 2],
        chosen: (&'static str, f64),
        origin: Value,
    ) -> Self {
        Self {
            classes: train.classes().to_vec(),
            columns: train.columns(),
            chosen,
            on_train: accuracy(&on_train, &train_labels),
            on_test: accuracy(&on_test, &test_labels),
            train_labels,
            test_labels,
            origin,
            orientation: None,
        }
    }

    /// A probe by SGD on features as they are.
    fn descent<T: Labelled>(
        arguments: &Arguments,
        [train, test]: [T; 2],
        origin: Value,
    ) -> anyhow::Result<Self> {
        let labels = check_split(&train, &test)?;
        let config = arguments.descent.config(train.rows(), arguments.seed)?;
        let device = arguments.device.runtime()?.device();
        let probe = config.fit_rows(&train, &labels[0], train.classes().len(), &device)?;
        Ok(Self::of_probe(&probe, (&train, &test), labels, origin))
    }

    fn of_probe<T: Labelled>(
        probe: &LinearProbe,
        (train, test): (&T, &T),
        labels: [Vec<usize>; 2],
        origin: Value,
    ) -> Self {
        let predictions = [probe.predict_rows(train), probe.predict_rows(test)];
        Self::new((train, labels), predictions, ("rate", probe.learning_rate), origin)
    }

    fn of_features(arguments: &Arguments) -> anyhow::Result<Option<Self>> {
        let Arguments { features, seed, .. } = arguments;
        let Some(path) = features.path() else { return Ok(None) };
        let origin = json!({ "features_of": path.display().to_string() });
        let missing = "--features";
        Ok(Some(match arguments.method {
            Method::Lbfgs => {
                Self::logistic(features.train_test(*seed)?.context(missing)?, *seed, origin)?
            }
            Method::Sgd if path.is_dir() => {
                let parts = features.train_test::<MappedFeatures>(*seed)?.context(missing)?;
                Self::descent(arguments, parts, origin)?
            }
            Method::Sgd => {
                let parts = features.train_test::<FeatureTable>(*seed)?.context(missing)?;
                Self::descent(arguments, parts, origin)?
            }
        }))
    }

    fn of_images(arguments: &Arguments) -> anyhow::Result<Self> {
        let Arguments { weights, images, seed, device, descent, .. } = arguments;
        let [train, test] = images.train_test(*seed)?;
        let runtime = device.runtime()?;
        let embedder = weights.embedder(&runtime, images)?;
        let probe = match arguments.method {
            Method::Lbfgs => None,
            Method::Sgd => {
                let config = descent.config(train.len(), *seed)?;
                let views = descent.views(embedder.preprocess())?;
                let mut bar = None;
                let fit = config.fit_views(&embedder, &views, &train, |done, all| {
                    bar.get_or_insert_with(|| ImageBar::new(all)).done(done);
                });
                bar.into_iter().for_each(|bar: ImageBar| bar.clear());
                Some(fit.context("the probe")?)
            }
        };
        let tables = [images.embed(&embedder, &train)?, images.embed(&embedder, &test)?];
        images.precision().tell(&runtime);
        let broken = train.len() + test.len() - tables[0].rows() - tables[1].rows();
        let remarks: Vec<&String> = train.remarks().iter().chain(test.remarks()).collect();
        let shown = images.path().display().to_string();
        ensure!(tables[1].rows() > 0, "--images {shown}: no image is left to test with");
        let orientation = images.decoding().orientation();
        let origin = json!({
            "device": runtime.name(), "weights": weights.name().to_string(), "images": shown,
            "broken_images": broken, "orientation": orientation, "remarks": remarks,
        });
        let probed = match probe {
            None => Self::logistic(tables, *seed, origin)?,
            Some(probe) => {
                let [train, test] = &tables;
                let labels = check_split(train, test)?;
                Self::of_probe(&probe, (train, test), labels, origin)
            }
        };
        Ok(Self { orientation: Some(orientation), ..probed })
    }
}

/// The labels of both parts, which must have a class in common.
fn check_split<T: Labelled>(train: &T, test: &T) -> anyhow::Result<[Vec<usize>; 2]> {
    let labels = [train.first_labels()?, test.first_labels()?];
    let split = TestSplit::new(train.classes(), &labels[0], &labels[1]);
    ensure!(split.measured_classes() > 0, TOO_FEW);
    Ok(labels)
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let Arguments { seed, json, method, .. } = arguments;
    arguments.descent.check(method)?;
    let probed = match Probed::of_features(&arguments)? {
        Some(probed) => probed,
        None => Probed::of_images(&arguments)?,
    };
    let Probed { columns, on_train, on_test, .. } = probed;
    let split = TestSplit::new(&probed.classes, &probed.train_labels, &probed.test_labels);
    let [train_rows, test_rows] = [&probed.train_labels, &probed.test_labels].map(Vec::len);
    let classes = probed.classes.len();
    let cautions = split.cautions();
    let seconds = start.elapsed().as_secs_f64();
    let (what, chosen) = probed.chosen;
    if json {
        let mut result = json!({
            "classes": classes, "features": columns, "train_images": train_rows,
            "test_images": test_rows, what: chosen,
            "train_accuracy": on_train, "test_accuracy": on_test, "seed": seed, "seconds": seconds,
            "cautions": cautions, "untested_classes": split.untested,
            "untrained_classes": split.untrained,
        });
        if let (Value::Object(result), Value::Object(origin)) = (&mut result, probed.origin) {
            result.extend(origin);
        }
        println!("{result}");
        return Ok(());
    }
    let how = match method {
        Method::Lbfgs => {
            format!("linear probe on {columns} features, {classes} classes, L2 {chosen}")
        }
        Method::Sgd => {
            format!("linear probe by SGD on {columns} features, {classes} classes, rate {chosen}")
        }
    };
    println!("{how}");
    println!("  {train_rows:>6} images to train  {:>6.1} %", 100.0 * on_train);
    println!("  {test_rows:>6} images to test   {:>6.1} %", 100.0 * on_test);
    cautions.iter().for_each(|caution| println!("caution: {caution}"));
    let orientation = probed.orientation.map(|name| format!(", EXIF orientation {name}"));
    println!("{seconds:.1} s{}", orientation.unwrap_or_default());
    Ok(())
}
