//! Loops whose constants vary compile two programs at most: mini-batches, look-ups, masks, learning rates.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use burn_backend::ops::FloatTensorOps;
use burn_backend::ops::IntTensorOps;
use burn_backend::{BoolDType, Scalar, Slice, TensorData, read_sync};
use burn_router::RouterTensor;
use burn_xla::eager::{EagerOptions, FirstRun, XlaBackend as B, XlaClient, XlaDevice};
use proptest::prelude::*;

type Tensor = RouterTensor<XlaClient>;

/// Tests that count programs take turns.
fn device() -> (MutexGuard<'static, ()>, XlaDevice) {
    static TURN: Mutex<()> = Mutex::new(());
    (TURN.lock().unwrap_or_else(PoisonError::into_inner), XlaDevice::default())
}

/// Runs the steps of a loop. Returns how many programs were compiled, and what the steps read.
fn programs<T>(
    device: &XlaDevice,
    steps: usize,
    mut step: impl FnMut(usize) -> T,
) -> (u64, Vec<T>) {
    let before = device.statistics().compiled;
    let results = (0..steps).map(|i| {
        let result = step(i);
        while device.statistics().compiling > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        result
    });
    let results = results.collect();
    (device.statistics().compiled - before, results)
}

fn tensor(dims: &[usize], device: &XlaDevice) -> Tensor {
    let count = dims.iter().product::<usize>();
    B::float_from_data(
        TensorData::new((0..count).map(|i| i as f32).collect(), dims.to_vec()),
        device,
    )
}

fn range(begin: usize, length: usize) -> Slice {
    Slice::new(begin as isize, Some((begin + length) as isize), 1)
}

fn read(tensor: Tensor) -> Vec<f32> {
    read_sync(B::float_into_data(tensor)).unwrap().try_to_vec().unwrap()
}

#[test]
fn mini_batches_of_images_compile_two_programs_at_most() {
    let (_turn, device) = device();
    let [n, b, volume] = [24, 4, 3 * 32 * 32];
    let images = tensor(&[n, 3, 32, 32], &device);
    let loops = || {
        programs(&device, 2 * n / b, |i| {
            let begin = i % (n / b) * b;
            let batch = B::float_slice(
                images.clone(),
                &[range(begin, b), range(0, 3), range(0, 32), range(0, 32)],
            );
            let largest = read(B::float_max(batch))[0];
            assert_eq!(largest, (begin * volume + b * volume - 1) as f32);
        })
        .0
    };
    assert!(loops() <= 1);
    // Where graphs are compiled at once, too; what is compiled stays.
    device.set_options(EagerOptions::default().with_program_bytes(1));
    device.set_options(EagerOptions::default().with_first_run(FirstRun::Compile));
    assert_eq!(loops(), 2);
    device.set_options(EagerOptions::default());
}

#[test]
fn look_ups_masks_and_learning_rates_compile_two_programs_at_most() {
    let (_turn, device) = device();
    let table = tensor(&[50, 6], &device);
    let mut weight = tensor(&[6], &device);
    let (count, _) = programs(&device, 14, |i| {
        let words: Vec<i32> = (0..5).map(|k| ((i * 7 + k * 3) % 50) as i32).collect();
        let words = B::int_from_data(TensorData::new(words, [5]), &device);
        let looked_up = B::float_select(table.clone(), 0, words);
        // A mask by a threshold that moves, and a filling that varies.
        let mask =
            B::float_lower_elem(looked_up.clone(), Scalar::from(i as f32 * 11.), BoolDType::Native);
        let masked = B::float_mask_fill(looked_up, mask, Scalar::from(-(i as f32)));
        // A warm-up that is constant for two steps, and then a decay.
        let rate = if i < 2 { 0.1 } else { 0.1 / i as f32 };
        let gradient = B::float_reshape(B::float_mean_dim(masked, 0), [6].into());
        weight = B::float_sub(weight.clone(), B::float_mul_scalar(gradient, Scalar::from(rate)));
        read(weight.clone())
    });
    assert!(count <= 2, "{count} programs");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two slices of tensors of rank 2 to 4, a mask, and scalars. All of them vary as they like, within few
    /// values, so that some are equal by accident, now and then.
    #[test]
    fn loops_compile_two_programs_at_most(
        dims in proptest::collection::vec(2usize..5, 1..4),
        batch in 1usize..3,
        constants in proptest::collection::vec((0usize..4, 0usize..4, 0u8..3, 0u8..3, 0u8..3), 6..14),
    ) {
        let (_turn, device) = device();
        let shape: Vec<_> = [6].iter().chain(&dims).copied().collect();
        let [x, y] = [0, 1].map(|_| tensor(&shape, &device));
        let volume: usize = dims.iter().product();
        let (count, results) = programs(&device, constants.len(), |i| {
            let (a, b, filling, threshold, rate) = constants[i];
            let ranges = |begin| {
                let rest = dims.iter().map(|&dim| range(0, dim));
                std::iter::once(range(begin, batch)).chain(rest).collect::<Vec<_>>()
            };
            let part = B::float_slice(x.clone(), &ranges(a));
            let other = B::float_slice(y.clone(), &ranges(b));
            let mask = B::float_greater_elem(part.clone(), Scalar::from(threshold as f32 * 9.), BoolDType::Native);
            let filled = B::float_mask_fill(part, mask, Scalar::from(filling as f32));
            read(B::float_add(filled, B::float_mul_scalar(other, Scalar::from(rate as f32))))
        });
        prop_assert!(count <= 2, "{} programs", count);
        for ((a, b, filling, threshold, rate), result) in constants.into_iter().zip(results) {
            for (i, got) in result.into_iter().enumerate() {
                let (x, y) = ((a * volume + i) as f32, (b * volume + i) as f32);
                let x = if x > threshold as f32 * 9. { filling as f32 } else { x };
                prop_assert_eq!(got, x + y * rate as f32);
            }
        }
    }
}
