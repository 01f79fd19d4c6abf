//! Training as one compiled program whose state stays on the device.

use std::ops::Range;

use burn::module::Module;
use burn::tensor::{DType, Int, Tensor};
use burn_trace::{
    Kind, LeafSpec, LeafType, Leaves, Params, Stacked, TensorTree, TreeError, Visitor,
};
use burn_xla::Xla;
use burn_xla::pjrt::Executable;
use burn_xla::program::{DeviceTree, Jit, Lowered, ProgramError, Times};

use super::ahead::{
    Argument, NAME, StepArguments, StepResults, donate, no_dummy_batch, step_function,
};
use super::reading::StepReading;
use crate::params::NamedTensors;
use crate::random::RandomKey;
use crate::runtime::host;
use crate::train::checkpoint::Checkpoint;
use crate::train::checkpoint::part::Part;
use crate::train::error::TrainError;
use crate::train::step::state::{StepMetrics, TrainState};
use crate::train::step::{TrainStep, leaves_of};
use crate::train::task::Task;

/// A batch on the devices.
pub(crate) type OnXla<B> = DeviceTree<Argument<B>>;
type State<T> = Stacked<TrainState<<T as Task>::Model>>;
type Scored<T> = (State<T>, Argument<(<T as Task>::Batch, Tensor<1>)>);

/// A step compiled by XLA, and the state that it changes: what an [`Engine`](crate::train::Engine) has
/// where its runtime is XLA, to look at.
///
/// Forward pass, backward pass, optimizer and averages are one program. The state is donated to it,
/// so that the new state takes the old one's memory, and is on the device alone.
#[derive(Debug)]
pub struct Compiled<T: Task> {
    xla: Xla,
    train: TrainStep<T>,
    step: Jit<StepArguments<T>, StepResults<T>>,
    evaluate: Jit<Scored<T>, NamedTensors>,
    averaged: Jit<State<T>, Averaged<T::Model>>,
    state: DeviceTree<State<T>>,
}

/// A model as the result of a program: its tensors are named `model.…` as those of a state are, so that a layout knows them.
#[derive(Debug, Clone)]
struct Averaged<M>(Params<M>);

impl<M: Module + 'static> TensorTree for Averaged<M> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("model", &self.0);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(Self(self.0.rebuild(leaves)?))
    }
}

/// The metrics of a step on the devices.
#[derive(Debug)]
pub(crate) struct StepOnXla(DeviceTree<StepMetrics>);

impl StepOnXla {
    /// Waits for the step.
    pub(crate) fn read(&self) -> Result<StepReading, TrainError> {
        Ok(StepReading::of(self.0.to_host()?))
    }
}

impl<T: Task> Compiled<T> {
    /// Training from a state that the host has.
    pub(crate) fn new(
        xla: &Xla,
        train: &TrainStep<T>,
        state: TrainState<T::Model>,
    ) -> Result<Self, TrainError> {
        let state = xla.upload(&train.stacked(state))?;
        Ok(Self::with_state(xla, train, state))
    }

    /// Training from parameters that are drawn on the device, so that no host ever holds them.
    /// They follow from the seed, by another generator than Burn's.
    pub(crate) fn drawn(xla: &Xla, train: &TrainStep<T>, seed: u64) -> Result<Self, TrainError> {
        let init = xla.jit(train.initial_state()).named("init");
        let key: Tensor<1, Int> = RandomKey::new(seed, &host()).to_tensor();
        let key = xla.upload(&key)?;
        let state = init.call_on_device_with_seed(key, seed)?;
        Ok(Self::with_state(xla, train, state))
    }

    /// Training from a checkpoint, of which this process reads the parts that its devices hold, one after the
    /// other.
    pub(crate) fn saved(
        xla: &Xla,
        train: &TrainStep<T>,
        checkpoint: &Checkpoint,
    ) -> Result<Self, TrainError> {
        checkpoint.check(&train.state_leaves()?)?;
        let init = xla.jit(train.initial_state()).named("init");
        let key = xla.upload(&Tensor::<1, Int>::zeros([1], &host()))?;
        let state = init.results_read_by(key, |leaf, at| -> Result<_, TrainError> {
            Ok(checkpoint.part_of_leaf(leaf, at)?)
        })?;
        Ok(Self::with_state(xla, train, state))
    }

    /// What this process writes of the state.
    pub(crate) fn parts(&self) -> Vec<Part<'static, TrainError>> {
        let part = |held: burn_xla::program::Part| {
            let (leaf, at) = (held.leaf().clone(), held.ranges().to_vec());
            Part::of_leaf(&leaf, &at, move || Ok(held.read()?))
        };
        self.state.parts().into_iter().map(part).collect()
    }

    /// The mesh of the devices, if there is one.
    pub(crate) fn mesh(&self) -> Option<String> {
        self.xla.mesh().map(ToString::to_string)
    }

    fn with_state(xla: &Xla, train: &TrainStep<T>, state: DeviceTree<State<T>>) -> Self {
        let rolled = train.rolled().cloned();
        let step = xla.jit(step_function(train)).named(NAME).donate(donate).roll(rolled.clone());
        let scored = train.clone();
        let evaluate = xla.jit(move |(state, Argument((batch, weights))): Scored<T>| {
            scored.sum_scores(&state.tree, batch, weights).expect("the batch was checked")
        });
        let evaluate = evaluate.named("evaluate").roll(rolled);
        let averaged = xla.jit(|state: State<T>| Averaged(Params(state.tree.averaged())));
        let averaged = averaged.named("model");
        Self { xla: xla.clone(), train: train.clone(), step, evaluate, averaged, state }
    }

    pub(crate) fn upload(&self, batch: &T::Batch) -> Result<OnXla<T::Batch>, TrainError> {
        let leaves = leaves_of(batch);
        self.train.check_batch(&leaves)?;
        self.check_share(&leaves, self.train.micro_batches())?;
        Ok(self.xla.upload_share(&Argument(batch.clone()))?)
    }

    /// One step. It returns before the step is done.
    pub(crate) fn step(&mut self, batch: &OnXla<T::Batch>) -> Result<StepOnXla, TrainError> {
        let results = self.step.call_on_device((self.state.clone(), batch.clone()))?;
        let (state, metrics) = results.split()?;
        self.state = state;
        Ok(StepOnXla(metrics))
    }

    pub(crate) fn sum_scores(
        &self,
        batch: T::Batch,
        weights: Tensor<1>,
    ) -> Result<NamedTensors, TrainError> {
        let leaves = leaves_of(&batch);
        self.train.check_scored(&leaves, weights.dims()[0])?;
        self.check_share(&leaves, 1)?;
        let batch = self.xla.upload_share(&Argument((batch, weights)))?;
        Ok(self.evaluate.call_on_device((self.state.clone(), batch))?.to_host()?)
    }

    pub(crate) fn prepare(&self, batch_size: usize) -> Result<Option<f64>, TrainError> {
        let Some(batch) = self.dummy_batch(batch_size)? else { return Ok(None) };
        let times = self.step.compile_on_device((self.state.clone(), batch))?;
        Ok(Some((times.capture + times.lower + times.compile).as_secs_f64()))
    }

    pub(crate) fn rows(&self, batch_size: usize) -> Result<Range<usize>, TrainError> {
        let leaf = match self.train.task().dummy_batch(1, &host()) {
            Some(batch) => leaves_of(&batch).into_iter().next(),
            None => None,
        };
        let mut leaf = leaf.unwrap_or_else(|| {
            let ty = LeafType { kind: Kind::Float, dtype: DType::F32, shape: vec![1] };
            LeafSpec { path: String::new(), ty }
        });
        leaf.ty.shape[0] = batch_size;
        let spec = self.xla.layout().spec(&named(&leaf)).map_err(ProgramError::from)?;
        Ok(self.xla.rows(&spec, batch_size)?)
    }

    /// The state as Burn tensors.
    pub(crate) fn state(&self) -> Result<TrainState<T::Model>, TrainError> {
        Ok(self.state.to_host()?.tree)
    }

    /// The model with its averages as Burn tensors.
    pub(crate) fn model(&self) -> Result<T::Model, TrainError> {
        Ok(self.averaged.call_on_device(self.state.clone())?.to_host()?.0.0)
    }

    /// This process's rows of a dummy batch of this size, on the devices; `None` if the task makes none.
    fn dummy_batch(&self, batch_size: usize) -> Result<Option<OnXla<T::Batch>>, TrainError> {
        let rows = self.rows(batch_size)?.len();
        match self.train.task().dummy_batch(rows, &host()) {
            Some(batch) => Ok(Some(self.upload(&batch)?)),
            None => Ok(None),
        }
    }

    /// An error for a batch whose micro-batches the devices of the mesh cannot share equally.
    fn check_share(&self, leaves: &[LeafSpec], micro_batches: usize) -> Result<(), TrainError> {
        let (Some(mesh), Some(leaf)) = (self.xla.mesh(), leaves.first()) else { return Ok(()) };
        let spec = self.xla.layout().spec(&named(leaf)).map_err(ProgramError::from)?;
        let devices = self.xla.row_parts(&spec);
        match leaf.ty.shape[0] {
            got if got.is_multiple_of(devices * micro_batches) => Ok(()),
            got => {
                let expected = match micro_batches {
                    1 => format!(
                        "a multiple of the {devices} parts that the mesh {mesh} cuts it into"
                    ),
                    _ => format!(
                        "a multiple of {}, {micro_batches} micro-batches of the {devices} parts that the \
                         mesh {mesh} cuts them into",
                        devices * micro_batches
                    ),
                };
                let what = if leaf.path.is_empty() { "batch" } else { leaf.path.as_str() };
                Err(TrainError::batch(format!("{what} axis 0 (batch)"), expected, got))
            }
        }
    }

    /// Compiles the step for batches of this size, and says how long recording, lowering and compiling
    /// took.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`]; [`TrainError::Batch`] if the task gives no [dummy batch](Task::dummy_batch).
    pub fn compile(&self, batch_size: usize) -> Result<Times, TrainError> {
        Ok(self.step.compile_on_device((self.state.clone(), self.needed(batch_size)?))?)
    }

    /// What the compiler made of the step for batches of this size.
    ///
    /// # Errors
    ///
    /// As [`compile`](Self::compile).
    pub fn with_executable<R>(
        &self,
        batch_size: usize,
        look: impl FnOnce(&Executable) -> R,
    ) -> Result<R, TrainError> {
        let batch = self.needed(batch_size)?;
        Ok(self.step.with_executable((self.state.clone(), batch), look)?)
    }

    /// The step for batches of this size as a program, not compiled.
    ///
    /// # Errors
    ///
    /// As [`compile`](Self::compile).
    pub fn lower(&self, batch_size: usize) -> Result<Lowered, TrainError> {
        Ok(self.step.lower_on_device((self.state.clone(), self.needed(batch_size)?))?)
    }

    fn needed(&self, batch_size: usize) -> Result<OnXla<T::Batch>, TrainError> {
        self.dummy_batch(batch_size)?.ok_or_else(no_dummy_batch)
    }

    /// The state on the device; its blocks are stacked where they are rolled.
    pub fn device_state(&self) -> &DeviceTree<impl TensorTree> {
        &self.state
    }

    /// How often the step was compiled: once for each batch size.
    pub fn compilations(&self) -> usize {
        self.step.compilations()
    }
}

/// A leaf of a batch under the name that it has as an argument.
fn named(leaf: &LeafSpec) -> LeafSpec {
    let dot = if leaf.path.is_empty() { "" } else { "." };
    LeafSpec { path: format!("batch{dot}{}", leaf.path), ty: leaf.ty.clone() }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::sync::{Arc, Barrier};

    use burn::tensor::TensorData;
    use burn_trace::Save;
    use burn_trace::mesh::Mesh;
    use burn_xla::pjrt::{Client, ClientOptions};
    use burn_xla::plugin::{self, Platform};

    use super::*;
    use crate::shard::{Activations, Sharding};
    use crate::train::checkpoint::{Checkpoints, Writers};
    use crate::train::processes::Processes;
    use crate::train::recipe::Recipe;
    use crate::train::task::Classify;
    use crate::train::task::loss::Loss;
    use crate::train::update::ema::Ema;
    use crate::vit::ViT22BConfig;
    use crate::weights::{LoadOptions, WeightsFile};

    /// Of eight devices each of two processes has four.
    const OWN: [[usize; 4]; 2] = [[0, 1, 2, 3], [4, 5, 6, 7]];

    fn client() -> Client {
        let plugin = plugin::load(&plugin::ensure(Platform::Cpu).unwrap()).unwrap();
        Client::new(&plugin, &ClientOptions::new().with_cpu_devices(8)).unwrap()
    }

    fn step() -> TrainStep<Classify> {
        let config = ViT22BConfig::new(10).with_image([8, 8]).with_patch(4);
        let config = config.with_width(32).with_depth(2).with_mlp_dim(64).with_num_heads(4);
        let task = Classify::new(config, Loss::SigmoidCrossEntropy).unwrap();
        let recipe = Recipe { ema: Some(Ema { decay: 0.9 }), ..Recipe::vit22b_scaled(8, 9, 1e-3) };
        TrainStep::new(task, &recipe, None).unwrap().with_rolled_blocks(Save::Products)
    }

    fn over(client: &Client, mesh: &str) -> Xla {
        let layout = Sharding::vit22b(Activations::Width).layout().unwrap();
        Xla::over(client, mesh.parse().unwrap()).unwrap().with_layout(layout)
    }

    /// Two processes, each a thread here, with what they agree upon. Barriers keep sums apart.
    fn two() -> [Processes; 2] {
        let (sum, barrier) = (Arc::new(AtomicI64::new(0)), Arc::new(Barrier::new(2)));
        [0, 1].map(|number| {
            let (sum, barrier) = (Arc::clone(&sum), Arc::clone(&barrier));
            Processes::new(number, 2, move |own| {
                sum.fetch_add(own.into(), Ordering::SeqCst);
                barrier.wait();
                let all = sum.load(Ordering::SeqCst);
                if barrier.wait().is_leader() {
                    sum.store(0, Ordering::SeqCst);
                }
                barrier.wait();
                Ok(all)
            })
        })
    }

    /// Both processes save at the same time, each the parts of its devices.
    fn save(
        compiled: &Compiled<Classify>,
        checkpoints: &Checkpoints,
        fails: Option<usize>,
    ) -> [Result<PathBuf, String>; 2] {
        std::thread::scope(|scope| {
            let threads = two().map(|processes| {
                scope.spawn(move || {
                    let own = OWN[processes.number];
                    let part = |held: burn_xla::program::Part| {
                        let (leaf, at) = (held.leaf().clone(), held.ranges().to_vec());
                        let fails = fails == Some(processes.number);
                        Part::of_leaf(&leaf, &at, move || match fails {
                            true => Err(TrainError::batch("disk", "a whole one", "none")),
                            false => Ok(held.read()?),
                        })
                    };
                    let parts: Vec<_> =
                        compiled.state.parts_of(&own).into_iter().map(part).collect();
                    let about = checkpoints.about(&compiled.train, 3, 24);
                    let Processes { number, count, .. } = processes;
                    let agree = |own| processes.agree(own);
                    let writers = Writers { number, count, agree: &agree };
                    let path = checkpoints.write(about, &parts, &writers);
                    path.map_err(|error| error.to_string())
                })
            });
            threads.map(|thread| thread.join().unwrap())
        })
    }

    fn ranges(mesh: &Mesh, xla: &Xla, leaf: &LeafSpec, position: usize) -> Vec<Range<usize>> {
        let spec = xla.layout().spec(leaf).unwrap();
        let shape = mesh.shard_shape(&leaf.path, &spec, &leaf.ty.shape).unwrap();
        let index = mesh.shard_index(&spec, shape.len(), position);
        index.iter().zip(&shape).map(|(i, size)| i * size..(i + 1) * size).collect()
    }

    fn values(tree: &DeviceTree<State<Classify>>) -> Vec<TensorData> {
        tree.parts().iter().map(|part| part.read().unwrap()).collect()
    }

    #[test]
    fn two_processes_write_one_checkpoint_and_read_the_parts_that_they_need() {
        let folder = std::env::temp_dir().join(format!("vit22b-two-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let checkpoints = Checkpoints::new(&folder).with_shard_bytes(30_000);
        let (client, train) = (client(), step());
        let xla = over(&client, "data=4,model=2");
        let compiled = Compiled::drawn(&xla, &train, 5).unwrap();
        let [path, other] = save(&compiled, &checkpoints, None);
        let path = path.unwrap();
        assert_eq!(other.unwrap(), path);
        let names: Vec<_> = std::fs::read_dir(&path).unwrap().collect();
        let names: Vec<String> = names
            .into_iter()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        for stem in ["model-process0", "model-parts-process0", "model-parts-process1"] {
            assert!(names.iter().any(|name| name.starts_with(stem)), "{stem}: {names:?}");
        }
        assert!(!names.iter().any(|name| name.ends_with("index.json")), "{names:?}");

        // On any mesh, or on one device, it is the state that was saved.
        for mesh in ["data=4,model=2", "data=2,model=4", "data=8,model=1"] {
            let again =
                Compiled::saved(&over(&client, mesh), &train, &Checkpoint::read(&path).unwrap());
            assert_eq!(values(&again.unwrap().state), values(&compiled.state), "{mesh}");
        }
        let alone =
            Compiled::saved(&Xla::new(&client).unwrap(), &train, &Checkpoint::read(&path).unwrap());
        assert_eq!(values(&alone.unwrap().state), values(&compiled.state));
        let state = Checkpoint::read(&path).unwrap().into_state(&train, &host()).unwrap();
        let model = crate::params::collect(&state.model);

        // On the same mesh the second process reads its own files, and what all have.
        let checkpoint = Checkpoint::open(&path).unwrap();
        let mesh = xla.mesh().unwrap();
        for leaf in train.state_leaves().unwrap() {
            for position in OWN[1] {
                checkpoint.part_of_leaf(&leaf, &ranges(mesh, &xla, &leaf, position)).unwrap();
            }
        }
        let read = checkpoint.files_read();
        assert!(
            read.len() > 2 && !read.iter().any(|name| name.contains("parts-process0")),
            "{read:?}"
        );

        // As weights, joined.
        let loaded = WeightsFile::open(&path).unwrap().load(&LoadOptions::new(), &host()).unwrap();
        let loaded = crate::params::collect(&loaded.model);
        assert_eq!(loaded.len(), model.len());
        for ((name, got), (other, expected)) in loaded.iter().zip(model.iter()) {
            assert_eq!((name, got.to_data()), (other, expected.to_data()));
        }

        // Where one fails, both say so, and the last whole one stays.
        let [first, second] = save(&compiled, &checkpoints, Some(1));
        assert_eq!(second.unwrap_err(), "disk: expected a whole one, got none");
        assert_eq!(
            first.unwrap_err(),
            "1 of the 2 processes of this run failed here; what they say tells why"
        );
        let whole = checkpoints.latest().unwrap();
        assert!(whole.damaged.is_empty() && whole.checkpoint.is_some());
        remove(&folder);
    }

    #[test]
    fn the_model_is_that_of_the_state_with_its_averages() {
        let (client, train) = (client(), step());
        for mesh in [None, Some("data=4,model=2")] {
            let xla = match mesh {
                Some(mesh) => over(&client, mesh),
                None => Xla::new(&client).unwrap(),
            };
            let mut state = Compiled::drawn(&xla, &train, 5).unwrap().state().unwrap();
            let head = Tensor::<1>::from_data([3.5; 10], &host());
            state.ema.as_mut().unwrap().insert("head.bias", head.clone());
            let averages = state.ema.clone().unwrap();
            let compiled = Compiled::new(&xla, &train, state).unwrap();
            let got = crate::params::collect(&compiled.model().unwrap());
            assert_eq!(got.get::<1>("head.bias").unwrap().to_data(), head.to_data());
            assert_eq!(got.len(), averages.len());
            for ((name, got), (other, expected)) in got.iter().zip(averages.iter()) {
                assert_eq!((name, got.to_data()), (other, expected.to_data()), "{mesh:?}");
            }
        }
    }

    fn remove(folder: &Path) {
        std::fs::remove_dir_all(folder).unwrap();
    }
}
