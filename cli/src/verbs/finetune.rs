//! Fine-tunes a model on one's own images, and writes it for the other verbs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use vit22b::data::{ImageLoader, ImageSet, Preprocess};
use vit22b::train::{
    Classify, Duration, Engine, Loss, Polyak, Recipe, Rules, Start, TrainStep, Trainer, layer_decay,
};
use vit22b::vit::ViT22B;
use vit22b::{Runtime, params};

use crate::args::{Decoding, DeviceName, PrecisionName, Weights, naming_option};
use crate::sharding::Large;
use crate::terminal::counted;
use crate::training::{
    self, Keeping, Measuring, OPTIONS, Steps, labelled, loader, stop_on_signal, values_step,
};
use crate::unsaid::Loaded;

/// A loss by name.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum LossName {
    /// Of classes that exclude each other
    Softmax,
    /// Of each class on its own
    Sigmoid,
}

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    /// Labelled images: a folder of class folders, or one with train and
    /// val; a list (.csv, .tsv or .jsonl) or shards (.tar)
    #[arg(long, value_name = "PATH", verbatim_doc_comment)]
    images: PathBuf,
    #[command(flatten)]
    decoding: Decoding,
    /// Steps of a run
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Images of a step; the authors take 512
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    /// Equal parts of a batch that are computed one after the other,
    /// for less memory
    #[arg(long, default_value_t = 1)]
    micro_batches: u64,
    /// Peak learning rates, of which the best on held-out training images
    /// is taken
    #[arg(long, value_delimiter = ',', default_values_t = Recipe::FINETUNE_RATES, allow_negative_numbers = true)]
    lr: Vec<f64>,
    /// Share of the training images in percent on which the rate is chosen
    #[arg(long, value_name = "PERCENT", default_value_t = 2.0)]
    held_out: f64,
    /// The loss [default: softmax where each image has one label, else
    /// sigmoid]
    #[arg(long)]
    loss: Option<LossName>,
    /// Multiply the rate of each block by this number once more than that of
    /// the block above
    #[arg(long, value_name = "FACTOR", verbatim_doc_comment)]
    layer_decay: Option<f64>,
    /// Do not train parameters whose whole path matches this regular
    /// expression, such as "embedding.*|blocks[.][0-5][.].*"
    #[arg(long, value_name = "REGEX", verbatim_doc_comment)]
    freeze: Vec<String>,
    /// Take the mean of the parameters over the second half of the run
    #[arg(long)]
    average: bool,
    /// Least share of the area of an image in percent that a random crop
    /// shows
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    least_area: f64,
    /// Change training images by RandAugment, two operations at strength 10
    #[arg(long)]
    randaug: bool,
    /// The type of products and activations
    #[arg(long, default_value = "f32")]
    precision: PrecisionName,
    #[command(flatten)]
    large: Large,
    #[command(flatten)]
    keeping: Keeping,
    #[command(flatten)]
    measuring: Measuring,
    /// Seed of the order and crops of images, and of which are held out
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    device: DeviceName,
    /// Folder for model.safetensors, and for each rate a folder with
    /// checkpoints, metrics.jsonl and curves.svg
    #[arg(long, value_name = "FOLDER", default_value = "out/finetune")]
    out: PathBuf,
}

/// The least number of held-out images by which rates are told apart, where there are enough.
const LEAST_HELD_OUT: usize = 100;

/// A run with one rate.
struct Tried {
    lr: f64,
    precision: f64,
    loss: f64,
    model: ViT22B,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { seed, ref out, .. } = arguments;
    let stop = stop_on_signal()?;
    let [train, test] = labelled(&arguments.images, seed)?;
    let runtime = arguments.large.runtime(&arguments.device)?;
    let (Loaded { model, preprocess }, given) = arguments.weights.body(&runtime.device())?;
    let (patch, own) = (model.config().patch, model.config().image);
    let side = given.unwrap_or(own[0]);
    let augment = arguments.randaug.then_some("randaug(2, 10)");
    let area = arguments.least_area;
    let steps = Steps::new(side, patch, area, &values_step(&preprocess), augment)?;
    let seen = side / patch * patch;
    if seen < side {
        eprintln!(
            "--side {side} is no multiple of the patch, {patch}: the last {} rows and columns of pixels are not seen, as in \
             big_vision; {seen} and {} are multiples",
            side - seen,
            seen + patch
        );
    }
    let model = model.with_image([seen, seen])?.with_new_head(train.classes().len())?;
    let several = arguments.lr.len() > 1;
    let [fit, chosen_on] = match several {
        true => hold_out(&train, arguments.held_out, seed)?,
        false => [train.clone(), test.clone()],
    };
    let decoding = arguments.decoding.options();
    let data = loader(&fit, &steps.train, decoding, seed)?;
    let held_out = loader(&chosen_on, &steps.test, decoding, seed)?;
    println!("{model}\non {runtime}");
    println!(
        "{} to train with, {} to test with, {} in {}",
        counted(fit.len(), "image"),
        counted(test.len(), "image"),
        counted(train.classes().len(), "class"),
        arguments.images.display()
    );
    let task = Classify::new(model.config().clone(), arguments.loss([&train, &test])?)?;
    let mut tried = Vec::new();
    for lr in &arguments.lr {
        let begun = (task.clone(), model.clone(), &runtime);
        match arguments.try_rate(*lr, begun, (&data, &held_out, &steps.test), &stop)? {
            Some(run) => tried.push(run),
            None => {
                println!("stopped; go on with the same command and --resume");
                return Ok(());
            }
        }
    }
    if several {
        println!("learning rates on {} of the training part:", counted(chosen_on.len(), "image"));
        for Tried { lr, precision, loss, .. } in &tried {
            println!("  {lr:<8} loss {loss:.4}, precision at 1 {:.1} %", 100.0 * precision);
        }
    }
    let better =
        |a: &Tried, b: &Tried| a.precision.total_cmp(&b.precision).then(b.loss.total_cmp(&a.loss));
    let best = tried.into_iter().max_by(better).context("--lr: expected at least one rate")?;
    let path = out.join("model.safetensors");
    training::save(&best.model, &steps.test, train.classes(), &path)?;
    let precision = match several {
        true => {
            let images = loader(&test, &steps.test, decoding, seed)?;
            arguments.score(task, (best.model, &arguments.large.over(&runtime)?), images)?
        }
        false => best.precision,
    };
    println!(
        "rate {}: {:.1} % of {} right; {}",
        best.lr,
        100.0 * precision,
        counted(test.len(), "test image"),
        path.display()
    );
    Ok(())
}

impl Arguments {
    /// The loss that is asked for, or the one that these images have.
    fn loss(&self, sets: [&ImageSet; 2]) -> anyhow::Result<Loss> {
        let all: usize = sets.iter().map(|set| set.len()).sum();
        let others = sets.iter().flat_map(|set| set.items()).filter(|item| item.labels.len() != 1);
        let others = others.count();
        match self.loss {
            Some(LossName::Softmax) => ensure!(
                others == 0,
                "--loss softmax: expected one label for each image, got several for {others} of {all}; take --loss \
                 sigmoid, or leave it out"
            ),
            None if others > 0 => println!(
                "{others} of {all} images have several labels: the loss is the sigmoid's, of each class on its own"
            ),
            _ => {}
        }
        let softmax = Loss::SoftmaxCrossEntropy { label_smoothing: 0.0 };
        let one_each = if others == 0 { LossName::Softmax } else { LossName::Sigmoid };
        Ok(match self.loss.unwrap_or(one_each) {
            LossName::Softmax => softmax,
            LossName::Sigmoid => Loss::SigmoidCrossEntropy,
        })
    }

    /// The share of images that are classified rightly.
    fn score(
        &self,
        task: Classify,
        (model, runtime): (ViT22B, &Runtime),
        images: Arc<ImageLoader>,
    ) -> anyhow::Result<f64> {
        let step = TrainStep::new(task, &Recipe::finetune(self.batch, 1, 0.1), None)?;
        let engine = Engine::start(runtime, step, Start::From(model, 0))?;
        let size = self.batch as usize;
        Ok(engine.mean_scores(images, size, self.keeping.threads)?["precision_at_1"])
    }

    fn recipe(&self, lr: f64, model: &ViT22B) -> anyhow::Result<Recipe> {
        let mut recipe = Recipe {
            precision: self.precision.into(),
            micro_batches: self.micro_batches,
            ..Recipe::finetune(self.batch, self.steps, lr)
        };
        if let Some(rate) = self.layer_decay {
            ensure!(
                rate > 0.0 && rate <= 1.0,
                "--layer-decay {rate}: expected a number above 0 and at most 1"
            );
            recipe = recipe.with_factors(layer_decay(model.config().depth, rate));
        }
        if self.average {
            recipe.polyak = Some(Polyak { from: Duration::Percent(50.0) });
        }
        for pattern in &self.freeze {
            let rules = Rules::new([(pattern.as_str(), true), (".*", false)]);
            let paths = params::shapes(model).into_iter().map(|(path, _)| path);
            let frozen = rules.resolve(paths).with_context(|| format!("--freeze {pattern}"))?;
            ensure!(
                frozen.iter().any(|frozen| *frozen),
                "--freeze {pattern}: no parameter has such a path; it must match the whole path, such as \
                 blocks.0.mlp.fc1.weight"
            );
            ensure!(
                frozen.iter().any(|frozen| !frozen),
                "--freeze {pattern}: matches every parameter, and nothing is left to train"
            );
        }
        Ok(recipe.with_frozen(self.freeze.iter().map(String::as_str)))
    }

    /// The model after a run with one rate; none if it was stopped.
    fn try_rate(
        &self,
        lr: f64,
        (task, model, runtime): (Classify, ViT22B, &Runtime),
        (data, held_out, steps): (&Arc<ImageLoader>, &Arc<ImageLoader>, &Preprocess),
        stop: &AtomicBool,
    ) -> anyhow::Result<Option<Tried>> {
        let recipe = self.recipe(lr, &model)?;
        println!("learning rate {lr}");
        let folder = self.out.join(format!("lr-{lr}"));
        let trainer = Trainer::new(task, recipe, data.clone(), folder)
            .with_evaluation(held_out.clone(), self.keeping.evaluate_every)
            .with_seed(self.seed)
            .with_model(model);
        let trainer = self.measuring.apply(
            self.large.apply(self.keeping.apply(trainer))?,
            runtime,
            ([data.set(), held_out.set()], steps),
            (self.decoding.options(), self.seed),
            self.keeping.evaluate_every,
        )?;
        trainer.validate().map_err(|error| naming_option(error, &OPTIONS))?;
        let ended = training::run(&trainer, runtime, stop);
        let ended = ended.map_err(|error| self.large.explained(error))?;
        if !ended.finished {
            return Ok(None);
        }
        let size = self.batch as usize;
        let scores = ended.engine.mean_scores(held_out.clone(), size, self.keeping.threads)?;
        let model = ended.engine.model()?;
        Ok(Some(Tried { lr, precision: scores["precision_at_1"], loss: scores["loss"], model }))
    }
}

/// Training images to fit with, and others on which the rate is chosen.
fn hold_out(train: &ImageSet, percent: f64, seed: u64) -> anyhow::Result<[ImageSet; 2]> {
    ensure!(
        percent > 0.0 && percent <= 50.0,
        "--held-out {percent}: expected a percentage above 0 and at most 50"
    );
    let all = train.len();
    let share = (all as f64 * percent / 100.0).round() as usize;
    let count = share.max(LEAST_HELD_OUT.min(all / 5));
    ensure!(
        count > 0 && count < all,
        "--images: {all} images to train with are too few to choose a rate on some of them; give one --lr"
    );
    // Any order will do that does not follow the classes.
    let mut order: Vec<usize> = (0..all).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut order);
    let part = |indices: &[usize]| train.select(indices.iter().copied());
    Ok([part(&order[count..]), part(&order[..count])])
}
