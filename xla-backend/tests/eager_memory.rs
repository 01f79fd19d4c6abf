//! Long eager loops keep their memory, in bytes. Alone in its process, because it looks at the whole
//! of it.
#![cfg(target_os = "linux")]

use burn_backend::ops::FloatTensorOps;
use burn_backend::{Backend as _, FloatDType, Scalar, TensorData, read_sync};
use burn_router::RouterTensor;
use burn_xla::eager::{XlaBackend as B, XlaClient, XlaDevice};

/// A megabyte a tensor.
const SIDE: usize = 512;

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn total(x: RouterTensor<XlaClient>) -> f32 {
    read_sync(B::float_into_data(B::float_sum(x))).unwrap().try_to_vec().unwrap()[0]
}

#[test]
fn a_thousand_steps_keep_their_memory() {
    let device = XlaDevice::default();
    let scalar = |value: f32| Scalar::from(value);
    let one = || B::float_full([SIDE, SIDE].into(), scalar(1.), &device, FloatDType::F32);
    let (mut weight, mut moment) = (one(), one());
    // A batch that is uploaded, a state that is replaced, results that nobody reads, and a loss that
    // is read in some steps, and then again.
    let mut step = |number: usize| {
        let batch = TensorData::new(vec![number as f32; SIDE * SIDE], [SIDE, SIDE]);
        let batch = B::float_from_data(batch, &device);
        let gradient = B::float_sub(weight.clone(), batch);
        moment = B::float_add(
            B::float_mul_scalar(moment.clone(), scalar(0.9)),
            B::float_mul_scalar(gradient.clone(), scalar(0.1)),
        );
        weight = B::float_sub(weight.clone(), B::float_mul_scalar(moment.clone(), scalar(0.01)));
        drop(B::float_exp(gradient));
        match number % 4 {
            0 => assert!(total(weight.clone()).is_finite()),
            1 => B::sync(&device).unwrap(),
            _ => {}
        }
    };
    // What an allocator keeps once it has had it, it has had by then.
    (0..500).for_each(&mut step);
    let (before, compiled) = (resident_bytes(), device.statistics().compiled);
    (500..1_500).for_each(&mut step);
    let grown = resident_bytes().saturating_sub(before);
    assert_eq!(device.statistics().compiled, compiled);
    // A tensor lost in every hundredth step would be 10 MiB.
    assert!(grown < 8 << 20, "{} KiB more after 1,000 steps", grown >> 10);
}
