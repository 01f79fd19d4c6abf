//! Training as one compiled program whose state stays on the device.

use std::ops::Range;

use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_trace::mesh::Spec;
use burn_trace::{Kind, LeafSpec, LeafType, Stacked};
use burn_xla::Xla;
use burn_xla::pjrt::Executable;
use burn_xla::program::{DeviceTree, Jit, Lowered, ProgramError, Times};

use crate::vit::ViT22BConfig;

use super::ahead::{Batch, NAME, State, donate, initial_state, stacked, step_function};
use crate::train::error::TrainError;
use crate::train::step::TrainStep;
use crate::train::step::state::StepMetrics;

type Step = Jit<(Stacked<State>, Batch), (Stacked<State>, StepMetrics)>;

/// A [`TrainStep`] compiled by XLA, and the state that it changes.
///
/// Forward pass, backward pass, optimizer and averages are one program. The state is donated to it,
/// so that the new state takes the old one's memory, and is on the device alone.
#[derive(Debug)]
pub struct CompiledTraining {
    xla: Xla,
    train: TrainStep,
    config: ViT22BConfig,
    step: Step,
    state: DeviceTree<Stacked<State>>,
}

impl CompiledTraining {
    /// Training from a state that the host has.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`] if the device has no room for it.
    pub fn new(xla: &Xla, train: TrainStep, state: &State) -> Result<Self, TrainError> {
        let config = state.model.config().clone();
        let state = xla.upload(&stacked(&train, state.clone()))?;
        Ok(Self::with_state(xla, train, config, state))
    }

    /// Training from parameters that are drawn on the device, so that no host ever holds them.
    /// They follow from the seed, by another generator than those of [`TrainStep::init`].
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] for a config that makes no model, [`TrainError::Xla`].
    pub fn init(
        xla: &Xla,
        train: TrainStep,
        config: &ViT22BConfig,
        seed: u64,
    ) -> Result<Self, TrainError> {
        config.validate()?;
        let init = xla.jit(initial_state(&train, config)).named("init");
        let key = crate::RandomKey::new(seed, &Device::flex()).to_tensor();
        let key = xla.upload(&key)?;
        let state = init.call_on_device_with_seed(key, seed)?;
        Ok(Self::with_state(xla, train, config.clone(), state))
    }

    fn with_state(
        xla: &Xla,
        train: TrainStep,
        config: ViT22BConfig,
        state: DeviceTree<Stacked<State>>,
    ) -> Self {
        Self { xla: xla.clone(), step: program(xla, &train), train, config, state }
    }

    /// One step on a batch. It returns before the step is done; reading the metrics waits for it.
    ///
    /// Of several processes each brings its [rows](Self::rows) of the batch.
    ///
    /// # Shapes
    ///
    /// - images: `[b, 3, height, width]`, values in [−1, 1]
    /// - targets: `[b, c]`
    ///
    /// # Errors
    ///
    /// [`TrainError::Batch`] for a batch that the model cannot take, or that the devices of a mesh
    /// cannot share; [`TrainError::Xla`].
    pub fn step(
        &mut self,
        images: TensorData,
        targets: TensorData,
    ) -> Result<DeviceTree<StepMetrics>, TrainError> {
        self.check_batch(&images, &targets)?;
        let device = Device::flex();
        let batch: Batch =
            (Tensor::from_data(images, &device), Tensor::from_data(targets, &device));
        let batch = self.xla.upload_share(&batch)?;
        self.step_on_device(batch)
    }

    /// As [`step`](Self::step), for a batch that is on the device.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn step_on_device(
        &mut self,
        batch: DeviceTree<Batch>,
    ) -> Result<DeviceTree<StepMetrics>, TrainError> {
        let results = self.step.call_on_device((self.state.clone(), batch))?;
        let (state, metrics) = results.split()?;
        self.state = state;
        Ok(metrics)
    }

    /// Compiles the step for batches of this size, ahead of the first one.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn compile(&self, batch_size: usize) -> Result<Times, TrainError> {
        Ok(self.step.compile_on_device((self.state.clone(), self.zeros(batch_size)?))?)
    }

    /// What the compiler made of the step for batches of this size.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn with_executable<T>(
        &self,
        batch_size: usize,
        look: impl FnOnce(&Executable) -> T,
    ) -> Result<T, TrainError> {
        Ok(self.step.with_executable((self.state.clone(), self.zeros(batch_size)?), look)?)
    }

    /// The rows of a batch of this size that this process brings: all of them where there is no
    /// other process.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`] if the processes cannot share so many, or the mesh gives this one rows
    /// that are not in one piece.
    pub fn rows(&self, batch_size: usize) -> Result<Range<usize>, TrainError> {
        let spec = self.images_spec(DType::F32, self.images_shape(batch_size).to_vec())?;
        Ok(self.xla.rows(&spec, batch_size)?)
    }

    fn images_shape(&self, rows: usize) -> [usize; 4] {
        let [height, width] = self.config.image;
        [rows, self.config.channels, height, width]
    }

    /// How images lie on the mesh.
    fn images_spec(&self, dtype: DType, shape: Vec<usize>) -> Result<Spec, ProgramError> {
        // By the path that the images have in a batch.
        let leaf = LeafSpec { path: "0".into(), ty: LeafType { kind: Kind::Float, dtype, shape } };
        Ok(self.xla.layout().spec(&leaf)?)
    }

    /// The step for batches of this size as a program, not compiled: for looking at it.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn lower(&self, batch_size: usize) -> Result<Lowered, TrainError> {
        Ok(self.step.lower_on_device((self.state.clone(), self.zeros(batch_size)?))?)
    }

    fn zeros(&self, batch_size: usize) -> Result<DeviceTree<Batch>, TrainError> {
        let device = Device::flex();
        let rows = self.rows(batch_size)?.len();
        let images = Tensor::zeros(self.images_shape(rows), &device);
        let targets = Tensor::zeros([rows, self.config.outputs()], &device);
        Ok(self.xla.upload_share(&(images, targets))?)
    }

    /// An error for a batch that the model cannot take, or that the devices cannot share.
    pub(crate) fn check_batch(
        &self,
        images: &TensorData,
        targets: &TensorData,
    ) -> Result<(), TrainError> {
        self.train.check_batch(&self.config, images.shape(), targets.shape())?;
        let Some(mesh) = self.xla.mesh() else { return Ok(()) };
        let spec = self.images_spec(images.dtype(), images.shape().to_vec())?;
        let devices = self.xla.row_parts(&spec);
        let parts = self.train.micro_batches();
        match images.shape()[0] {
            got if got.is_multiple_of(devices * parts) => Ok(()),
            got => Err(TrainError::Batch {
                what: "images axis 0 (batch)",
                expected: match parts {
                    1 => format!(
                        "a multiple of the {devices} parts that the mesh {mesh} cuts it into"
                    ),
                    _ => format!(
                        "a multiple of {}, {parts} micro-batches of the {devices} parts that the mesh \
                         {mesh} cuts them into",
                        devices * parts
                    ),
                },
                got: got.to_string(),
            }),
        }
    }

    /// The state as Burn tensors.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`] with the error of the step that should have made it.
    pub fn state(&self) -> Result<State, TrainError> {
        Ok(self.state.to_host()?.tree)
    }

    /// Goes on from another state of the same model.
    ///
    /// # Errors
    ///
    /// [`TrainError::Xla`] if the device has no room for it.
    pub fn restore(&mut self, state: &State) -> Result<(), TrainError> {
        self.state = self.xla.upload(&stacked(&self.train, state.clone()))?;
        Ok(())
    }

    /// The state on the device; its blocks are stacked where they are rolled.
    pub fn device_state(&self) -> &DeviceTree<Stacked<State>> {
        &self.state
    }

    /// The step that was compiled.
    pub fn train(&self) -> &TrainStep {
        &self.train
    }

    /// The model's config.
    pub fn config(&self) -> &ViT22BConfig {
        &self.config
    }

    /// How often the step was compiled: once for each batch size.
    pub fn compilations(&self) -> usize {
        self.step.compilations()
    }
}

fn program(xla: &Xla, train: &TrainStep) -> Step {
    let rolled = train.rolled().cloned();
    xla.jit(step_function(train)).named(NAME).donate(donate).roll(rolled)
}
