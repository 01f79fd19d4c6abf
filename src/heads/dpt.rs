//! The dense prediction transformer's head for depth.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{Device, Tensor};

use crate::error::ensure_valid;

use super::conv::conv;
use super::dpt_config::DptConfig;
use super::fusion::Fusion;
use super::kinds::{DepthOutput, DepthSize, FusedSize};
use super::reassemble::Reassemble;
use super::resample::{Corners, Resample2d};

impl DptConfig {
    /// A head with random weights.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds an error, with its text.
    pub fn init(&self, device: &Device) -> Dpt {
        ensure_valid(self.validate());
        let channels = self.channels;
        let half = channels / 2;
        let maps = self.neck_widths.len();
        Dpt {
            reassemble: (0..maps).map(|index| Reassemble::init(self, index, device)).collect(),
            convs: (self.neck_widths.iter())
                .map(|width| conv([*width, channels], 3, 1, false, device))
                .collect(),
            fusion: (0..maps).map(|index| Fusion::init(self, index == 0, device)).collect(),
            head: DepthHead {
                projection: self
                    .head_projection
                    .then(|| conv([channels, channels], 3, 1, true, device)),
                conv1: conv([channels, half], 3, 1, true, device),
                conv2: conv([half, self.head_width], 3, 1, true, device),
                conv3: conv([self.head_width, 1], 1, 1, true, device),
            },
            fused_size: self.fused_size,
            size: self.size,
            output: self.output,
        }
    }
}

/// The tokens of several blocks to a map of depths: each block's tokens become a map of a size of its own,
/// and the maps are joined from the coarsest to the finest. Made by [`DptConfig::init`].
///
/// # Reference
///
/// "Vision Transformers for Dense Prediction" and "Depth Anything", as transformers computes them.
#[derive(Module, Debug)]
pub struct Dpt {
    /// Tokens to maps, the finest first.
    pub reassemble: Vec<Reassemble>,
    /// Bring each map to the channels in which maps are joined; they add no bias.
    pub convs: Vec<Conv2d>,
    /// Join the maps, the coarsest first.
    pub fusion: Vec<Fusion>,
    /// The joined map to depths.
    pub head: DepthHead,
    #[module(skip)]
    fused_size: FusedSize,
    #[module(skip)]
    size: DepthSize,
    #[module(skip)]
    output: DepthOutput,
}

burn_trace::impl_tensor_tree!(Dpt);

/// The last convolutions of a [`Dpt`].
#[derive(Module, Debug)]
pub struct DepthHead {
    /// A convolution before the others, where a model has it.
    pub projection: Option<Conv2d>,
    /// Halves the channels, before the map gets its last size.
    pub conv1: Conv2d,
    /// To the channels before the last convolution.
    pub conv2: Conv2d,
    /// To one channel.
    pub conv3: Conv2d,
}

/// What a [`Dpt`] computes on the way.
#[derive(Debug, Clone)]
pub struct DptStages {
    /// The map of each block, `[b, neck_widths[i], h_i, w_i]`, the finest first.
    pub reassembled: Vec<Tensor<4>>,
    /// The joined maps, `[b, channels, h_i, w_i]`, the coarsest first.
    pub fused: Vec<Tensor<4>>,
    /// The map of depths, `[b, height, width]`.
    pub depth: Tensor<3>,
}

impl Dpt {
    /// The map of depths.
    ///
    /// # Shapes
    ///
    /// - blocks: `[b, p + gh * gw, d]` each, from the lowest block to the highest; of `p` tokens before the
    ///   patches the first is the class token
    /// - output: `[b, height, width]`
    ///
    /// # Panics
    ///
    /// If there is another number of blocks than the config has widths, if they have other tokens than the
    /// grid, or no class token where one is read.
    pub fn forward(&self, blocks: &[Tensor<3>], grid: [usize; 2]) -> Tensor<3> {
        self.stages(blocks, grid).depth
    }

    /// The same with the maps on the way.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn stages(&self, blocks: &[Tensor<3>], grid: [usize; 2]) -> DptStages {
        let maps = self.reassemble.len();
        assert!(blocks.len() == maps, "blocks: expected {maps} of them, got {}", blocks.len());
        let reassembled: Vec<_> = (self.reassemble.iter().zip(blocks))
            .map(|(layer, tokens)| layer.forward(tokens.clone(), grid))
            .collect();
        let convs = self.convs.iter().zip(&reassembled);
        let mut maps: Vec<_> = convs.map(|(conv, map)| conv.forward(map.clone())).collect();
        maps.reverse();
        let mut fused: Vec<Tensor<4>> = Vec::with_capacity(maps.len());
        for (index, (layer, map)) in self.fusion.iter().zip(&maps).enumerate() {
            let next = maps.get(index + 1).map(|map| [map.dims()[2], map.dims()[3]]);
            let size = next.filter(|_| self.fused_size == FusedSize::NextMap);
            let coarser = fused.last().cloned();
            fused.push(layer.forward(coarser, map.clone(), size));
        }
        let depth = self.depth(fused[fused.len() - 1].clone(), grid);
        DptStages { reassembled, fused, depth }
    }

    fn depth(&self, map: Tensor<4>, grid: [usize; 2]) -> Tensor<3> {
        let DepthHead { projection, conv1, conv2, conv3 } = &self.head;
        let map = match projection {
            Some(projection) => relu(projection.forward(map)),
            None => map,
        };
        let map = conv1.forward(map);
        let [b, _, height, width] = map.dims();
        let size = match self.size {
            DepthSize::Double => [2 * height, 2 * width],
            DepthSize::Patch(patch) => grid.map(|side| side * patch),
        };
        let map = Resample2d::new(Corners::Aligned).forward(map, size);
        let map = conv3.forward(relu(conv2.forward(map)));
        let map = match self.output {
            DepthOutput::Linear => map,
            DepthOutput::Relu(scale) => relu(map).mul_scalar(scale),
            DepthOutput::Sigmoid(scale) => sigmoid(map).mul_scalar(scale),
        };
        map.reshape([b, size[0], size[1]])
    }
}
