//! The loop around the step: data in, metrics and checkpoints out.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;

use crate::Runtime;
use crate::data::batch::{BatchSource, ImageBatch, Prefetch};
use crate::vit::ViT22BConfig;

use super::curves::draw_curves;
use super::event::Event;
use super::metrics_log::{MetricsLog, Record};
use super::progress::Pace;
use crate::train::checkpoint::{Checkpoints, create_folder};
use crate::train::duration::Budget;
use crate::train::engine::{Engine, Pending, Scores, StepReading};
use crate::train::error::TrainError;
use crate::train::recipe::Recipe;
use crate::train::step::TrainStep;

/// A training run: a model, a recipe, data, and a folder that holds all that comes of it.
///
/// The folder has `checkpoints/`, `metrics.jsonl` (a [`Record`] a line) and `curves.svg`. A run that
/// was killed at any moment and resumed gives, on the same runtime, bit for bit the losses of one
/// that was not; its metrics are those of one run.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::AtomicBool;
/// use vit22b::Runtime;
/// use vit22b::data::Drawings;
/// use vit22b::train::{Event, Recipe, Trainer};
/// use vit22b::vit::ViT22BConfig;
///
/// let data = Drawings::new(8, 0);
/// let config = ViT22BConfig::new(data.hierarchy().names().len())
///     .with_image([8, 8]).with_patch(4)
///     .with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
/// let folder = std::env::temp_dir().join("vit22b-trainer-doc");
/// # let _ = std::fs::remove_dir_all(&folder);
/// let run = Trainer::new(config, Recipe::vit22b_scaled(4, 6, 1e-3), Arc::new(data), &folder)
///     .with_evaluation(Arc::new(Drawings::new(8, 1)), 2, 3);
///
/// let stop = AtomicBool::new(false); // set it, from a signal say, and the run saves and ends
/// let mut steps = 0;
/// let ended = run.run(&Runtime::flex(), &stop, |event| match event {
///     Event::Step(_) => steps += 1,
///     other => println!("{other}"),
/// })?;
/// assert!(ended.finished);
/// assert_eq!(steps, 6);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), vit22b::train::TrainError>(())
/// ```
#[derive(Clone)]
pub struct Trainer {
    config: ViT22BConfig,
    recipe: Recipe,
    data: Arc<dyn BatchSource<ImageBatch>>,
    folder: PathBuf,
    checkpoints: Checkpoints,
    evaluation: Option<Evaluation>,
    examples_per_epoch: Option<u64>,
    save_every: u64,
    seed: u64,
    resume: bool,
    threads: usize,
    peak_flops: Option<f64>,
}

#[derive(Clone)]
struct Evaluation {
    data: Arc<dyn BatchSource<ImageBatch>>,
    batches: u64,
    every: u64,
}

impl core::fmt::Debug for Trainer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Trainer")
            .field("config", &self.config)
            .field("recipe", &self.recipe)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// How a run ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ended {
    /// Whether all steps were done; if not, the run was stopped, and can be resumed.
    pub finished: bool,
    /// The state, where it was trained.
    pub engine: Engine,
}

impl Trainer {
    /// A run that begins anew, saves every 1,000 steps and at its end, keeps three checkpoints,
    /// does not evaluate, and makes batches on one thread.
    pub fn new(
        config: ViT22BConfig,
        recipe: Recipe,
        data: Arc<dyn BatchSource<ImageBatch>>,
        folder: impl Into<PathBuf>,
    ) -> Self {
        let folder = folder.into();
        Self {
            config,
            recipe,
            data,
            checkpoints: Checkpoints::new(folder.join("checkpoints")),
            folder,
            evaluation: None,
            examples_per_epoch: None,
            save_every: 1_000,
            seed: 0,
            resume: false,
            threads: 1,
            peak_flops: None,
        }
    }

    /// Scores the model on the first `batches` batches of held-out data every `every` steps, and
    /// at the end.
    #[must_use]
    pub fn with_evaluation(
        mut self,
        data: Arc<dyn BatchSource<ImageBatch>>,
        batches: u64,
        every: u64,
    ) -> Self {
        self.evaluation = Some(Evaluation { data, batches: batches.max(1), every: every.max(1) });
        self
    }

    /// Examples of a pass over the data, where the recipe speaks of epochs.
    #[must_use]
    pub fn with_examples_per_epoch(mut self, examples: u64) -> Self {
        self.examples_per_epoch = Some(examples);
        self
    }

    /// Saves every `every` steps, and keeps the last `keep` checkpoints (at least one).
    #[must_use]
    pub fn with_checkpoints(mut self, every: u64, keep: usize) -> Self {
        self.save_every = every.max(1);
        self.checkpoints = self.checkpoints.with_keep(keep);
        self
    }

    /// What parameters, dropout and mixup are drawn from.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Goes on from the last checkpoint that is whole, if there is any.
    #[must_use]
    pub fn with_resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Makes batches on several threads. Their number does not change the batches.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Floating-point operations in a second that the device can do, for utilisation: from its
    /// data sheet, or from [`measure_peak_flops`](crate::train::measure_peak_flops).
    #[must_use]
    pub fn with_peak_flops(mut self, peak_flops: f64) -> Self {
        self.peak_flops = Some(peak_flops);
        self
    }

    /// Runs until all steps are done, or `stop` is set: then the step at hand is finished, the
    /// state saved, and the run ends. So it does where data fails.
    ///
    /// # Errors
    ///
    /// [`TrainError`]: a config or a recipe without meaning, a folder that holds another run or
    /// cannot be written, no whole checkpoint, data that fails, a step that is not finite, XLA.
    pub fn run(
        &self,
        runtime: &Runtime,
        stop: &AtomicBool,
        mut observe: impl FnMut(&Event),
    ) -> Result<Ended, TrainError> {
        let model = self.config.init(&runtime.device())?;
        let train = TrainStep::new(&self.recipe, self.examples_per_epoch, &model)?;
        let recipe = &self.recipe;
        let budget = Budget::new(recipe.total, recipe.batch_size, self.examples_per_epoch)?;
        create_folder(&self.folder)?;
        let _lock = self.lock()?;
        let (engine, position) = self.start(runtime, train, &mut observe)?;
        let mut run = Run {
            log: MetricsLog::at_step(self.folder.join("metrics.jsonl"), engine.steps_done())?,
            saved: position.map(|_| engine.steps_done()),
            position: position.unwrap_or(0),
            trainer: self,
            total: budget.total_steps,
            engine,
            pace: Pace::new(budget.total_steps, recipe.batch_size)
                .with_utilisation(self.peak_flops.map(|peak| of_one_image(&self.config, peak))),
            pending: None,
            observe,
        };
        run.all_steps(stop)?;
        let finished = run.engine.steps_done() >= run.total;
        Ok(Ended { finished, engine: run.engine })
    }

    /// Keeps other processes from the folder; the system lets go of it when this one ends,
    /// however it does.
    fn lock(&self) -> Result<File, TrainError> {
        let path = self.folder.join(".lock");
        let file = File::create(&path).map_err(TrainError::file("make", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(TrainError::Busy { folder: self.folder.clone() }),
            Err(TryLockError::Error(error)) => Err(TrainError::file("lock", &path)(error)),
        }
    }

    /// The state to begin with, and the position in the data if it is a checkpoint's.
    fn start(
        &self,
        runtime: &Runtime,
        train: TrainStep,
        observe: &mut impl FnMut(&Event),
    ) -> Result<(Engine, Option<u64>), TrainError> {
        if !self.resume {
            if let Some(step) = self.checkpoints.steps()?.pop() {
                return Err(TrainError::Occupied { folder: self.folder.clone(), step });
            }
            return Ok((Engine::init(runtime, train, &self.config, self.seed)?, None));
        }
        let latest = self.checkpoints.latest()?;
        latest.damaged.into_iter().for_each(|error| observe(&Event::Damaged(error)));
        let Some(checkpoint) = latest.checkpoint else {
            return Ok((Engine::init(runtime, train, &self.config, self.seed)?, None));
        };
        let manifest = checkpoint.manifest();
        let (step, position) = (manifest.step, manifest.position);
        if let Some((field, saved, wanted)) = difference(&manifest.config, &self.config) {
            return Err(TrainError::OtherModel { step, field, saved, wanted });
        }
        observe(&Event::Resumed { step });
        if let Some((field, saved, wanted)) = difference(&manifest.recipe, &self.recipe) {
            observe(&Event::RecipeChanged { field, saved, wanted });
        }
        let state = checkpoint.into_state(&train, &runtime.device())?;
        Ok((Engine::new(runtime, train, state)?, Some(position)))
    }
}

/// A run at work.
struct Run<'a, F> {
    trainer: &'a Trainer,
    engine: Engine,
    log: MetricsLog,
    pace: Pace,
    total: u64,
    /// Examples taken.
    position: u64,
    /// The step of the checkpoint that was read or written last.
    saved: Option<u64>,
    /// The step that the device is at.
    pending: Option<Pending>,
    observe: F,
}

impl<F: FnMut(&Event)> Run<'_, F> {
    fn all_steps(&mut self, stop: &AtomicBool) -> Result<(), TrainError> {
        let size = self.trainer.recipe.batch_size as usize;
        let left = self.total.saturating_sub(self.engine.steps_done());
        if left > 0
            && let Some(seconds) = self.engine.prepare(size)?
        {
            (self.observe)(&Event::Compiled { seconds });
        }
        let data = Arc::clone(&self.trainer.data);
        let batches = Prefetch::new(data, self.position, size, left, self.trainer.threads);
        self.pace.restart();
        let mut failed = Ok(());
        for batch in batches {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    failed = Err(error.into());
                    break;
                }
            };
            // The device works on this step while the host tells of the one before.
            let pending = self.engine.step(batch)?;
            self.position += size as u64;
            let before = self.pending.replace(pending);
            self.tell(before)?;
            let step = self.engine.steps_done();
            let evaluation = self.trainer.evaluation.as_ref();
            let evaluate = evaluation.is_some_and(|e| step.is_multiple_of(e.every));
            let save = step.is_multiple_of(self.trainer.save_every);
            if evaluate || save || step == self.total {
                let pending = self.pending.take();
                self.tell(pending)?;
                if evaluate || step == self.total {
                    self.evaluate()?;
                }
                if save {
                    self.save()?;
                }
                self.pace.restart();
            }
        }
        let pending = self.pending.take();
        self.tell(pending)?;
        if self.saved != Some(self.engine.steps_done()) {
            self.save()?;
        }
        self.draw()?;
        failed
    }

    /// Waits for a step, and tells of it.
    fn tell(&mut self, pending: Option<Pending>) -> Result<(), TrainError> {
        let Some(pending) = pending else { return Ok(()) };
        let step = pending.step();
        let reading = pending.read()?;
        let progress = self.pace.step_done(step, reading);
        let StepReading { loss, gradient_norm, learning_rate, finite } = reading;
        self.log.push(Record::Train {
            step,
            loss: finite_or_none(loss),
            gradient_norm: finite_or_none(gradient_norm),
            learning_rate,
            images_per_second: progress.images_per_second,
            utilisation: progress.utilisation,
        })?;
        if !finite {
            (self.observe)(&Event::Skipped { step });
        }
        (self.observe)(&Event::Step(progress));
        Ok(())
    }

    /// The mean scores over the held-out batches.
    fn evaluate(&mut self) -> Result<(), TrainError> {
        let Some(Evaluation { data, batches, .. }) = &self.trainer.evaluation else {
            return Ok(());
        };
        let size = self.trainer.recipe.batch_size as usize;
        let mut scores = Scores { loss: 0.0, precision_at_1: 0.0 };
        for batch in Prefetch::new(Arc::clone(data), 0, size, *batches, self.trainer.threads) {
            let of_batch = self.engine.evaluate(batch?)?;
            scores.loss += of_batch.loss / *batches as f32;
            scores.precision_at_1 += of_batch.precision_at_1 / *batches as f32;
        }
        let step = self.engine.steps_done();
        let (loss, precision_at_1) = (scores.loss, scores.precision_at_1);
        self.log.push(Record::Evaluation {
            step,
            loss: finite_or_none(loss),
            precision_at_1: finite_or_none(precision_at_1),
        })?;
        (self.observe)(&Event::Evaluated { step, scores });
        Ok(())
    }

    fn save(&mut self) -> Result<(), TrainError> {
        let start = Instant::now();
        // First what the checkpoint will be resumed with.
        self.log.sync()?;
        let Trainer { checkpoints, recipe, .. } = self.trainer;
        let path = checkpoints.save(&self.engine.state()?, recipe, self.position)?;
        let (step, seconds) = (self.engine.steps_done(), start.elapsed().as_secs_f64());
        self.saved = Some(step);
        (self.observe)(&Event::Saved { step, path, seconds });
        Ok(())
    }

    fn draw(&self) -> Result<(), TrainError> {
        let path = self.trainer.folder.join("curves.svg");
        let step = self.engine.steps_done();
        let title = format!("{step} of {} steps", self.total);
        Ok(draw_curves(&path, &title, self.log.records())?)
    }
}

/// The utilisation of training on one image in a second.
fn of_one_image(config: &ViT22BConfig, peak_flops: f64) -> f64 {
    config.utilisation(config.tokens() as f64, peak_flops)
}

fn finite_or_none(number: f32) -> Option<f32> {
    Some(number).filter(|number| number.is_finite())
}

/// The first field in which two things differ, and its two values.
fn difference<T: Serialize + PartialEq>(saved: &T, wanted: &T) -> Option<(String, String, String)> {
    if saved == wanted {
        return None;
    }
    let json = |of: &T| serde_json::to_value(of).unwrap_or_default();
    Some(first_difference("", &json(saved), &json(wanted)))
}

fn first_difference(path: &str, saved: &Value, wanted: &Value) -> (String, String, String) {
    let child = |name: &str| if path.is_empty() { name.into() } else { format!("{path}.{name}") };
    if let (Value::Object(a), Value::Object(b)) = (saved, wanted)
        && let Some(name) = a.keys().chain(b.keys()).find(|name| a.get(*name) != b.get(*name))
    {
        let part = |of: &serde_json::Map<_, _>| of.get(name).cloned().unwrap_or_default();
        return first_difference(&child(name), &part(a), &part(b));
    }
    if let (Value::Array(a), Value::Array(b)) = (saved, wanted)
        && let Some(index) = (0..a.len().min(b.len())).find(|index| a[*index] != b[*index])
    {
        return first_difference(&child(&index.to_string()), &a[index], &b[index]);
    }
    (path.into(), saved.to_string(), wanted.to_string())
}
