//! Nets of Burn's modules, small ones, with the batches that they learn.

use burn::module::Module;
use burn::nn::transformer::{
    TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput,
};
use burn::nn::{Linear, LinearConfig, Lstm, LstmConfig};
use burn::tensor::{DType, Device, Distribution, Int, Tensor};

use crate::both::STEPS;
use crate::resnet::{ResNet, cross_entropy};
use crate::seeded::seeded;

/// One batch, again and again, so that the loss falls.
fn again<B: Clone>(batch: B) -> Vec<B> {
    vec![batch; STEPS]
}

fn labels(count: usize, classes: usize) -> Tensor<1, Int> {
    let numbers = Tensor::<1, Int>::arange(0..count as i64, &Device::flex());
    numbers.remainder_scalar(classes as i64)
}

fn normal<const D: usize>(dims: [usize; D]) -> Tensor<D> {
    let options = (&Device::flex(), DType::F32);
    seeded(7, || Tensor::<D>::random(dims, Distribution::Normal(0.0, 1.0), options))
}

pub(crate) type Images = (Tensor<4>, Tensor<1, Int>);

pub(crate) fn resnet() -> (ResNet, Vec<Images>) {
    let model = seeded(1, || ResNet::new(4, 3, &Device::flex()).materialize());
    (model, again((normal([6, 3, 32, 32]), labels(6, 3))))
}

pub(crate) type Sequences = (Tensor<3>, Tensor<1, Int>);

/// The last state of an LSTM, classified.
#[derive(Module, Debug)]
pub(crate) struct Recurrent {
    lstm: Lstm,
    head: Linear,
}

pub(crate) fn recurrent() -> (Recurrent, Vec<Sequences>) {
    let device = Device::flex();
    let lstm = LstmConfig::new(5, 12, true).init(&device);
    let model = Recurrent { lstm, head: LinearConfig::new(12, 3).init(&device) };
    let model = seeded(2, || model.materialize());
    (model, again((normal([8, 10, 5]), labels(8, 3))))
}

pub(crate) fn recurrent_loss(model: Recurrent, (x, labels): Sequences) -> Tensor<1> {
    let x = x.cast(model.head.weight.val().dtype());
    let (_, state) = model.lstm.forward(x, None);
    cross_entropy(model.head.forward(state.hidden).cast(DType::F32), labels)
}

/// The mean of what a transformer encoder makes of tokens, classified.
#[derive(Module, Debug)]
pub(crate) struct Encoder {
    encoder: TransformerEncoder,
    head: Linear,
}

pub(crate) fn encoder() -> (Encoder, Vec<Sequences>) {
    let device = Device::flex();
    let config = TransformerEncoderConfig::new(16, 32, 4, 2).with_dropout(0.0);
    let head = LinearConfig::new(16, 3).init(&device);
    let model = seeded(3, || Encoder { encoder: config.init(&device), head }.materialize());
    (model, again((normal([6, 9, 16]), labels(6, 3))))
}

pub(crate) fn encoder_loss(model: Encoder, (x, labels): Sequences) -> Tensor<1> {
    let x = x.cast(model.head.weight.val().dtype());
    let y = model.encoder.forward(TransformerEncoderInput::new(x));
    let y: Tensor<2> = y.mean_dim(1).squeeze_dim(1);
    cross_entropy(model.head.forward(y).cast(DType::F32), labels)
}
