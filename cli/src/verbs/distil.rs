//! Distils a large classifier into a small model: the teacher's answers about views of images are kept, learned from and checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use burn::tensor::Device;
use clap::{Args, Subcommand};
use vit22b::Runtime;
use vit22b::data::{ImageSet, Preprocess, Transform, Views};
use vit22b::distil::{Answers, Distil, Fidelity, HeldOutAnswers, Kept, Teacher, TeacherCache};
use vit22b::eval::Matrix;
use vit22b::params;
use vit22b::train::{Duration, Recipe, Trainer};
use vit22b::vit::{Variant, ViT22B};
use vit22b::weights::{LoadOptions, WeightsFile};

use crate::args::{Decoding, DeviceName, PrecisionName};
use crate::sharding::Large;
use crate::terminal::{ImageBar, counted};
use crate::training::{
    self, Keeping, Measuring, Steps, labelled, loader, stop_on_signal, values_step,
};
use crate::unsaid::positive;
use crate::weights::WeightsName;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one is made, and it is moved once")]
enum Part {
    /// Ask a classifier about random views of all training images, and keep what it says
    Cache(CacheArguments),
    /// Train a small model to say the same
    Train(TrainArguments),
    /// Ask the classifier again about some views, and compare a student with it
    Check(CheckArguments),
}

/// A teacher and the images that it is asked about.
#[derive(Args)]
struct Asked {
    /// The teacher: a classifier of the images' classes, such as finetune
    /// writes, as a file or a folder
    #[arg(long, value_name = "PATH", verbatim_doc_comment)]
    teacher: WeightsName,
    /// Labelled images: a folder of class folders, or one with train and
    /// val; a list (.csv, .tsv or .jsonl) or shards (.tar)
    #[arg(long, value_name = "PATH", verbatim_doc_comment)]
    images: PathBuf,
    #[command(flatten)]
    decoding: Decoding,
    /// Images that the teacher sees at once
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    teacher_batch: u16,
    /// Seed of views, and of which images are held out
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    device: DeviceName,
}

#[derive(Args)]
struct CacheArguments {
    #[command(flatten)]
    asked: Asked,
    /// Views of each image
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    views: u32,
    /// Least share of the area of an image in percent that a random crop
    /// shows
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    least_area: f64,
    /// Keep the probabilities of so many classes alone, in f16
    /// [default: the logits of all]
    #[arg(long, value_name = "CLASSES")]
    best: Option<usize>,
    /// Do not mix views in pairs
    #[arg(long)]
    no_mixup: bool,
    /// Threads that make images
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Folder for the answers; what is there already is kept
    #[arg(long, value_name = "FOLDER", default_value = "out/answers")]
    out: PathBuf,
}

#[derive(Args)]
struct TrainArguments {
    #[command(flatten)]
    asked: Asked,
    /// Folder of answers that distil cache has written
    #[arg(long, value_name = "FOLDER", default_value = "out/answers")]
    answers: PathBuf,
    /// The student's pre-trained weights; its classifier is made new
    #[arg(long, value_name = "PATH", conflicts_with = "variant")]
    student: Option<WeightsName>,
    /// Size and patch of a student that begins with drawn parameters, such as mu/4
    #[arg(long)]
    variant: Option<Variant>,
    /// Side of the student's images in pixels
    /// [default: the student's own, or eight patches]
    #[arg(long, value_name = "PIXELS")]
    side: Option<usize>,
    /// Passes over the images; a view of each comes again after as many as there are views
    #[arg(long, default_value_t = 30.0)]
    epochs: f64,
    /// Images of a step
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    /// Peak learning rate
    #[arg(long, default_value_t = 0.001, allow_negative_numbers = true)]
    lr: f64,
    /// Temperature of both softmaxes; other than 1 where the logits of all classes are kept
    #[arg(long, default_value_t = 1.0)]
    temperature: f64,
    /// The type of products and activations
    #[arg(long, default_value = "f32")]
    precision: PrecisionName,
    #[command(flatten)]
    large: Large,
    #[command(flatten)]
    keeping: Keeping,
    #[command(flatten)]
    measuring: Measuring,
    /// Folder for model.safetensors, checkpoints, metrics.jsonl and curves.svg
    #[arg(long, value_name = "FOLDER", default_value = "out/distil")]
    out: PathBuf,
}

#[derive(Args)]
struct CheckArguments {
    #[command(flatten)]
    asked: Asked,
    /// Folder of answers that distil cache has written
    #[arg(long, value_name = "FOLDER", default_value = "out/answers")]
    answers: PathBuf,
    /// Views about which the teacher is asked again
    #[arg(long, default_value_t = 64, value_parser = positive)]
    rows: usize,
    /// A student, to compare with the teacher on held-out images
    #[arg(long, value_name = "PATH")]
    student: Option<WeightsName>,
}

/// The largest difference of a probability that other rounding explains; in f16 a probability has eleven bits.
const SAME: f64 = 1e-3;

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.part {
        Part::Cache(arguments) => cache(arguments),
        Part::Train(arguments) => train(arguments),
        Part::Check(arguments) => check(arguments),
    }
}

/// A model of a file with its classifier, and the steps that make its images.
fn classifier(
    option: &str,
    name: &WeightsName,
    device: &Device,
) -> anyhow::Result<(ViT22B, Preprocess)> {
    let load = || -> anyhow::Result<_> {
        let loaded = WeightsFile::open(name.path()?)?.load(&LoadOptions::new(), device)?;
        Ok((loaded.model, loaded.description.preprocessing))
    };
    load().with_context(|| format!("{option} {name}"))
}

impl Asked {
    /// The teacher for images that need not be whole: random views of the size that it takes. Also the steps of an evaluation.
    fn open(&self, runtime: &Runtime, least_area: f64) -> anyhow::Result<(Teacher, Preprocess)> {
        let (model, own) = classifier("--teacher", &self.teacher, &runtime.device())?;
        ensure!(
            model.config().num_classes > 0,
            "--teacher {}: expected a model with a classifier, got one without; finetune makes one",
            self.teacher
        );
        let [height, width] = own.size();
        let values = values_step(&own);
        let views: Preprocess = format!(
            "inception_crop({height}, {width}, {least_area}, 100, bilinear)|flip_lr|{values}"
        )
        .parse()?;
        let batch = self.teacher_batch.into();
        Ok((Teacher::new(runtime, model, views, batch).context("--teacher")?, own))
    }

    fn sets(&self, teacher: &Teacher) -> anyhow::Result<[ImageSet; 2]> {
        let sets = labelled(&self.images, self.seed)?;
        let (of_images, of_teacher) = (sets[0].classes().len(), teacher.classes());
        ensure!(
            of_images == of_teacher,
            "--teacher {}: expected {}, as --images has, got {of_teacher}",
            self.teacher,
            counted(of_images, "class")
        );
        Ok(sets)
    }

    fn views(&self, set: &ImageSet, steps: &Preprocess, views: u64) -> anyhow::Result<Views> {
        let views = Views::new(set.clone(), steps.clone(), views, self.seed).context("--images")?;
        Ok(views.with_decoding(self.decoding.options()))
    }
}

fn cache(arguments: CacheArguments) -> anyhow::Result<()> {
    let CacheArguments { asked, views, least_area, best, no_mixup, threads, out } = arguments;
    let stop = stop_on_signal()?;
    let runtime = asked.device.runtime()?;
    let (teacher, _) = asked.open(&runtime, least_area)?;
    let [train, _] = asked.sets(&teacher)?;
    let views = asked.views(&train, teacher.preprocess(), views.into())?.with_mixup(!no_mixup);
    let kept = best.map_or(Kept::All, Kept::Best);
    let all = train.len() * views.views() as usize;
    println!(
        "{} of {} on {runtime}",
        counted(views.views() as usize, "view"),
        counted(train.len(), "image")
    );
    let mut bar = ImageBar::new(all);
    let built =
        TeacherCache::build(&out, (&teacher, &views), kept, threads, &stop, |n| bar.done(n));
    bar.clear();
    match built.context("--out")? {
        Some(cache) => println!("{} in {}", counted(cache.rows(), "answer"), out.display()),
        None => println!("stopped; the same command goes on"),
    }
    Ok(())
}

fn open_answers(folder: &Path) -> anyhow::Result<(TeacherCache, u64, bool)> {
    let cache = TeacherCache::open(folder).context("--answers")?;
    let views = cache.views()["views"].as_u64().unwrap_or(1);
    let mixup = cache.views()["mixup"].as_bool().unwrap_or(true);
    Ok((cache, views, mixup))
}

/// The least share of an image in the views of a cache, in percent.
fn least_area(cache: &TeacherCache) -> f64 {
    let steps = cache.views()["preprocess"].as_str().and_then(|steps| steps.parse().ok());
    let area = |step: &Transform| match step {
        Transform::InceptionCrop { area: [low, _], .. } => Some(*low),
        _ => None,
    };
    steps.and_then(|steps: Preprocess| steps.steps().iter().find_map(area)).unwrap_or(5.0)
}

fn train(arguments: TrainArguments) -> anyhow::Result<()> {
    let TrainArguments { asked, answers, out, keeping, large, .. } = &arguments;
    let stop = stop_on_signal()?;
    let runtime = large.runtime(&asked.device)?;
    let (cache, views, mixup) = open_answers(answers)?;
    ensure!(
        arguments.temperature == 1.0 || cache.kept() == Kept::All,
        "--temperature {}: expected 1, since --answers {} has the best classes alone",
        arguments.temperature,
        answers.display()
    );
    let area = least_area(&cache);
    let (teacher, teachers_own) = asked.open(&runtime, area)?;
    let [images, held_out] = asked.sets(&teacher)?;
    let (model, values) = student(&arguments, images.classes().len(), &runtime)?;
    let (patch, side) = (model.config().patch, model.config().image[0]);
    let steps = Steps::new(side, patch, area, &values, None)?;
    let of_student = asked.views(&images, &steps.train, views)?.with_mixup(mixup);
    let data = Answers::kept(of_student, cache)
        .with_context(|| format!("--answers {}", answers.display()))?;
    let decoding = asked.decoding.options();
    let of_teacher = loader(&held_out, &teachers_own, decoding, asked.seed)?;
    let of_student = loader(&held_out, &steps.test, decoding, asked.seed)?;
    let evaluation = HeldOutAnswers::new(of_student, (&teacher, &of_teacher), keeping.threads)?;
    let task =
        Distil::new(model.config().clone(), arguments.temperature).context("--temperature")?;
    let recipe = Recipe {
        precision: arguments.precision.into(),
        ..Recipe::distil(arguments.batch, Duration::Epochs(arguments.epochs), arguments.lr)
    };
    println!("{model}\non {runtime}");
    let trainer = Trainer::new(task, recipe, Arc::new(data), out)
        .with_evaluation(Arc::new(evaluation), keeping.evaluate_every)
        .with_seed(asked.seed)
        .with_model(model);
    let trainer = arguments.measuring.apply(
        large.apply(keeping.apply(trainer))?,
        &runtime,
        ([&images, &held_out], &steps.test),
        (decoding, asked.seed),
        keeping.evaluate_every,
    )?;
    let ended = training::finish(&trainer, &runtime, &stop);
    let Some(ended) = ended.map_err(|error| large.explained(error))? else {
        return Ok(());
    };
    let step = ended.engine.steps_done();
    let path = out.join("model.safetensors");
    training::save(&ended.engine.model()?, &steps.test, images.classes(), &path)?;
    println!("{step} steps; {}", path.display());
    Ok(())
}

/// The student before its first step, and the step that makes values of bytes for it.
fn student(
    arguments: &TrainArguments,
    classes: usize,
    runtime: &Runtime,
) -> anyhow::Result<(ViT22B, String)> {
    let device = runtime.device();
    let checked = |side: usize, patch: usize| {
        ensure!(
            side >= patch && side.is_multiple_of(patch),
            "--side {side}: expected a positive multiple of the student's patch, {patch}"
        );
        Ok(side)
    };
    match (&arguments.student, arguments.variant) {
        (Some(name), _) => {
            let (model, own) = classifier("--student", name, &device)?;
            let (patch, image) = (model.config().patch, model.config().image);
            let side = checked(arguments.side.unwrap_or(image[0]), patch)?;
            let model = model.with_image([side, side])?.with_new_head(classes)?;
            Ok((model, values_step(&own)))
        }
        (None, Some(variant)) => {
            let side = checked(arguments.side.unwrap_or(8 * variant.patch), variant.patch)?;
            let config = variant.config(classes).with_image([side, side]).with_head_bias(0.0);
            let draw = || config.init(&device).map(params::initialize);
            let model = params::with_seed(&device, arguments.asked.seed, draw)?;
            Ok((model, "value_range(-1, 1)".into()))
        }
        (None, None) => {
            anyhow::bail!("give --student PATH, pre-trained weights, or --variant, such as mu/4")
        }
    }
}

fn check(arguments: CheckArguments) -> anyhow::Result<()> {
    let CheckArguments { asked, answers, rows, student } = arguments;
    let runtime = asked.device.runtime()?;
    let (cache, views, mixup) = open_answers(&answers)?;
    let (teacher, own) = asked.open(&runtime, least_area(&cache))?;
    let [images, held_out] = asked.sets(&teacher)?;
    let views = asked.views(&images, teacher.preprocess(), views)?.with_mixup(mixup);
    let verified = cache.verify(&teacher, &views, rows).context("--answers")?;
    println!(
        "{} of {} asked again: probabilities differ by at most {:.1e}",
        verified.rows,
        counted(cache.rows(), "answer"),
        verified.largest_difference
    );
    ensure!(
        verified.largest_difference <= SAME,
        "--answers {}: the teacher says otherwise now; images may have changed, or are decoded otherwise",
        answers.display()
    );
    let Some(name) = student else { return Ok(()) };
    let (model, steps) = classifier("--student", &name, &runtime.device())?;
    let of_student = Teacher::new(&runtime, model, steps.clone(), asked.teacher_batch.into());
    let of_student = of_student.with_context(|| format!("--student {name}"))?;
    let decoding = asked.decoding.options();
    let [by_student, by_teacher] =
        [(&of_student, &steps), (&teacher, &own)].map(|(model, steps)| {
            let images = loader(&held_out, steps, decoding, asked.seed)?;
            anyhow::Ok(HeldOutAnswers::new(images.clone(), (model, &images), 1)?)
        });
    let (by_student, by_teacher) = (by_student?, by_teacher?);
    let classes = teacher.classes();
    let fidelity = Fidelity::new(
        Matrix::new(by_student.logits(), of_student.classes())?,
        Matrix::new(by_teacher.logits(), classes)?,
    )?;
    println!("{name} and {}, {fidelity}", asked.teacher);
    Ok(())
}
