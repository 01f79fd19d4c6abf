//! Runs over meshes of eight CPU devices: killed, resumed on other meshes, and their checkpoints.
#![cfg(feature = "xla")]

mod folder;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use burn::tensor::{Device, Tensor};
use burn_trace::Save;
use vit22b::Runtime;
use vit22b::data::{Drawings, FirstOf};
use vit22b::params;
use vit22b::shard::{Activations, Mesh, Sharding};
use vit22b::train::{
    Checkpoint, Checkpoints, Classify, Ema, Event, Loss, Recipe, Record, Stage, Trainer,
    read_records,
};
use vit22b::vit::ViT22BConfig;
use vit22b::weights::{LoadOptions, WeightsFile};

use folder::Folder;

const SIDE: usize = 8;
const STEPS: u64 = 16;

/// Mesh, what blocks keep, and how activations are sharded: of runs that follow each other in one folder.
const LIVES: [(&str, &str, Activations); 4] = [
    ("data=4,model=2", "products", Activations::Width),
    ("data=2,model=4", "", Activations::Images),
    ("data=8,model=1", "nothing", Activations::Whole),
    ("", "everything", Activations::Whole),
];

fn config() -> ViT22BConfig {
    let classes = Drawings::new(SIDE, 0).hierarchy().names().len();
    let config = ViT22BConfig::new(classes).with_image([SIDE, SIDE]).with_patch(4);
    config.with_width(32).with_depth(2).with_mlp_dim(64).with_num_heads(4)
}

/// With all that a state can hold, and second moments that are factored as the authors do.
fn recipe() -> Recipe {
    let mut recipe = Recipe::vit22b_scaled(8, STEPS, 1e-3);
    for stage in &mut recipe.update {
        if let Stage::Adafactor(adafactor) = stage {
            adafactor.attention_heads = Some(4);
            adafactor.min_dim_size_to_factor = 8;
        }
    }
    Recipe { ema: Some(Ema { decay: 0.9 }), skip_non_finite: true, ..recipe }
}

fn trainer(
    folder: &Path,
    (mesh, save, activations): (&str, &str, Activations),
) -> Trainer<Classify> {
    let task = Classify::new(config(), Loss::SigmoidCrossEntropy).unwrap();
    let trainer = Trainer::new(task, recipe(), Arc::new(Drawings::new(SIDE, 0)), folder)
        .with_evaluation(Arc::new(FirstOf::new(Drawings::new(SIDE, 1), 11)), 8)
        .with_checkpoints(2, 3)
        .with_seed(4)
        .with_resume(true);
    let trainer = match save {
        "" => trainer,
        "products" => trainer.with_rolled_blocks(Save::Products),
        "nothing" => trainer.with_rolled_blocks(Save::Nothing),
        _ => trainer.with_rolled_blocks(Save::Everything),
    };
    match mesh {
        "" => trainer,
        mesh => {
            let layout = Sharding::vit22b(activations).layout().unwrap();
            trainer.with_mesh(mesh.parse().unwrap(), layout)
        }
    }
}

/// One client for all: with eight devices, of which a run without a mesh takes the first.
fn runtime() -> Runtime {
    Runtime::with_devices("xla:cpu", 8).unwrap()
}

fn run(folder: &Path, life: usize) -> Vec<String> {
    let mut told = vec![];
    let ended = trainer(folder, LIVES[life]).run(&runtime(), &AtomicBool::new(false), |event| {
        if !matches!(event, Event::Step(_)) {
            told.push(event.to_string());
        }
    });
    assert!(ended.unwrap().finished);
    told
}

const FOLDER: &str = "VIT22B_TEST_FOLDER";
const LIFE: &str = "VIT22B_TEST_LIFE";

/// The process that is killed: a run in the folder that the environment names; without, nothing.
#[test]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    run(Path::new(&folder), std::env::var(LIFE).unwrap().parse().unwrap());
}

fn start(folder: &Path, life: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .envs([(FOLDER, folder.as_os_str()), (LIFE, life.to_string().as_ref())])
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Losses of steps and scores of evaluations, in order.
fn losses(folder: &Path) -> Vec<(u64, f32)> {
    let records = read_records(&folder.join("metrics.jsonl")).unwrap();
    let loss = |record| match record {
        Record::Train { step, loss, .. } => (step, loss.unwrap()),
        Record::Evaluation { step, scores } => (step, scores["loss"].unwrap()),
        other => panic!("{other:?}"),
    };
    records.into_iter().map(loss).collect()
}

/// Killed three times, the second time while it saves, and each time resumed on another mesh,
/// rolled or not: the losses of the run on one device that was never interrupted.
///
/// 1e-5: sums of f32 in another order, as in `mesh_training.rs`.
#[test]
fn killed_and_resumed_on_other_meshes_it_has_the_losses_of_one_device() {
    let (whole, killed) = (Folder::new("mesh-whole"), Folder::new("mesh-killed"));
    assert!(start(whole.path(), 3).wait().unwrap().success());
    let part = killed.path().join("checkpoints/.part");
    for life in 0..3 {
        let mut child = start(killed.path(), life);
        let until = 4 * (life as u64 + 1) + 1;
        let done = || {
            let records = read_records(&killed.path().join("metrics.jsonl")).unwrap_or_default();
            records.last().map_or(0, Record::step)
        };
        let mut seen = false;
        while !seen {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
            seen = done() >= until && (life != 1 || part.is_dir());
            std::thread::sleep(Duration::from_micros(200));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let before = Checkpoints::new(killed.path().join("checkpoints")).latest().unwrap();
    assert!(before.damaged.is_empty());
    let manifest = before.checkpoint.unwrap().manifest().clone();
    assert_eq!(manifest.mesh.as_deref(), Some("data=8,model=1"));
    let told = run(killed.path(), 3);
    let changed = "the mesh changed: it was data=8,model=1 and is one device";
    assert!(told.iter().any(|line| line == changed), "{told:?}");

    let (got, expected) = (losses(killed.path()), losses(whole.path()));
    assert_eq!(got.len() as u64, STEPS + 2);
    let worst = got.iter().zip(&expected).map(|((step, got), (other, expected))| {
        assert_eq!(step, other);
        (got / expected - 1.0).abs()
    });
    let worst = worst.fold(0.0, f32::max);
    assert!(worst < 1e-5, "losses differ by {worst} of them");
}

/// A finished run over the first mesh, once for all tests that look at it.
fn finished() -> &'static Path {
    static RUN: std::sync::OnceLock<Folder> = std::sync::OnceLock::new();
    RUN.get_or_init(|| {
        let folder = Folder::new("mesh-finished");
        run(folder.path(), 0);
        folder
    })
    .path()
}

fn last(run: &Path) -> PathBuf {
    run.join(format!("checkpoints/step-{STEPS:09}"))
}

/// By the folder of the run, that of the checkpoint, and the index that Hugging Face's tools read.
#[test]
fn a_checkpoint_of_a_mesh_is_ordinary_weights() {
    let device = Device::flex();
    let checkpoint = Checkpoint::read(&last(finished())).unwrap();
    let task = Classify::new(config(), Loss::SigmoidCrossEntropy).unwrap();
    let train = vit22b::train::TrainStep::new(task, &recipe(), None).unwrap();
    let state = checkpoint.into_state(&train, &device).unwrap();
    let index = last(finished()).join("model.safetensors.index.json");
    for place in [finished(), &last(finished()), &index] {
        let loaded = WeightsFile::open(place).unwrap().load(&LoadOptions::new(), &device).unwrap();
        let (got, expected) = (params::collect(&loaded.model), params::collect(&state.model));
        assert_eq!(got.len(), expected.len());
        for ((name, got), (other, expected)) in got.iter().zip(expected.iter()) {
            assert_eq!((name, got.to_data()), (other, expected.to_data()));
        }
        let images = Tensor::<4>::zeros([1, 3, SIDE, SIDE], &device);
        assert_eq!(loaded.model.pooled(images).dims(), [1, 32]);
    }
    // Every parameter, by its path, in files that are there.
    let index: serde_json::Value = serde_json::from_slice(&fs::read(index).unwrap()).unwrap();
    let places = index["weight_map"].as_object().unwrap();
    let paths: Vec<_> = params::shapes(&state.model).into_iter().map(|(path, _)| path).collect();
    assert_eq!(places.len(), paths.len());
    assert!(paths.iter().all(|path| places.contains_key(path)), "{places:?}");
}

#[test]
fn a_manifest_names_mesh_seed_and_data() {
    let manifest = Checkpoint::open(&last(finished())).unwrap().manifest().clone();
    assert_eq!((manifest.step, manifest.position), (STEPS, 8 * STEPS));
    assert_eq!((manifest.mesh.as_deref(), manifest.seed), (Some("data=4,model=2"), Some(4)));
    assert_eq!(manifest.data, vit22b::data::BatchSource::describe(&Drawings::new(SIDE, 0)));
    assert!(!manifest.data.is_null());
}

/// Each file is named where it is missing, cut or changed, and the checkpoint before is taken.
#[test]
fn a_damaged_or_missing_file_is_named_on_a_mesh() {
    let folder = Folder::new("mesh-damage");
    for step in [STEPS - 2, STEPS] {
        let name = format!("checkpoints/step-{step:09}");
        fs::create_dir_all(folder.path().join(&name)).unwrap();
        for file in fs::read_dir(finished().join(&name)).unwrap() {
            let file = file.unwrap();
            let to = folder.path().join(&name).join(file.file_name());
            fs::copy(file.path(), to).unwrap();
        }
    }
    fs::copy(finished().join("metrics.jsonl"), folder.path().join("metrics.jsonl")).unwrap();
    let manifest = Checkpoint::open(&last(folder.path())).unwrap().manifest().clone();
    let tensors: Vec<_> =
        manifest.files.iter().filter(|file| file.name.ends_with(".safetensors")).collect();
    assert!(tensors.len() >= 2, "{tensors:?}");
    let model = tensors[0].name.as_str();
    type Damage<'a> = &'a dyn Fn(&Path);
    let kinds: [(&str, Damage<'_>); 3] = [
        ("a file, got none", &|path| fs::remove_file(path).unwrap()),
        ("bytes, got 100", &|path| {
            fs::OpenOptions::new().write(true).open(path).unwrap().set_len(100).unwrap();
        }),
        ("SHA-256", &|path| {
            let mut bytes = fs::read(path).unwrap();
            let end = bytes.len() - 9;
            bytes[end] ^= 1;
            fs::write(path, bytes).unwrap();
        }),
    ];
    let path = last(folder.path()).join(model);
    let whole = fs::read(&path).unwrap();
    for (expected, damage) in kinds {
        damage(&path);
        let error = Checkpoint::read(&last(folder.path())).unwrap_err().to_string();
        assert!(error.contains(model) && error.contains(expected), "{error}");
        fs::write(&path, &whole).unwrap();
    }
    // The last of them is found only when a device reads the values.
    kinds[2].1(&path);
    let told = run(folder.path(), 1);
    assert!(told[0].contains(model) && told[0].contains("SHA-256"), "{told:?}");
    assert!(told[1].starts_with(&format!("resumed after step {}", STEPS - 2)), "{told:?}");
    // The run has saved the step again.
    Checkpoint::read(&last(folder.path())).unwrap();
}

#[test]
fn what_does_not_fit_the_mesh_is_told() {
    let message = |mesh: &str, runtime: &Runtime, batch: u64| {
        let folder = Folder::new("mesh-misfit");
        let task = Classify::new(config(), Loss::SigmoidCrossEntropy).unwrap();
        let recipe = Recipe::vit22b_scaled(batch, 2, 1e-3);
        let layout = Sharding::vit22b(Activations::Width).layout().unwrap();
        let mesh: Mesh = mesh.parse().unwrap();
        Trainer::new(task, recipe, Arc::new(Drawings::new(SIDE, 0)), folder.path())
            .with_mesh(mesh, layout)
            .run(runtime, &AtomicBool::new(false), |_| {})
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        message("data=4,model=2", &Runtime::flex(), 8),
        "a mesh is of devices of XLA, and flex is none; take xla, xla:cpu, xla:cuda or xla:tpu"
    );
    let runtime = runtime();
    assert_eq!(
        message("data=4,model=4", &runtime, 8),
        "the mesh data=4,model=4 takes 16 devices, got 8; change an axis, or the number of devices"
    );
    let text = message("data=4,model=2", &runtime, 6);
    assert!(text.starts_with("the rows of a batch: dimension 0 of [6] is cut into 4"), "{text}");
    let text = message("devices=8", &runtime, 8);
    assert!(text.contains("the mesh devices=8 has no such axis"), "{text}");
}
