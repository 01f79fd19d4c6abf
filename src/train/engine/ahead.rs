//! The training step as a program for devices that are not here.

use burn::tensor::{Device, Tensor};
use burn_trace::{Leaves, Stacked, TensorTree, TreeError, Visitor};
use burn_xla::program::{Lowered, Lowering};

use crate::runtime::host;
use crate::train::error::TrainError;
use crate::train::step::state::{StepMetrics, TrainState};
use crate::train::step::{TrainStep, leaves_of};
use crate::train::task::Task;

/// A batch as an argument of a program: its tensors are named `batch.…`, so that a layout tells them
/// from parameters.
#[derive(Debug, Clone)]
pub(crate) struct Argument<B>(pub(crate) B);

impl<B: TensorTree> TensorTree for Argument<B> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("batch", &self.0);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(Self(self.0.rebuild(leaves)?))
    }
}

impl<T: Task> TrainStep<T> {
    /// The step for batches of this size as a program for devices that need not be here, such as those
    /// of a [`Topology`](burn_xla::pjrt::Topology). Neither state nor batch exist for it, so that the
    /// model may be larger than this machine. `lowering` says for which mesh, layout and platform, how
    /// accurately products of f32 are computed, and what custom operations are; the rest is the step's.
    ///
    /// ```
    /// use burn_trace::Save;
    /// use burn_xla::program::Lowering;
    /// use vit22b::shard::{Activations, Sharding};
    /// use vit22b::train::{Classify, Loss, Recipe, TrainStep};
    /// use vit22b::vit::Variant;
    ///
    /// let task = Classify::new(Variant::parse("22B/14")?.config(29_593), Loss::SigmoidCrossEntropy)?;
    /// let train = TrainStep::new(task, &Recipe::vit22b(), None)?.with_rolled_blocks(Save::Nothing);
    /// let layout = Sharding::vit22b(Activations::Width).layout()?;
    /// let mesh = "data=512,model=2".parse()?;
    /// let lowered = train.lower(65_536, Lowering::new().over(&mesh, &layout).on("tpu"))?;
    /// assert!(lowered.program.text.len() < 1_000_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TrainError::Batch`] for a batch that cannot be cut into micro-batches, or if the task gives no
    /// [dummy batch](Task::dummy_batch) of one; [`TrainError::Xla`] if the step cannot be recorded or lowered, or
    /// its layout does not fit the mesh.
    pub fn lower(&self, batch_size: usize, lowering: Lowering<'_>) -> Result<Lowered, TrainError> {
        let dummy_batch = |size, device: &Device| {
            self.task().dummy_batch(size, device).ok_or_else(no_dummy_batch)
        };
        // The check asks for shapes alone. One example has them, except for the number of rows, and
        // takes little of this machine's memory.
        let mut leaves = leaves_of(&dummy_batch(1, &host())?);
        for leaf in &mut leaves {
            leaf.ty.shape[0] = batch_size;
        }
        self.check_batch(&leaves)?;
        let state = self.initial_state();
        let make = |device: &Device| {
            let batch = dummy_batch(batch_size, device).expect("the task gave one before");
            (state(Tensor::zeros([1], device)), Argument(batch))
        };
        let step = step_function(self);
        let lowering = lowering.named(NAME).donate(donate).roll(self.rolled().cloned());
        Ok(lowering.lower_made(step, make)?)
    }
}

/// The error for a task that a step is to be compiled for before there is data.
pub(crate) fn no_dummy_batch() -> TrainError {
    let expected = "a task that makes one of any size, by `Task::dummy_batch`";
    TrainError::batch("dummy batch", expected, "none")
}

/// The state and the batch of a step.
pub(crate) type StepArguments<T> =
    (Stacked<TrainState<<T as Task>::Model>>, Argument<<T as Task>::Batch>);
/// The next state, and what the step reports.
pub(crate) type StepResults<T> = (Stacked<TrainState<<T as Task>::Model>>, StepMetrics);

/// The step as a function of trees, for a batch that was checked.
pub(crate) fn step_function<T: Task>(
    train: &TrainStep<T>,
) -> impl Fn(StepArguments<T>) -> StepResults<T> + Send + Sync + 'static {
    let train = train.clone();
    move |(state, Argument(batch))| {
        let (next, metrics) = train
            .run(state.tree, batch)
            .expect("the batch was checked, and the state is the step's own");
        (train.stacked(next), metrics)
    }
}

/// The name of the step's program.
pub(crate) const NAME: &str = "train_step";

/// The next state takes the place of the one before.
pub(crate) fn donate(path: &str) -> bool {
    path.starts_with("0.")
}
