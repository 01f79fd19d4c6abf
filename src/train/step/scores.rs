//! How well a model in training does on images that it does not train on.

use burn::tensor::{DType, Tensor};
use burn_trace::{Leaves, TensorTree, TreeError, Visitor};

use crate::params;
use crate::vit::ViT22B;

use crate::train::error::TrainError;
use crate::train::step::TrainStep;
use crate::train::step::state::TrainState;

/// What a model scores on a batch: tensors of one element.
#[derive(Debug, Clone)]
pub struct BatchScores {
    /// The loss, without mixup, dropout and stochastic depth.
    pub loss: Tensor<1>,
    /// The share of images whose most likely class is one of theirs, which may be several.
    pub precision_at_1: Tensor<1>,
}

impl TensorTree for BatchScores {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("loss", &self.loss);
        visitor.child("precision_at_1", &self.precision_at_1);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(Self {
            loss: self.loss.rebuild(leaves)?,
            precision_at_1: self.precision_at_1.rebuild(leaves)?,
        })
    }
}

impl TrainStep {
    /// Scores the model on a batch, with the averages of its parameters where the recipe keeps
    /// them.
    ///
    /// # Shapes
    ///
    /// - images: `[b, 3, height, width]`, values in [−1, 1]
    /// - targets: `[b, c]`
    ///
    /// # Errors
    ///
    /// [`TrainError::Batch`] for a batch that the model cannot take.
    ///
    /// # Reference
    ///
    /// "Precision at 1", which the ViT-22B paper reports of pre-training on multi-label JFT.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use vit22b::train::{Recipe, TrainStep};
    /// use vit22b::vit::ViT22BConfig;
    ///
    /// let device = Device::flex();
    /// let model = ViT22BConfig::new(3)
    ///     .with_image([8, 8]).with_patch(4)
    ///     .with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2)
    ///     .init(&device)?;
    /// let train = TrainStep::new(&Recipe::vit22b_scaled(2, 100, 1e-3), None, &model)?;
    /// let state = train.init(model, 0);
    /// let images = Tensor::<4>::zeros([2, 3, 8, 8], &device);
    /// let all = train.evaluate(&state, images.clone(), Tensor::ones([2, 3], &device))?;
    /// let none = train.evaluate(&state, images, Tensor::zeros([2, 3], &device))?;
    /// assert_eq!(all.precision_at_1.into_scalar::<f32>(), 1.0);
    /// assert_eq!(none.precision_at_1.into_scalar::<f32>(), 0.0);
    /// # Ok::<(), vit22b::train::TrainError>(())
    /// ```
    pub fn evaluate(
        &self,
        state: &TrainState<ViT22B>,
        images: Tensor<4>,
        targets: Tensor<2>,
    ) -> Result<BatchScores, TrainError> {
        self.check_batch(state.model.config(), &images.dims(), &targets.dims())?;
        let model = match &state.ema {
            Some(averages) => params::replace(state.model.clone(), averages.clone())?,
            None => state.model.clone(),
        };
        let model = self.precision.cast(model);
        let logits = model.forward(self.precision.cast_tensor(images)).cast(DType::F32);
        let hits = targets.clone().gather(1, logits.clone().argmax(1)).greater_scalar(0.0);
        Ok(BatchScores {
            loss: self.loss.forward(logits, targets),
            precision_at_1: hits.float().mean(),
        })
    }
}
