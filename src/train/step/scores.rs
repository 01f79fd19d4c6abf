//! How well a model in training does on examples that it does not train on.

use burn::tensor::Tensor;

use super::state::TrainState;
use super::{TrainStep, leaves_of};
use crate::params::{self, NamedTensors};
use crate::train::error::TrainError;
use crate::train::task::Task;

impl<T: Task> TrainStep<T> {
    /// The task's [scores](Task::scores) of a batch, with the averages of the parameters where the
    /// recipe keeps them: sums over the examples, each times its weight. Divided by the sum of the
    /// weights they are means.
    ///
    /// # Shapes
    ///
    /// - weights: `[b]`, 0 for rows that are no example
    /// - outputs: `[1]` each
    ///
    /// # Errors
    ///
    /// [`TrainError::Batch`] for a batch that the model cannot take.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use vit22b::data::ImageBatch;
    /// use vit22b::train::{Classify, Loss, Recipe, Task, TrainStep};
    /// use vit22b::vit::ViT22BConfig;
    ///
    /// let device = Device::flex();
    /// let config = ViT22BConfig::new(3)
    ///     .with_image([8, 8]).with_patch(4)
    ///     .with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
    /// let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
    /// let train = TrainStep::new(task, &Recipe::vit22b_scaled(2, 100, 1e-3), None)?;
    /// let state = train.init(train.task().init(&device), 0);
    /// let batch = ImageBatch {
    ///     images: Tensor::zeros([2, 3, 8, 8], &device),
    ///     targets: Tensor::ones([2, 3], &device),
    /// };
    /// // The second row is no example.
    /// let scores = train.sum_scores(&state, batch, Tensor::from_data([1.0, 0.0], &device))?;
    /// let hits = scores.get::<1>("precision_at_1").expect("a score of this task");
    /// assert_eq!(hits.into_scalar::<f32>(), 1.0);
    /// # Ok::<(), vit22b::train::TrainError>(())
    /// ```
    pub fn sum_scores(
        &self,
        state: &TrainState<T::Model>,
        batch: T::Batch,
        weights: Tensor<1>,
    ) -> Result<NamedTensors, TrainError> {
        self.check_scored(&leaves_of(&batch), weights.dims()[0])?;
        let model = match &state.ema {
            Some(averages) => params::overwrite(state.model.clone(), averages.clone())?,
            None => state.model.clone(),
        };
        let model = self.recipe().precision.cast(model);
        Ok(self.task().scores(&model, batch, weights))
    }
}
