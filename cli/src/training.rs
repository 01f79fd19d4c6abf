//! What the verbs that train have in common: options of a run, images with their preprocessing, stopping and saving.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use vit22b::data::{
    BatchError, BatchSource, DecodeOptions, HeldOut, ImageLoader, ImageSet, Masked, Preprocess,
    Transform,
};
use vit22b::eval::{FewShotConfig, LogisticConfig};
use vit22b::probe::FeatureScores;
use vit22b::train::{Ended, Event, Task, Trainer};
use vit22b::vit::ViT22B;
use vit22b::{Runtime, weights};

use crate::args::{naming_option, tell_remarks};
use crate::terminal::Terminal;
use crate::unsaid::{check_patches, positive};

/// Batches to train with, and held-out ones.
pub(crate) type Data<B> = (Arc<dyn BatchSource<B>>, Arc<dyn HeldOut<B>>);

/// In place of data that take long to make: the settings of a run with it can be checked before.
pub(crate) struct NotYet;

impl<B> BatchSource<B> for NotYet {
    fn batch(&self, position: u64, _: usize) -> Result<B, BatchError> {
        Err(BatchError::new(position, "the data are not made yet"))
    }
}

impl<B> HeldOut<B> for NotYet {
    fn len(&self) -> usize {
        0
    }

    fn batch(&self, first: usize, _: usize) -> Result<Masked<B>, BatchError> {
        Err(BatchError::new(first as u64, "the data are not made yet"))
    }
}

/// How a run is evaluated, kept and continued.
#[derive(Args, Clone)]
pub(crate) struct Keeping {
    /// Steps between evaluations on held-out images
    #[arg(long, value_name = "STEPS", default_value_t = 50)]
    pub(crate) evaluate_every: u64,
    /// Steps between checkpoints
    #[arg(long, value_name = "STEPS", default_value_t = 50)]
    pub(crate) save_every: u64,
    /// Checkpoints that are kept
    #[arg(long, default_value_t = 3)]
    pub(crate) keep: usize,
    /// Threads that make images
    #[arg(long, default_value_t = 1)]
    pub(crate) threads: usize,
    /// Images that are made ahead of the training, at most, which bounds
    /// their memory; two batches more than there are threads without it
    #[arg(long, value_name = "IMAGES")]
    pub(crate) images_ahead: Option<usize>,
    /// Go on from the last whole checkpoint in the folder, if there is one
    #[arg(long)]
    pub(crate) resume: bool,
}

/// What is measured on the model while it is trained, besides loss and precision.
#[derive(Args, Clone)]
pub(crate) struct Measuring {
    /// Also measure how well the model's features tell the classes apart:
    /// by a linear probe, or from few examples of each class
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    evaluate: Vec<Measured>,
    /// Steps between these measurements [default: as --evaluate-every]
    #[arg(long, value_name = "STEPS", requires = "evaluate", value_parser = clap::value_parser!(u64).range(1..))]
    measure_every: Option<u64>,
    /// The most images to fit with, and the most to test with, in these
    /// measurements
    #[arg(long, value_name = "IMAGES", requires = "evaluate", default_value_t = 2_000, value_parser = positive)]
    measure_images: usize,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Measured {
    Probe,
    FewShot,
}

impl Measuring {
    /// Whether something is measured.
    pub(crate) fn is_asked_for(&self) -> bool {
        !self.evaluate.is_empty()
    }

    /// A trainer that measures so, on images to fit with and images to test with.
    pub(crate) fn apply<T: Task<Model = ViT22B>>(
        &self,
        trainer: Trainer<T>,
        runtime: &Runtime,
        (parts, steps): ([&ImageSet; 2], &Preprocess),
        (decoding, seed): (DecodeOptions, u64),
        evaluate_every: u64,
    ) -> anyhow::Result<Trainer<T>> {
        if !self.is_asked_for() {
            return Ok(trainer);
        }
        let parts = parts.map(|set| {
            let mut order: Vec<usize> = (0..set.len()).collect();
            // Any order will do that does not follow the classes.
            fastrand::Rng::with_seed(seed).shuffle(&mut order);
            order.truncate(self.measure_images);
            set.select(order)
        });
        let mut of_class = vec![0; parts[0].classes().len()];
        for item in parts[0].items() {
            item.labels.first().into_iter().for_each(|label| of_class[*label] += 1);
        }
        let mut scores = FeatureScores::new(runtime, parts, steps.clone()).with_decoding(decoding);
        if self.evaluate.contains(&Measured::Probe) {
            scores = scores.with_probe(LogisticConfig { seed, ..Default::default() });
        }
        if self.evaluate.contains(&Measured::FewShot) {
            let fewest = of_class.into_iter().min().unwrap_or(0);
            ensure!(
                fewest > 0,
                "--evaluate few-shot: a class has no image among the {} to fit with; raise --measure-images, or \
                 leave it out",
                self.measure_images
            );
            let mut config = FewShotConfig::default();
            config.shots.retain(|shots| *shots <= fewest);
            scores = scores.with_few_shot(config);
        }
        let every = self.measure_every.unwrap_or(evaluate_every);
        Ok(trainer.with_measurement(every, move |model| scores.measure(model)))
    }
}

impl Keeping {
    /// A trainer that does so.
    pub(crate) fn apply<T: Task>(&self, trainer: Trainer<T>) -> Trainer<T> {
        trainer
            .with_checkpoints(self.save_every, self.keep)
            .with_threads(self.threads)
            .with_examples_ahead(self.images_ahead)
            .with_resume(self.resume)
    }
}

/// Fields of configs, recipes and runs, and the options that set them.
pub(crate) const OPTIONS: [(&str, &str); 12] = [
    // Of a mesh.
    ("the rows of a batch", "--batch"),
    ("images axis 0", "--batch"),
    ("image", "--image"),
    ("micro_batches", "--micro-batches"),
    ("workers", "--workers"),
    ("learning_rate.peak", "--lr"),
    ("schedule", "--steps"),
    ("peak_flops", "--peak-tflops"),
    ("evaluate_every", "--evaluate-every"),
    ("save_every", "--save-every"),
    ("keep", "--keep"),
    ("threads", "--threads"),
];

/// Runs a trainer, with its events on the terminal.
pub(crate) fn run<T: Task>(
    trainer: &Trainer<T>,
    runtime: &Runtime,
    stop: &AtomicBool,
) -> anyhow::Result<Ended<T>> {
    let terminal = Terminal::new();
    let ended = trainer.run(runtime, stop, |event: &Event| terminal.show(event));
    terminal.finish();
    ended.map_err(|error| naming_option(error, &OPTIONS))
}

/// Runs to the end, or says after which step it was stopped and how it goes on.
pub(crate) fn finish<T: Task>(
    trainer: &Trainer<T>,
    runtime: &Runtime,
    stop: &AtomicBool,
) -> anyhow::Result<Option<Ended<T>>> {
    trainer.validate().map_err(|error| naming_option(error, &OPTIONS))?;
    let ended = run(trainer, runtime, stop)?;
    if !ended.finished {
        let step = ended.engine.steps_done();
        println!("stopped after step {step}; go on with the same command and --resume");
        return Ok(None);
    }
    Ok(Some(ended))
}

/// A flag that Ctrl-C sets, or the system when it asks the process to end. The second time the process
/// ends at once.
pub(crate) fn stop_on_signal() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("\nfinishing the step and saving; once more to end at once");
    })?;
    Ok(stop)
}

/// Labelled images to train with and held-out ones, and what is left out of them.
pub(crate) fn labelled(path: &Path, seed: u64) -> anyhow::Result<[ImageSet; 2]> {
    let parts = ImageSet::open_labelled(path, seed).context("--images")?;
    parts.iter().for_each(tell_remarks);
    Ok(parts)
}

/// The steps of preprocessing for a square side: random ones to train with, and those of an evaluation.
pub(crate) struct Steps {
    pub(crate) train: Preprocess,
    pub(crate) test: Preprocess,
}

impl Steps {
    /// Crops of at least so many percent of an image and mirroring; for an evaluation a central crop of an image whose shorter side is 7/6 of the side.
    /// What the patch does not divide is dropped below and on the right. `values` is the step that makes values of bytes.
    pub(crate) fn new(
        side: usize,
        patch: usize,
        least_area: f64,
        values: &str,
        augment: Option<&str>,
    ) -> anyhow::Result<Self> {
        let seen = side / patch * patch;
        ensure!(seen > 0, "--side {side}: expected at least the patch, {patch}");
        check_patches(side, patch)?;
        let corner =
            if seen < side { format!("corner_crop({seen}, {seen})|") } else { String::new() };
        let augment = augment.map(|step| format!("{step}|")).unwrap_or_default();
        let larger = (side * 7 + 3) / 6;
        Ok(Self {
            train: format!(
                "inception_crop({side}, {side}, {least_area}, 100, bilinear)|flip_lr|{augment}{corner}{values}"
            )
            .parse()
            .with_context(|| format!("--least-area {least_area}"))?,
            test: format!(
                "resize_small({larger}, bilinear)|central_crop({side}, {side})|{corner}{values}"
            )
            .parse()?,
        })
    }
}

/// The step of preprocessing that makes values of bytes.
pub(crate) fn values_step(preprocess: &Preprocess) -> String {
    preprocess.values().map_or_else(|| "value_range(-1, 1)".into(), Transform::to_string)
}

/// Images of a set in batches.
pub(crate) fn loader(
    set: &ImageSet,
    steps: &Preprocess,
    decoding: DecodeOptions,
    seed: u64,
) -> anyhow::Result<Arc<ImageLoader>> {
    let loader = ImageLoader::new(set.clone(), steps.clone()).context("--images")?;
    Ok(Arc::new(loader.with_decoding(decoding).with_seed(seed)))
}

/// Writes a model with the steps that make its images and the names of its classes, to be taken as `--weights`.
pub(crate) fn save(
    model: &ViT22B,
    steps: &Preprocess,
    classes: &[String],
    path: &PathBuf,
) -> anyhow::Result<()> {
    weights::save_with_classes(model, steps, classes, path)
        .with_context(|| format!("cannot write {}", path.display()))
}
