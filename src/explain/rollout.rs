//! Attention through all blocks.

use burn::tensor::Tensor;

/// How much of each token's content after the last block comes from each token before the first one, by
/// attention alone: the mean over heads of each block, of which half is the block's own token that the
/// residual branch keeps, multiplied from the first block to the last.
///
/// # Shapes
///
/// - blocks: attention weights `[b, h, n, n]` of each block, the first block first, as
///   [`Features::attention`](crate::vit::Features::attention) has them
/// - output: `[b, n, n]`; the values of a row sum to 1
///
/// # Panics
///
/// If there are no blocks.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::explain::attention_rollout;
///
/// // One head that looks at the second token only.
/// let attention = Tensor::<4>::from_data([[[[0.0, 1.0], [0.0, 1.0]]]], &Device::flex());
/// let rollout = attention_rollout(&[attention]).into_data();
/// assert_eq!(rollout.try_to_vec::<f32>().unwrap(), [0.5, 0.5, 0.0, 1.0]);
/// ```
///
/// # Reference
///
/// "Quantifying Attention Flow in Transformers".
pub fn attention_rollout(blocks: &[Tensor<4>]) -> Tensor<3> {
    let product = blocks.iter().fold(None, |below: Option<Tensor<3>>, attention| {
        let [b, _, n, _] = attention.dims();
        let mean = attention.clone().mean_dim(1).reshape([b, n, n]);
        let own = Tensor::<2>::eye(n, &mean.device()).unsqueeze::<3>();
        let both = mean + own;
        let all = both.clone().sum_dim(2);
        let flow = both / all;
        Some(match below {
            Some(below) => flow.matmul(below),
            None => flow,
        })
    });
    product.expect("attention of at least one block is expected")
}

/// How much of a pooled vector comes from each token before the first block: the attention of the pooling
/// head's probe, through the [`attention_rollout`] of the blocks.
///
/// # Shapes
///
/// - probe: `[b, h, n]`, as [`MapPool::attention_weights`](crate::layers::MapPool::attention_weights) gives it
/// - rollout: `[b, n, n]`
/// - output: `[b, n]`
pub fn pooled_rollout(probe: Tensor<3>, rollout: Tensor<3>) -> Tensor<2> {
    let [b, _, n] = probe.dims();
    probe.mean_dim(1).matmul(rollout).reshape([b, n])
}
