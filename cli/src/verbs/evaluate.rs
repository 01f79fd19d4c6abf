//! Everything that is measured on a frozen classifier, as one page of HTML.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde_json::{Map, Value};
use vit22b::probe::{Embedder, FeatureKey, FeatureTable};
use vit22b::report::{Block, Report, Section};
use vit22b::train::Precision;
use vit22b::vit::ViT22B;

use crate::args::{Decoding, DeviceName, ModelPrecision, train_test};
use crate::evaluate::classifier::own_classifier;
use crate::evaluate::classifiers::classifiers;
use crate::evaluate::drawn::drawn;
use crate::evaluate::fitted::Labelled;
use crate::evaluate::images::given_images;
use crate::evaluate::logits::given_logits;
use crate::evaluate::part::{Part, grouped, table};
use crate::evaluate::people::people;
use crate::evaluate::source::Source;
use crate::features::Features;
use crate::model;
use crate::unsaid::{Loaded, Unsaid, open_weights};
use crate::weights::WeightsName;

#[derive(Args)]
#[command(mut_arg("precision", |option| option.conflicts_with_all(["features", "logits"])))]
pub(crate) struct Arguments {
    /// Folder for report.html, report.md, report.json and the charts
    #[arg(long, value_name = "FOLDER", default_value = "out/evaluate")]
    out: PathBuf,
    /// The small model of the example linear_probe, which is measured
    /// without --weights; it is trained and kept here if there is none
    #[arg(
        long,
        value_name = "FILE",
        default_value = "out/linear_probe/model.safetensors",
        conflicts_with_all = ["weights", "logits"]
    )]
    model: PathBuf,
    /// A published model instead: a checkpoint of timm, transformers,
    /// big_vision or vit22b, a file or a folder, or
    /// hf:ORGANISATION/NAME[@REVISION] for a model of the Hugging Face
    /// hub, which is fetched into that hub's cache
    #[arg(long, value_name = "PATH")]
    weights: Option<WeightsName>,
    #[command(flatten)]
    unsaid: Unsaid,
    /// Images of your own instead of drawings and digits: a folder for
    /// each class, or train/ and val/ with such folders; a list or shards
    /// with labels
    #[arg(long, value_name = "PATH")]
    images: Option<PathBuf>,
    #[command(flatten)]
    decoding: Decoding,
    #[command(flatten)]
    precision: ModelPrecision,
    /// Other labels of these images for the file's own classifier, such
    /// as ImageNet's reassessed ones: JSON, a list of classes for each
    /// image in the order of the names
    #[arg(long, value_name = "FILE", requires = "images", verbatim_doc_comment)]
    real: Option<PathBuf>,
    #[command(flatten)]
    features: Features,
    /// Logits instead of a model: .safetensors with logits and labels,
    /// perhaps unknown and groups; or .csv, a label and its logits in
    /// each line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["weights", "images", "features"])]
    logits: Option<PathBuf>,
    /// A data set of model-vs-human's raw data, in addition
    #[arg(long, value_name = "FOLDER")]
    trials: Option<PathBuf>,
    /// Share of the drawings to use; a large model on a small machine
    /// wants few
    #[arg(long, default_value_t = 1.0)]
    share: f64,
    /// Steps of training the small model
    #[arg(
        long,
        default_value_t = 3000,
        value_parser = clap::value_parser!(u64).range(1..),
        conflicts_with_all = ["weights", "logits"]
    )]
    steps: u64,
    /// Seed of everything that is drawn
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    device: DeviceName,
}

/// Images of a batch.
const BATCH: usize = 50;

/// Title and lead of a report, and its sections.
type Measured = (String, String, Vec<Part>);

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let Arguments { out, share, .. } = &arguments;
    ensure!(*share > 0.0 && *share <= 1.0, "--share {share}: expected above 0, at most 1");
    if let Some(option) = arguments.unsaid.first_given().filter(|_| arguments.weights.is_none()) {
        bail!("{option} is about a model that --weights names; give --weights, or leave it out");
    }
    std::fs::create_dir_all(out).with_context(|| format!("--out {}", out.display()))?;
    let (title, lead, mut parts) = match &arguments.logits {
        Some(path) => {
            let (lead, parts) = given_logits(path, arguments.seed)?;
            ("What the logits are worth".into(), lead, parts)
        }
        None if arguments.features.path().is_some() => of_features(&arguments)?,
        None => of_model(&arguments)?,
    };
    if let Some(folder) = &arguments.trials {
        parts.push(people(folder).with_context(|| format!("--trials {}", folder.display()))?);
    }
    write(out, title, lead, parts)?;
    let report = out.join("report.html");
    println!("\n{} after {:.0} s", report.display(), start.elapsed().as_secs_f64());
    Ok(())
}

/// The files of the report; the summary is printed too.
fn write(out: &Path, title: String, lead: String, parts: Vec<Part>) -> anyhow::Result<()> {
    let lines = parts.iter().flat_map(|part| &part.summary);
    let rows: Vec<Vec<String>> = lines.map(|line| line.to_vec()).collect();
    for row in &rows {
        println!("{:<52} {:>10}   {}", row[0], row[1], row[2]);
    }
    for part in &parts {
        let cautions = part.json["cautions"].as_array().into_iter().flatten();
        let cautions = cautions.filter_map(Value::as_str);
        let of = part.section.title.trim_end_matches(": cautions");
        cautions.for_each(|caution| println!("caution: {of}: {caution}"));
    }
    let summary = Section {
        title: "Summary".into(),
        blocks: vec![Block::Table(table(["measured", "value", "better"], rows))],
    };
    let numbers: Map<String, Value> =
        parts.iter().map(|part| (part.section.title.clone(), part.json.clone())).collect();
    let sections = [summary].into_iter().chain(parts.into_iter().map(|part| part.section));
    let report = Report { title, lead, sections: sections.collect() };
    let figures = report.figures().map(|(name, svg)| (name, svg.to_string()));
    let files = [
        ("report.html".to_string(), report.html()),
        ("report.md".to_string(), report.markdown()),
        ("report.json".to_string(), serde_json::to_string_pretty(&numbers)?),
    ];
    for (name, text) in files.into_iter().chain(figures) {
        std::fs::write(out.join(&name), text)
            .with_context(|| format!("--out {}: cannot write {name}", out.display()))?;
    }
    Ok(())
}

/// Features that `embed` has written.
fn of_features(arguments: &Arguments) -> anyhow::Result<Measured> {
    let Arguments { features, seed, .. } = arguments;
    let tables: [FeatureTable; 2] = features.train_test(*seed)?.context("--features")?;
    let classes = tables[0].classes().len();
    let (rows, columns) = (tables[0].rows() + tables[1].rows(), tables[0].columns());
    let labelled = |table: FeatureTable| -> anyhow::Result<Labelled> {
        Ok(Labelled { labels: table.first_labels()?, features: table })
    };
    let [train, test] = tables;
    let labelled = [("the features".to_string(), labelled(train)?, labelled(test)?)];
    let (parts, _) = classifiers("Features", &labelled, classes, *seed)?;
    let shown = features.path().unwrap_or(Path::new("")).display();
    let lead = format!(
        "{} images of {classes} classes, {columns} features each, from {shown}.",
        grouped(rows as u64)
    );
    Ok(("What the features are worth".into(), lead, parts))
}

fn of_model(arguments: &Arguments) -> anyhow::Result<Measured> {
    let Arguments { share, seed, decoding, precision, .. } = *arguments;
    let runtime = arguments.device.runtime()?;
    let device = runtime.device();
    device.seed(seed);
    let file = arguments.weights.as_ref().map(open_weights).transpose()?;
    let (model, untrained, steps) = match &file {
        Some(file) => {
            let Loaded { model, preprocess } = arguments.unsaid.load(file, &device)?;
            (model, None, preprocess)
        }
        None => {
            let (trained, untrained) =
                model::open_or_train(&arguments.model, arguments.steps, seed, &runtime)?;
            (trained, Some(untrained), model::preprocess(model::SIDE)?)
        }
    };
    let config = model.config().clone();
    let [height, side] = config.image;
    ensure!(height == side, "images of {height} × {side} pixels: give a square with --side");
    ensure!(steps.is_fixed(), "{steps} gives each image a size of its own: give one with --side");
    println!("{model}\non {runtime}\n");
    let key = FeatureKey::new("pooled")
        .text(&serde_json::to_string(&config)?)
        .text(&format!("{:?} {:?}", decoding.options(), Precision::from(precision)))
        .params(&model);
    let source = |name: &str, model: ViT22B| -> anyhow::Result<Source> {
        let embedder = Embedder::in_precision(&runtime, model, steps.clone(), precision.into())?
            .with_batch(BATCH)
            .with_decoding(decoding.options());
        Ok(Source::Model(name.into(), Box::new(embedder), Box::new(device.clone())))
    };
    // What the file's model was trained on, if on anything, is not known.
    let name = if file.is_some() { "the model" } else { "pre-trained model" };
    let mut sources = vec![source(name, model)?];
    if let Some(untrained) = untrained {
        sources.push(source("untrained model", untrained)?);
    }
    sources.push(Source::Pixels);
    let (on, parts) = match &arguments.images {
        Some(root) => {
            let images = train_test(root, seed)?;
            let cache = arguments.out.join("features");
            let mut parts =
                given_images(&images, &sources, &key, decoding.options(), &cache, share, seed)?;
            if let Some(file) = &file {
                let real = arguments.real.as_deref();
                let (unsaid, how) = (&arguments.unsaid, (decoding, precision));
                let own = own_classifier(file, unsaid, &runtime, &images, root, real, how)?;
                parts.splice(0..0, own);
            }
            let orientation = decoding.orientation();
            (format!("{} (EXIF orientation {orientation})", root.display()), parts)
        }
        None => ("drawings and real digits".into(), drawn(&sources, side, share, seed, &device)?),
    };
    precision.tell(&runtime);
    let name = arguments.weights.as_ref().map_or("the small ViT-22B".into(), ToString::to_string);
    let lead = format!(
        "{} parameters, width {}, depth {}, images of {side} × {side} pixels, frozen; measured on {on}.",
        grouped(config.parameters().total()),
        config.width,
        config.depth
    );
    Ok((format!("What {name} is worth"), lead, parts))
}
