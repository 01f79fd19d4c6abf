//! The convolutions of heads.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Initializer, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, assert_shape};

use super::map_norm::{MapNorm, MapNormConfig};

/// A convolution with a square kernel of an odd side, which keeps the size of a map where its stride is 1.
pub(super) fn conv(
    channels: [usize; 2],
    kernel: usize,
    stride: usize,
    bias: bool,
    device: &Device,
) -> Conv2d {
    let pad = kernel / 2;
    Conv2dConfig::new(channels, [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(pad, pad, pad, pad))
        .with_bias(bias)
        .init(device)
}

/// A convolution without a bias, a norm, and the positive part: the building block of UPerNet.
#[derive(Module, Debug)]
pub struct ConvNorm {
    /// The convolution.
    pub conv: Conv2d,
    /// The norm behind it.
    pub norm: MapNorm,
}

impl ConvNorm {
    pub(super) fn init(input: usize, kernel: usize, norm: &MapNormConfig, device: &Device) -> Self {
        Self {
            conv: conv([input, norm.channels], kernel, 1, false, device),
            norm: norm.init(device),
        }
    }

    /// `relu(norm(conv(map)))`
    ///
    /// # Shapes
    ///
    /// - map: `[b, c, h, w]`
    /// - output: `[b, c', h, w]`
    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        relu(self.norm.forward(self.conv.forward(map)))
    }
}

/// A transposed convolution whose stride is its kernel: each cell becomes `k × k` cells, by a product of
/// its own.
///
/// # Reference
///
/// PyTorch's `ConvTranspose2d(c, c', kernel_size=k, stride=k)`.
#[derive(Module, Debug)]
pub struct TransposedConv {
    /// `[c, c', k, k]`, as PyTorch keeps it.
    pub weight: Param<Tensor<4>>,
    /// `[c']`
    pub bias: Param<Tensor<1>>,
}

impl TransposedConv {
    pub(super) fn init(channels: [usize; 2], kernel: usize, device: &Device) -> Self {
        let [input, output] = channels;
        let xavier = Initializer::XavierUniform { gain: 1.0 };
        let shape = [input, output, kernel, kernel];
        Self {
            weight: xavier.init_with(shape, Some(input), Some(output), device),
            bias: Initializer::Zeros.init([output], device),
        }
    }

    /// The larger maps.
    ///
    /// # Shapes
    ///
    /// - map: `[b, c, h, w]`
    /// - output: `[b, c', k h, k w]`
    ///
    /// # Panics
    ///
    /// If the maps have another number of channels.
    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        let [input, output, k, _] = self.weight.dims();
        assert_shape!(map, [_, input, _, _]);
        let [b, _, h, w] = map.dims();
        let cells = map.permute([0, 2, 3, 1]).reshape([b * h * w, input]);
        let weight = self.weight.val().reshape([input, output * k * k]);
        let pieces = cells.matmul(weight).reshape([b, h, w, output, k, k]);
        let map = pieces.permute([0, 3, 1, 4, 2, 5]).reshape([b, output, k * h, k * w]);
        map + self.bias.val().reshape([1, output, 1, 1])
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::module::conv_transpose2d;
    use burn::tensor::ops::ConvTransposeOptions;
    use burn::tensor::{TensorData, Tolerance};

    use super::*;

    #[test]
    fn a_product_for_each_cell_is_the_transposed_convolution() {
        let device = Device::flex();
        let mut rng = fastrand::Rng::with_seed(9);
        let values: Vec<f32> = (0..2 * 3 * 4 * 5).map(|_| rng.f32() - 0.5).collect();
        let map = Tensor::<4>::from_data(TensorData::new(values, [2, 3, 4, 5]), &device);
        let mut layer = TransposedConv::init([3, 2], 4, &device);
        layer.bias = layer.bias.map(|bias| bias.add_scalar(0.25));
        let options = ConvTransposeOptions::new([4, 4], [0, 0], [0, 0], [1, 1], 1);
        let bias = Some(layer.bias.val());
        let expected = conv_transpose2d(map.clone(), layer.weight.val(), bias, options);
        let got = layer.forward(map);
        assert_eq!(got.dims(), [2, 2, 16, 20]);
        got.into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-6));
    }
}
