//! Depths of pixels.

use std::sync::Arc;

use burn::tensor::Tensor;

use super::views::{Input, PredictError, Steps, in_batches};
use crate::data::{DepthMap, Image, Preprocess};
use crate::dense::depth::DepthModel;
use crate::runtime::{Bound, Runtime};
use crate::vit::{Interpolation, resample};

/// A model of depth at work: images of any size to the depth of each pixel.
///
/// ```
/// use vit22b::Runtime;
/// use vit22b::data::{Preprocess, Scenes};
/// use vit22b::dense::{BlockChoice, DepthConfig, DepthEstimator, DepthTarget};
/// use vit22b::heads::LinearDecoderConfig;
/// use vit22b::vit::Variant;
///
/// let runtime = Runtime::flex();
/// let tower = Variant::parse("mu/16")?.config(0).with_image([32, 32]).with_depth(2);
/// let config = DepthConfig::new(tower, BlockChoice::new(vec![1]), LinearDecoderConfig::new(32, 1).into());
/// let model = config.with_target(DepthTarget::LogDepth).init(&runtime.device())?;
/// let steps: Preprocess = "resize(32, 32, bilinear)|value_range(-1, 1)".parse()?;
/// let estimator = DepthEstimator::new(&runtime, model, move |_| steps.clone())?;
/// let depths = estimator.depths(&[Scenes::new(50, 0).scene(0).image])?;
/// assert_eq!((depths[0].height(), depths[0].width()), (50, 50));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DepthEstimator {
    model: Bound<DepthModel, Tensor<4>, Tensor<3>>,
    is_relative: bool,
    steps: Steps,
    batch: usize,
}

impl std::fmt::Debug for DepthEstimator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DepthEstimator")
            .field("is_relative", &self.is_relative)
            .finish_non_exhaustive()
    }
}

impl DepthEstimator {
    /// The model on a runtime. `steps` make its input of an image of a height and a width.
    ///
    /// # Errors
    ///
    /// [`PredictError::Runtime`].
    pub fn new(
        runtime: &Runtime,
        model: DepthModel,
        steps: impl Fn([usize; 2]) -> Preprocess + Send + Sync + 'static,
    ) -> Result<Self, PredictError> {
        let is_relative = model.config().is_relative();
        let model = runtime.bind(model, |model: &DepthModel, images| model.forward(images))?;
        Ok(Self { model, is_relative, steps: Arc::new(steps), batch: 8 })
    }

    /// How many images of one size are computed at once, at least 1; 8 without it.
    #[must_use]
    pub fn with_batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// Whether the values are inverse depths up to a number and a shift, the larger the nearer.
    pub fn is_relative(&self) -> bool {
        self.is_relative
    }

    /// The depths of each image, in its own size.
    ///
    /// # Errors
    ///
    /// [`PredictError`]: of the runtime, and depths that are not finite.
    pub fn depths(&self, images: &[Image]) -> Result<Vec<DepthMap>, PredictError> {
        let input =
            |image: &Image| Input::of(image, &(self.steps)([image.height(), image.width()]));
        let mut maps: Vec<Option<DepthMap>> = vec![None; images.len()];
        let inputs = images.iter().map(input).collect();
        in_batches(
            inputs,
            self.batch,
            |images| self.model.call(images),
            |place, depths| {
                let [_, rows, columns] = depths.dims();
                let size = [images[place].height(), images[place].width()];
                let flat = depths.reshape([rows * columns, 1]);
                // As transformers brings them to the size of the image. What the cubic kernel makes of edges may be
                // below 0, which no depth is.
                let own =
                    resample(flat, [rows, columns], size, Interpolation::Bicubic).clamp_min(0.0);
                let values: Vec<f32> = own.into_data().iter().collect();
                if values.iter().any(|value| !value.is_finite()) {
                    let text = "the model's depths are not finite; its weights or the image's values are not valid";
                    return Err(PredictError::Values(text.into()));
                }
                let map = DepthMap::new(size[0], size[1], values);
                maps[place] = Some(map.map_err(|error| PredictError::Values(error.to_string()))?);
                Ok(())
            },
        )?;
        Ok(maps.into_iter().flatten().collect())
    }
}
