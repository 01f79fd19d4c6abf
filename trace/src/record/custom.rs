//! Operations of one's own, which a compiler lowers by their names.

use std::sync::Arc;

use burn::tensor::Tensor;

use super::grad::value_and_grad;
use crate::recorder::{
    Beneath, Primitive, Slot, Traced, emit, first_token, record_custom, tap, turn, type_of,
    zeros_like,
};
use crate::tree::{Leaf, TensorLeaf, TensorTree, primitives, rebuilt, traced};

/// An operation that is not Burn's. A function that is compiled has it under this name, and its compiler knows
/// a lowering by that name (burn-xla's `Xla::with_custom`): a kernel that the device has, or another way to
/// write what Burn writes with many operations.
///
/// `plain` is the same in Burn's operations. Where nothing is recorded it is what is computed; in a recording
/// it gives the type of the result, and the gradient. [`custom_with_gradient`] takes a gradient of one's own.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::custom;
///
/// let (x, y) = (Tensor::<1>::ones([3], &Device::flex()), Tensor::<1>::ones([3], &Device::flex()));
/// let length = custom("my.hypotenuse", (x, y), |(x, y)| (x.square() + y.square()).sqrt());
/// assert_eq!(length.dims(), [3]);
/// ```
///
/// # Panics
///
/// If the name begins with `burn_xla.`, as the names of marks do.
pub fn custom<I: TensorTree, const D: usize>(
    name: &str,
    inputs: I,
    plain: impl Fn(I) -> Tensor<D> + Send + Sync + 'static,
) -> Tensor<D> {
    let plain = Arc::new(plain);
    let same = Arc::clone(&plain);
    custom_with_gradient(
        name,
        inputs,
        move |inputs| plain(inputs),
        move |inputs, _, by_result| {
            let product = |inputs: I, by_result: Tensor<D>| (same(inputs) * by_result).sum();
            let gradient = value_and_grad(&inputs, &by_result, product);
            gradient.expect("the inputs were walked before").1
        },
    )
}

/// As [`custom`], with the gradient of a recording: a function of the inputs, the result, and the gradient by the
/// result. It gives a tree like the inputs; of inputs that are no floats, or take no gradient, it is not read.
///
/// # Panics
///
/// As [`custom`], and if a gradient has not the type of its input.
pub fn custom_with_gradient<I: TensorTree, const D: usize>(
    name: &str,
    inputs: I,
    plain: impl FnOnce(I) -> Tensor<D>,
    gradient: impl FnOnce(I, Tensor<D>, Tensor<D>) -> I + Send + 'static,
) -> Tensor<D> {
    assert!(!name.starts_with("burn_xla."), "`{name}` is a name of a mark; take another prefix");
    let recorded = traced(&inputs).filter(|(leaves, _)| !leaves.is_empty());
    let Some((leaves, _)) = recorded else { return plain(inputs) };
    let all = primitives(&leaves);
    let client = all[0].client.clone();
    let inputs = rebuilt(&inputs, all.iter().cloned().map(untracked).collect());
    // What this records is read by nobody, and so left out of the program.
    let like = plain(inputs.clone()).traced();
    let like = like.expect("what is computed of recorded tensors is recorded");
    let y = record_custom(&client, name, all, type_of(like.primitive()));
    if leaves.iter().all(|leaf| leaf.captured().is_some()) {
        return Tensor::from_traced(untracked(y));
    }
    let mut token = first_token(&client);
    let mut slots = Vec::with_capacity(leaves.len());
    for leaf in &leaves {
        let slot = leaf.tracked().map(|tracked| {
            let slot = Slot::default();
            token = tap(&token, tracked, &slot);
            (slot, tracked.primitive().clone())
        });
        slots.push(slot);
    }
    let by_result = Slot::default();
    let (sent, result, name) = (by_result.clone(), y.clone(), name.to_owned());
    token = turn(&token, move || {
        let by_result = sent.take().unwrap_or_else(|| zeros_like(&result));
        let around = |primitive| Tensor::from_traced(untracked(primitive));
        let gradients = traced(&gradient(inputs, around(result), around(by_result)));
        let (gradients, _) = gradients.expect("a gradient of recorded tensors is recorded");
        for (slot, gradient) in slots.into_iter().zip(gradients) {
            let Some((slot, input)) = slot else { continue };
            let (expected, got) = (type_of(&input), type_of(gradient.primitive()));
            assert!(expected == got, "the gradient of `{name}` is {got:?} for {expected:?}");
            slot.put(gradient.primitive().clone());
        }
    });
    Tensor::from_traced(Traced(Beneath::Float(emit(&token, y, &by_result))))
}

fn untracked(primitive: Primitive) -> Traced {
    Traced(Beneath::Plain(primitive))
}
