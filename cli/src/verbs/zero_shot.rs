//! Classes by their names: which of them a model of two towers sees in each image.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde_json::json;
use vit22b::contrast::{ClassVectors, Prompts, check_names, first_name};
use vit22b::data::ImageSet;
use vit22b::eval::{Matrix, Ranks, RocCurve};
use vit22b::experiments::zero_shot_of_drawings;
use vit22b::probe::Embedder;
use vit22b::vit::ViT22B;

use crate::args::{DeviceName, Images, tell_remarks};
use crate::given::Given;
use crate::model::{self, SIDE, preprocess};
use crate::terminal::counted;
use crate::two_towers::{ImageVectors, TwoTowers, lines, names, open_with_classes, tell_cut};

#[derive(Args)]
// Without a model and images the verb is an experiment, and both are given together.
#[command(override_usage = "vit22b zero-shot [OPTIONS] --weights <PATH> --images <PATH>
       vit22b zero-shot [--model <FILE>] [--steps <STEPS>] [--seeds <SEEDS>]")]
pub(crate) struct Arguments {
    #[command(flatten)]
    towers: Given<TwoTowers>,
    #[command(flatten)]
    images: Given<Images>,
    /// Names of the classes, a,b,c or a file with one on each line; default:
    /// those of the class folders, or of the list
    #[arg(long, value_name = "NAMES|FILE", verbatim_doc_comment)]
    classes: Option<String>,
    /// Names of classes that are no answer: how well their images are told
    /// from the others is measured, by the prompts of both
    #[arg(long, value_name = "NAMES|FILE", verbatim_doc_comment)]
    outliers: Option<String>,
    /// Sentences with the names: clip_best, clip_paper, class_name_only, or
    /// a file with a template on each line, {} at the place of the name
    #[arg(long, value_name = "NAME|FILE", default_value = "clip_best", verbatim_doc_comment)]
    prompts: String,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    /// Without --weights and --images: the small model of the example
    /// linear_probe, which is trained and kept here if there is none, gets a
    /// text tower, and names drawings of pairs that it never saw
    #[arg(
        long,
        value_name = "FILE",
        default_value = "out/linear_probe/model.safetensors",
        verbatim_doc_comment
    )]
    model: PathBuf,
    /// Steps of training the small model, where it is trained
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u64).range(1..))]
    model_steps: u64,
    /// Steps of each text tower beside the small model
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// How often all of it is drawn anew, beside the small model
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    #[command(flatten)]
    device: DeviceName,
}

/// What is known of the images.
struct Truth {
    /// The class of each image, where it is one of those that are asked for.
    classes: Vec<Option<usize>>,
    /// Names of folders that are no class, with their canonical form and their images.
    unknown: Vec<(String, String, usize)>,
}

pub(crate) fn run(mut arguments: Arguments) -> anyhow::Result<()> {
    match (arguments.towers.0.take(), arguments.images.0.take()) {
        (Some(towers), Some(images)) => classify(towers, images, arguments),
        (Some(_), None) => bail!("give --images PATH too, the images that are to be named"),
        (None, Some(_)) => bail!("give --weights PATH too, a model of images and texts"),
        (None, None) => experiment(&arguments),
    }
}

/// Drawings of pairs that no training had, named by a text tower that is tuned beside the small model.
fn experiment(arguments: &Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let Arguments { classes, outliers, model, model_steps, steps, seeds, .. } = arguments;
    for (option, given) in [("--classes", classes), ("--outliers", outliers)] {
        ensure!(given.is_none(), "{option} is about images; give --weights and --images too");
    }
    let runtime = arguments.device.runtime()?;
    let (trained, untrained) = model::open_or_train(model, *model_steps, 0, &runtime)?;
    let embedder = |model: ViT22B| -> anyhow::Result<Embedder> {
        Ok(Embedder::new(&runtime, model, preprocess(SIDE)?)?.with_batch(100))
    };
    let (trained, untrained) = (embedder(trained)?, embedder(untrained)?);
    let how = (*steps, &(0..*seeds).collect::<Vec<_>>()[..]);
    let result =
        zero_shot_of_drawings(&runtime, [&trained, &untrained], how, |next| eprintln!("{next}"))?;
    if arguments.json {
        println!("{}", result.json());
        return Ok(());
    }
    println!("{result}");
    println!("{:.0} s on {runtime}", start.elapsed().as_secs_f64());
    Ok(())
}

/// Names the images of a user.
fn classify(towers: TwoTowers, images: Images, arguments: Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let Arguments { classes, outliers, prompts: typed, json: is_json, device, .. } = arguments;
    let prompts = prompts_of(&typed)?;
    let set = open_with_classes(&images)?;
    let classes = match &classes {
        Some(given) => names("--classes", given)?,
        None => set.classes().to_vec(),
    };
    ensure!(
        !classes.is_empty(),
        "--images {}: there are no class folders to take names from; name the classes with --classes a,b,c",
        images.path().display()
    );
    let outliers = outliers.map_or(Ok(vec![]), |given| names("--outliers", &given))?;
    let known = classes.len();
    let all: Vec<String> = classes.into_iter().chain(outliers).collect();
    let canonical = check_names(&all).context("--classes")?;

    let pair = towers.load(&device, &images)?;
    let vectors = ClassVectors::new(&pair.texts, &all, &prompts)?;
    tell_cut(vectors.cut, "prompt");
    let found = pair.embed_images(&set)?;
    tell_remarks(&set);
    let cosines = vectors.cosines(found.matrix()?).context("--weights: towers that do not fit")?;
    let cosines = Matrix::new(&cosines, all.len())?;
    let truth = Truth::new(&set, &found, &canonical);
    for (folder, canonical, images) in &truth.unknown {
        let images = counted(*images, "image");
        eprintln!(
            "note: {images} of \"{folder}\" (\"{canonical}\") are of no class that is asked for, and not counted"
        );
    }

    let answers: Vec<usize> = cosines.iter().map(|row| best(&row[..known])).collect();
    let measured = Measured::new(cosines, &truth, known, pair.scale)?;
    if is_json {
        let predictions: Vec<_> = found
            .indices
            .iter()
            .zip(&answers)
            .zip(cosines.iter())
            .map(|((index, answer), row)| {
                json!({
                    "image": set.name(*index), "class": all[*answer], "cosine": row[*answer],
                })
            })
            .collect();
        println!(
            "{}",
            json!({
                "weights": towers.shown(), "images": images.path(), "prompts": prompts.templates(),
                "classes": all[..known], "canonical_classes": canonical[..known], "outliers": all[known..],
                "counted": measured.counted, "top_1": measured.top[0], "top_5": measured.top[1],
                "mean_per_class": measured.mean_per_class, "by_class": measured.by_class,
                "outlier_auroc": measured.auroc, "cut_prompts": vectors.cut, "predictions": predictions,
                "seconds": start.elapsed().as_secs_f64(),
            })
        );
        return Ok(());
    }
    let of = counted(found.indices.len(), "image");
    let sentences = counted(prompts.templates().len(), "prompt");
    let of_classes = counted(known, "class");
    println!("zero-shot: {of}, {of_classes}, {sentences} for each ({typed})");
    match measured.top[0] {
        Some(_) => measured.print(&canonical[..known]),
        None => {
            for ((index, answer), row) in found.indices.iter().zip(&answers).zip(cosines.iter()) {
                println!("  {:+.3}  {:<24} {}", row[*answer], canonical[*answer], set.name(*index));
            }
        }
    }
    if let Some(auroc) = measured.auroc {
        println!("  outliers among the images: AUROC {:.1} %", 100.0 * auroc);
    }
    println!("{:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn prompts_of(typed: &str) -> anyhow::Result<Prompts> {
    let path = Path::new(typed);
    if !path.is_file() {
        return Prompts::parse(typed).context("--prompts");
    }
    Prompts::new(&lines("--prompts", path, "template")?)
        .with_context(|| format!("--prompts {typed}"))
}

/// The first of the largest.
fn best(row: &[f32]) -> usize {
    (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0)
}

impl Truth {
    fn new(set: &ImageSet, found: &ImageVectors, canonical: &[String]) -> Self {
        let names: Vec<String> = set.classes().iter().map(|name| first_name(name)).collect();
        let place: Vec<Option<usize>> =
            names.iter().map(|name| canonical.iter().position(|other| other == name)).collect();
        let mut counts = vec![0; names.len()];
        let class = |index: &usize| {
            let label = set.item(*index).labels.first().copied()?;
            counts[label] += 1;
            place[label]
        };
        let classes = found.indices.iter().map(class).collect();
        let unknown =
            (0..names.len()).filter(|label| place[*label].is_none() && counts[*label] > 0);
        let unknown = unknown
            .map(|label| (set.classes()[label].clone(), names[label].clone(), counts[label]))
            .collect();
        Self { classes, unknown }
    }
}

/// How often the answers are right.
struct Measured {
    counted: usize,
    /// The share of images whose class is the first answer, and one of the first five.
    top: [Option<f64>; 2],
    mean_per_class: Option<f64>,
    by_class: Vec<Option<f64>>,
    auroc: Option<f64>,
}

impl Measured {
    fn new(cosines: Matrix<'_>, truth: &Truth, known: usize, scale: f64) -> anyhow::Result<Self> {
        let of_known: Vec<f32> = cosines.iter().flat_map(|row| row[..known].to_vec()).collect();
        let right = |class: &Option<usize>| class.filter(|class| *class < known);
        let labels: Vec<Vec<usize>> =
            truth.classes.iter().map(|class| right(class).into_iter().collect()).collect();
        let counted = labels.iter().filter(|labels| !labels.is_empty()).count();
        let mut measured =
            Self { counted, top: [None; 2], mean_per_class: None, by_class: vec![], auroc: None };
        if counted > 0 {
            let ranks = Ranks::new(Matrix::new(&of_known, known)?, &labels)?;
            measured.top[0] = Some(ranks.recall_at(1));
            measured.top[1] = (known > 5).then(|| ranks.recall_at(5));
            let classes: Vec<usize> =
                labels.iter().map(|labels| labels.first().copied().unwrap_or(0)).collect();
            measured.by_class = ranks.by_class(&classes, known)?;
            let shares: Vec<f64> = measured.by_class.iter().flatten().copied().collect();
            measured.mean_per_class = Some(shares.iter().sum::<f64>() / shares.len() as f64);
        }
        // How likely an image is of any of the outliers' names.
        let score = |row: &[f32]| {
            let top = row.iter().copied().fold(f32::MIN, f32::max);
            let weights = row.iter().map(|x| (scale * f64::from(x - top)).exp());
            let all: f64 = weights.clone().sum();
            weights.skip(known).sum::<f64>() / all
        };
        let scored = || truth.classes.iter().zip(cosines.iter());
        let of = |wanted: fn(usize, usize) -> bool| -> Vec<f64> {
            let of = scored().filter(|(class, _)| class.is_some_and(|class| wanted(class, known)));
            of.map(|(_, row)| score(row)).collect()
        };
        let (outliers, others) =
            (of(|class, known| class >= known), of(|class, known| class < known));
        if !outliers.is_empty() && !others.is_empty() {
            measured.auroc = Some(RocCurve::new(&outliers, &others)?.area());
        }
        Ok(measured)
    }

    fn print(&self, canonical: &[String]) {
        let share = |name: &str, share: Option<f64>| {
            if let Some(share) = share {
                println!("  {name:<16} {:>6.1} %", 100.0 * share);
            }
        };
        share("top-1", self.top[0]);
        share("top-5", self.top[1]);
        share("mean per class", self.mean_per_class);
        println!("  of {}", counted(self.counted, "image"));
        for (name, of_class) in canonical.iter().zip(&self.by_class) {
            match of_class {
                Some(of_class) => println!("    {:>6.1} %  {name}", 100.0 * of_class),
                None => println!("    {:>8}  {name}", "none"),
            }
        }
    }
}
