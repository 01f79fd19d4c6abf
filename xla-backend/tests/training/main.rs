//! Ordinary training steps, compiled, beside the same steps on Burn's CPU backend: ResNet-18 with batch norm, an
//! LSTM and a transformer encoder of Burn's modules, with AdamW.

mod both;
#[allow(dead_code, reason = "each user takes a part")]
mod nets;
#[allow(dead_code, reason = "each user takes a part")]
#[path = "../../examples/resnet/model.rs"]
mod resnet;
#[path = "../seeded/mod.rs"]
mod seeded;

use both::compare;
use burn::tensor::Tolerance;
use nets::{Images, encoder, encoder_loss, recurrent, recurrent_loss, resnet as small_resnet};
use resnet::{ResNet, cross_entropy};

/// What is left where both sum in another order: f32's 2⁻²⁴ through twenty steps.
const F32: f32 = 1e-4;

#[test]
fn resnet_18_with_batch_norm() {
    let (model, batches) = small_resnet();
    let loss =
        |model: ResNet, (images, labels): Images| cross_entropy(model.forward(images), labels);
    let (expected, got) = compare(model, &batches, loss, F32);
    // The statistics of batch norm went in and came out.
    let (images, _) = &batches[0];
    let (got, expected) = (got.forward(images.clone()), expected.forward(images.clone()));
    let tolerance = Tolerance::rel_abs(1e-2, 1e-2);
    got.into_data().assert_approx_eq::<f32>(&expected.into_data(), tolerance);
}

#[test]
fn an_lstm() {
    let (model, batches) = recurrent();
    compare(model, &batches, recurrent_loss, F32);
}

#[test]
fn a_transformer_encoder() {
    let (model, batches) = encoder();
    compare(model, &batches, encoder_loss, F32);
}
