//! Checkpoints are whole or not taken, and give back every bit.

mod folder;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::tensor::{Device, Tensor, TensorData};
use burn_trace::describe;
use sha2::{Digest, Sha256};
use vit22b::Runtime;
use vit22b::data::{BatchError, BatchSource, ImageBatch};
use vit22b::params::{self, NamedTensors};
use vit22b::train::{
    Adam, Checkpoint, Checkpoints, Classify, Duration, Ema, Engine, Event, Loss, Recipe, Stage,
    Start, Task, TrainState, TrainStep, Trainer,
};
use vit22b::vit::{ViT22B, ViT22BConfig};

use folder::Folder;

fn recipe() -> Recipe {
    Recipe { ema: Some(Ema { decay: 0.9 }), ..Recipe::vit22b_scaled(2, 20, 1e-2) }
}

fn config() -> ViT22BConfig {
    let config = ViT22BConfig::new(3).with_image([8, 8]).with_patch(4);
    config.with_width(32).with_depth(2).with_mlp_dim(64).with_num_heads(2)
}

/// A step and states after 0, 1, 2 … steps.
fn states(recipe: &Recipe, count: usize) -> (TrainStep<Classify>, Vec<TrainState<ViT22B>>) {
    let device = Device::flex();
    let task = Classify::new(config(), Loss::SigmoidCrossEntropy).unwrap();
    let train = TrainStep::new(task, recipe, None).unwrap();
    let mut states = vec![train.init(train.task().init(&device), 9)];
    while states.len() < count {
        let images = Tensor::<4>::ones([2, 3, 8, 8], &device).mul_scalar(0.1 * states.len() as f64);
        let targets = Tensor::<2>::from_data([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]], &device);
        let last = states[states.len() - 1].clone();
        states.push(train.run(last, ImageBatch { images, targets }).unwrap().0);
    }
    (train, states)
}

fn assert_same(got: &TrainState<ViT22B>, expected: &TrainState<ViT22B>) {
    assert_eq!(describe(got).unwrap(), describe(expected).unwrap());
    let tensors = |state: &TrainState<ViT22B>| {
        [params::collect(&state.model), state.optimizer.clone(), state.ema.clone().unwrap()]
    };
    for (got, expected) in tensors(got).iter().zip(&tensors(expected)) {
        assert!(!got.is_empty());
        let values = |of: &NamedTensors| -> Vec<_> {
            of.iter().map(|(name, any)| (name.to_owned(), any.to_data())).collect()
        };
        assert!(values(got) == values(expected));
    }
    assert_eq!(got.step.to_data(), expected.step.to_data());
    assert_eq!(got.seed.to_data(), expected.seed.to_data());
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn a_state_comes_back_bit_by_bit_from_many_files() {
    let folder = Folder::new("round-trip");
    let (train, states) = states(&recipe(), 3);
    let checkpoints = Checkpoints::new(folder.path()).with_shard_bytes(20_000);
    let path = checkpoints.save(&train, &states[2], 77).unwrap();

    let checkpoint = checkpoints.latest().unwrap().checkpoint.unwrap();
    let manifest = checkpoint.manifest().clone();
    assert_eq!((manifest.step, manifest.position), (2, 77));
    assert_eq!((&manifest.task, &manifest.recipe), (&train.task().describe(), &recipe()));
    assert_eq!(manifest.task["model"]["depth"], 2);
    assert!(manifest.files.len() > 3, "{:?}", manifest.files);
    for file in &manifest.files {
        // The header comes on top of the tensors.
        assert!(file.bytes < 30_000, "{file:?}");
    }
    assert_eq!(files(&path).len(), manifest.files.len() + 2);
    assert_same(&checkpoint.into_state(&train, &Device::flex()).unwrap(), &states[2]);
}

#[test]
fn the_last_ones_are_kept_and_later_ones_given_up() {
    let folder = Folder::new("keep");
    let (train, states) = states(&recipe(), 6);
    let checkpoints = Checkpoints::new(folder.path()).with_keep(2);
    assert!(checkpoints.latest().unwrap().checkpoint.is_none());
    for state in &states[1..] {
        checkpoints.save(&train, state, 0).unwrap();
    }
    assert_eq!(checkpoints.steps().unwrap(), [4, 5]);
    checkpoints.save(&train, &states[4], 0).unwrap();
    assert_eq!(checkpoints.steps().unwrap(), [4]);
    assert_eq!(files(folder.path()).len(), 1, "nothing is left beside them");
}

/// Every file removed, cut, and with one bit turned at several places.
#[test]
fn damage_is_found_and_the_checkpoint_before_is_taken() {
    let folder = Folder::new("damage");
    let (train, states) = states(&recipe(), 3);
    let checkpoints = Checkpoints::new(folder.path()).with_shard_bytes(40_000);
    checkpoints.save(&train, &states[1], 2).unwrap();
    let path = checkpoints.save(&train, &states[2], 4).unwrap();
    let mut cases = 0;
    for file in files(&path) {
        let whole = fs::read(&file).unwrap();
        let turned = [0, 7, whole.len() / 3, whole.len() / 2, whole.len() - 1].map(|at| {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            Some(bytes)
        });
        let cut = [0, 1, whole.len() / 2, whole.len() - 1].map(|at| Some(whole[..at].to_vec()));
        let longer = [&whole[..], b"x"].concat();
        for damaged in turned.into_iter().chain(cut).chain([None, Some(longer)]) {
            match &damaged {
                Some(bytes) => fs::write(&file, bytes).unwrap(),
                None => fs::remove_file(&file).unwrap(),
            }
            // What follows the hash in its own file says nothing.
            let harmless = damaged.is_some_and(|bytes| {
                file.ends_with("manifest.sha256") && bytes.starts_with(&whole[..65])
            });
            let latest = checkpoints.latest().unwrap();
            let text: Vec<_> = latest.damaged.iter().map(ToString::to_string).collect();
            if harmless {
                assert!(text.is_empty());
                continue;
            }
            cases += 1;
            assert_eq!(text.len(), 1, "{}", file.display());
            assert!(text[0].contains("step-000000002"), "{}", text[0]);
            let state = latest.checkpoint.unwrap().into_state(&train, &Device::flex()).unwrap();
            assert_same(&state, &states[1]);
        }
        fs::write(&file, whole).unwrap();
    }
    assert!(cases > 50, "{cases}");
    assert!(checkpoints.latest().unwrap().damaged.is_empty());

    for step in [1, 2] {
        fs::remove_file(folder.path().join(format!("step-00000000{step}/manifest.json"))).unwrap();
    }
    let text = checkpoints.latest().unwrap_err().to_string();
    let expected = "step-000000002/manifest.json is damaged: expected a file, got none; ";
    assert!(text.contains(expected) && text.contains("is whole ("), "{text}");
}

/// What a process leaves that stops before any of the steps of a save.
#[test]
fn half_of_a_save_changes_nothing() {
    let folder = Folder::new("half");
    let (train, states) = states(&recipe(), 3);
    let checkpoints = Checkpoints::new(folder.path()).with_shard_bytes(40_000).with_keep(1);
    checkpoints.save(&train, &states[1], 2).unwrap();
    let elsewhere = Folder::new("half-elsewhere");
    let whole = Checkpoints::new(elsewhere.path()).with_shard_bytes(40_000);
    let written = files(&whole.save(&train, &states[2], 4).unwrap());
    for count in 0..=written.len() {
        for cut in [false, true] {
            let part = folder.path().join(".part");
            fs::create_dir(&part).unwrap();
            for file in &written[..count] {
                fs::copy(file, part.join(file.file_name().unwrap())).unwrap();
            }
            if let (true, Some(last)) = (cut, files(&part).last()) {
                let bytes = fs::read(last).unwrap();
                fs::write(last, &bytes[..bytes.len() / 2]).unwrap();
            }
            let latest = checkpoints.latest().unwrap();
            assert!(latest.damaged.is_empty());
            assert_eq!(latest.checkpoint.unwrap().manifest().step, 1);
            fs::remove_dir_all(&part).unwrap();
        }
    }
    // Renamed, the one before not yet removed; then half removed.
    let (part, gone) = (folder.path().join(".part"), folder.path().join(".gone"));
    let place = folder.path().join("step-000000002");
    fs::rename(elsewhere.path().join("step-000000002"), &place).unwrap();
    fs::rename(folder.path().join("step-000000001"), &gone).unwrap();
    fs::remove_file(gone.join("manifest.json")).unwrap();
    fs::create_dir(&part).unwrap();
    let checkpoint = checkpoints.latest().unwrap().checkpoint.unwrap();
    assert_same(&checkpoint.into_state(&train, &Device::flex()).unwrap(), &states[2]);
    // The next save takes the place of all of it.
    checkpoints.save(&train, &states[2], 4).unwrap();
    assert_eq!(files(folder.path()), [place]);
}

#[test]
fn a_state_of_another_recipe_is_an_error_that_names_its_tensors() {
    let folder = Folder::new("misfit");
    let checkpoints = Checkpoints::new(folder.path());
    let (train, saved) = states(&recipe(), 1);
    checkpoints.save(&train, &saved[0], 0).unwrap();
    let message = |recipe: &Recipe| {
        let (train, _) = states(recipe, 1);
        let checkpoint = checkpoints.read(0).unwrap();
        checkpoint.into_state(&train, &Device::flex()).unwrap_err().to_string()
    };
    let adam = Recipe { update: vec![Stage::Adam(Adam::default())], ..recipe() };
    let text = message(&adam);
    assert!(text.starts_with(
        "the checkpoint of step 0 does not fit this run: parameters do not fit the module: \
         missing [adam.first/blocks.0.attn.k_norm.scale, "
    ));
    assert!(text.contains("unused [adafactor.column/blocks.0.attn.key.weight, "), "{text}");
    let text = message(&Recipe { ema: None, ..recipe() });
    assert!(text.contains("unused [average of blocks.0.attn.k_norm.scale, "), "{text}");
}

/// A batch of four images, of numbers that every computer makes alike.
fn batch_of_format_1(step: usize) -> ImageBatch {
    let pixel = |i: usize| ((i * 7919 + step * 104_729) % 1000) as f32 / 500.0 - 1.0;
    let target = |i: usize| f32::from(u8::from((i + step).is_multiple_of(3)));
    let images = TensorData::new((0..4 * 192).map(pixel).collect(), [4, 3, 8, 8]);
    ImageBatch::new(images, TensorData::new((0..4 * 5).map(target).collect(), [4, 5]))
}

/// `tests/fixtures/checkpoint_v1` was saved at commit 7cebe45, the last that wrote format 1, after five
/// steps on the batches 0 to 4 under Burn's CPU backend: a ViT of width 8, two blocks, MLPs of 16, two
/// heads and patch 4 for five classes of 8 x 8 images, with dropout 0.1 and stochastic depth 0.2, drawn
/// from seed 7; `Recipe::vit22b_scaled(4, 40, 1e-2)` with mixup (α = 0.3), CutMix (α = 1), averages
/// (0.9), two micro-batches and `min_dim_size_to_factor: 16`. The numbers below are what that commit
/// gave for the batches 5 to 7.
///
/// Bit for bit on a processor with AVX-512 under Linux, as theirs was; elsewhere products and
/// exponentials may round another way: 1e-5.
#[test]
fn a_checkpoint_of_format_1_goes_on() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/checkpoint_v1");
    let checkpoint = Checkpoint::read(Path::new(folder)).unwrap();
    let manifest = checkpoint.manifest();
    assert_eq!((manifest.step, manifest.position), (5, 20));
    let task = Classify::from_json(&manifest.task).unwrap();
    let train = TrainStep::new(task, &manifest.recipe, None).unwrap();
    let state = checkpoint.into_state(&train, &Device::flex()).unwrap();
    let mut engine = Engine::start(&Runtime::flex(), train, Start::State(state)).unwrap();
    let same = |got: f32, expected: f32| {
        let is_alike = cfg!(target_os = "linux") && has_avx512();
        let tolerance = if is_alike { 0.0 } else { 1e-5 * expected.abs() };
        assert!((got - expected).abs() <= tolerance, "{got:?}, not {expected:?}");
    };
    let expected = [(17.375853, 3.3295145), (17.288857, 4.0963063), (14.807552, 2.9493792)];
    for (step, (loss, gradient_norm)) in (5..).zip(expected) {
        let reading = engine.step(batch_of_format_1(step)).unwrap().read().unwrap();
        same(reading.loss, loss);
        same(reading.gradient_norm, gradient_norm);
    }
    let weights = Tensor::ones([4], &Device::flex());
    let scores = engine.sum_scores(batch_of_format_1(8), weights).unwrap();
    assert!((scores["loss"] / 4.0 - 17.17664).abs() < 1e-5);
    assert_eq!(scores["precision_at_1"], 1.0);
}

/// Writes a manifest anew, as another version would have written it.
fn edit_manifest(place: &Path, edit: impl FnOnce(&mut serde_json::Value)) {
    let path = place.join("manifest.json");
    let mut json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut json);
    let text = serde_json::to_string_pretty(&json).unwrap();
    let hash = Sha256::digest(text.as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(&path, text).unwrap();
    fs::write(place.join("manifest.sha256"), format!("{hash}  manifest.json\n")).unwrap();
}

fn copied(fixture: &str, place: &Path) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture);
    fs::create_dir_all(place).unwrap();
    for file in files(&fixture) {
        fs::copy(&file, place.join(file.file_name().unwrap())).unwrap();
    }
}

/// `tests/fixtures/checkpoint_v2` was saved at commit d61cb54 after three steps of four images: a ViT of
/// width 8, one block, MLPs of 16, two heads and patch 4 for five classes of 8 x 8 images, by
/// `Recipe::vit22b_scaled(4, 3, 1e-2)`. Whatever fields a config gets after that commit, the run goes on.
#[test]
fn fields_that_an_earlier_version_did_not_know_are_no_other_model() {
    let config = ViT22BConfig::new(5).with_image([8, 8]).with_patch(4);
    let config = config.with_width(8).with_depth(1).with_mlp_dim(16).with_num_heads(2);
    let resumed = |edit: &dyn Fn(&mut serde_json::Value)| {
        let folder = Folder::new("earlier");
        let place = folder.path().join("checkpoints/step-000000003");
        copied("checkpoint_v2", &place);
        edit_manifest(&place, |manifest| edit(&mut manifest["task"]));
        let task = Classify::new(config.clone(), Loss::SigmoidCrossEntropy).unwrap();
        let recipe = Recipe::vit22b_scaled(4, 3, 1e-2);
        let trainer =
            Trainer::new(task, recipe, Arc::new(Batches), folder.path()).with_resume(true);
        let mut lines = vec![];
        let run = trainer
            .run(&Runtime::flex(), &AtomicBool::new(false), |event| lines.push(event.to_string()));
        run.map(|_| lines).map_err(|error| error.to_string())
    };
    let goes_on = ["resumed after step 3", "all 3 steps are done already"];
    assert_eq!(resumed(&|_| {}).unwrap(), goes_on);
    let remove = |object: &mut serde_json::Value, names: &[&str]| {
        let object = object.as_object_mut().unwrap();
        names.iter().for_each(|name| assert!(object.remove(*name).is_some(), "{name}"));
    };
    let without = resumed(&|task| {
        remove(task, &["mixup", "regularisation"]);
        remove(&mut task["model"], &["registers", "positions", "layer_scale", "pool"]);
        remove(&mut task["model"]["biases"], &["embedding", "map_out"]);
    });
    assert_eq!(without.unwrap(), goes_on);
    // What has a value that this run has not is another model: also a field of a later version.
    let error = resumed(&|task| {
        remove(&mut task["model"], &["registers"]);
        task["model"]["of_a_later_version"] = 1.into();
        task["model"]["pool"] = "average".into();
    });
    assert_eq!(
        error.unwrap_err(),
        "the checkpoint of step 3 is of another model: of_a_later_version is 1 there and null here, pool is \
         \"average\" there and \"map\" here; give the same model, or choose another folder"
    );
}

/// The batches of format 1 as a source.
struct Batches;

impl BatchSource<ImageBatch> for Batches {
    fn batch(&self, position: u64, size: usize) -> Result<ImageBatch, BatchError> {
        Ok(batch_of_format_1((position / size as u64) as usize))
    }
}

#[test]
fn a_run_of_format_1_is_resumed_and_saved_in_format_3() {
    let folder = Folder::new("format-1");
    let place = folder.path().join("checkpoints/step-000000005");
    copied("checkpoint_v1", &place);
    let before = Checkpoint::read(&place).unwrap().manifest().clone();
    let task = Classify::from_json(&before.task).unwrap();
    let recipe = Recipe { total: Duration::Steps(20), ..before.recipe };
    let trainer = Trainer::new(task, recipe, Arc::new(Batches), folder.path()).with_resume(true);
    let (mut lines, mut losses) = (vec![], vec![]);
    let run = trainer.run(&Runtime::flex(), &AtomicBool::new(false), |event| match event {
        Event::Step(progress) => losses.push(progress.reading.loss),
        other => lines.push(other.to_string()),
    });
    assert!(run.unwrap().finished);
    // The task is the same, and the length of the run is not.
    let expected = ["resumed after step 5", "the recipe changed: total.steps was 40 and is 20"];
    assert_eq!(lines[..2], expected);
    // The first loss is of the state that was saved, whatever the length of the run.
    assert!((losses[0] / 17.375853 - 1.0).abs() < 1e-5, "{losses:?}");
    let after = Checkpoints::new(folder.path().join("checkpoints")).read(20).unwrap();
    assert_eq!(after.manifest().format, "vit22b-checkpoint-3");
    assert_eq!((&after.manifest().task, after.manifest().position), (&before.task, 80));
}

fn has_avx512() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

#[test]
fn a_checkpoint_of_another_format_is_refused() {
    let folder = Folder::new("format");
    let text = r#"{ "format": "vit22b-checkpoint-9" }"#;
    fs::write(folder.path().join("manifest.json"), text).unwrap();
    let hash = "b1ff1cef10dad0f723b51c6c96047f82c4e05954321f56b77d07dbb98e7cb72a";
    fs::write(folder.path().join("manifest.sha256"), format!("{hash}  manifest.json\n")).unwrap();
    let text = Checkpoint::read(folder.path()).unwrap_err().to_string();
    let expected = "manifest.json: expected format vit22b-checkpoint-3, got vit22b-checkpoint-9; read \
                    it with the version that wrote it";
    assert!(text.ends_with(expected), "{text}");
}
