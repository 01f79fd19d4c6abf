//! Ordinary training steps, compiled, beside the same steps on Burn's CPU backend: ResNet-18 with batch norm, an
//! LSTM and a transformer encoder of Burn's modules, with AdamW.

mod both;
#[allow(dead_code, reason = "each user takes a part")]
mod nets;
#[allow(dead_code, reason = "each user takes a part")]
#[path = "../../examples/resnet/model.rs"]
mod resnet;

use both::compare;
use nets::{encoder, encoder_loss, recurrent, recurrent_loss};

/// What is left where both sum in another order: f32's 2⁻²⁴ through twenty steps.
const F32: f32 = 1e-4;

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
