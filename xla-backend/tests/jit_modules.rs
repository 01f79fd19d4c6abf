//! Modules as arguments and results of compiled functions: fields that are no tensors, their own parameters,
//! running state, tensors that are no parameters.

use std::fmt;
use std::sync::{Arc, OnceLock};

use burn::module::{Lora, Module, Param, RunningState};
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig, RotaryEncoding,
    RotaryEncodingConfig,
};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use burn_std::Tolerance;
use burn_trace::{Params, Save, TreeError, scan, value_and_grad};
use burn_xla::program::{ProgramError, Xla};

fn xla() -> Xla {
    static XLA: OnceLock<Xla> = OnceLock::new();
    XLA.get_or_init(|| Xla::cpu().expect("the CPU plugin")).clone()
}

fn device() -> Device {
    Device::flex()
}

fn range<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let numbers = Tensor::<1, Int>::arange(0..shape.iter().product::<usize>() as i64, &device());
    (numbers.float() / 7 - 1).sin().reshape(shape)
}

#[track_caller]
fn close(got: &TensorData, expected: &TensorData) {
    assert_eq!(got.shape(), expected.shape());
    got.assert_approx_eq::<f32>(expected, Tolerance::default());
}

/// Calls one function with modules that differ in what is no tensor, by turns, with tensors of the host and
/// on the device, and compares each result with Burn's CPU backend.
#[track_caller]
fn told_apart<M: Module + 'static, const D: usize, const E: usize>(
    modules: [M; 2],
    x: Tensor<D>,
    forward: fn(&M, Tensor<D>) -> Tensor<E>,
) {
    let jit = xla().jit(move |(Params(module), x): (Params<M>, Tensor<D>)| forward(&module, x));
    let uploaded = [0, 1].map(|n| xla().upload(&Params(modules[n].clone())).unwrap());
    for turn in 0..3 {
        for (module, on_device) in modules.iter().zip(&uploaded) {
            let expected = forward(module, x.clone()).into_data();
            let got = jit.call((Params(module.clone()), x.clone())).unwrap();
            close(&got.into_data(), &expected);
            let x = xla().upload(&x).unwrap();
            let got = jit.call_on_device((on_device.clone(), x)).unwrap().to_host().unwrap();
            close(&got.into_data(), &expected);
        }
        assert_eq!(jit.compilations(), 2, "in turn {turn}");
    }
}

#[test]
fn strides_are_told_apart() {
    let first = Conv2dConfig::new([3, 3], [3, 3]).init(&device());
    let second = Conv2d { stride: [2, 2], ..first.clone() };
    told_apart([first, second], range([2, 3, 9, 9]), |conv, x| conv.forward(x));
}

#[test]
fn heads_are_told_apart() {
    let first = MultiHeadAttentionConfig::new(16, 2).init(&device());
    let second = MultiHeadAttention { n_heads: 4, d_k: 4, ..first.clone() };
    told_apart([first, second], range([2, 5, 16]), |attention, x| {
        attention.forward(MhaInput::self_attn(x)).context
    });
}

#[test]
fn epsilons_are_told_apart() {
    let layer = |epsilon| LayerNormConfig::new(8).with_epsilon(epsilon).init(&device());
    told_apart([layer(1e-5), layer(0.5)], range([2, 8]), |norm: &LayerNorm, x| norm.forward(x));
}

#[derive(Module, Debug)]
struct Switched {
    linear: Linear,
    #[module(skip)]
    doubled: bool,
}

#[test]
fn skipped_fields_are_told_apart() {
    let linear = LinearConfig::new(4, 4).init(&device());
    let first = Switched { linear, doubled: false };
    let second = Switched { doubled: true, ..first.clone() };
    told_apart([first, second], range([2, 4]), |switched, x| {
        let y = switched.linear.forward(x);
        if switched.doubled { y * 2 } else { y }
    });
}

/// A function that a module holds, whose text says nothing of what it captures.
#[derive(Clone)]
struct Activation(Arc<dyn Fn(Tensor<2>) -> Tensor<2> + Send + Sync>);

impl fmt::Debug for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Activation")
    }
}

#[derive(Module, Debug)]
struct Activated {
    linear: Linear,
    #[module(skip)]
    activation: Activation,
}

#[test]
fn captured_values_of_closures_are_told_apart() {
    let linear = LinearConfig::new(4, 4).init(&device());
    let of = |by: f32| Activated {
        linear: linear.clone(),
        activation: Activation(Arc::new(move |x| x.tanh() * by)),
    };
    told_apart([of(1.0), of(3.0)], range([2, 4]), |m, x| (m.activation.0)(m.linear.forward(x)));
}

#[test]
fn scales_of_adapters_are_told_apart() {
    let base = LinearConfig::new(4, 4).init(&device());
    let filled = |linear: Linear| {
        struct Fill;
        impl burn::module::ModuleMapper for Fill {
            fn map_float<const D: usize>(&mut self, p: Param<Tensor<D>>) -> Param<Tensor<D>> {
                p.map(|x| (x.ones_like() * 0.25).set_require_grad(false))
            }
        }
        linear.map(&mut Fill)
    };
    let adapted = |alpha| filled(base.clone().apply_lora(Lora::new(2, alpha)));
    told_apart([adapted(1.0), adapted(8.0)], range([2, 4]), |linear: &Linear, x| linear.forward(x));
}

#[test]
fn flags_are_told_apart() {
    #[derive(Module, Debug)]
    struct Flagged {
        flag: Param<burn::module::Flag>,
        by: Param<Tensor<1>>,
    }
    let first = Flagged { flag: Param::from_bool(true), by: Param::from_tensor(range([3])) };
    let second = Flagged { flag: first.flag.clone().with_value(false), ..first.clone() };
    told_apart([first, second], range([3]), |flagged, x| match flagged.flag.is_enabled() {
        true => x * flagged.by.val(),
        false => x,
    });
}

/// A module that is changed in place between calls.
#[test]
fn a_field_may_change_between_calls() {
    let mut module = Switched { linear: LinearConfig::new(4, 4).init(&device()), doubled: false };
    let jit = xla().jit(|(Params(m), x): (Params<Switched>, Tensor<2>)| {
        m.linear.forward(x) * if m.doubled { 2.0 } else { 1.0 }
    });
    let x = range([2, 4]);
    let once = jit.call((Params(module.clone()), x.clone())).unwrap();
    module.doubled = true;
    let twice = jit.call((Params(module), x)).unwrap();
    close(&twice.into_data(), &(once * 2).into_data());
}

#[test]
fn a_module_that_comes_back_is_the_callers() {
    let grown = xla().jit(|Params(module): Params<Switched>| {
        let weight = module.linear.weight.map(|weight| weight * 2);
        let linear = Linear { weight, ..module.linear };
        Params(Switched { linear, ..module })
    });
    for doubled in [false, true, false] {
        let module = Switched { linear: LinearConfig::new(3, 2).init(&device()), doubled };
        let expected = (module.linear.weight.val() * 2).into_data();
        let host = grown.call(Params(module.clone())).unwrap();
        let uploaded = xla().upload(&Params(module.clone())).unwrap();
        let once = grown.call_on_device(&uploaded).unwrap().to_host().unwrap();
        for Params(got) in [host, once] {
            assert_eq!(got.linear.weight.id, module.linear.weight.id);
            assert_eq!(got.doubled, doubled);
            close(&got.linear.weight.val().into_data(), &expected);
        }
    }
    // Neither `doubled` nor the ids are read.
    assert_eq!(grown.compilations(), 1);
}

/// A state that goes round is recorded for the first call alone, whose results stand for it from then on.
#[test]
fn a_module_that_goes_round_is_recorded_once() {
    let runs = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let step = xla().jit(move |(Params(linear), x): (Params<Linear>, Tensor<2>)| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let weight = linear.weight.map(|weight| weight + x.sum().unsqueeze());
        Params(Linear { weight, ..linear })
    });
    let linear = LinearConfig::new(2, 2).init(&device());
    let mut state = xla().upload(&Params(linear.clone())).unwrap();
    for n in 0..6 {
        let x = xla().upload(&range([1, 1 + n / 3])).unwrap();
        state = step.call_on_device((state, x)).unwrap();
    }
    assert_eq!((step.compilations(), runs.load(std::sync::atomic::Ordering::SeqCst)), (2, 2));
    assert_eq!(state.to_host().unwrap().weight.id, linear.weight.id);
}

#[test]
fn batch_norm_evaluates_as_on_flex() {
    let training = Device::flex().autodiff();
    let norm = BatchNormConfig::new(3).init(&training);
    for _ in 0..2 {
        norm.forward(Tensor::<4>::random([4, 3, 2, 2], Distribution::Default, &training));
    }
    let norm = norm.valid();
    let x = range([2, 3, 4, 4]);
    let jit = xla().jit(|(Params(norm), x): (Params<BatchNorm>, Tensor<4>)| norm.forward(x));
    for _ in 0..2 {
        let got = jit.call((Params(norm.clone()), x.clone())).unwrap();
        close(&got.into_data(), &norm.forward(x.clone()).into_data());
    }
    let uploaded = xla().upload(&(Params(norm.clone()), x.clone())).unwrap();
    let got = jit.call_on_device(&uploaded).unwrap().to_host().unwrap();
    close(&got.into_data(), &norm.forward(x).into_data());
}

#[derive(Module, Debug)]
struct Normed {
    linear: Linear,
    norm: BatchNorm,
}

type Step = (Params<Normed>, Tensor<2>);

/// One step of SGD, with the statistics of batch norm.
fn step((Params(model), x): Step) -> (Tensor<1>, Params<Normed>) {
    let model = Params(model);
    let (loss, grads) = value_and_grad(&model, &x, |model, x| {
        model.norm.forward(model.linear.forward(x)).powi_scalar(3).mean()
    })
    .unwrap();
    let Params(model) = model;
    let weight = model.linear.weight.map(|w| w - grads.linear.weight.val() * 0.1);
    let gamma = model.norm.gamma.map(|g| g - grads.norm.gamma.val() * 0.1);
    let linear = Linear { weight, ..model.linear };
    (loss, Params(Normed { linear, norm: BatchNorm { gamma, ..model.norm } }))
}

/// The same step by Burn's autodiff.
fn step_of_burn(model: Normed, x: Tensor<2>) -> (Tensor<1>, Normed) {
    let loss = model.norm.forward(model.linear.forward(x)).powi_scalar(3).mean();
    let grads = loss.backward();
    let stepped = |w: Tensor<2>| {
        let grad = w.grad(&grads).unwrap();
        Tensor::from_inner(w.inner() - grad * 0.1).require_grad()
    };
    let weight = model.linear.weight.map(stepped);
    let gamma = model.norm.gamma.map(|g: Tensor<1>| {
        let grad = g.grad(&grads).unwrap();
        Tensor::from_inner(g.inner() - grad * 0.1).require_grad()
    });
    let linear = Linear { weight, ..model.linear };
    (loss.inner(), Normed { linear, norm: BatchNorm { gamma, ..model.norm } })
}

fn stats(norm: &BatchNorm) -> [TensorData; 2] {
    [&norm.running_mean, &norm.running_var].map(|state| state.value_sync().into_data())
}

#[test]
fn statistics_of_batch_norm_go_in_and_come_out() {
    let init = Normed {
        linear: LinearConfig::new(5, 3).init(&device()),
        norm: BatchNormConfig::new(3).init(&device()),
    };
    let batches: Vec<_> = (1..6).map(|n| range([6, 5]) * n as f32 + n as f32).collect();
    let mut expected = init.clone().train();
    // Each has statistics of its own: a clone would share them.
    let [mut eager, mut host] = [0, 1].map(|_| {
        let norm = BatchNormConfig::new(3).init(&device());
        Params(Normed { linear: init.linear.clone(), norm })
    });
    let start = Params(init.clone());

    // The step on Burn's CPU backend, compiled for each call, and on the device.
    let compiled = xla().jit(step);
    let mut state = xla().upload(&start).unwrap();
    for batch in &batches {
        let (loss, next) = step_of_burn(expected, Tensor::from_inner(batch.clone()));
        expected = next;
        let (eager_loss, next) = step((eager, batch.clone()));
        eager = next;
        let (host_loss, next) = compiled.call((host, batch.clone())).unwrap();
        host = next;
        let batch = xla().upload(batch).unwrap();
        let (state_loss, next) = compiled.call_on_device((state, batch)).unwrap().split().unwrap();
        state = next;
        let loss = loss.into_data();
        for got in [eager_loss, host_loss, state_loss.to_host().unwrap()] {
            close(&got.into_data(), &loss);
        }
    }
    let expected_stats = stats(&expected.norm);
    for got in [&eager, &host, &state.to_host().unwrap()] {
        for (got, expected) in stats(&got.norm).iter().zip(&expected_stats) {
            close(got, expected);
        }
        close(&got.linear.weight.val().into_data(), &expected.linear.weight.val().into_data());
    }
    assert_eq!(compiled.compilations(), 1);
    // The model that training began with has the statistics that it had.
    close(&stats(&init.norm)[0], &TensorData::from([0f32; 3]));
}

/// A rolled loop would lose them.
#[test]
fn statistics_that_a_rolled_loop_changes_are_an_error() {
    type Layers = (Vec<Params<BatchNorm>>, Tensor<2>);
    let jit = |roll: Option<Save>| {
        let function = |(layers, x): Layers| {
            let (loss, _) = value_and_grad(&layers, &x, |layers, x| {
                scan(x, layers, |x, norm| (norm.forward(x), ())).0.square().mean()
            })
            .unwrap();
            (loss, layers)
        };
        xla().jit(function).roll(roll)
    };
    let layers: Vec<_> = (0..3).map(|_| Params(BatchNormConfig::new(4).init(&device()))).collect();
    let arguments = (layers, range([6, 4]));
    let error = jit(Some(Save::default())).call(arguments.clone()).unwrap_err();
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.contains("changes running state of its lane"), "{reason}");
    // Unrolled it is as any other.
    let (_, layers) = jit(None).call(arguments.clone()).unwrap();
    let mean = layers[0].running_mean.value().into_data();
    close(&mean, &(arguments.1.mean_dim(0) * 0.1).reshape([4]).into_data());
}

#[test]
fn modules_that_a_function_makes_have_ids_of_their_own() {
    let init =
        xla().jit(|x: Tensor<2>| Params(Linear { weight: Param::from_tensor(x * 2), bias: None }));
    let [first, second] = [0, 1].map(|_| init.call(range([2, 2])).unwrap());
    assert_ne!(first.weight.id, second.weight.id);
    close(&first.weight.val().into_data(), &second.weight.val().into_data());
    assert_eq!(init.compilations(), 1);
}

/// Recording leaves no tensors of its own in the running state, which clones share.
#[test]
fn recording_leaves_running_state_alone() {
    #[derive(Module, Debug)]
    struct Averaged {
        average: RunningState<Tensor<1>>,
    }
    let model = Params(Averaged { average: RunningState::new(range([3])) });
    let jit = xla().jit(|(model, x): (Params<Averaged>, Tensor<1>)| {
        model.average.update(model.average.value() + x);
        (model.average.value_sync(), model)
    });
    let x = range([3]);
    for _ in 0..2 {
        let (got, returned) = jit.call((model.clone(), x.clone())).unwrap();
        let expected = (range([3]) * 2).into_data();
        close(&got.into_data(), &expected);
        close(&returned.average.value().into_data(), &expected);
        // The caller's is as it was, and can be used.
        close(&model.average.value_sync().into_data(), &range([3]).into_data());
    }
    model.average.update(x);
    let (got, _) = jit.call((model.clone(), range([3]))).unwrap();
    close(&got.into_data(), &(range([3]) * 2).into_data());
}

#[test]
fn parameters_beside_running_state_are_drawn_late_and_flags_stay() {
    #[derive(Module, Debug)]
    struct Large {
        layer: Linear,
        norm: BatchNorm,
    }
    let layer = LinearConfig::new(65_536, 65_536).with_bias(false).init(&device());
    let large = Params(Large { layer, norm: BatchNormConfig::new(2).init(&device()) });
    let jit = xla().jit(|(large, x): (Params<Large>, Tensor<2>)| {
        let zeros = Tensor::<2>::zeros([1, 65_536], &x.device());
        (large.norm.forward(x), large.layer.forward(zeros))
    });
    let lowered = jit.lower(&(large.clone(), range([4, 2]))).unwrap();
    assert_eq!(lowered.program.arguments.len(), 6);
    assert!(!large.layer.weight.is_initialized());

    let back = xla().jit(|norm: Params<BatchNorm>| norm);
    let norm = BatchNormConfig::new(2).init(&device());
    for norm in [norm.clone(), norm.clone().freeze(), norm.valid()] {
        let got = back.call(Params(norm.clone())).unwrap();
        assert_eq!(got.training.is_enabled(), norm.training.is_enabled());
        assert_eq!(got.training.id, norm.training.id);
        let trains = |norm: BatchNorm| norm.train().training.is_enabled();
        assert_eq!(trains(got.0), trains(norm));
    }
}

#[test]
fn tensors_that_are_no_parameters_are_constants() {
    let rotary = |theta| Params(RotaryEncodingConfig::new(8, 4).with_theta(theta).init(&device()));
    let x = range([1, 2, 6, 4]);
    let jit = xla().jit(|(rotary, x): (Params<RotaryEncoding>, Tensor<4>)| rotary.forward(x));
    for theta in [10_000.0, 10.0, 10_000.0] {
        let rotary = rotary(theta);
        let expected = rotary.forward(x.clone()).into_data();
        close(&jit.call((rotary.clone(), x.clone())).unwrap().into_data(), &expected);
        // The caller's is where it was.
        close(&rotary.forward(x.clone()).into_data(), &expected);
    }
    assert_eq!(jit.compilations(), 2);

    let back = xla().jit(|rotary: Params<RotaryEncoding>| rotary);
    let error = back.call(rotary(10.0)).unwrap_err();
    assert!(matches!(error, ProgramError::Tree(TreeError::NoParameter { .. })), "{error:?}");
}
