//! Tokens to maps of a size of their own.

use burn::module::Module;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::activation::{gelu, gelu_approximate};
use burn::tensor::{Device, Tensor};

use crate::layers::Gelu;
use crate::layers::linear::projection;

use super::conv::{TransposedConv, conv};
use super::dpt_config::DptConfig;
use super::kinds::Readout;
use super::linear_decoder::to_map;

/// The tokens of one block as a map: the class token is joined with the patches, channels are brought to
/// the width of this map, and then its size is changed.
#[derive(Module, Debug)]
pub struct Reassemble {
    /// Joins the class token with each patch, `[2 d, d]`.
    pub readout: Option<Linear>,
    /// A convolution over single cells, from the width of tokens to that of the map.
    pub projection: Conv2d,
    /// Enlarges the map.
    pub up: Option<TransposedConv>,
    /// Makes the map smaller.
    pub down: Option<Conv2d>,
    #[module(skip)]
    kind: Readout,
    #[module(skip)]
    gelu: Gelu,
}

impl Reassemble {
    pub(super) fn init(config: &DptConfig, index: usize, device: &Device) -> Self {
        let (d, width) = (config.width, config.neck_widths[index]);
        let factor = config.factors[index];
        let project = config.readout == Readout::Project;
        Self {
            readout: project.then(|| projection([2 * d, d], true, device)),
            projection: conv([d, width], 1, 1, true, device),
            up: (factor > 1.0)
                .then(|| TransposedConv::init([width, width], factor as usize, device)),
            down: (factor < 1.0)
                .then(|| conv([width, width], 3, (1.0 / factor) as usize, true, device)),
            kind: config.readout,
            gelu: config.gelu,
        }
    }

    /// The map of these tokens.
    ///
    /// # Shapes
    ///
    /// - tokens: `[b, p + gh * gw, d]`, the class token first where it is read
    /// - output: `[b, width, h, w]`
    pub fn forward(&self, tokens: Tensor<3>, grid: [usize; 2]) -> Tensor<4> {
        let [b, count, d] = tokens.dims();
        let patches = grid[0] * grid[1];
        let prefix = count.saturating_sub(patches);
        let x = tokens.clone().narrow(1, prefix, count - prefix);
        let class = || {
            assert!(
                prefix > 0,
                "tokens: axis 1 expected a class token before {patches} patches, got {count} tokens"
            );
            tokens.narrow(1, 0, 1)
        };
        let x = match self.kind {
            Readout::Ignore => x,
            Readout::Add => x + class(),
            Readout::Project => {
                let beside = class().expand([b, count - prefix, d]);
                let joined = Tensor::cat(vec![x, beside], 2);
                let joined = self.readout.as_ref().map(|layer| layer.forward(joined.clone()));
                self.activation(joined.expect("the readout projects"))
            }
        };
        let map = self.projection.forward(to_map(x, grid));
        match (&self.up, &self.down) {
            (Some(up), _) => up.forward(map),
            (None, Some(down)) => down.forward(map),
            (None, None) => map,
        }
    }

    fn activation(&self, x: Tensor<3>) -> Tensor<3> {
        match self.gelu {
            Gelu::Erf => gelu(x),
            Gelu::Tanh => gelu_approximate(x),
            Gelu::Quick => burn::tensor::activation::sigmoid(x.clone().mul_scalar(1.702)) * x,
        }
    }
}
