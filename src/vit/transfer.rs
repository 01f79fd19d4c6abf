//! A model made ready for other classes or images of another size.

use burn::module::Module;
use burn::tensor::{DType, Device};

use crate::error::ConfigError;
use crate::layers::resample_relative_bias;
use crate::params::{self, NamedTensors, collect};

use super::config::ViT22BConfig;
use super::model::ViT22B;
use super::resample;

/// The end of the paths of relative position biases, one in each block.
const RELATIVE_BIAS: &str = ".relative_bias.table";

impl ViT22B {
    /// The model with a new classifier for this many classes, all of whose weights and biases are zero, as big_vision
    /// begins to fine-tune; with 0 classes it has none. All other parameters stay.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for so many classes that no model can have them.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use vit22b::vit::Variant;
    ///
    /// let device = Device::flex();
    /// let model = Variant::parse("mu/16")?.config(1_000).with_image([32, 32]).init(&device)?;
    /// // For 5 classes, on images of 48 pixels.
    /// let model = model.with_new_head(5)?.with_image([48, 48])?;
    /// assert_eq!(model.forward(Tensor::zeros([1, 3, 48, 48], &device)).dims(), [1, 5]);
    /// # Ok::<(), vit22b::ConfigError>(())
    /// ```
    pub fn with_new_head(self, num_classes: usize) -> Result<Self, ConfigError> {
        let config = ViT22BConfig { num_classes, head_bias: 0.0, ..self.config().clone() };
        let kept =
            |path: &str| !path.starts_with("head.") && !path.starts_with("distillation_head.");
        let values = collect(&self).into_iter().filter(|(path, _)| kept(path)).collect();
        rebuilt(&config, values, &device_of(&self))
    }

    /// The model for images of another height and width in pixels, multiples of the patch. Learned positions and
    /// relative biases are resampled to their grid, as [`ViT22BConfig::interpolation`] says.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for a side that the patch does not divide, with the nearest that it does.
    pub fn with_image(self, image: [usize; 2]) -> Result<Self, ConfigError> {
        let from = self.config().grid();
        let config = self.config().clone().with_image(image);
        config.validate()?;
        let (to, by) = (config.grid(), config.interpolation);
        let mut values = collect(&self);
        if let Some(positions) = values.get::<2>("pos_embedding") {
            let dtype = positions.dtype();
            let positions = resample(positions.cast(DType::F32), from, to, by);
            values.insert("pos_embedding", positions.cast(dtype));
        }
        let tables = values.iter().map(|(path, _)| path.to_owned());
        let tables: Vec<String> = tables.filter(|path| path.ends_with(RELATIVE_BIAS)).collect();
        for path in tables {
            if let Some(table) = values.get::<2>(&path) {
                values.insert(path, resample_relative_bias(table, from, to));
            }
        }
        rebuilt(&config, values, &device_of(&self))
    }
}

fn device_of(model: &ViT22B) -> Device {
    model.devices().into_iter().next().unwrap_or_default()
}

/// A model of a config with these parameters, and drawn ones where there is none.
fn rebuilt(
    config: &ViT22BConfig,
    values: NamedTensors,
    device: &Device,
) -> Result<ViT22B, ConfigError> {
    let model = config.init(device)?;
    Ok(params::overwrite(model, values).expect("the shapes follow from the config"))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Tensor;

    use super::*;
    use crate::vit::config::small;
    use crate::vit::{Pool, Positions};

    #[test]
    fn a_new_head_says_zero_and_the_body_stays() {
        let device = Device::flex();
        let model = small().init(&device).unwrap();
        let images = Tensor::random([2, 3, 28, 42], burn::tensor::Distribution::Default, &device);
        let pooled = model.pooled(images.clone()).into_data();
        let model = model.with_new_head(4).unwrap();
        assert_eq!(model.pooled(images.clone()).into_data(), pooled);
        let logits: Vec<f32> = model.forward(images).into_data().try_to_vec().unwrap();
        assert_eq!(logits, [0.0; 8]);
        assert_eq!(model.with_new_head(0).unwrap().config().num_classes, 0);
    }

    #[test]
    fn a_resampled_model_computes_what_resampling_on_the_way_does() {
        let device = Device::flex();
        let beit = small().with_positions(Positions::RelativeBias).with_pool(Pool::ClassToken);
        for config in [small(), beit] {
            let model = config.init(&device).unwrap();
            let images =
                Tensor::random([1, 3, 56, 28], burn::tensor::Distribution::Default, &device);
            let expected = model.pooled(images.clone());
            let resampled = model.with_image([56, 28]).unwrap();
            assert_eq!(resampled.config().grid(), [4, 2]);
            // The same products in the same order.
            let difference = (resampled.pooled(images) - expected).abs().max();
            assert!(difference.into_scalar::<f32>() < 1e-5);
        }
        let error = small().init(&device).unwrap().with_image([30, 28]).unwrap_err();
        assert!(error.to_string().starts_with("image[0] = 30 is not valid"), "{error}");
    }
}
