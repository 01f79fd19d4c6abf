//! What a model makes of the patches of an image, and how much of each it takes.

use burn::tensor::Tensor;

use super::request::FeatureFunction;
use crate::params::NamedTensors;
use crate::vit::{FeatureRequest, Pool, ViT22B, ViT22BConfig};

/// Which views of an image's patches are wanted, for [`Embedder::visit_with`](super::Embedder::visit_with):
///
/// ```
/// # use std::path::Path;
/// # use vit22b::{Runtime, data::ImageSet, vit::Variant};
/// use vit22b::probe::{EmbedError, Embedder, PatchViews};
/// # let runtime = Runtime::flex();
/// # let model = Variant::parse("mu/16")?.config(0).with_image([32, 32]).init(&runtime.device())?;
/// # let embedder = Embedder::new(&runtime, model, "resize(32)|value_range(-1, 1)".parse()?)?;
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images");
/// # let set = ImageSet::folder(Path::new(folder))?;
///
/// let views = PatchViews { patches: true, attention: true };
/// assert!(views.are_of(embedder.config()));
/// embedder.visit_with(&set, &views.function(), |_, features| {
///     assert_eq!(features.shape("patches"), Some(&[4, 32][..]));
///     assert_eq!(features.shape("attention"), Some(&[4][..]));
///     Ok::<_, EmbedError>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PatchViews {
    /// The patches' tokens after the last block.
    pub patches: bool,
    /// How much of each patch goes into the pooled vector, by the attention of the pooling head, or of
    /// the class token in the last block: the mean of all heads.
    pub attention: bool,
}

impl PatchViews {
    /// Whether a model has these views: attention needs a pooling head or a class token that is pooled.
    pub fn are_of(&self, config: &ViT22BConfig) -> bool {
        !self.attention || config.pool != Pool::Average
    }

    /// [`of`](Self::of) as a function for [`Embedder::visit_with`](super::Embedder::visit_with).
    pub fn function(self) -> FeatureFunction {
        FeatureFunction::new(move |model, images| self.of(model, images))
    }

    /// The pooled vectors and the views of images.
    ///
    /// # Shapes
    ///
    /// - images: `[b, 3, height, width]`
    /// - returns: `pooled` `[b, d]`, `patches` `[b, n, d]`, `attention` `[b, n]`; `n` counts patches
    ///   alone, without class token and registers
    ///
    /// # Panics
    ///
    /// Unless the model [has](Self::are_of) the views.
    pub fn of(&self, model: &ViT22B, images: Tensor<4>) -> NamedTensors {
        let config = model.config();
        let last = config.depth - 1;
        let mut request = FeatureRequest::new().encoded().pooled();
        if self.attention && config.pool.has_class_token() {
            request = request.attention(last);
        }
        let mut features = model.features(images, &request).expect("the last block is there");
        let prefix = features.prefix_tokens;
        let tokens = features.encoded.take().expect("it was asked for");
        let [_, n, _] = tokens.dims();
        let patches = tokens.clone().narrow(1, prefix, n - prefix);
        let mut out = NamedTensors::default();
        out.insert("pooled", features.pooled.expect("it was asked for"));
        if self.attention {
            let weights = match (&model.map, &model.query_pool) {
                (Some(map), _) if config.map_head.is_some_and(|head| head.reads_prefix) => {
                    map.attention_weights(tokens).narrow(2, prefix, n - prefix)
                }
                (Some(map), _) => map.attention_weights(patches.clone()),
                (None, Some(pool)) => pool.attention_weights(tokens).narrow(2, prefix, n - prefix),
                (None, None) => {
                    let weights = features.attention.remove(&last);
                    let weights = weights.expect("are_of says that there is a class token");
                    // From the class token, which is the first one, to the patches.
                    let [b, h, n, _] = weights.dims();
                    let row = weights.narrow(2, 0, 1).narrow(3, prefix, n - prefix);
                    row.reshape([b, h, n - prefix])
                }
            };
            let [b, _, n] = weights.dims();
            out.insert("attention", weights.mean_dim(1).reshape([b, n]));
        }
        if self.patches {
            out.insert("patches", patches);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::vit::MapHead;

    #[test]
    fn attention_is_a_share_of_each_patch() {
        let config = ViT22BConfig::new(0).with_image([32, 32]).with_patch(8).with_width(24);
        let config = config.with_depth(2).with_mlp_dim(48).with_num_heads(3);
        let views = PatchViews { patches: true, attention: true };
        let images = Tensor::<4>::ones([2, 3, 32, 32], &Device::flex());
        let head = MapHead::new(2, 48).with_reads_prefix(true);
        let all = config.clone().with_map_head(Some(head)).with_registers(1);
        for (config, is_whole) in [
            (config.clone(), true),
            (config.clone().with_pool(Pool::Query), true),
            (config.clone().with_pool(Pool::ClassToken), false),
            (config.clone().with_pool(Pool::Distilled), false),
            (all, false),
        ] {
            let model = config.init(&Device::flex()).unwrap();
            assert!(views.are_of(model.config()));
            let mut seen = views.of(&model, images.clone());
            assert_eq!(seen.take::<3>("patches").unwrap().dims(), [2, 16, 24]);
            let shares = seen.take::<2>("attention").unwrap().sum_dim(1).into_data();
            // The class token takes from itself, too, and a head that reads the prefix from that.
            assert!(shares.iter::<f32>().all(|share| match is_whole {
                true => (share - 1.0).abs() < 1e-5,
                false => share > 0.0 && share < 1.0,
            }));
        }
        assert!(!views.are_of(&config.with_pool(Pool::Average)));
    }
}
