//! The training step of a model that need not exist: its state by leaves, and as a program for
//! devices that are not here.

use burn::tensor::{Device, Int, Tensor};
use burn_trace::mesh::{Layout, Mesh};
use burn_trace::{LeafSpec, Stacked, record};
use burn_xla::program::{Lowered, ProgramError};

use crate::params;
use crate::vit::{ViT22B, ViT22BConfig};

use crate::train::error::TrainError;
use crate::train::step::TrainStep;
use crate::train::step::state::{StepMetrics, TrainState};

pub(super) type State = TrainState<ViT22B>;
pub(super) type Batch = (Tensor<4>, Tensor<2>);

impl TrainStep {
    /// The leaves of the state of a model: path, dtype and shape of every tensor, with the blocks
    /// stacked where they are rolled. Nothing is allocated, whatever the size of the model.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a config that makes no model, [`TrainError::Xla`] if its
    /// initialisation cannot be recorded.
    pub fn state_leaves(&self, config: &ViT22BConfig) -> Result<Vec<LeafSpec>, TrainError> {
        config.validate()?;
        let key = Tensor::<1, Int>::zeros([1], &Device::flex());
        let recorded = record(&key, initial_state(self, config)).map_err(|source| {
            TrainError::Xla(ProgramError::Capture { name: "init".into(), source })
        })?;
        Ok(recorded.recording.results.into_iter().map(|(leaf, _)| leaf).collect())
    }

    /// The step for batches of this size as a program for a mesh of devices that need not be here,
    /// such as those of a [`Topology`](burn_xla::pjrt::Topology). Neither state nor batch exist for
    /// it, so that the model may be larger than this machine. `platform` is that of their compiler.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use vit22b::shard::{Activations, Sharding};
    /// use burn_trace::Save;
    /// use vit22b::train::{Recipe, TrainStep};
    /// use vit22b::vit::Variant;
    ///
    /// let config = Variant::parse("22B/14")?.config(29_593);
    /// let model = config.init(&Device::flex())?; // not drawn
    /// let train = TrainStep::new(&Recipe::vit22b(), None, &model)?.with_rolled_blocks(Save::Nothing);
    /// let layout = Sharding::vit22b(Activations::Width).layout()?;
    /// let lowered = train.lower(&config, 65_536, (&"data=512,model=2".parse()?, &layout), "tpu")?;
    /// assert!(lowered.program.text.len() < 1_000_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a config that makes no model, [`TrainError::Batch`] for a batch
    /// that cannot be cut into micro-batches, [`TrainError::Xla`] if the step cannot be recorded or
    /// lowered, or its layout does not fit the mesh.
    pub fn lower(
        &self,
        config: &ViT22BConfig,
        batch_size: usize,
        mesh_and_layout: (&Mesh, &Layout),
        platform: &str,
    ) -> Result<Lowered, TrainError> {
        config.validate()?;
        let [height, width] = config.image;
        let (images, targets) =
            ([batch_size, config.channels, height, width], [batch_size, config.outputs()]);
        self.check_batch(config, &images, &targets)?;
        let state = initial_state(self, config);
        let make = |device: &Device| {
            let batch: Batch = (Tensor::zeros(images, device), Tensor::zeros(targets, device));
            (state(Tensor::zeros([1], device)), batch)
        };
        let step = step_function(self);
        Ok(Lowered::of_made(NAME, step, make, mesh_and_layout, donate, self.rolled(), platform)?)
    }
}

/// The state before the first step, with parameters drawn where the key is. The config must be
/// valid.
pub(super) fn initial_state(
    train: &TrainStep,
    config: &ViT22BConfig,
) -> impl Fn(Tensor<1, Int>) -> Stacked<State> + Send + Sync + 'static {
    let (train, config) = (train.clone(), config.clone());
    move |key| {
        let model = config.init(&key.device()).expect("the config was checked");
        let state = train.init(params::initialize(model), 0);
        // The seed of later draws is an argument too, so that one program serves every seed.
        stacked(&train, TrainState { seed: key, ..state })
    }
}

pub(super) fn stacked(train: &TrainStep, state: State) -> Stacked<State> {
    Stacked::when(train.rolled().is_some(), state)
}

/// The step as a function of trees, for a batch that was checked.
pub(super) fn step_function(
    train: &TrainStep,
) -> impl Fn((Stacked<State>, Batch)) -> (Stacked<State>, StepMetrics) + Send + Sync + 'static {
    let train = train.clone();
    move |(state, (images, targets))| {
        let (next, metrics) = train
            .run(state.tree, images, targets)
            .expect("the batch was checked, and the state is the step's own");
        (stacked(&train, next), metrics)
    }
}

/// The name of the step's program.
pub(super) const NAME: &str = "train_step";

/// The next state takes the place of the one before.
pub(super) fn donate(path: &str) -> bool {
    path.starts_with("0.")
}
