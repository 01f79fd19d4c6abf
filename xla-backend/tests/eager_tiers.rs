//! A graph computes the same whether it is interpreted or compiled, compiling holds up nobody, and what fails
//! fails alone.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use burn_backend::ops::{FloatTensorOps, IntTensorOps};
use burn_backend::{
    Backend, BoolDType, BoolStore, DType, Distribution, FloatDType, IntDType, Scalar, Slice,
    TensorData, read_sync,
};
use burn_router::RouterTensor;
use burn_xla::eager::{EagerOptions, FirstRun, XlaBackend as B, XlaClient, XlaDevice};
use proptest::prelude::*;

type Tensor = RouterTensor<XlaClient>;

/// Tests that count what happens on the device, or set its options, take turns.
fn device() -> (MutexGuard<'static, ()>, XlaDevice) {
    static TURN: Mutex<()> = Mutex::new(());
    (TURN.lock().unwrap_or_else(PoisonError::into_inner), XlaDevice::default())
}

/// Waits until what is being compiled is there.
fn settle(device: &XlaDevice) {
    while device.statistics().compiling > 0 {
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn tensor(values: Vec<f32>, dims: &[usize], device: &XlaDevice) -> Tensor {
    B::float_from_data(TensorData::new(values, dims.to_vec()), device)
}

fn read(tensor: Tensor) -> Vec<f32> {
    read_sync(B::float_into_data(tensor)).unwrap().try_to_vec().unwrap()
}

fn interpreted_and_compiled<T>(device: &XlaDevice, work: impl Fn() -> T) -> [T; 2] {
    [FirstRun::Interpret, FirstRun::Compile].map(|first_run| {
        device.set_options(EagerOptions::default().with_first_run(first_run));
        let done = work();
        device.set_options(EagerOptions::default());
        done
    })
}

#[test]
fn random_numbers_are_the_same_interpreted_and_compiled() {
    let (_turn, device) = device();
    let floats = [
        Distribution::Default,
        Distribution::Uniform(-2., 3.),
        Distribution::Normal(1., 0.5),
        Distribution::Bernoulli(0.3),
    ];
    let shapes: [&[usize]; 7] =
        [&[1], &[7], &[2, 3], &[3, 5, 1], &[3, 4, 5], &[5, 3, 2, 7], &[1, 9, 9]];
    for (i, dims) in shapes.into_iter().enumerate() {
        let draw = || {
            B::seed(&device, 40 + i as u64);
            let mut all = Vec::new();
            let mut kept = Vec::new();
            for distribution in floats {
                for dtype in [FloatDType::F32, FloatDType::F16] {
                    // One that nobody reads: it must not shift the others.
                    drop(B::float_random(dims.into(), distribution, &device, dtype));
                    let x = B::float_random(dims.into(), distribution, &device, dtype);
                    kept.push(B::float_cast(x, FloatDType::F32));
                }
            }
            for distribution in [Distribution::Default, Distribution::Uniform(-4., 9.)] {
                for dtype in [IntDType::I32, IntDType::I64] {
                    let x = B::int_random(dims.into(), distribution, &device, dtype);
                    kept.push(B::int_into_float(x, FloatDType::F32));
                }
            }
            let doubles = [Distribution::Default, Distribution::Uniform(-2., 3.)];
            for distribution in doubles {
                let x = B::float_random(dims.into(), distribution, &device, FloatDType::F64);
                kept.push(B::float_cast(x, FloatDType::F32));
            }
            all.extend(kept.into_iter().map(read));
            all
        };
        let before = device.statistics();
        let [interpreted, compiled] = interpreted_and_compiled(&device, draw);
        let after = device.statistics();
        assert!(after.interpreted > before.interpreted && after.compiled > before.compiled);
        for (at, (a, b)) in interpreted.iter().zip(&compiled).enumerate() {
            for (a, b) in a.iter().zip(b) {
                // A rounding of the logarithm in the inverse of the error function, or to 16 bits.
                let step = if at < 8 && at % 2 == 1 { 1e-3 } else { 2e-6 };
                assert!((a - b).abs() <= step * b.abs().max(1.), "{at} {dims:?}: {a} and {b}");
            }
        }
    }
}

/// The next of a graph's tensors, from two of those before.
fn step(known: &[Tensor], (kind, x, y): (u8, u8, u8)) -> Tensor {
    let x = known[x as usize % known.len()].clone();
    let y = known[y as usize % known.len()].clone();
    match kind % 12 {
        0 => B::float_add(x, y),
        1 => B::float_mul(x.clone(), x),
        2 => B::float_matmul(x, B::float_tanh(y)),
        3 => B::float_mul_scalar(x, Scalar::from(0.5)),
        4 => B::float_swap_dims(x, 0, 1),
        5 => B::float_sub(x.clone(), B::float_tanh(x)),
        6 => B::float_cumsum(x, 1),
        7 => B::float_mask_fill(
            x,
            B::float_lower_elem(y, Scalar::from(0.1), BOOL),
            Scalar::from(0.2),
        ),
        8 => {
            B::float_cat(vec![row(x, 0), row(y.clone(), 1), row(y, 3), row(known[0].clone(), 2)], 0)
        }
        9 => B::float_slice_assign(
            x,
            &[Slice::new(1, Some(3), 1)],
            B::float_slice(y, &[Slice::new(2, Some(4), 1)]),
        ),
        10 => B::float_flip(x, &[0]),
        _ => B::float_div(x, B::float_add_scalar(B::float_exp(B::float_neg(y)), Scalar::from(1.))),
    }
}

const BOOL: BoolDType = BoolDType::Native;

fn row(x: Tensor, at: isize) -> Tensor {
    B::float_slice(x, &[Slice::new(at, Some(at + 1), 1)])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The first calls are interpreted, the last is compiled; inputs are given away in some.
    #[test]
    fn a_graph_computes_the_same_from_its_first_call_on(
        choices in proptest::collection::vec(any::<(u8, u8, u8)>(), 3..24),
        seed in 0u32..1000,
    ) {
        let (_turn, device) = device();
        let call = || {
            let values = |k: u32| (0..16).map(move |i| ((seed + k * 7 + i * 31) % 97) as f32 / 97. - 0.5);
            let mut known: Vec<_> =
                (0..3).map(|k| tensor(values(k).collect(), &[4, 4], &device)).collect();
            for &choice in &choices {
                known.push(step(&known, choice));
            }
            // Those in the middle are dropped at some point, and used in place.
            let results = known.split_off(known.len() - 2);
            drop(known);
            results.into_iter().map(read).collect::<Vec<_>>()
        };
        let first = call();
        prop_assume!(first.iter().flatten().all(|v| v.is_finite() && v.abs() < 1e6));
        // Interpreted too, but for a graph that came twice already, whose program may be there by now.
        let before = device.statistics();
        let second = call();
        let after = device.statistics();
        if after.executed - before.executed == after.interpreted - before.interpreted {
            prop_assert_eq!(&second, &first);
        }
        settle(&device);
        let before = device.statistics();
        let last = call();
        let after = device.statistics();
        prop_assert_eq!(after.interpreted, before.interpreted);
        let scale = first.iter().flatten().fold(1f32, |most, v| most.max(v.abs()));
        for later in [second, last] {
            for (a, b) in first.iter().flatten().zip(later.iter().flatten()) {
                prop_assert!((a - b).abs() <= 1e-4 * scale, "{a} and {b}");
            }
        }
    }
}

#[test]
fn compiling_holds_up_nobody() {
    let (_turn, device) = device();
    // A chain of sorts takes the compiler seconds, and the interpreter none.
    let heavy = |seed: f32| {
        let mut x = tensor((0..64).map(|i| (i as f32 * seed).sin()).collect(), &[8, 8], &device);
        for at in 0..60 {
            x = B::float_sort(B::float_add_scalar(x, Scalar::from(0.1)), at % 2, at % 3 == 0);
            x = B::float_cumsum(x, (at + 1) % 2);
            x = B::float_tanh(x);
        }
        read(x)
    };
    let first = heavy(1.);
    heavy(1.);
    let (mut calls, mut longest) = (0, Duration::ZERO);
    let start = Instant::now();
    while device.statistics().compiling > 0 && start.elapsed() < Duration::from_secs(120) {
        let call = Instant::now();
        // Another session, whose graph was never seen, and the session itself.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let side = 2 + calls % 50;
                assert_eq!(read(B::float_neg(tensor(vec![1.; side], &[side], &device)))[0], -1.);
            });
        });
        assert!(heavy(1.).iter().zip(&first).all(|(a, b)| (a - b).abs() < 1e-5));
        longest = longest.max(call.elapsed());
        calls += 1;
    }
    let compiling = start.elapsed();
    println!(
        "{calls} calls while a program was compiled for {compiling:?}; the longest took {longest:?}"
    );
    assert!(calls > 1, "compiled in {compiling:?}");
    assert!(longest < compiling / 2, "{longest:?} of {compiling:?}");
    settle(&device);
    let before = device.statistics().interpreted;
    for (a, b) in heavy(1.).iter().zip(&first) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
    assert_eq!(device.statistics().interpreted, before, "the program is used once it is there");
}

#[test]
fn what_memory_does_not_hold_is_an_error_of_its_own_tensor() {
    let (_turn, device) = device();
    for first_run in [FirstRun::Interpret, FirstRun::Compile] {
        device.set_options(EagerOptions::default().with_first_run(first_run));
        let good = B::float_exp(tensor(vec![1., 2.], &[2], &device));
        // 4 TiB.
        let huge =
            B::float_full([1 << 20, 1 << 20].into(), Scalar::from(1.), &device, FloatDType::F32);
        let huge = B::float_add_scalar(huge, Scalar::from(1.));
        let error = read_sync(B::float_into_data(huge)).unwrap_err().to_string();
        assert!(error.contains("bytes"), "{error}");
        assert_eq!(read(good)[0], 1f32.exp());
    }
    device.set_options(EagerOptions::default());
}

#[test]
fn many_reads_at_once_are_all_answered() {
    let (_turn, device) = device();
    // More than there are threads for reads, and chained: each reads what the one before makes.
    let mut x = tensor(vec![1.; 8], &[8], &device);
    let mut reads = Vec::new();
    for i in 0..200 {
        x = B::float_add_scalar(x, Scalar::from(1.));
        let y = match i % 3 {
            0 => B::float_neg(B::float_neg(x.clone())),
            1 => B::float_swap_dims(B::float_reshape(x.clone(), [8, 1].into()), 0, 1),
            _ => x.clone(),
        };
        reads.push(B::float_into_data(y));
    }
    for (i, read) in reads.into_iter().enumerate() {
        let values = read_sync(read).unwrap().try_to_vec::<f32>().unwrap();
        assert_eq!(values, [2. + i as f32; 8]);
    }
}

/// Truth values of all stores, which the two ways keep in different forms.
#[test]
fn truth_values_are_the_same_interpreted_and_compiled() {
    let (_turn, device) = device();
    let draw = || {
        [BoolDType::Native, BoolDType::U8].map(|store| {
            let x = tensor(vec![-1., 0., 2., 3.], &[4], &device);
            let mask = B::float_greater_elem(x.clone(), Scalar::from(0.), store);
            let data =
                read_sync(<B as burn_backend::ops::BoolTensorOps<B>>::bool_into_data(mask.clone()));
            let data = data.unwrap();
            assert_eq!(
                data.dtype(),
                DType::Bool(match store {
                    BoolDType::U8 => BoolStore::U8,
                    _ => BoolStore::Native,
                })
            );
            (data.as_bytes().to_vec(), read(B::float_mask_fill(x, mask, Scalar::from(9.))))
        })
    };
    let [interpreted, compiled] = interpreted_and_compiled(&device, draw);
    assert_eq!(interpreted, compiled);
}
