//! What a model makes of the patches of an image, and how much of each it takes.

use burn::tensor::Tensor;

use super::request::FeatureFunction;
use crate::explain::{attention_rollout, pooled_rollout};
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
/// let views = PatchViews { patches: true, attention: true, rollout: true };
/// assert!(views.are_of(embedder.config()));
/// embedder.visit_with(&set, &views.function(), |_, features| {
///     assert_eq!(features.shape("patches"), Some(&[4, 32][..]));
///     assert_eq!(features.shape("attention"), Some(&[4][..]));
///     assert_eq!(features.shape("rollout"), Some(&[4][..]));
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
    /// How much of the pooled vector comes from each patch before the first block, by the attention of all blocks
    /// and of the pooling ([`attention_rollout`]).
    pub rollout: bool,
}

impl PatchViews {
    /// Whether a model has these views: attention needs a pooling head or a class token that is pooled, and every
    /// model has the others.
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
    /// - returns: `pooled` `[b, d]`, `patches` `[b, n, d]`, `attention` and `rollout` `[b, n]`; `n` counts
    ///   patches alone, without class token and registers
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
        if self.rollout {
            request = (0..=last).fold(request, FeatureRequest::attention);
        }
        let mut features = model.features(images, &request).expect("the last block is there");
        let prefix = features.prefix_tokens;
        let tokens = features.encoded.take().expect("it was asked for");
        let [b, n, _] = tokens.dims();
        let mut out = NamedTensors::default();
        out.insert("pooled", features.pooled.take().expect("it was asked for"));
        if self.attention {
            let weights = match pooling_head(model, &tokens, prefix) {
                Some(weights) => weights.narrow(2, prefix, n - prefix),
                None => {
                    let weights = features.attention.get(&last).cloned();
                    let weights = weights.expect("are_of says that there is a class token");
                    // From the class token, which is the first one, to the patches.
                    let [b, h, n, _] = weights.dims();
                    let row = weights.narrow(2, 0, 1).narrow(3, prefix, n - prefix);
                    row.reshape([b, h, n - prefix])
                }
            };
            out.insert("attention", weights.mean_dim(1).reshape([b, n - prefix]));
        }
        if self.rollout {
            let pooled = pooling_head(model, &tokens, prefix)
                .unwrap_or_else(|| pooled_tokens(config, &tokens, prefix));
            let blocks: Vec<_> = features.attention.into_values().collect();
            let rollout = pooled_rollout(pooled, attention_rollout(&blocks));
            out.insert("rollout", rollout.narrow(1, prefix, n - prefix));
        }
        if self.patches {
            out.insert("patches", tokens.narrow(1, prefix, n - prefix));
        }
        out
    }
}

/// How much the pooling head takes from each token, of which `prefix` are no patches; none where the model has no such
/// head: `[b, h, n]`.
fn pooling_head(model: &ViT22B, tokens: &Tensor<3>, prefix: usize) -> Option<Tensor<3>> {
    let tokens = tokens.clone();
    let [b, n, _] = tokens.dims();
    match (&model.map, &model.query_pool) {
        (Some(map), _) if model.config().map_head.is_some_and(|head| head.reads_prefix) => {
            Some(map.attention_weights(tokens))
        }
        (Some(map), _) => {
            let weights = map.attention_weights(tokens.narrow(1, prefix, n - prefix));
            let [_, h, _] = weights.dims();
            let nothing = Tensor::zeros([b, h, prefix], &weights.device());
            Some(if prefix == 0 { weights } else { Tensor::cat(vec![nothing, weights], 2) })
        }
        (None, Some(pool)) => Some(pool.attention_weights(tokens)),
        (None, None) => None,
    }
}

/// How much of each token is in the pooled vector, where that is a mean of some of them: `[b, 1, n]`.
fn pooled_tokens(config: &ViT22BConfig, tokens: &Tensor<3>, prefix: usize) -> Tensor<3> {
    let [b, n, _] = tokens.dims();
    let taken = match config.pool {
        Pool::Average => prefix..n,
        Pool::Distilled => 0..2,
        _ => 0..1,
    };
    let share = 1.0 / taken.len() as f32;
    let shares: Vec<f32> = (0..n).map(|at| if taken.contains(&at) { share } else { 0.0 }).collect();
    Tensor::<1>::from_floats(shares.as_slice(), &tokens.device())
        .reshape([1, 1, n])
        .expand([b, 1, n])
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
        let views = PatchViews { patches: true, attention: true, rollout: true };
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
            let rollout = seen.take::<2>("rollout").unwrap();
            assert_eq!(rollout.dims(), [2, 16]);
            // All of the pooled vector comes from patches where there is nothing else.
            let from_patches = rollout.sum_dim(1).into_data();
            let prefix = model.config().prefix_tokens();
            assert!(from_patches.iter::<f32>().all(|share| match prefix {
                0 => (share - 1.0).abs() < 1e-5,
                _ => share > 0.0 && share < 1.0,
            }));
        }
        let average = config.with_pool(Pool::Average);
        assert!(!views.are_of(&average));
        let (views, model) =
            (PatchViews { attention: false, ..views }, average.init(&Device::flex()).unwrap());
        assert!(views.are_of(model.config()));
        let shares = views.of(&model, images).take::<2>("rollout").unwrap().sum_dim(1).into_data();
        assert!(shares.iter::<f32>().all(|share| (share - 1.0).abs() < 1e-5));
    }
}
