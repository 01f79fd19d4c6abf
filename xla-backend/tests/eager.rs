//! The eager backend: what it answers, when it compiles, what it keeps.

mod harness;

use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use burn_backend::ops::{BoolTensorOps, FloatTensorOps, IntTensorOps};
use burn_backend::{
    Backend, DType, Distribution, ExecutionError, FloatDType, Scalar, Slice, TensorData, read_sync,
};
use burn_ir::{GatherOpIr, OperationIr, TensorIr};
use burn_router::{RouterClient, RouterTensor};
use burn_xla::eager::{EagerOptions, FirstRun, Statistics, XlaBackend as B, XlaClient, XlaDevice};
use burn_xla::pjrt::{Client, ClientOptions};
use burn_xla::plugin::{self, Platform};
use harness::Outcome;

type Tensor = RouterTensor<XlaClient>;

/// Two devices of the CPU. Tests that count what happens there take turns.
fn devices() -> (MutexGuard<'static, ()>, &'static [XlaDevice]) {
    static TURN: Mutex<()> = Mutex::new(());
    static DEVICES: LazyLock<Vec<XlaDevice>> = LazyLock::new(|| {
        let plugin = plugin::load(&plugin::ensure(Platform::Cpu).unwrap()).unwrap();
        let options = ClientOptions::new().with("cpu_device_count", 2i64);
        XlaDevice::open_on(Platform::Cpu, Client::new(&plugin, &options).unwrap())
    });
    (TURN.lock().unwrap_or_else(PoisonError::into_inner), &DEVICES)
}

fn tensor<const N: usize>(values: [f32; N], device: &XlaDevice) -> Tensor {
    B::float_from_data(TensorData::from(values), device)
}

fn read(tensor: Tensor) -> Result<Vec<f32>, ExecutionError> {
    Ok(read_sync(B::float_into_data(tensor))?.try_to_vec().expect("f32"))
}

fn compiled(device: &XlaDevice) -> u64 {
    device.statistics().compiled
}

/// Runs the work with this for graphs that were not seen before.
fn with_first_run<T>(device: &XlaDevice, first_run: FirstRun, work: impl FnOnce() -> T) -> T {
    device.set_options(EagerOptions::default().with_first_run(first_run));
    let done = work();
    device.set_options(EagerOptions::default());
    done
}

#[test]
fn the_recorded_sample_agrees_interpreted_and_compiled() {
    let (_turn, devices) = devices();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let cases = harness::read_cases(&folder.join("burn_ops_sample.cases")).expect("the sample");
    for first_run in [FirstRun::Interpret, FirstRun::Compile] {
        let before = devices[0].statistics();
        let replay = || harness::eager::replay_all(&cases);
        let outcomes = with_first_run(&devices[0], first_run, replay);
        let wrong: Vec<_> = cases
            .iter()
            .zip(outcomes)
            .filter(|(_, outcome)| !matches!(outcome, Outcome::Agree))
            .map(|(case, outcome)| format!("{:?}: {outcome:?}", burn_xla::lower::name_of(&case.op)))
            .collect();
        assert!(wrong.is_empty(), "{first_run:?}: {}", wrong.join("\n"));
        let now = devices[0].statistics();
        let (interpreted, compiled) =
            (now.interpreted - before.interpreted, now.compiled - before.compiled);
        match first_run {
            FirstRun::Interpret => assert!(interpreted > compiled, "{before:?} {now:?}"),
            FirstRun::Compile => assert!(interpreted == 0 && compiled > 0, "{before:?} {now:?}"),
        }
    }
}

#[test]
fn places_that_the_type_of_the_values_cannot_count_are_an_error() {
    let (_turn, devices) = devices();
    let place = |at: usize| {
        let numbers: Vec<u8> = (0..at + 9).map(|n| u8::from(n == at)).collect();
        let numbers = B::int_from_data(TensorData::new(numbers, [at + 9]), &devices[0]);
        read_sync(B::int_into_data(B::int_argmax(numbers, 0)))
    };
    for first_run in [FirstRun::Interpret, FirstRun::Compile] {
        with_first_run(&devices[0], first_run, || {
            assert_eq!(place(199).unwrap().as_bytes(), [199], "{first_run:?}");
            let error = format!("{:?}", place(399).unwrap_err());
            assert!(error.contains("do not fit U8"), "{first_run:?}: {error}");
        });
    }
}

/// Adam by hand: its scalars differ in each step.
#[test]
fn a_loop_whose_scalars_vary_compiles_in_its_first_steps() {
    let (_turn, devices) = devices();
    let device = &devices[0];
    let target = tensor([1., -2., 3.], device);
    let (mut x, mut m) = (tensor([0.; 3], device), tensor([0.; 3], device));
    let data = B::float_reshape(tensor([1., 2., 3., 4., 5., 6.], device), [6].into());
    let mut counts = Vec::new();
    for step in 1..=12u32 {
        let gradient = B::float_sub(x.clone(), target.clone());
        m = B::float_add(
            B::float_mul_scalar(m, Scalar::from(0.9)),
            B::float_mul_scalar(gradient, Scalar::from(0.1)),
        );
        let correction = 1. - 0.9f64.powi(step as i32);
        let update = B::float_div_scalar(m.clone(), Scalar::from(correction));
        // A rate that changes with the step, and a slice that moves.
        let rate = 0.5 / f64::from(step);
        let begin = isize::try_from(step % 4).unwrap();
        let part = B::float_slice(data.clone(), &[Slice::new(begin, Some(begin + 3), 1)]);
        let small = B::float_mul_scalar(part, Scalar::from(1e-3));
        x = B::float_sub(x, B::float_mul_scalar(update, Scalar::from(rate)));
        x = B::float_add(x, small);
        // Reads in some steps: the others are part of a longer graph.
        read(B::float_sum(x.clone())).unwrap();
        counts.push(compiled(device));
    }
    assert_eq!(counts[2], counts[11], "{counts:?}");
    assert!(counts[2] - counts[0] <= 2, "{counts:?}");

    // The same on the host.
    let (mut want, mut mean) = ([0f32; 3], [0f32; 3]);
    for step in 1..=12 {
        for i in 0..3 {
            mean[i] = 0.9 * mean[i] + 0.1 * (want[i] - [1., -2., 3.][i]);
            want[i] -= mean[i] / (1. - 0.9f32.powi(step)) * 0.5 / step as f32;
            want[i] += 1e-3 * ((step as usize % 4 + i + 1) as f32);
        }
    }
    for (got, want) in read(x).unwrap().iter().zip(want) {
        assert!((got - want).abs() < 1e-5, "{got} {want}");
    }
}

#[test]
fn a_long_loop_that_reads_nothing_keeps_memory_and_programs() {
    let (_turn, devices) = devices();
    let device = &devices[0];
    let before = device.statistics();
    let mut x = tensor([1.; 8], device);
    let mut seen = Vec::new();
    for step in 0..4000 {
        x = B::float_mul_scalar(x, Scalar::from(1. + 1e-6 * f64::from(step)));
        x = B::float_sin(B::float_add(x.clone(), B::float_exp(B::float_neg(x))));
        if step % 500 == 499 {
            seen.push(device.statistics());
        }
    }
    let (middle, last) = (seen[3], seen[7]);
    assert!(last.executed > middle.executed, "{seen:?}");
    assert_eq!(last.compiled, middle.compiled, "{seen:?}");
    assert!(last.waiting < 2100 && last.tensors <= before.tensors + 2, "{seen:?}");
    assert!(read(x).unwrap().iter().all(|v| v.is_finite()));
    let after = device.statistics();
    assert_eq!((after.tensors, after.waiting), (before.tensors, before.waiting));
}

#[test]
fn what_nobody_reads_is_not_executed() {
    let (_turn, devices) = devices();
    let device = &devices[0];
    let before = device.statistics();
    let x = tensor([1., 2.], device);
    for _ in 0..100 {
        drop(B::float_exp(x.clone()));
    }
    drop(x);
    assert_eq!(device.statistics(), before);
}

#[test]
fn an_operation_at_fault_is_named_and_the_rest_goes_on() {
    let (_turn, devices) = devices();
    let device = &devices[0];
    let x = tensor([1., 2., 3.], device);
    let good = B::float_exp(x.clone());
    // The operation of a client that declares shapes which do not fit.
    let client = x.client.clone();
    let out = TensorIr::uninit(client.create_empty_handle(), [2].into(), DType::F32);
    let indices = B::int_from_data(TensorData::from([0i32]), device).into_ir();
    let op = GatherOpIr { tensor: x.clone().into_ir(), dim: 0, indices, out };
    let op = OperationIr::BaseFloat(burn_ir::BaseOperationIr::Gather(op));
    let bad = client.register(op).remove(0);
    let worse = B::float_add(B::float_neg(bad.clone()), tensor([1., 1.], device));
    let other = B::float_add(x, good.clone());

    for tensor in [worse.clone(), bad] {
        let error = read(tensor).unwrap_err().to_string();
        assert!(error.contains("BaseFloat::Gather of F32[3], I32[1] -> F32[2]"), "{error}");
    }
    assert_eq!(read(good).unwrap()[0], 1f32.exp());
    assert_eq!(read(other).unwrap()[0], 1. + 1f32.exp());
    // Also what is recorded afterwards.
    let error = read(B::float_exp(worse)).unwrap_err().to_string();
    assert!(error.contains("BaseFloat::Gather"), "{error}");
    B::sync(device).unwrap();
}

#[test]
fn threads_share_tensors_and_devices_copy_them() {
    let (_turn, devices) = devices();
    let [first, second] = devices else { panic!("{devices:?}") };
    let x = tensor([1., 2.], first);
    // Recorded on another thread, read on this one.
    let y = std::thread::scope(|scope| {
        scope.spawn(|| B::float_exp(B::float_neg(x.clone()))).join().unwrap()
    });
    let z = B::float_mul(y.clone(), x.clone());
    let moved = B::float_to_device(z.clone(), second);
    assert_eq!(moved.client.device(), *second);
    let both = B::float_add(moved.clone(), moved);
    let want: Vec<_> = [1f32, 2.].iter().map(|v| 2. * v * (-v).exp()).collect();
    for (got, want) in read(both).unwrap().iter().zip(&want) {
        assert!((got - want).abs() < 1e-6, "{got} {want}");
    }
    assert_eq!(read(z).unwrap().len(), 2);
    drop((x, y));
}

#[test]
fn random_numbers_follow_the_seed() {
    let (_turn, devices) = devices();
    let device = &devices[0];
    let draw = || {
        B::seed(device, 7);
        let draws = [0, 1].map(|_| {
            let normal = Distribution::Normal(0., 1.);
            read(B::float_random([5].into(), normal, device, FloatDType::F32)).unwrap()
        });
        assert_ne!(draws[0], draws[1], "the next graph has other numbers");
        draws
    };
    assert_eq!(draw(), draw());
}

#[test]
fn constants_of_all_types_are_arguments() {
    let (_turn, devices) = devices();
    let device = &devices[0];
    let start = compiled(device);
    for factor in [2i64, 3, 5] {
        let mut results = Vec::new();
        for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16] {
            let x = TensorData::from([1.5f32, -2.]).convert_dtype(dtype);
            let y = B::float_mul_scalar(B::float_from_data(x, device), Scalar::from(factor));
            let mask = B::bool_from_data(TensorData::from([true, false]), device);
            let y = B::float_mask_fill(y, mask, Scalar::from(factor + 1));
            results.push((B::float_cast(y, FloatDType::F32), -2. * factor as f32));
        }
        let ints = [DType::I64, DType::I32, DType::I16, DType::I8, DType::U8, DType::U64];
        let ints = ints.map(|dtype| {
            let x = TensorData::from([4i32, 7]).convert_dtype(dtype);
            (B::int_add_scalar(B::int_from_data(x, device), Scalar::from(factor)), dtype)
        });
        for (result, want) in results {
            assert_eq!(read(result).unwrap(), [factor as f32 + 1., want]);
        }
        for (result, dtype) in ints {
            let data = read_sync(B::int_into_data(result)).unwrap();
            assert_eq!(data.dtype(), dtype);
            let want =
                TensorData::from([4 + factor as i32, 7 + factor as i32]).convert_dtype(dtype);
            assert_eq!(data, want);
        }
    }
    // Once: by then all values were seen to vary.
    assert_eq!(compiled(device) - start, 1);
}

#[test]
fn a_device_that_is_not_there_says_so_when_it_is_read() {
    let _turn = devices();
    let device = XlaDevice { platform: Platform::Cpu, index: 99 };
    let x = tensor([1.], &device);
    let error = read(B::float_exp(x)).unwrap_err().to_string();
    assert!(error.contains("cpu:99") && error.contains("burn-xla doctor cpu"), "{error}");
    assert!(B::sync(&device).is_err());
    let Statistics { waiting, .. } = device.statistics();
    assert_eq!(waiting, 0);
}
