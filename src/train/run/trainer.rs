//! The loop around the step: data in, metrics and checkpoints out.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn_trace::Save;

use crate::data::batch::{BatchSource, HeldOut, Prefetch};
use crate::runtime::Runtime;
use crate::train::checkpoint::{Checkpoints, create_folder};
use crate::train::duration::Budget;
use crate::train::engine::reading::StepReading;
use crate::train::engine::{Engine, Pending, Start};
use crate::train::error::TrainError;
use crate::train::recipe::Recipe;
use crate::train::step::TrainStep;
use crate::train::task::Task;

use super::curves::draw_curves;
use super::event::Event;
use super::metrics_log::{MetricsLog, Record};
use super::progress::Pace;
use super::resume::{difference, task_difference};

/// A training run: a task, a recipe, data, and a folder that holds all that comes of it.
///
/// The folder has `checkpoints/`, `metrics.jsonl` (a [`Record`] a line) and `curves.svg`. A run that
/// was killed at any moment and resumed gives, on the same runtime, bit for bit the losses of one
/// that was not; its metrics are those of one run.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::AtomicBool;
/// use vit22b::Runtime;
/// use vit22b::data::{FirstOf, Drawings};
/// use vit22b::train::{Classify, Event, Loss, Recipe, Trainer};
/// use vit22b::vit::ViT22BConfig;
///
/// let data = Drawings::new(8, 0);
/// let config = ViT22BConfig::new(data.hierarchy().names().len())
///     .with_image([8, 8]).with_patch(4)
///     .with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
/// let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
/// let folder = std::env::temp_dir().join("vit22b-trainer-doc");
/// # let _ = std::fs::remove_dir_all(&folder);
/// let run = Trainer::new(task, Recipe::vit22b_scaled(4, 6, 1e-3), Arc::new(data), &folder)
///     .with_evaluation(Arc::new(FirstOf::new(Drawings::new(8, 1), 10)), 3);
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
pub struct Trainer<T: Task> {
    task: T,
    recipe: Recipe,
    data: Arc<dyn BatchSource<T::Batch>>,
    folder: PathBuf,
    model: Option<T::Model>,
    rolled: Option<Save>,
    checkpoints: Checkpoints,
    evaluation: Option<Evaluation<T::Batch>>,
    save_every: u64,
    seed: u64,
    resume: bool,
    threads: usize,
    peak_flops: Option<f64>,
}

/// Held-out examples, and the steps between two evaluations on them.
struct Evaluation<B> {
    held_out: Arc<dyn HeldOut<B>>,
    every: u64,
}

impl<B> Clone for Evaluation<B> {
    fn clone(&self) -> Self {
        Self { held_out: Arc::clone(&self.held_out), every: self.every }
    }
}

impl<T: Task> core::fmt::Debug for Trainer<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Trainer")
            .field("task", &self.task)
            .field("recipe", &self.recipe)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// How a run ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ended<T: Task> {
    /// Whether all steps were done; if not, the run was stopped, and can be resumed.
    pub finished: bool,
    /// The state, where it was trained.
    pub engine: Engine<T>,
}

impl<T: Task> Trainer<T> {
    /// A run that begins anew with drawn parameters, saves every 1,000 steps and at its end, keeps three
    /// checkpoints, does not evaluate, and makes batches on one thread.
    pub fn new(
        task: T,
        recipe: Recipe,
        data: Arc<dyn BatchSource<T::Batch>>,
        folder: impl Into<PathBuf>,
    ) -> Self {
        let folder = folder.into();
        Self {
            task,
            recipe,
            data,
            checkpoints: Checkpoints::new(folder.join("checkpoints")),
            folder,
            model: None,
            rolled: None,
            evaluation: None,
            save_every: 1_000,
            seed: 0,
            resume: false,
            threads: 1,
            peak_flops: None,
        }
    }

    /// Begins with the parameters of a model, such as a published one, in place of drawn ones. A run that
    /// is resumed has those of its checkpoint.
    #[must_use]
    pub fn with_model(mut self, model: T::Model) -> Self {
        self.model = Some(model);
        self
    }

    /// Scores the model on all held-out examples, each exactly once, every `every` steps and at the end.
    #[must_use]
    pub fn with_evaluation(mut self, held_out: Arc<dyn HeldOut<T::Batch>>, every: u64) -> Self {
        self.evaluation = Some(Evaluation { held_out, every: every.max(1) });
        self
    }

    /// Compiles the blocks of the model as one loop, as
    /// [`TrainStep::with_rolled_blocks`] does.
    #[must_use]
    pub fn with_rolled_blocks(mut self, save: Save) -> Self {
        self.rolled = Some(save);
        self
    }

    /// Saves every `every` steps, and keeps the last `keep` checkpoints (at least one).
    #[must_use]
    pub fn with_checkpoints(mut self, every: u64, keep: usize) -> Self {
        self.save_every = every.max(1);
        self.checkpoints = self.checkpoints.with_keep(keep);
        self
    }

    /// The seed that parameters, and all that is random in steps, are drawn from.
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
    /// [`TrainError`]: a recipe without meaning, a folder that holds another run or cannot be written, no
    /// whole checkpoint, data that fails, a step that is not finite, XLA.
    pub fn run(
        &self,
        runtime: &Runtime,
        stop: &AtomicBool,
        mut observe: impl FnMut(&Event),
    ) -> Result<Ended<T>, TrainError> {
        let recipe = &self.recipe;
        let examples_per_epoch = self.data.examples_per_epoch();
        let mut train = TrainStep::new(self.task.clone(), recipe, examples_per_epoch)?;
        if let Some(save) = &self.rolled {
            train = train.with_rolled_blocks(save.clone());
        }
        let budget = Budget::new(recipe.total, recipe.batch_size, examples_per_epoch)?;
        create_folder(&self.folder)?;
        let _lock = self.lock()?;
        let (engine, position) = self.start(runtime, train, &mut observe)?;
        let utilisation = self.task.flops_per_example().zip(self.peak_flops);
        let mut run = Run {
            log: MetricsLog::at_step(self.folder.join("metrics.jsonl"), engine.steps_done())?,
            saved: position.map(|_| engine.steps_done()),
            position: position.unwrap_or(0),
            trainer: self,
            total: budget.total_steps,
            engine,
            pace: Pace::new(budget.total_steps, recipe.batch_size)
                .with_utilisation(utilisation.map(|(flops, peak)| flops / peak)),
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

    /// The engine to begin with, and the position in the data if its state is a checkpoint's.
    fn start(
        &self,
        runtime: &Runtime,
        train: TrainStep<T>,
        observe: &mut impl FnMut(&Event),
    ) -> Result<(Engine<T>, Option<u64>), TrainError> {
        let anew = |train| {
            let start = match &self.model {
                Some(model) => Start::From(model.clone(), self.seed),
                None => Start::Drawn(self.seed),
            };
            Ok((Engine::start(runtime, train, start)?, None))
        };
        if !self.resume {
            if let Some(step) = self.checkpoints.steps()?.pop() {
                return Err(TrainError::Occupied { folder: self.folder.clone(), step });
            }
            return anew(train);
        }
        let latest = self.checkpoints.latest()?;
        latest.damaged.into_iter().for_each(|error| observe(&Event::Damaged(error)));
        let Some(checkpoint) = latest.checkpoint else { return anew(train) };
        let manifest = checkpoint.manifest();
        let (step, position) = (manifest.step, manifest.position);
        let (model, rest) = task_difference(&manifest.task, &self.task.describe());
        if let Some((field, saved, wanted)) = model {
            return Err(TrainError::OtherModel { step, field, saved, wanted });
        }
        observe(&Event::Resumed { step });
        if let Some((field, saved, wanted)) = rest {
            observe(&Event::TaskChanged { field, saved, wanted });
        }
        if let Some((field, saved, wanted)) = difference(&manifest.recipe, &self.recipe) {
            observe(&Event::RecipeChanged { field, saved, wanted });
        }
        let state = checkpoint.into_state(&train, &runtime.device())?;
        Ok((Engine::start(runtime, train, Start::State(state))?, Some(position)))
    }
}

/// A run at work.
struct Run<'a, T: Task, F> {
    trainer: &'a Trainer<T>,
    engine: Engine<T>,
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

impl<T: Task, F: FnMut(&Event)> Run<'_, T, F> {
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
            // The device works on this step while the host reports the one before.
            let pending = self.engine.step(batch)?;
            self.position += size as u64;
            let before = self.pending.replace(pending);
            self.report(before)?;
            let step = self.engine.steps_done();
            let evaluation = self.trainer.evaluation.as_ref();
            let evaluate = evaluation.is_some_and(|e| step.is_multiple_of(e.every));
            let save = step.is_multiple_of(self.trainer.save_every);
            if evaluate || save || step == self.total {
                let pending = self.pending.take();
                self.report(pending)?;
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
        self.report(pending)?;
        if self.saved != Some(self.engine.steps_done()) {
            self.save()?;
        }
        self.draw()?;
        failed
    }

    /// Waits for a step, and reports it.
    fn report(&mut self, pending: Option<Pending>) -> Result<(), TrainError> {
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

    /// Scores the model on the held-out examples.
    fn evaluate(&mut self) -> Result<(), TrainError> {
        let Some(Evaluation { held_out, .. }) = &self.trainer.evaluation else { return Ok(()) };
        let size = self.trainer.recipe.batch_size as usize;
        let scores = self.engine.scores(Arc::clone(held_out), size, self.trainer.threads)?;
        let step = self.engine.steps_done();
        let logged: BTreeMap<_, _> = scores
            .iter()
            .map(|(name, score)| (name.clone(), finite_or_none(*score as f32)))
            .collect();
        self.log.push(Record::Evaluation { step, scores: logged })?;
        (self.observe)(&Event::Evaluated { step, scores });
        Ok(())
    }

    fn save(&mut self) -> Result<(), TrainError> {
        let start = Instant::now();
        // First what the checkpoint will be resumed with.
        self.log.sync()?;
        let (state, train) = (self.engine.state()?, self.engine.train_step());
        let path = self.trainer.checkpoints.save(train, &state, self.position)?;
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

fn finite_or_none(number: f32) -> Option<f32> {
    Some(number).filter(|number| number.is_finite())
}
