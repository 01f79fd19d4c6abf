//! A run that was killed, stopped or damaged, and resumed, is the run that was not.

mod folder;

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use burn::tensor::{Tensor, TensorData};
use vit22b::Runtime;
use vit22b::data::{BatchError, BatchSource, Drawings, FirstOf, ImageBatch};
use vit22b::train::{
    Checkpoints, Classify, Ema, Event, Loss, Recipe, Record, Regularisation, Trainer, read_records,
};
use vit22b::vit::ViT22BConfig;

use folder::Folder;

const SIDE: usize = 8;

fn config() -> ViT22BConfig {
    let classes = Drawings::new(SIDE, 0).hierarchy().names().len();
    let config = ViT22BConfig::new(classes).with_image([SIDE, SIDE]).with_patch(4);
    config.with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2)
}

/// With all that is random in a step.
fn task(config: ViT22BConfig) -> Classify {
    let regularisation = Regularisation { dropout: 0.1, ..Default::default() };
    let task = Classify::new(config, Loss::SigmoidCrossEntropy).unwrap();
    task.with_regularisation(regularisation).unwrap()
}

fn recipe(steps: u64) -> Recipe {
    Recipe { ema: Some(Ema { decay: 0.9 }), ..Recipe::vit22b_scaled(4, steps, 1e-2) }
}

fn trainer(folder: &Path, steps: u64) -> Trainer<Classify> {
    Trainer::new(task(config()), recipe(steps), Arc::new(Drawings::new(SIDE, 0)), folder)
        .with_evaluation(Arc::new(FirstOf::new(Drawings::new(SIDE, 1), 7)), 7)
        .with_checkpoints(3, 2)
        .with_threads(2)
        .with_seed(4)
}

fn run(trainer: &Trainer<Classify>, mut observe: impl FnMut(&Event)) -> bool {
    let never = AtomicBool::new(false);
    trainer.run(&Runtime::flex(), &never, |event| observe(event)).unwrap().finished
}

/// What does not depend on the time: steps, losses, gradients, learning rates, scores; all bits.
fn told(folder: &Path) -> Vec<(u64, [Option<u32>; 3])> {
    let bits = |number: Option<f32>| number.map(f32::to_bits);
    let records = read_records(&folder.join("metrics.jsonl")).unwrap();
    let told = records.into_iter().map(|record| match record {
        Record::Train { step, loss, gradient_norm, learning_rate, .. } => {
            (step, [bits(loss), bits(gradient_norm), bits(Some(learning_rate))])
        }
        Record::Evaluation { step, scores } => {
            (step, [bits(scores["loss"]), bits(scores["precision_at_1"]), None])
        }
        other => panic!("{other:?}"),
    });
    told.collect()
}

/// All that two runs leave is the same.
fn assert_same(got: &Path, expected: &Path, steps: u64) {
    let (got_told, expected_told) = (told(got), told(expected));
    let evaluations = steps / 7 + u64::from(!steps.is_multiple_of(7));
    assert_eq!(expected_told.len() as u64, steps + evaluations);
    assert_eq!(got_told, expected_told);
    let files = |folder: &Path| {
        let latest = Checkpoints::new(folder.join("checkpoints")).latest().unwrap();
        let manifest = latest.checkpoint.unwrap().manifest().clone();
        assert_eq!((manifest.step, manifest.position), (steps, 4 * steps));
        // Their hashes.
        manifest.files
    };
    assert_eq!(files(got), files(expected));
}

const FOLDER: &str = "VIT22B_TEST_FOLDER";
const DEVICE: &str = "VIT22B_TEST_DEVICE";
const STEPS: &str = "VIT22B_TEST_STEPS";

/// The process that is killed: a run in the folder that the environment names; without, nothing.
#[test]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let runtime = Runtime::named(&std::env::var(DEVICE).unwrap()).unwrap();
    let steps = std::env::var(STEPS).unwrap().parse().unwrap();
    let trainer = trainer(Path::new(&folder), steps).with_resume(true);
    let ended = trainer.run(&runtime, &AtomicBool::new(false), |_| {}).unwrap();
    assert!(ended.finished);
}

fn start(folder: &Path, device: &str, steps: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .envs([(FOLDER, folder.as_os_str()), (DEVICE, device.as_ref())])
        .env(STEPS, steps.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Looks again and again, as long as the process lives.
fn wait_until(child: &mut Child, mut seen: impl FnMut() -> bool) {
    while !seen() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Kills a run `kills` times: every second time while it saves, else anywhere in a step, each time
/// a random while after that was seen.
fn kill_and_resume(device: &str, kills: u64, steps: u64) {
    let (whole, killed) = (Folder::new(&format!("{device}-whole")), Folder::new(device));
    assert!(start(whole.path(), device, steps).wait().unwrap().success());
    let rng = &mut fastrand::Rng::with_seed(kills);
    let (metrics, part) =
        (killed.path().join("metrics.jsonl"), killed.path().join("checkpoints/.part"));
    for kill in 0..kills {
        let mut child = start(killed.path(), device, steps);
        // Further than the life before came.
        let step = (kill + 1) * (steps - 8) / kills;
        let done = || read_records(&metrics).ok()?.last().map(Record::step);
        wait_until(&mut child, || done().is_some_and(|done| done >= step));
        if kill % 2 == 1 {
            wait_until(&mut child, || part.is_dir());
        }
        std::thread::sleep(Duration::from_micros(rng.u64(0..3_000)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(start(killed.path(), device, steps).wait().unwrap().success());
    assert_same(killed.path(), whole.path(), steps);
}

#[test]
fn killed_twenty_times_it_gives_the_same_losses() {
    kill_and_resume("flex", 20, 90);
}

#[cfg(feature = "xla")]
#[test]
fn killed_on_xla_it_gives_the_same_losses() {
    kill_and_resume("xla", 2, 20);
}

#[test]
fn stopped_it_saves_and_goes_on() {
    let (whole, stopped) = (Folder::new("whole"), Folder::new("stopped"));
    assert!(run(&trainer(whole.path(), 20), |_| {}));
    let stop = AtomicBool::new(false);
    let ended = trainer(stopped.path(), 20).run(&Runtime::flex(), &stop, |event| {
        if matches!(event, Event::Step(progress) if progress.step == 8) {
            stop.store(true, Ordering::Relaxed);
        }
    });
    let ended = ended.unwrap();
    // On a device of Burn a step is told as soon as it is done, before the next one begins.
    assert!(!ended.finished && ended.engine.steps_done() == 8);
    let mut resumed = None;
    assert!(run(&trainer(stopped.path(), 20).with_resume(true), |event| {
        if let Event::Resumed { step } = event {
            resumed = Some(*step);
        }
    }));
    assert_eq!(resumed, Some(8));
    assert_same(stopped.path(), whole.path(), 20);
    assert!(
        fs::read_to_string(stopped.path().join("curves.svg")).unwrap().contains("20 of 20 steps")
    );
    // All is done already.
    assert!(run(&trainer(stopped.path(), 20).with_resume(true), |_| {}));
    assert_same(stopped.path(), whole.path(), 20);
}

#[test]
fn a_damaged_checkpoint_is_told_and_the_one_before_is_taken() {
    let (whole, damaged) = (Folder::new("undamaged"), Folder::new("damaged"));
    assert!(run(&trainer(whole.path(), 20), |_| {}));
    assert!(run(&trainer(damaged.path(), 20), |_| {}));
    let last = damaged.path().join("checkpoints/step-000000020");
    let file = last.join("state-00001-of-00001.safetensors");
    let length = fs::metadata(&file).unwrap().len();
    OpenOptions::new().write(true).open(&file).unwrap().set_len(length / 2).unwrap();
    let mut lines = Vec::new();
    assert!(
        run(&trainer(damaged.path(), 20).with_resume(true), |event| lines.push(event.to_string()))
    );
    let expected = format!(
        "{} is damaged: expected {length} bytes, got {}; taking the checkpoint before",
        file.display(),
        length / 2
    );
    assert_eq!(lines[..2], [expected, "resumed after step 18".into()]);
    assert_same(damaged.path(), whole.path(), 20);
}

#[test]
fn a_folder_belongs_to_one_run() {
    let folder = Folder::new("one-run");
    let error = |trainer: &Trainer<Classify>| {
        let ended = trainer.run(&Runtime::flex(), &AtomicBool::new(false), |_| {});
        ended.map(|_| ()).unwrap_err().to_string()
    };
    let path = folder.path().display();
    assert!(run(&trainer(folder.path(), 6), |_| {}));
    assert_eq!(
        error(&trainer(folder.path(), 6)),
        format!("{path} holds a run that is at step 6; resume it, or choose another folder")
    );
    let data = Arc::new(Drawings::new(SIDE, 0));
    let other = Trainer::new(task(config().with_depth(2)), recipe(6), data, folder.path())
        .with_resume(true);
    assert_eq!(
        error(&other),
        "the checkpoint of step 6 is of another model: depth is 1 there and 2 here; give the same \
         model, or choose another folder"
    );
    let lock = OpenOptions::new().write(true).open(folder.path().join(".lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(
        error(&trainer(folder.path(), 6).with_resume(true)),
        format!("another process trains in {path}; wait for it, or choose another folder")
    );
    drop(lock);
    // A longer run is another recipe, and goes on.
    let mut lines = Vec::new();
    assert!(
        run(&trainer(folder.path(), 8).with_resume(true), |event| lines.push(event.to_string()))
    );
    assert_eq!(lines[0], "resumed after step 6");
    assert_eq!(lines[1], "the recipe changed: total.steps was 6 and is 8");
    assert_eq!(told(folder.path()).last().unwrap().0, 8);
}

/// Procedural images, of which one is not a number.
struct Poisoned(Drawings);

impl BatchSource<ImageBatch> for Poisoned {
    fn batch(&self, position: u64, size: usize) -> Result<ImageBatch, BatchError> {
        let mut batch = self.0.batch(position, size)?;
        if position == 12 {
            let mut pixels: Vec<f32> = batch.images.to_data().iter().collect();
            pixels[5] = f32::NAN;
            let pixels = TensorData::new(pixels, batch.images.shape());
            batch.images = Tensor::from_data(pixels, &batch.images.device());
        }
        match position {
            16 => Err(BatchError::new(position, "the disk is gone")),
            _ => Ok(batch),
        }
    }
}

#[test]
fn what_goes_wrong_in_a_step_is_told_with_the_step() {
    let folder = Folder::new("wrong");
    let run = |skip: bool, name: &str, device: &Runtime| {
        let recipe = Recipe { skip_non_finite: skip, ..recipe(8) };
        let data = Arc::new(Poisoned(Drawings::new(SIDE, 0)));
        let mut lines = Vec::new();
        let ended = Trainer::new(task(config()), recipe, data, folder.path().join(name)).run(
            device,
            &AtomicBool::new(false),
            |event| lines.push(event.to_string()),
        );
        (ended.map(|_| ()).unwrap_err().to_string(), lines)
    };
    let flex = Runtime::flex();
    assert_eq!(
        run(false, "named", &flex).0,
        "the loss is NaN at step 4; the first tensor that is not finite is images; lower the \
         learning rate, clip gradients or check the data"
    );
    if cfg!(feature = "xla") {
        let text = run(false, "compiled", &Runtime::named("xla").unwrap()).0;
        let expected = "step 4 is not finite: the loss is NaN, the norm of the gradients ";
        assert!(text.starts_with(expected), "{text}");
    }
    let (error, lines) = run(true, "skipped", &flex);
    assert!(lines.contains(&"step 4 is not finite and was skipped".into()), "{lines:?}");
    let expected = "cannot make the batch that begins with example 16: the disk is gone";
    assert_eq!(error, expected);
    let records = read_records(&folder.path().join("skipped/metrics.jsonl")).unwrap();
    assert!(matches!(records[3], Record::Train { step: 4, loss: None, .. }));
    // What was done before the data failed is kept.
    let steps = Checkpoints::new(folder.path().join("skipped/checkpoints")).steps().unwrap();
    assert_eq!(steps, [4]);
}
