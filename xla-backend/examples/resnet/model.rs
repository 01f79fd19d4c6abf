//! ResNet-18 for images of 32 × 32 pixels, of Burn's modules.

use burn::module::{Module, ModuleMapper, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{DType, Device, Int, Tensor, activation};

/// A convolution and the norm behind it, which is computed in f32 in either precision.
#[derive(Module, Debug)]
pub(crate) struct ConvNorm {
    conv: Conv2d,
    norm: BatchNorm,
}

impl ConvNorm {
    fn new([inner, outer]: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Self {
        let pad = kernel / 2;
        let conv = Conv2dConfig::new([inner, outer], [kernel; 2])
            .with_stride([stride; 2])
            .with_padding(PaddingConfig2d::Explicit(pad, pad, pad, pad))
            .with_bias(false);
        Self { conv: conv.init(device), norm: BatchNormConfig::new(outer).init(device) }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = self.conv.forward(x.cast(self.conv.weight.val().dtype()));
        self.norm.forward(y.cast(DType::F32))
    }
}

/// Two convolutions beside a path that leaves them out.
#[derive(Module, Debug)]
pub(crate) struct Block {
    first: ConvNorm,
    second: ConvNorm,
    shortcut: Option<ConvNorm>,
}

impl Block {
    fn new([inner, outer]: [usize; 2], stride: usize, device: &Device) -> Self {
        let changes = inner != outer || stride != 1;
        Self {
            first: ConvNorm::new([inner, outer], 3, stride, device),
            second: ConvNorm::new([outer, outer], 3, 1, device),
            shortcut: changes.then(|| ConvNorm::new([inner, outer], 1, stride, device)),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = self.second.forward(activation::relu(self.first.forward(x.clone())));
        let x = match &self.shortcut {
            Some(shortcut) => shortcut.forward(x),
            None => x,
        };
        activation::relu(x + y)
    }
}

/// ResNet-18: four stages of two blocks.
///
/// # Reference
///
/// "Deep Residual Learning for Image Recognition", table 1; the stem is that of its section 4.2, for small
/// images.
#[derive(Module, Debug)]
pub(crate) struct ResNet {
    stem: ConvNorm,
    blocks: Vec<Block>,
    head: Linear,
}

impl ResNet {
    /// Channels of the first stage: 64 in the paper. Each further stage has twice as many.
    pub(crate) fn new(width: usize, classes: usize, device: &Device) -> Self {
        let mut blocks = Vec::new();
        let mut inner = width;
        for stage in 0..4 {
            let outer = width << stage;
            for block in 0..2 {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                blocks.push(Block::new([inner, outer], stride, device));
                inner = outer;
            }
        }
        Self {
            stem: ConvNorm::new([3, width], 3, 1, device),
            blocks,
            head: LinearConfig::new(inner, classes).init(device),
        }
    }

    /// Logits `[b, classes]` of images `[b, 3, 32, 32]`.
    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let x = activation::relu(self.stem.forward(images));
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        let x: Tensor<2> = x.mean_dim(3).mean_dim(2).flatten(1, 3);
        self.head.forward(x.cast(self.head.weight.val().dtype())).cast(DType::F32)
    }
}

/// The mean cross-entropy of logits.
pub(crate) fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    let log = activation::log_softmax(logits, 1);
    log.gather(1, labels.unsqueeze_dim(1)).mean().neg()
}

/// The module with the parameters of products in bf16: those of convolutions and linear layers.
pub(crate) fn in_bf16<M: Module>(module: M) -> M {
    module.map(&mut Cast { is_product: vec![] })
}

struct Cast {
    /// Of the modules around a parameter, whether they are products.
    is_product: Vec<bool>,
}

impl ModuleMapper for Cast {
    fn enter_module(&mut self, _name: &str, container_type: &str) {
        self.is_product
            .push(container_type.contains("Conv2d") || container_type.contains("Linear"));
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.is_product.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.is_product.last() != Some(&true) {
            return param;
        }
        param.map(|tensor| tensor.cast(DType::BF16))
    }
}
