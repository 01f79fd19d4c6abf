//! Everything that is measured on a frozen classifier, as one page of HTML:
//!
//!     cargo run --release --example evaluate
//!
//! Without options it takes the small model of `linear_probe`, which it trains if it is not there,
//! and measures it on drawings and on real digits. `--weights FILE` takes published weights,
//! `--images DIR` a folder of images for each class, `--logits FILE` what any classifier said,
//! `--trials DIR` a data set of model-vs-human's raw data.

mod evaluation;
mod small_model;
#[path = "../cli/src/terminal.rs"]
mod terminal;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, ensure};
use burn::tensor::Device;
use clap::Parser;
use evaluation::{
    Fitted, GivenImages, GivenLogits, GroupTask, Images, Labelled, Part, Source, table,
};
use serde_json::{Map, Value};
use small_model::{Frozen, Pretraining, TRAIN_DIGITS};
use vit22b::data::{CueConflict, Digits, Hierarchy, Synthetic};
use vit22b::eval::{Matrix, Scorecard, ScorecardConfig};
use vit22b::probe::FeatureKey;
use vit22b::report::{Block, Report, Section};
use vit22b::vit::ViT22B;
use vit22b::weights::{Checkpoint, LoadOptions};
use vit22b::{Runtime, params};

#[derive(Parser)]
#[command(about = "Probes, calibration, robustness, shape bias and fairness, in one report")]
struct Args {
    /// Folder for report.html, report.md, report.json and the charts
    #[arg(long, default_value = "out/evaluate")]
    out: PathBuf,
    /// The small model; it is trained and kept here if there is none
    #[arg(long, default_value = "out/linear_probe/model.safetensors")]
    model: PathBuf,
    /// Published weights instead: a file of timm, transformers or big_vision
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Side of the images for --weights [default: the model's own]
    #[arg(long)]
    image: Option<usize>,
    /// Images of your own instead of drawings and digits: a folder for each class, or train/ and val/
    #[arg(long)]
    images: Option<PathBuf>,
    /// Logits instead of a model: safetensors with logits and labels, perhaps unknown and groups; or
    /// .csv, a label and its logits in each line
    #[arg(long, conflicts_with_all = ["weights", "images"])]
    logits: Option<PathBuf>,
    /// A data set of model-vs-human's raw data, in addition
    #[arg(long)]
    trials: Option<PathBuf>,
    /// Share of the drawings to use; a large model on a small machine wants few
    #[arg(long, default_value_t = 1.0)]
    share: f64,
    /// Steps of training the small model
    #[arg(long, default_value_t = 6000, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Seed of everything that is drawn
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What computes: auto, flex or xla
    #[arg(long, default_value = "auto")]
    device: String,
}

/// Side of the images that the small model takes.
const SIDE: usize = 16;

fn main() -> anyhow::Result<()> {
    let (args, start) = (Args::parse(), Instant::now());
    ensure!(
        args.share > 0.0 && args.share <= 1.0,
        "--share {}: expected above 0, at most 1",
        args.share
    );
    std::fs::create_dir_all(&args.out).with_context(|| format!("--out {}", args.out.display()))?;
    let (title, lead, mut parts) = match &args.logits {
        Some(path) => logits(path, &args)?,
        None => model(&args)?,
    };
    if let Some(folder) = &args.trials {
        parts.push(evaluation::people(folder)?);
    }
    write(&args.out, title, lead, parts)?;
    println!(
        "\n{} after {:.0} s",
        args.out.join("report.html").display(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// The files of the report.
fn write(out: &Path, title: String, lead: String, parts: Vec<Part>) -> anyhow::Result<()> {
    let lines = parts.iter().flat_map(|part| &part.summary);
    let rows: Vec<Vec<String>> = lines.map(|line| line.to_vec()).collect();
    for row in &rows {
        println!("{:<52} {:>10}   {}", row[0], row[1], row[2]);
    }
    let summary = Section {
        title: "Summary".into(),
        blocks: vec![Block::Table(table(["measured", "value", "better"], rows))],
    };
    let numbers: Map<String, Value> =
        parts.iter().map(|part| (part.section.title.clone(), part.json.clone())).collect();
    let sections = [summary].into_iter().chain(parts.into_iter().map(|part| part.section));
    let report = Report { title, lead, sections: sections.collect() };
    std::fs::write(out.join("report.html"), report.html())?;
    std::fs::write(out.join("report.md"), report.markdown())?;
    std::fs::write(out.join("report.json"), serde_json::to_string_pretty(&numbers)?)?;
    for (name, svg) in report.figures() {
        std::fs::write(out.join(name), svg)?;
    }
    Ok(())
}

type Measured = (String, String, Vec<Part>);

fn logits(path: &Path, args: &Args) -> anyhow::Result<Measured> {
    let given = GivenLogits::read(path)?;
    let matrix = Matrix::new(&given.logits, given.classes)?;
    let config = ScorecardConfig { seed: args.seed, ..Default::default() };
    let card = Scorecard::measure(matrix, &given.labels, &config)?;
    let mut parts = vec![
        evaluation::calibration("The given logits", &card)?,
        evaluation::selective(&[("the given logits".into(), card.clone())])?,
    ];
    let accuracy = evaluation::percent(card.accuracy);
    parts[0].summary.insert(0, evaluation::line("Accuracy", accuracy, "higher"));
    if let Some(unknown) = &given.unknown {
        let double = |values: &[f32]| values.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
        let (known, unknown) = (double(&given.logits), double(unknown));
        let rows = |values| Matrix::new(values, given.classes);
        let text = "Known and unknown examples as given.";
        parts.push(evaluation::detection(text, rows(&known)?, rows(&unknown)?)?);
    }
    if let Some(task) = given.group_task()? {
        parts.push(evaluation::groups(&task)?);
    }
    let lead = format!(
        "{} examples of {} classes, {}.",
        evaluation::grouped(given.labels.len() as u64),
        given.classes,
        path.display()
    );
    Ok(("What the logits are worth".into(), lead, parts))
}

fn model(args: &Args) -> anyhow::Result<Measured> {
    let runtime = Runtime::named(&args.device)?;
    runtime.device().seed(args.seed);
    let (model, untrained, steps) = match &args.weights {
        Some(path) => {
            let options = LoadOptions::new().with_image(args.image.map(|side| [side, side]));
            let loaded = Checkpoint::open(path)?.load(&options, &runtime.device())?;
            (loaded.model, None, loaded.description.preprocessing)
        }
        None => {
            let (model, untrained) = small(args, &runtime)?;
            (model, Some(untrained), small_model::preprocess(SIDE)?)
        }
    };
    let config = model.config().clone();
    ensure!(
        config.image[0] == config.image[1],
        "images of {} × {} pixels: give a square with --image",
        config.image[0],
        config.image[1]
    );
    println!("{model}\non {runtime}\n");
    let side = config.image[0];
    let key = FeatureKey::new("pooled").text(&serde_json::to_string(&config)?).params(&model);
    let source = |name: &str, model: ViT22B| -> anyhow::Result<Source> {
        let frozen = Box::new(Frozen::new(&runtime, model)?);
        Ok(Source::Model(name.into(), frozen, steps.clone(), Box::new(runtime.device())))
    };
    let mut sources = vec![source("pre-trained model", model)?];
    if let Some(untrained) = untrained {
        sources.push(source("untrained model", untrained)?);
    }
    sources.push(Source::Pixels);
    let (on, parts) = match &args.images {
        Some(root) => {
            let images = GivenImages::open(root, &steps, args.seed)?;
            (root.display().to_string(), given_images(args, &images, &sources, &key)?)
        }
        None => {
            ("drawings and real digits".into(), drawn(args, &sources, side, &runtime.device())?)
        }
    };
    let name = args
        .weights
        .as_deref()
        .map_or("the small ViT-22B".into(), |path| path.display().to_string());
    let lead = format!(
        "{} parameters, width {}, depth {}, images of {side} × {side} pixels, frozen; measured on {on}.",
        evaluation::grouped(config.parameters().total()),
        config.width,
        config.depth
    );
    Ok((format!("What {name} is worth"), lead, parts))
}

/// The small model, from its file or trained, and as it was before training.
fn small(args: &Args, runtime: &Runtime) -> anyhow::Result<(ViT22B, ViT22B)> {
    let data = Synthetic::new(SIDE, args.seed);
    let config = small_model::config(data.hierarchy().names().len(), SIDE);
    let untrained = params::initialize(config.init(&runtime.device())?);
    if args.model.exists() {
        println!("the model of {}", args.model.display());
        let trained = evaluation::load(&args.model, untrained.config(), &runtime.device())?;
        return Ok((trained, untrained));
    }
    println!("no {}: training it", args.model.display());
    let pretraining = Pretraining { steps: args.steps, batch: 32, lr: 0.01, seed: args.seed };
    let (trained, _) = pretraining.run(runtime, data, untrained.clone())?;
    if let Some(folder) = args.model.parent() {
        std::fs::create_dir_all(folder)?;
    }
    small_model::save(&trained, &args.model)?;
    Ok((trained, untrained))
}

/// What is drawn, and the digits.
fn drawn(
    args: &Args,
    sources: &[Source],
    side: usize,
    device: &Device,
) -> anyhow::Result<Vec<Part>> {
    let count = |all: usize| ((all as f64 * args.share).ceil() as usize).max(30);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/digits.csv.gz");
    let digits = Digits::read(&path)?;
    let images = Images::from_tensor(small_model::digit_images(&digits, side, device))?;
    let labelled = sources.iter().map(|source| {
        let features = source.features(&images)?;
        let all = Labelled { features, labels: digits.classes.clone() };
        let (train, test) = all.split(TRAIN_DIGITS)?;
        Ok((source.name().to_string(), train, test))
    });
    let labelled = labelled.collect::<anyhow::Result<Vec<_>>>()?;
    let (mut parts, fitted) = classifiers("Digits", &labelled, 10, args.seed)?;

    let data = Synthetic::new(side, args.seed.wrapping_add(1));
    let drawings = draw(&data, 0..count(597) as u64);
    let unknown = sources[0].features(&drawings)?;
    let unknown = fitted[0].logistic.classifier.scores(unknown.matrix())?;
    let text = "A classifier of digits is shown the test digits, and drawings that are none.";
    let unknown = Matrix::new(&unknown, 10)?;
    parts.push(evaluation::detection(text, fitted[0].matrix()?, unknown)?);

    let cues = CueConflict::new(side, args.seed);
    let train = count(1_200);
    let (part, fitted) =
        evaluation::conflict(sources, &cues, side, [train, count(600)], args.seed)?;
    parts.push(part);
    // Drawings that neither trained nor tested the classifiers yet.
    let fresh = (100_000..100_000 + count(300) as u64).map(|index| cues.agreeing(index));
    let (planes, labels): (Vec<_>, Vec<_>) = fresh.map(|image| (image.pixels, image.shape)).unzip();
    let images = Images { side, planes };
    let text = "The classifiers of drawings whose cues agree, on drawings that are harmed: each of ImageNet-C's \
        corruptions at its five strengths, scaled to the size of the images.";
    parts.push(evaluation::corruptions(text, sources, &fitted, &images, &labels, args.seed)?);
    parts.push(evaluation::groups(&signs(&data, &sources[0], count(3_000), args.seed)?)?);
    Ok(parts)
}

/// Sections that hold for any classes.
fn classifiers(
    title: &str,
    labelled: &[(String, Labelled, Labelled)],
    classes: usize,
    seed: u64,
) -> anyhow::Result<(Vec<Part>, Vec<Fitted>)> {
    let (probes, fitted) = evaluation::probes(title, labelled, classes, seed)?;
    let config = ScorecardConfig { seed, ..Default::default() };
    let cards = fitted.iter().map(|fitted| {
        let card = Scorecard::measure(fitted.matrix()?, &fitted.labels, &config)?;
        Ok((fitted.name.clone(), card))
    });
    let cards = cards.collect::<anyhow::Result<Vec<_>>>()?;
    let of = format!("Logistic regression on the features of: {}", cards[0].0);
    let parts = vec![
        probes,
        evaluation::calibration(&of, &cards[0].1)?,
        evaluation::selective(&cards)?,
        evaluation::agreement(&fitted)?,
    ];
    Ok((parts, fitted))
}

fn draw(data: &Synthetic, indices: std::ops::Range<u64>) -> Images {
    Images { side: data.side(), planes: indices.map(|index| data.example(index).pixels).collect() }
}

/// Whether a drawing is a sign of the script or a shape, for groups by colour. Signs are more often
/// warm than grey here, which a classifier may learn.
fn signs(data: &Synthetic, source: &Source, count: usize, seed: u64) -> anyhow::Result<GroupTask> {
    const GROUPS: [(&str, f64); 3] = [("warm", 0.7), ("cold", 0.5), ("grey", 0.3)];
    let has = |hierarchy: &Hierarchy, label: &str, ancestor: &str| -> anyhow::Result<bool> {
        let at = hierarchy.names().iter().position(|name| name == ancestor);
        Ok(at.is_some_and(|at| hierarchy.multi_hot([label]).is_ok_and(|hot| hot[at] > 0.0)))
    };
    let rng = &mut fastrand::Rng::with_seed(seed);
    let (mut planes, mut labels, mut group) = (Vec::new(), Vec::new(), Vec::new());
    for index in 1_000_000.. {
        if planes.len() == count {
            break;
        }
        let example = data.example(index);
        let is_sign = has(data.hierarchy(), example.labels[0], "sign")?;
        for (k, (name, share)) in GROUPS.iter().enumerate() {
            let kept = if is_sign { *share } else { 1.0 - share };
            if has(data.hierarchy(), example.labels[2], name)? && rng.f64() < kept {
                planes.push(example.pixels.clone());
                labels.push(usize::from(is_sign));
                group.push(k);
            }
        }
    }
    let features = source.features(&Images { side: data.side(), planes })?;
    let train = count * 3 / 5;
    let (train_part, test) = Labelled { features, labels }.split(train)?;
    let fitted = Fitted::new(source.name(), &train_part, &test, 2, seed)?;
    let scores = fitted.matrix()?.iter().map(|row| ((row[1] - row[0]) / 2.0).tanh());
    Ok(GroupTask {
        text: format!(
            "A logistic regression ({}) says whether a drawing is a sign of the invented script or a shape. Groups \
             are colours, and signs are more often warm here and shapes more often grey. The randomised threshold \
             optimiser then bounds how far rates of “sign” may differ.",
            source.name()
        ),
        names: GROUPS.map(|(name, _)| name.to_string()).to_vec(),
        scores: scores.collect(),
        group: group[train..].to_vec(),
        truth: test.labels.iter().map(|label| *label == 1).collect(),
    })
}

/// Images of the user's own.
fn given_images(
    args: &Args,
    images: &GivenImages,
    sources: &[Source],
    key: &FeatureKey,
) -> anyhow::Result<Vec<Part>> {
    let classes = images.classes.len();
    let cache = args.out.join("features");
    // Features of pixels are as large as the images: of the models alone.
    let models = &sources[..sources.len() - 1];
    let labelled = models.iter().map(|source| {
        let [train, test] = images.features(source, key, &cache)?;
        Ok((source.name().to_string(), train, test))
    });
    let labelled = labelled.collect::<anyhow::Result<Vec<_>>>()?;
    let (mut parts, fitted) = classifiers("Images", &labelled, classes, args.seed)?;
    let count = ((200.0 * args.share).ceil() as usize).max(20);
    let (harmed, labels) = images.held_out(count)?;
    let text = "The classifier on images that are harmed: each of ImageNet-C's corruptions at its five strengths.";
    parts.push(evaluation::corruptions(text, models, &fitted, &harmed, &labels, args.seed)?);
    Ok(parts)
}
