//! The loop around the step: data in, metrics and checkpoints out.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn::module::Module;
use burn_trace::Save;
use burn_trace::mesh::{Layout, Mesh};

use crate::data::batch::{BatchSource, HeldOut, Prefetch};
use crate::runtime::Runtime;
use crate::train::checkpoint::{Checkpoints, create_folder};
use crate::train::duration::Budget;
use crate::train::engine::reading::StepReading;
use crate::train::engine::{Engine, Pending};
use crate::train::error::{TrainError, invalid, positive};
use crate::train::processes::Processes;
use crate::train::recipe::Recipe;
use crate::train::step::TrainStep;
use crate::train::task::Task;

use super::curves::draw_curves;
use super::event::Event;
use super::event_file::EventFile;
use super::measurement::Measurement;
use super::metrics_log::{MetricsLog, Record};
use super::progress::Pace;

/// A training run: a task, a recipe, data, and a folder for everything that the run writes.
///
/// The folder has `checkpoints/`, `metrics.jsonl` (a [`Record`] a line), `curves.svg`, and files of events for TensorBoard. A run that
/// was killed at any moment and resumed has, on the same runtime, bit for bit the losses of a run that
/// was not, and one list of metrics without gaps.
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
    pub(super) task: T,
    pub(super) recipe: Recipe,
    data: Arc<dyn BatchSource<T::Batch>>,
    pub(super) folder: PathBuf,
    pub(super) model: Option<T::Model>,
    rolled: Option<Save>,
    workers: usize,
    mesh: Option<(Mesh, Layout)>,
    pub(super) checkpoints: Checkpoints,
    evaluation: Option<Evaluation<T::Batch>>,
    measurements: Vec<Measurement<T::Model>>,
    save_every: u64,
    keep: usize,
    pub(super) seed: u64,
    pub(super) resume: bool,
    threads: usize,
    examples_ahead: Option<usize>,
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
    /// The engine, with the state.
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
            workers: 1,
            mesh: None,
            evaluation: None,
            measurements: vec![],
            save_every: 1_000,
            keep: 3,
            seed: 0,
            resume: false,
            threads: 1,
            examples_ahead: None,
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

    /// Scores the model on all held-out examples, each exactly once, every `every` steps, at least 1, and
    /// at the end.
    #[must_use]
    pub fn with_evaluation(mut self, held_out: Arc<dyn HeldOut<T::Batch>>, every: u64) -> Self {
        self.evaluation = Some(Evaluation { held_out, every });
        self
    }

    /// Measures the model every `every` steps, at least 1, and at the end: numbers by name, such as the accuracies of
    /// [`FeatureScores`](crate::probe::FeatureScores). They are recorded and shown with the scores of the held-out examples. The
    /// model has the averages of its parameters where the recipe keeps them. It is on the device that trains, or from XLA on the
    /// host: four bytes a parameter, without moments, and not where several processes hold it.
    #[must_use]
    pub fn with_measurement<E: Into<Box<dyn Error + Send + Sync>>>(
        mut self,
        every: u64,
        measure: impl Fn(&T::Model) -> Result<BTreeMap<String, f64>, E> + Send + Sync + 'static,
    ) -> Self {
        self.measurements.push(Measurement::new(every, measure));
        self
    }

    /// Compiles the blocks of the model as one loop, as
    /// [`TrainStep::with_rolled_blocks`] does.
    #[must_use]
    pub fn with_rolled_blocks(mut self, save: Save) -> Self {
        self.rolled = Some(save);
        self
    }

    /// Computes equal parts of a batch at the same time on Burn's CPU backend, as [`TrainStep::with_workers`] does.
    #[must_use]
    pub fn with_workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Trains over a mesh of the runtime's devices, which must be XLA's: of the state each device holds what the
    /// layout gives it, as `shard::Sharding` makes one. Checkpoints go on on any other mesh.
    #[must_use]
    pub fn with_mesh(mut self, mesh: Mesh, layout: Layout) -> Self {
        self.mesh = Some((mesh, layout));
        self
    }

    /// Saves every `every` steps, and keeps the last `keep` checkpoints; both at least 1.
    #[must_use]
    pub fn with_checkpoints(mut self, every: u64, keep: usize) -> Self {
        self.save_every = every;
        self.keep = keep;
        self.checkpoints = self.checkpoints.with_keep(keep);
        self
    }

    /// The seed that parameters, and all that is random in steps, are drawn from.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Goes on from the last checkpoint that is not damaged, if there is one. Settings that differ from
    /// those of the checkpoint are reported, each as an [`Event`].
    #[must_use]
    pub fn with_resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Makes batches on this many threads, at least 1. Their number does not change the batches.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Makes and holds at most so many examples before they are trained on, but at least those of one batch: the bound on
    /// the memory of the data. Default: two batches more than there are threads.
    #[must_use]
    pub fn with_examples_ahead(mut self, examples: Option<usize>) -> Self {
        self.examples_ahead = examples;
        self
    }

    /// Floating-point operations in a second that the device can do, for utilisation: from its
    /// data sheet, or from [`measure_peak_flops`](crate::train::measure_peak_flops).
    #[must_use]
    pub fn with_peak_flops(mut self, peak_flops: f64) -> Self {
        self.peak_flops = Some(peak_flops);
        self
    }

    /// Checks all settings of the run, before anything is computed or written. [`run`](Self::run) does so
    /// too.
    ///
    /// # Errors
    ///
    /// [`TrainError`] that names the setting; [`TrainError::Occupied`] for a folder that holds another run.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.checked()?;
        self.check_vacant()
    }

    /// The step, of settings that are all valid.
    fn checked(&self) -> Result<TrainStep<T>, TrainError> {
        let evaluate_every = self.evaluation.as_ref().map_or(1, |evaluation| evaluation.every);
        let measure_every = self.measurements.iter().map(|measurement| measurement.every).min();
        for (field, count) in [
            ("evaluate_every", evaluate_every),
            ("measure_every", measure_every.unwrap_or(1)),
            ("save_every", self.save_every),
            ("keep", self.keep as u64),
            ("threads", self.threads as u64),
        ] {
            if count == 0 {
                return Err(invalid(field, count, "at least 1"));
            }
        }
        if let Some(peak) = self.peak_flops {
            positive("peak_flops", peak)?;
        }
        let examples_per_epoch = self.data.examples_per_epoch();
        let train = TrainStep::new(self.task.clone(), &self.recipe, examples_per_epoch)?;
        let train = train.with_workers(self.workers)?;
        Ok(match &self.rolled {
            Some(save) => train.with_rolled_blocks(save.clone()),
            None => train,
        })
    }

    /// Runs until all steps are done. If `stop` is set, or a batch cannot be made, the run finishes the step
    /// at hand, saves the state, and ends.
    ///
    /// # Errors
    ///
    /// [`TrainError`]: a setting that is not valid, a folder that holds another run or cannot be written,
    /// checkpoints that are all damaged, a batch that cannot be made, a step that is not finite, XLA.
    pub fn run(
        &self,
        runtime: &Runtime,
        stop: &AtomicBool,
        mut observe: impl FnMut(&Event),
    ) -> Result<Ended<T>, TrainError> {
        let train = self.checked()?;
        let recipe = &self.recipe;
        let examples_per_epoch = self.data.examples_per_epoch();
        let budget = Budget::new(recipe.total, recipe.batch_size, examples_per_epoch)?;
        let over_mesh = match &self.mesh {
            Some((mesh, layout)) => {
                let over = runtime.over(mesh, layout);
                Some(over.map_err(|error| TrainError::Runtime(Box::new(error)))?)
            }
            None => None,
        };
        let runtime = over_mesh.as_ref().unwrap_or(runtime);
        let processes = Processes::of(runtime);
        create_folder(&self.folder)?;
        // One process writes what the run tells, and all write checkpoints.
        let lock = processes.is_first().then(|| self.lock()).transpose();
        let _lock = processes.agree(lock)?;
        let data = self.data.describe();
        let (engine, position) = self.start(runtime, train, &data, &mut observe)?;
        let (step, total) = (engine.steps_done(), budget.total_steps);
        if position.is_some() && step >= total {
            observe(&Event::NothingLeft { step, total });
        }
        let utilisation = self.task.flops_per_example().zip(self.peak_flops);
        let mut run = Run {
            log: match processes.is_first() {
                true => Some(MetricsLog::at_step(self.folder.join("metrics.jsonl"), step)?),
                false => None,
            },
            events: match processes.is_first() && step < total {
                true => Some(EventFile::create(&self.folder, step)?),
                false => None,
            },
            saved: position.map(|_| engine.steps_done()),
            position: position.unwrap_or(0),
            trainer: self,
            checkpoints: self.checkpoints.clone().with_data(data).with_seed(self.seed),
            total: budget.total_steps,
            engine,
            processes,
            pace: Pace::new(budget.total_steps, recipe.batch_size)
                .with_unit(self.task.unit())
                .with_utilisation(utilisation.map(|(flops, peak)| flops / peak)),
            pending: None,
            observe,
        };
        run.all_steps(stop)?;
        let finished = run.engine.steps_done() >= run.total;
        Ok(Ended { finished, engine: run.engine })
    }
}

/// Steps after which several processes ask each other whether the run is to end: the one at hand has to end for it.
const STEPS_UNTIL_ASKED: u64 = 16;

/// A run in progress.
struct Run<'a, T: Task, F> {
    trainer: &'a Trainer<T>,
    checkpoints: Checkpoints,
    engine: Engine<T>,
    processes: Processes,
    /// What the run tells; one process writes it.
    log: Option<MetricsLog>,
    /// The same for TensorBoard, where there are steps left.
    events: Option<EventFile>,
    pace: Pace,
    total: u64,
    /// Examples taken.
    position: u64,
    /// The step of the checkpoint that was read or written last.
    saved: Option<u64>,
    /// The step that the device is computing.
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
        let data = self.engine.share(Arc::clone(&self.trainer.data), size)?;
        let (position, threads) = (self.position, self.trainer.threads);
        let batches = match self.trainer.examples_ahead {
            Some(most) => Prefetch::bounded(data, position, size, left, threads, most),
            None => Prefetch::new(data, position, size, left, threads),
        };
        self.pace.restart();
        let mut failed = Ok(());
        for batch in batches {
            if self.is_stopped(stop)? {
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
            // Where the step is done already, as on a device of Burn, it is timed here and not with the next one.
            if self.pending.as_ref().is_some_and(Pending::is_done) {
                let done = self.pending.take();
                self.report(done)?;
            }
            let step = self.engine.steps_done();
            let evaluation = self.trainer.evaluation.iter().map(|evaluation| evaluation.every);
            let measurements =
                self.trainer.measurements.iter().map(|measurement| measurement.every);
            let evaluate = evaluation.chain(measurements).any(|every| self.is_due(every));
            let save = step.is_multiple_of(self.trainer.save_every);
            if evaluate || save || step == self.total {
                let pending = self.pending.take();
                self.report(pending)?;
                if evaluate {
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

    /// Whether the run is to end. Several processes ask each other from time to time, and end at the same step.
    fn is_stopped(&self, stop: &AtomicBool) -> Result<bool, TrainError> {
        let own = stop.load(Ordering::Relaxed);
        match self.processes.count {
            1 => Ok(own),
            _ if !self.engine.steps_done().is_multiple_of(STEPS_UNTIL_ASKED) => Ok(false),
            _ => Ok(self.processes.count_where(own)? > 0),
        }
    }

    /// Waits for a step, and reports it.
    fn report(&mut self, pending: Option<Pending>) -> Result<(), TrainError> {
        let Some(pending) = pending else { return Ok(()) };
        let step = pending.step();
        let reading = pending.read()?;
        let progress = self.pace.step_done(step, reading);
        let StepReading { loss, gradient_norm, learning_rate, finite } = reading;
        self.record(Record::Train {
            step,
            loss: finite_or_none(loss),
            gradient_norm: finite_or_none(gradient_norm),
            learning_rate,
            examples_per_second: progress.examples_per_second,
            utilisation: progress.utilisation,
        })?;
        if !finite {
            (self.observe)(&Event::Skipped { step });
        }
        (self.observe)(&Event::Step(progress));
        Ok(())
    }

    fn record(&mut self, record: Record) -> Result<(), TrainError> {
        if let Some(events) = &mut self.events {
            events.record(&record)?;
        }
        self.log.as_mut().map_or(Ok(()), |log| log.push(record))
    }

    /// Whether something that is done every so many steps is done now.
    fn is_due(&self, every: u64) -> bool {
        let step = self.engine.steps_done();
        step.is_multiple_of(every) || step == self.total
    }

    /// Scores the model on the held-out examples, and measures it, where it is time for that.
    fn evaluate(&mut self) -> Result<(), TrainError> {
        let trainer = self.trainer;
        let (step, mut scores) = (self.engine.steps_done(), BTreeMap::new());
        if let Some(Evaluation { held_out, every }) = &trainer.evaluation
            && self.is_due(*every)
        {
            let size = trainer.recipe.batch_size as usize;
            scores = self.engine.mean_scores(Arc::clone(held_out), size, trainer.threads)?;
        }
        let measurements = trainer.measurements.iter();
        let due: Vec<_> = measurements.filter(|measured| self.is_due(measured.every)).collect();
        if !due.is_empty() {
            let model = self.engine.model()?.valid();
            for Measurement { measure, .. } in due {
                let error = |reason| TrainError::Measurement { step, reason };
                scores.extend(measure(&model).map_err(error)?);
            }
        }
        let logged: BTreeMap<_, _> = scores
            .iter()
            .map(|(name, score)| (name.clone(), finite_or_none(*score as f32)))
            .collect();
        self.record(Record::Evaluation { step, scores: logged })?;
        (self.observe)(&Event::Evaluated { step, scores });
        Ok(())
    }

    fn save(&mut self) -> Result<(), TrainError> {
        let start = Instant::now();
        // The metrics first: whoever resumes from this checkpoint needs them.
        self.log.as_ref().map_or(Ok(()), MetricsLog::sync)?;
        let path = self.engine.save(&self.checkpoints, self.position)?;
        let (step, seconds) = (self.engine.steps_done(), start.elapsed().as_secs_f64());
        self.saved = Some(step);
        (self.observe)(&Event::Saved { step, path, seconds });
        Ok(())
    }

    fn draw(&self) -> Result<(), TrainError> {
        let Some(log) = &self.log else { return Ok(()) };
        let path = self.trainer.folder.join("curves.svg");
        let step = self.engine.steps_done();
        let title = format!("{step} of {} steps", self.total);
        Ok(draw_curves(&path, &title, log.records())?)
    }
}

fn finite_or_none(number: f32) -> Option<f32> {
    Some(number).filter(|number| number.is_finite())
}
