//! As `training`, with products in bf16 and parameters in f32. Burn's LSTM makes tensors of the type that its
//! device has by default, so the device of these tests has bf16.

#[path = "../training/both.rs"]
mod both;
#[allow(dead_code, reason = "each user takes a part")]
#[path = "../training/nets.rs"]
mod nets;
#[allow(dead_code, reason = "each user takes a part")]
#[path = "../../examples/resnet/model.rs"]
mod resnet;
#[path = "../seeded/mod.rs"]
mod seeded;

use std::sync::Once;

use both::{Cast, compare};
use burn::module::Module as _;
use burn::tensor::{DType, Device, FloatDType, IntDType};
use nets::{
    Encoder, Images, Recurrent, Sequences, encoder, encoder_loss, recurrent, recurrent_loss,
    resnet as small_resnet,
};
use resnet::{ResNet, cross_entropy, in_bf16};

/// Both round to bf16, 2⁻⁹ of a value, at different places: Burn after each operation, XLA where it writes. The
/// optimizer passes such a difference on through twenty steps.
const BF16: f32 = 4e-3;

fn bf16_by_default() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let defaults = (FloatDType::BF16, IntDType::I32);
        Device::flex().configure(defaults).expect("before the first tensor");
    });
}

#[test]
fn resnet_18_with_batch_norm() {
    bf16_by_default();
    let (model, batches) = small_resnet();
    let loss = |model: ResNet, (images, labels): Images| {
        cross_entropy(in_bf16(model).forward(images), labels)
    };
    compare(model, &batches, loss, BF16);
}

#[test]
fn an_lstm() {
    bf16_by_default();
    let (model, batches) = recurrent();
    let loss = |model: Recurrent, batch: Sequences| {
        recurrent_loss(model.map(&mut Cast(DType::BF16)), batch)
    };
    compare(model, &batches, loss, BF16);
}

#[test]
fn a_transformer_encoder() {
    bf16_by_default();
    let (model, batches) = encoder();
    let loss =
        |model: Encoder, batch: Sequences| encoder_loss(model.map(&mut Cast(DType::BF16)), batch);
    compare(model, &batches, loss, BF16);
}
