//! The same training steps by Burn's loop on its CPU backend, and compiled.

use std::sync::OnceLock;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Tensor};
use burn_optim::{AdamWConfig, GradientsParams};
use burn_trace::{OptimizerState, Params, TensorTree, TreeOptimizer, to_device, value_and_grad};
use burn_xla::program::Xla;

pub(crate) const STEPS: usize = 20;
const RATE: f64 = 1e-3;

fn xla() -> Xla {
    static XLA: OnceLock<Xla> = OnceLock::new();
    XLA.get_or_init(|| Xla::cpu().expect("the CPU plugin")).clone()
}

/// Burn's loop: autodiff, and an optimizer that keeps its state.
fn on_flex<M: Module, B: TensorTree>(
    model: M,
    batches: &[B],
    loss: impl Fn(M, B) -> Tensor<1>,
) -> (M, Vec<f32>) {
    let device = Device::flex().autodiff();
    let (mut model, mut optimizer) = (model.train(), AdamWConfig::new().init());
    let mut losses = Vec::new();
    for batch in batches {
        let loss = loss(model.clone(), to_device(batch, &device).unwrap());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(RATE, model, gradients);
        losses.push(loss.into_scalar());
    }
    (model.valid(), losses)
}

type State<M> = (Params<M>, OptimizerState<Params<M>>);

/// The same loss in a compiled step, whose model and state stay on the device.
fn compiled<M: Module + 'static, B: TensorTree>(
    model: M,
    batches: &[B],
    loss: impl Fn(M, B) -> Tensor<1> + Copy + Send + Sync + 'static,
) -> (M, Vec<f32>) {
    let optimizer = TreeOptimizer::from(AdamWConfig::new());
    let model = Params(model);
    let state = optimizer.init(&model).unwrap();
    let step = xla().jit(move |((model, state), batch): (State<M>, B)| {
        let of = |Params(model): Params<M>, batch| loss(model, batch);
        let (loss, gradients) = value_and_grad(&model, &batch, of).unwrap();
        (optimizer.step(RATE, model, gradients, state).unwrap(), loss)
    });
    let step = step.donate(|path| path.starts_with("0."));
    let mut state = xla().upload(&(model, state)).unwrap();
    let mut losses = Vec::new();
    for batch in batches {
        let batch = xla().upload(batch).unwrap();
        let (next, loss) = step.call_on_device((state, batch)).unwrap().split().unwrap();
        losses.push(loss.to_host().unwrap().into_scalar());
        state = next;
    }
    assert!(step.compilations() <= 2, "{} compilations", step.compilations());
    let (Params(model), _) = state.to_host().unwrap();
    (model, losses)
}

/// Both train, and their losses agree within `tolerance`, relative to the first loss. The trained modules.
pub(crate) fn compare<M: Module + 'static, B: TensorTree>(
    model: M,
    batches: &[B],
    loss: impl Fn(M, B) -> Tensor<1> + Copy + Send + Sync + 'static,
    tolerance: f32,
) -> (M, M) {
    let model = model.materialize().map(&mut Cast(DType::F32));
    let (expected, losses) = on_flex(model.clone(), batches, loss);
    let (got, got_losses) = compiled(model, batches, loss);
    let apart = got_losses.iter().zip(&losses).map(|(got, expected)| (got - expected).abs());
    let apart = apart.fold(0.0, f32::max) / losses[0];
    println!("losses {:?} to {:?}, apart by {apart:.1e}", losses[0], losses[STEPS - 1]);
    assert!(apart <= tolerance, "{apart}: {losses:?}, got {got_losses:?}");
    assert!(losses[STEPS - 1] < losses[0], "{losses:?}");
    (expected, got)
}

/// Parameters in this type.
pub(crate) struct Cast(pub(crate) DType);

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.cast(self.0))
    }
}
