//! Burn functions compiled and called, compared with themselves on Burn's CPU backend.

use std::sync::{Arc, Mutex, OnceLock};

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::module::linear;
use burn::tensor::{
    Bool, DType, Device, Distribution, Int, IntDType, Tensor, TensorData, activation,
};
use burn_std::Tolerance;
use burn_trace::{CaptureError, Params, materialize, record, softmax, value_and_grad};
use burn_xla::program::{ProgramError, Xla};

fn xla() -> Xla {
    static XLA: OnceLock<Xla> = OnceLock::new();
    XLA.get_or_init(|| Xla::cpu().expect("the CPU plugin")).clone()
}

fn device() -> Device {
    Device::flex()
}

fn range(rows: usize, columns: usize) -> Tensor<2> {
    let numbers = Tensor::<1, Int>::arange(0..(rows * columns) as i64, &device());
    numbers.float().reshape([rows, columns]) / 7 - 1
}

fn close(got: TensorData, expected: TensorData) {
    got.assert_approx_eq::<f32>(&expected, Tolerance::default());
}

#[derive(Module, Debug)]
struct Mlp {
    first: Linear,
    second: Linear,
    scale: Option<Param<Tensor<1>>>,
}
burn_xla::impl_tensor_tree!(Mlp);

impl Mlp {
    fn new(device: &Device) -> Self {
        Self {
            first: LinearConfig::new(3, 8).init(device),
            second: LinearConfig::new(8, 2).init(device),
            scale: Some(Param::from_tensor(Tensor::ones([2], device))),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let y = self.second.forward(activation::gelu(self.first.forward(x)));
        match &self.scale {
            Some(scale) => y * scale.val().unsqueeze(),
            None => y,
        }
    }
}

#[test]
fn several_kinds_go_in_and_come_out() {
    type In = (Tensor<2>, Tensor<1, Int>, Option<Tensor<2, Bool>>, Vec<Tensor<2>>);
    type Out = (Tensor<2>, (Tensor<2, Int>, Tensor<2, Bool>), Option<Tensor<1>>, Vec<Tensor<2>>);
    fn f((x, rows, mask, more): In) -> Out {
        let picked = x.clone().select(0, rows);
        let hidden = match mask {
            Some(mask) => x.clone().mask_fill(mask, 9.0),
            None => x.clone() * 2,
        };
        let sum = more.iter().cloned().fold(hidden, |a, b| a + b);
        let large = x.clone().greater_elem(0.0);
        (picked, (x.clone().argmax(1), large), Some(x.sum()), vec![sum, more[0].clone()])
    }
    let jit = xla().jit(f);
    let x = range(4, 3);
    for mask in [Some(x.clone().lower_elem(-0.5)), None] {
        let rows = Tensor::from_ints([2, 0], &device());
        let arguments = (x.clone(), rows, mask, vec![x.clone(), x.clone().exp()]);
        let (expected, got) = (f(arguments.clone()), jit.call(arguments).unwrap());
        close(got.0.to_data(), expected.0.to_data());
        assert_eq!(got.1.0.to_data(), expected.1.0.to_data());
        assert_eq!(got.1.1.to_data(), expected.1.1.to_data());
        close(got.2.unwrap().to_data(), expected.2.unwrap().to_data());
        for (got, expected) in got.3.iter().zip(&expected.3) {
            close(got.to_data(), expected.to_data());
        }
    }
    assert_eq!(jit.compilations(), 2, "with and without a mask");
}

#[test]
fn modules_are_arguments_and_results() {
    let model = Mlp::new(&device());
    let x = range(5, 3);
    let forward = xla().jit(|(model, x): (Mlp, Tensor<2>)| model.forward(x));
    let got = forward.call((model.clone(), x.clone())).unwrap();
    close(got.to_data(), model.forward(x.clone()).to_data());

    // A module inside `Params`, changed by the program.
    let linear = LinearConfig::new(3, 4).init(&device());
    let double = xla().jit(|Params(linear): Params<Linear>| {
        let weight = linear.weight.clone().map(|weight| weight * 2);
        Params(Linear { weight, ..linear })
    });
    let Params(doubled) = double.call(Params(linear.clone())).unwrap();
    close(doubled.weight.val().to_data(), (linear.weight.val() * 2).to_data());
    close(doubled.bias.unwrap().val().to_data(), linear.bias.unwrap().val().to_data());
    assert_eq!(doubled.weight.id, linear.weight.id);
}

#[test]
fn a_program_is_compiled_once_per_shape_and_dtype() {
    let runs = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&runs);
    let jit = xla().jit(move |x: Tensor<2>| {
        *counted.lock().unwrap() += 1;
        x + 1
    });
    for rows in [2, 2, 3, 2, 3] {
        let got = jit.call(range(rows, 3)).unwrap();
        close(got.to_data(), (range(rows, 3) + 1).to_data());
    }
    let on_device = xla().upload(&range(3, 3)).unwrap();
    jit.call_on_device(&on_device).unwrap();
    assert_eq!((jit.compilations(), *runs.lock().unwrap()), (2, 2));
    let double = range(2, 3).cast(burn::tensor::DType::F64);
    assert_eq!(jit.call(double).unwrap().dtype(), burn::tensor::DType::F64);
    assert_eq!(jit.compilations(), 3);
}

#[test]
fn values_stay_on_the_device() {
    let step = xla().jit(|((state, count), x): ((Tensor<2>, Tensor<1, Int>), Tensor<2>)| {
        (state * 0.5 + x, count + 1)
    });
    let zero = (Tensor::<2>::zeros([2, 3], &device()), Tensor::<1, Int>::zeros([1], &device()));
    let mut expected = zero.clone();
    let mut state = xla().upload(&zero).unwrap();
    let x = xla().upload(&range(2, 3)).unwrap();
    for _ in 0..10 {
        state = step.call_on_device((state, x.clone())).unwrap();
        expected = (expected.0 * 0.5 + range(2, 3), expected.1 + 1);
    }
    assert_eq!(step.compilations(), 1);
    let (values, count) = state.split().unwrap();
    close(values.to_host().unwrap().to_data(), expected.0.to_data());
    assert_eq!(count.to_host().unwrap().to_data(), expected.1.to_data());
    // The parts of a result are arguments like any other.
    let sum = xla().jit(|(a, b): (Tensor<2>, Tensor<2>)| a + b);
    let on_device = sum.call_on_device((values, x.clone())).unwrap();
    close(on_device.to_host().unwrap().to_data(), (expected.0 + range(2, 3)).to_data());
    sum.call((range(2, 3), range(2, 3))).unwrap();
    assert_eq!(sum.compilations(), 1);
}

#[test]
fn donated_arguments_are_used_up() {
    let step = xla().jit(|(state, x): (Tensor<2>, Tensor<2>)| state + x).donate(|path| path == "0");
    let host = range(4, 4);
    let before = xla().upload(&host).unwrap();
    let x = xla().upload(&range(4, 4)).unwrap();
    let first = step.call_on_device((before.clone(), x.clone())).unwrap();
    let second = step.call_on_device((first.clone(), x.clone())).unwrap();
    close(second.to_host().unwrap().to_data(), (range(4, 4) * 3).to_data());
    assert!(first.to_host().is_err(), "its memory belongs to the second");
    close(x.to_host().unwrap().to_data(), range(4, 4).to_data());
    // The memory of Burn's tensor was never the program's to change.
    close(host.to_data(), range(4, 4).to_data());
}

#[test]
fn constants_arguments_and_repeats_are_results() {
    let jit = xla().jit(|x: Tensor<2>| {
        let constant = Tensor::<1>::from_floats([1.0, 2.0], &x.device());
        let y = x.clone() + 1;
        (x, constant, y.clone(), y, ())
    });
    let got = jit.call(range(2, 2)).unwrap();
    close(got.0.to_data(), range(2, 2).to_data());
    close(got.1.to_data(), TensorData::from([1.0f32, 2.0]));
    close(got.2.to_data(), (range(2, 2) + 1).to_data());
    close(got.3.to_data(), (range(2, 2) + 1).to_data());
    let nothing = xla().jit(|(): ()| ());
    nothing.call(()).unwrap();
}

#[test]
fn empty_tensors_pass() {
    let jit = xla().jit(|x: Tensor<2>| (x.clone() * 2, x.sum_dim(0)));
    let (doubled, sum) = jit.call(Tensor::zeros([0, 3], &device())).unwrap();
    assert_eq!(doubled.dims(), [0, 3]);
    close(sum.to_data(), TensorData::from([[0.0f32, 0.0, 0.0]]));
}

#[test]
fn tensors_of_rank_0_pass() {
    let scale = xla().jit(|(x, by): (Tensor<1>, Tensor<0>)| {
        let sum = (x * by.clone().reshape([1])).sum();
        (sum.clone().greater_scalar(3.0).reshape([0_usize; 0]), sum.reshape([0_usize; 0]))
    });
    let x = Tensor::<1>::from_floats([1.0, 2.0], &device());
    let by = Tensor::<1>::from_floats([2.0], &device()).reshape([0_usize; 0]);
    let (large, sum): (Tensor<0, Bool>, Tensor<0>) = scale.call((x.clone(), by.clone())).unwrap();
    assert_eq!((large.dims(), sum.dims()), ([], []));
    assert_eq!((large.into_scalar::<bool>(), sum.into_scalar::<f32>()), (true, 6.0));
    let on_device = xla().upload(&(x, by)).unwrap();
    let (_, sum) = scale.call_on_device(&on_device).unwrap().to_host().unwrap();
    assert_eq!(sum.into_scalar::<f32>(), 6.0);
}

#[test]
fn places_that_the_type_of_the_values_cannot_count_are_an_error() {
    let places = xla().jit(|x: Tensor<1, Int>| (x.clone().argmax(0), x.argsort_descending(0)));
    let numbers = |n: i64| Tensor::<1, Int>::arange(0..n, &device()).remainder_scalar(200);
    let (largest, order) = places.call(numbers(200).cast(IntDType::U8)).unwrap();
    assert_eq!(largest.into_scalar::<i64>(), 199);
    assert_eq!(order.narrow(0, 0, 2).try_into_vec_as::<i64>().unwrap(), [199, 198]);
    let error = places.call(numbers(300).cast(IntDType::U8)).unwrap_err();
    assert!(matches!(error, ProgramError::Lower { .. }), "{error:?}");
    assert!(format!("{error:?}").contains("places along 300 elements do not fit U8"), "{error:?}");
    assert_eq!(places.call(numbers(300)).unwrap().0.into_scalar::<i64>(), 199);
}

#[test]
fn random_numbers_follow_from_the_seed() {
    let noise = xla().jit(|x: Tensor<1>| x.random_like(Distribution::Default));
    let x = Tensor::<1>::zeros([64], &device());
    let draw = |seed| noise.call_with_seed(x.clone(), seed).unwrap().to_data();
    assert_eq!(draw(3), draw(3));
    assert_ne!(draw(3), draw(4));
    assert_eq!(noise.call(x.clone()).unwrap().to_data(), draw(0));
    // Each call draws anew, and again from the same seed the same.
    let calls = || [0; 4].map(|_| noise.call(x.clone()).unwrap().to_data());
    let on_device = xla().upload(&x).unwrap();
    let on_device = || noise.call_on_device(&on_device).unwrap().to_host().unwrap().to_data();
    noise.set_seed(7);
    let (first, then) = (calls(), on_device());
    for (n, a) in first.iter().enumerate() {
        assert!(first[..n].iter().all(|b| a != b) && *a != then);
    }
    noise.set_seed(7);
    assert_eq!((calls(), on_device()), (first.clone(), then));
    let seeded = xla().jit(|x: Tensor<1>| x.random_like(Distribution::Default)).seeded(7);
    assert_eq!(seeded.call(x.clone()).unwrap().to_data(), first[0]);
}

#[test]
fn mistakes_are_errors() {
    let panics = xla().jit(|x: Tensor<2>| x.clone().matmul(Tensor::zeros([7, 7], &x.device())));
    let error = panics.call(range(2, 3)).unwrap_err();
    let ProgramError::Capture { source: CaptureError::Function { message }, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(!message.is_empty());
    // Tensors of other devices.
    let ones = Tensor::<2>::ones([2, 3], &device());
    let joins = xla().jit(move |x: Tensor<2>| x + ones.clone());
    let moves = xla().jit(|x: Tensor<2>| x.to_device(&device()));
    let parts = xla().jit(|x: Tensor<2>| linear(x, Tensor::ones([3, 3], &device()), None));
    for jit in [joins, moves, parts] {
        let error = jit.call(range(2, 3)).unwrap_err();
        let ProgramError::Capture { source: CaptureError::Elsewhere { .. }, .. } = &error else {
            panic!("{error:?}");
        };
    }
    // Values that are read where there are none.
    let reads = xla().jit(|x: Tensor<2>| x.clone() * x.sum().into_scalar::<f32>());
    let error = reads.call(range(2, 3)).unwrap_err();
    let ProgramError::Capture { source: CaptureError::Values { .. }, .. } = &error else {
        panic!("{error:?}");
    };
    // The next recording is not disturbed.
    let said =
        xla().jit(|_: Tensor<2>| -> Tensor<2> { panic!("no such luck: {}", 13) }).named("luck");
    let error = said.call(range(2, 3)).unwrap_err();
    assert_eq!(error.to_string(), "recording `luck`");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "the function panicked while it was recorded: no such luck: 13");

    let foreign = xla().jit(|x: Tensor<2>| (x, Tensor::<1>::ones([2], &device())));
    let error = foreign.call(range(2, 3)).unwrap_err();
    assert!(
        matches!(&error, ProgramError::Capture { source: CaptureError::Foreign { path, .. }, .. } if path == "1"),
        "{error:?}"
    );
}

#[test]
fn recording_a_large_module_draws_nothing() {
    #[derive(Module, Debug)]
    struct Large {
        layers: Vec<Linear>,
    }
    burn_xla::impl_tensor_tree!(Large);
    let config = LinearConfig::new(65_536, 65_536).with_bias(false);
    let layers = (0..8).map(|_| config.init(&device())).collect();
    let large = Large { layers };
    let x = Tensor::<2>::zeros([1, 65_536], &device());
    let forward =
        |(large, x): (Large, Tensor<2>)| large.layers.iter().fold(x, |x, layer| layer.forward(x));
    let recorded = record(&(large.clone(), x.clone()), forward).unwrap();
    assert_eq!(recorded.recording.arguments[7].0.path, "0.layers.7.weight");
    let lowered = xla().jit(forward).lower(&(large.clone(), x)).unwrap();
    assert_eq!(lowered.program.arguments.len(), 9);
    assert!(large.layers.iter().all(|layer| !layer.weight.is_initialized()));
}

#[test]
fn a_training_step_is_one_program() {
    fn step((model, x, labels): (Mlp, Tensor<2>, Tensor<1, Int>)) -> (Tensor<1>, Mlp) {
        let inputs = (x, labels);
        let (loss, grads) = value_and_grad(&model, &inputs, |model, (x, labels)| {
            let log = activation::log_softmax(model.forward(x), 1);
            log.gather(1, labels.unsqueeze_dim(1)).mean().neg()
        })
        .unwrap();
        (loss, grads)
    }
    let model = Mlp::new(&device());
    let labels = Tensor::<1, Int>::from_ints([0, 1, 1, 0, 1], &device());
    let arguments = (model, range(5, 3), labels);
    let (loss, grads) = step(arguments.clone());
    let (got, got_grads) = xla().jit(step).call(arguments).unwrap();
    close(got.to_data(), loss.to_data());
    for (got, grad) in [
        (&got_grads.first.weight, &grads.first.weight),
        (&got_grads.second.weight, &grads.second.weight),
    ] {
        close(got.val().to_data(), grad.val().to_data());
        assert!(grad.val().abs().sum().into_scalar::<f32>() > 0.0);
    }
}

/// On Burn's backend it is Burn's softmax; recorded it is one operation with one gradient.
#[test]
fn softmax_and_its_gradient_are_burns() {
    let function = |x: Tensor<2>, weights: Tensor<2>| {
        value_and_grad(&x, &weights, |x, weights| {
            (softmax(materialize(x)) * weights).powi_scalar(2).sum()
        })
        .unwrap()
    };
    // Large enough to overflow were the largest not subtracted.
    let (x, weights) = (range(3, 5) * 100, range(3, 5));
    let (loss, grad) = xla()
        .jit(move |(x, weights)| function(x, weights))
        .call((x.clone(), weights.clone()))
        .unwrap();
    let (expected_loss, expected) = function(x, weights);
    close(loss.into_data(), expected_loss.into_data());
    close(grad.into_data(), expected.into_data());
    // NaN spreads over its row and no further.
    let x = Tensor::<2>::from_data([[f32::NAN, 0.0], [0.0, 0.0]], &device());
    let got = xla().jit(softmax::<2>).call(x).unwrap().into_data().try_to_vec::<f32>().unwrap();
    assert!(got[..2].iter().all(|value| value.is_nan()) && got[2..] == [0.5, 0.5], "{got:?}");
}

/// Compilers for CPUs may compute it in f16 although it is written in f32, and be wrong in the third digit.
#[test]
fn the_arc_tangent_of_every_f16_is_right() {
    let all = (0..=u16::MAX).map(|bits| half::f16::from_bits(bits).to_f32());
    let all: Vec<f32> = all.filter(|x| !x.is_nan()).collect();
    let arc_tangent = xla().jit(|x: Tensor<1>| x.cast(DType::F16).atan().cast(DType::F32));
    let x = Tensor::<1>::from_floats(&all[..], &device());
    let got: Vec<f32> = arc_tangent.call(x).unwrap().into_data().try_to_vec().unwrap();
    for (x, got) in all.iter().zip(got) {
        let expected = f64::from(*x).atan();
        // One in the last place of f16, which has 11 bits.
        let error = (f64::from(got) - expected).abs();
        assert!(error <= expected.abs() / 1024.0 + 6e-8, "{x}: expected {expected}, got {got}");
    }
}

#[test]
fn a_function_shows_what_became_of_it() {
    let xla = xla();
    let mlp = xla.jit(|(x, w): (Tensor<2>, Tensor<2>)| activation::gelu(x.matmul(w))).named("mlp");
    let arguments = xla.upload(&(range(4, 8), range(8, 3))).unwrap();
    let seen = mlp.inspect(arguments).unwrap();
    assert_eq!(mlp.compilations(), 1);
    assert!(seen.stablehlo.contains("stablehlo.dot_general"), "{}", seen.stablehlo);
    let optimized = seen.optimized.as_ref().unwrap();
    assert!(optimized.contains("ENTRY ") && optimized.contains("f32[4,3]"), "{optimized}");
    let memory = seen.memory.as_ref().unwrap();
    assert_eq!((memory.argument_bytes, memory.output_bytes), (4 * (32 + 24), 4 * 12));
    let text = seen.to_string();
    for part in ["// StableHLO\n", "\n// Optimised program\n", "in all  ", "\n// Cost"] {
        assert!(text.contains(part), "{text}");
    }
}
