//! Gradients over micro-batches: equal parts of a batch, one after the other, and each of them in parts at the same time.

use burn::module::Module;
use burn::tensor::{DType, Int, Tensor};
use burn_trace::compile::is_recording;
use burn_trace::{Stacked, TensorTree, describe, rows, scan};

use super::gradient::{value_and_grad, widened};
use super::workers::Workers;
use crate::params::blocks::{self, by_block};
use crate::params::{self, NamedTensors, TensorFn};
use crate::random::RandomKey;
use crate::train::error::{TrainError, invalid};
use crate::train::recipe::Recipe;

/// The mean loss of a batch and its gradients, over `count` micro-batches one after the other: memory
/// holds the activations of one at a time. Where there are workers, each has a part of each micro-batch. Each part
/// has a key of its own.
pub(crate) fn value_and_grad_over<M: Module + 'static, B: TensorTree>(
    (count, workers): (usize, Option<&Workers>),
    (model, frozen): (&M, impl Fn(&str) -> bool + Sync),
    batch: B,
    key: &RandomKey,
    loss: impl Fn(&M, B, &RandomKey) -> Tensor<1> + Sync,
) -> (Tensor<1>, NamedTensors) {
    let device = key.to_tensor().device();
    let run = |model: &M, (batch, number): (B, Tensor<1, Int>)| {
        let inputs = (batch, key.fold_in_tensor(number));
        value_and_grad(model, &frozen, inputs, |model, (batch, key)| loss(model, batch, &key))
    };
    // What is recorded runs elsewhere.
    let workers = workers.filter(|_| !is_recording());
    let run = |batch: B, number: Tensor<1, Int>| match workers {
        None => run(model, (batch, number)),
        Some(workers) => {
            let count = workers.count();
            let parts = (0..count).map(|at| {
                let first = number.clone().mul_scalar(count as i64);
                (model.clone(), (part(&batch, count, at), first.add_scalar(at as i64)))
            });
            mean(workers.each(parts, |(model, part)| run(&model, part)))
        }
    };
    let micro_batch = |number: usize| {
        let index = Tensor::<1, Int>::from_ints([number as i64], &device);
        (part(&batch, count, number), index)
    };
    if count == 1 {
        let (batch, number) = micro_batch(0);
        return run(batch, number);
    }
    let trained = params::collect(model).into_iter().filter(|(path, _)| !frozen(path));
    let zeros = blocks::map(trained.collect(), &mut Zeros);
    let micro_batches: Vec<_> = (0..count).map(micro_batch).collect();
    let start = (Tensor::zeros([1], &device), Stacked::new(zeros));
    let ((loss, gradients), _) =
        scan(start, micro_batches, |(loss, gradients), (batch, number)| {
            let (more_loss, more) = run(batch, number);
            let [sum] = by_block([gradients.tree, more], |[sum, more]| [sum.map(&mut Add(more))]);
            ((loss + more_loss, Stacked::new(sum)), ())
        });
    let share = 1.0 / count as f64;
    (loss.mul_scalar(share), blocks::map(gradients.tree, &mut Scale(share)))
}

/// One of so many equal parts of a batch.
fn part<B: TensorTree>(batch: &B, count: usize, number: usize) -> B {
    let leaves = describe(batch).unwrap_or_default();
    let size = leaves.first().map_or(0, |leaf| leaf.ty.shape[0]) / count;
    rows(batch, number * size, size).expect("a batch is a tree of its own tensors")
}

/// The mean of losses and gradients of equal parts.
fn mean(parts: Vec<(Tensor<1>, NamedTensors)>) -> (Tensor<1>, NamedTensors) {
    let share = 1.0 / parts.len() as f64;
    let sum = parts.into_iter().map(|(loss, gradients)| (loss, widened(gradients)));
    let sum = sum.reduce(|(loss, sum), (more_loss, more)| {
        (loss + more_loss, blocks::map(sum, &mut Add(more)))
    });
    let (loss, sum) = sum.expect("there is at least one worker");
    (loss.mul_scalar(share), blocks::map(sum, &mut Scale(share)))
}

/// The number of micro-batches of a recipe.
///
/// # Errors
///
/// [`TrainError::Recipe`] if it does not divide the batch, or is above 1 for a loss that compares examples.
pub(crate) fn checked_count(recipe: &Recipe, compares: bool) -> Result<usize, TrainError> {
    let count = recipe.micro_batches;
    if compares && count > 1 {
        let rule = "1, since the loss compares all examples of a batch; take a smaller batch";
        return Err(invalid("micro_batches", count, rule));
    }
    let valid = count > 0 && recipe.batch_size.is_multiple_of(count);
    let rule = format!("a divisor of batch_size = {}", recipe.batch_size);
    if valid { Ok(count as usize) } else { Err(invalid("micro_batches", count, &rule)) }
}

/// Adds the tensor of the same name.
struct Add(NamedTensors);

impl TensorFn for Add {
    fn call<const D: usize>(&mut self, path: &str, tensor: Tensor<D>) -> Tensor<D> {
        match self.0.take::<D>(path) {
            Some(more) => tensor + more.cast(DType::F32),
            None => tensor,
        }
    }
}

/// Zeros in f32.
struct Zeros;

impl TensorFn for Zeros {
    fn call<const D: usize>(&mut self, _: &str, tensor: Tensor<D>) -> Tensor<D> {
        tensor.zeros_like().cast(DType::F32)
    }
}

/// A multiple of each tensor.
struct Scale(f64);

impl TensorFn for Scale {
    fn call<const D: usize>(&mut self, _: &str, tensor: Tensor<D>) -> Tensor<D> {
        tensor.mul_scalar(self.0)
    }
}
