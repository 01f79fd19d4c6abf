//! Layer-wise decay of the learning rate.

use crate::params::Rules;
use crate::train::update::stage::Tune;

/// Learning rates that fall from the classifier down to the embedding, for
/// [`Stage::LearningRate`](crate::train::Stage::LearningRate): early layers of a pre-trained model hold what is
/// general, and move less.
///
/// The factor of the embedding, positions and tokens before the patches is `rate^(depth + 1)`, of block `i` it is
/// `rate^(depth − i)`, of the final norm `rate`, and 1 of pooling heads, classifiers and projections. InternVL
/// takes 0.95, BEiT and MAE 0.65 to 0.75. With a rate of 1 all factors are 1.
///
/// # Reference
///
/// timm's `param_groups_layer_decay`; "BEiT", appendix.
///
/// ```
/// use vit22b::train::{Tune, layer_decay};
///
/// let rules = layer_decay(2, 0.5);
/// let paths = ["pos_embedding", "blocks.0.mlp.fc1.weight", "blocks.1.attn.out.bias", "norm.scale", "head.bias"];
/// let factors = [0.125, 0.25, 0.5, 0.5, 1.0].map(Tune::Factor);
/// assert_eq!(rules.resolve(paths)?, factors);
/// # Ok::<(), vit22b::RulesError>(())
/// ```
pub fn layer_decay(depth: usize, rate: f64) -> Rules<Tune> {
    let factor = |layers: usize| Tune::Factor(rate.powi(layers as i32));
    let blocks = (0..depth).map(|index| (format!(r"blocks\.{index}\..*"), factor(depth - index)));
    let above = [
        (r"norm\..*", factor(1)),
        (r"(map|query_pool|head|distillation_head|projection)\..*", factor(0)),
    ];
    let above = above.map(|(pattern, factor)| (pattern.to_owned(), factor));
    Rules::new(blocks.chain(above).chain([(".*".to_owned(), factor(depth + 1))]))
}
