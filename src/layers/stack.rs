//! Blocks one after the other.

use burn::module::Module;
use burn::tensor::{Bool, Int, Tensor};
use burn_trace::{constrain_used, scan};

use crate::params::{self, TensorFn};

use super::block::Block;
use super::draws::{BlockDraws, Draws};
use super::token_grid::TokenGrid;

/// All blocks one after the other, as one loop where loops are rolled.
///
/// With `draws`, dropout and stochastic depth act as in training; the rate of stochastic depth
/// grows linearly from 0 at the first block to [`Draws::stochastic_depth`] at the last one. The
/// blocks draw from `draws.key.fold_in(1)`; `fold_in(0)` is left to the embedding before them.
///
/// The weights are marked as those of `blocks.0`, see [`encode_at`].
///
/// # Shapes
///
/// - input: `[b, n, d]`
/// - mask: `[b, h, n, n]`, true for each pair that is attended; `b`, `h` and the first `n` may be 1
/// - output: `[b, n, d]`
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::RandomKey;
/// use vit22b::layers::{BlockConfig, Draws, encode};
///
/// let device = Device::flex();
/// let blocks = BlockConfig::new(32, 64, 4).stack(3, &device);
/// let tokens = Tensor::<3>::ones([2, 5, 32], &device);
/// assert_eq!(encode(&blocks, tokens.clone(), None, None).dims(), [2, 5, 32]);
///
/// let draws = Draws::new(RandomKey::new(0, &device)).with_stochastic_depth(0.1);
/// assert_eq!(encode(&blocks, tokens, None, Some(&draws)).dims(), [2, 5, 32]);
/// ```
pub fn encode(
    blocks: &[Block],
    input: Tensor<3>,
    mask: Option<Tensor<4, Bool>>,
    draws: Option<&Draws>,
) -> Tensor<3> {
    encode_at("blocks", blocks, input, mask, draws)
}

/// [`encode`] for blocks at another path of a model, such as `text.blocks`: by that path a layout
/// finds how their weights are sharded where they are used.
pub fn encode_at(
    path: &str,
    blocks: &[Block],
    input: Tensor<3>,
    mask: Option<Tensor<4, Bool>>,
    draws: Option<&Draws>,
) -> Tensor<3> {
    run((path, blocks), input, None, mask, draws)
}

/// [`encode_at`] for the tokens of images, with rotary positions and relative position biases as far
/// as `grid` and the blocks have them.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::layers::{BlockConfig, RotaryConfig, TokenGrid, encode_on};
///
/// let device = Device::flex();
/// let blocks = BlockConfig::new(32, 64, 4).stack(3, &device);
/// let grid = TokenGrid::new([2, 2], 1).with_rotary(&RotaryConfig::eva02(), 8, &device);
/// let tokens = Tensor::<3>::ones([2, 5, 32], &device);
/// assert_eq!(encode_on("blocks", &blocks, tokens, &grid, None, None).dims(), [2, 5, 32]);
/// ```
pub fn encode_on(
    path: &str,
    blocks: &[Block],
    tokens: Tensor<3>,
    grid: &TokenGrid,
    mask: Option<Tensor<4, Bool>>,
    draws: Option<&Draws>,
) -> Tensor<3> {
    run((path, blocks), tokens, Some(grid), mask, draws)
}

fn run(
    (path, blocks): (&str, &[Block]),
    input: Tensor<3>,
    grid: Option<&TokenGrid>,
    mask: Option<Tensor<4, Bool>>,
    draws: Option<&Draws>,
) -> Tensor<3> {
    let device = input.device();
    let last = blocks.len().saturating_sub(1).max(1) as f64;
    let lane = |(index, block): (usize, &Block)| {
        let draws = draws.map(|draws| {
            let number = Tensor::<1, Int>::from_ints([index as i64], &device);
            let rate = draws.stochastic_depth * index as f64 / last;
            (number, draws.path_rate(rate, &device))
        });
        (block.clone(), draws)
    };
    let lanes: Vec<_> = blocks.iter().enumerate().map(lane).collect();
    let first = format!("{path}.0");
    let (output, _) = scan(input, lanes, |x, (block, of_lane)| {
        let draws = draws.zip(of_lane).map(|(draws, (number, path_rate))| BlockDraws {
            key: draws.key.fold_in(1).fold_in_tensor(number),
            dropout: draws.dropout,
            path_rate,
        });
        let block = mark_used(block, &first);
        (block.forward_drawing(x, grid, mask.clone(), draws.as_ref()), ())
    });
    output
}

/// Marks the weight matrices of a module at their point of use, so that a layout can gather them
/// there. Every block is marked as the first one, because all blocks share one layout. Vectors are
/// not marked: they are replicated.
pub fn mark_used<M: Module>(module: M, path: &str) -> M {
    params::map(module, &mut Used(path))
}

struct Used<'a>(&'a str);

impl TensorFn for Used<'_> {
    fn call<const D: usize>(&mut self, path: &str, tensor: Tensor<D>) -> Tensor<D> {
        match D {
            1 => tensor,
            _ => constrain_used(tensor, &format!("{}.{path}", self.0)),
        }
    }
}
