//! Graphs that never repeat: a process that executes them keeps its memory, its memory maps and its time. Alone
//! in its process, because it looks at the whole of it.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use burn_backend::ops::FloatTensorOps;
use burn_backend::{Scalar, TensorData, read_sync};
use burn_xla::eager::{EagerOptions, FirstRun, XlaBackend as B, XlaDevice};

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn maps() -> u64 {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().count() as u64
}

fn settle(device: &XlaDevice) {
    while device.statistics().compiling > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a graph that no other number has: 16 operations, of which each bit of the number chooses one.
fn run(number: usize, device: &XlaDevice) {
    let side = 3 + number % 5;
    let values: Vec<f32> = (0..side * side).map(|i| i as f32 / 100.).collect();
    let mut x = B::float_from_data(TensorData::new(values, [side, side]), device);
    for bit in 0..15 {
        x = match (number >> bit & 1, bit % 3) {
            (0, 0) => B::float_tanh(x),
            (1, 0) => B::float_matmul(x.clone(), B::float_tanh(x)),
            (0, 1) => B::float_mul_scalar(x, Scalar::from(0.9)),
            (1, 1) => B::float_sort(x, 1, bit % 2 == 0),
            (0, _) => B::float_neg(x),
            _ => B::float_swap_dims(x, 0, 1),
        };
    }
    let sum = read_sync(B::float_into_data(B::float_sum(x))).unwrap();
    assert!(sum.try_to_vec::<f32>().unwrap()[0].is_finite());
}

/// How many there are to be, up to 32,768: what the variable says, for more than CI has time for.
fn count(variable: &str, usual: usize) -> usize {
    let told = std::env::var(variable).ok();
    told.map_or(usual, |text| text.parse().expect("a number"))
}

#[test]
fn graphs_that_never_repeat_keep_memory_and_maps() {
    let device = XlaDevice::default();
    // Once each: they are not compiled.
    let start = Instant::now();
    let graphs = count("BURN_XLA_GRAPHS", 2_000);
    (0..500).for_each(|number| run(number, &device));
    let before = resident_bytes();
    (500..graphs).for_each(|number| run(number, &device));
    let statistics = device.statistics();
    assert_eq!((statistics.compiled, statistics.programs), (0, 0), "{statistics:?}");
    let grown = resident_bytes().saturating_sub(before);
    println!("{graphs} graphs once each: {:?}, {} KiB more", start.elapsed(), grown >> 10);
    assert!(grown < 64 << 20, "{} KiB more", grown >> 10);

    // All of them compiled, in little room.
    let start = Instant::now();
    let graphs = count("BURN_XLA_PROGRAMS", 80);
    let room = maps() + 600;
    device.set_options(
        EagerOptions::default().with_first_run(FirstRun::Compile).with_memory_maps(room),
    );
    let (mut most_maps, mut most_programs) = (0, 0);
    let mut before = 0;
    for number in 0..graphs {
        run(number, &device);
        most_maps = most_maps.max(maps());
        most_programs = most_programs.max(device.statistics().programs);
        if number == graphs / 4 {
            before = resident_bytes();
        }
    }
    let grown = resident_bytes().saturating_sub(before);
    let compiled = device.statistics().compiled;
    println!(
        "{graphs} programs: {:?}, at most {most_maps} maps of {room} and {most_programs} programs at a time, {} \
         KiB more in the last three quarters",
        start.elapsed(),
        grown >> 10
    );
    assert_eq!(compiled, graphs as u64);
    // The last one is compiled before others are given up for it.
    assert!(most_maps < room + 400, "{most_maps} maps, {room} were allowed");
    assert!(most_programs < graphs, "no program was given up");
    assert!(grown < 256 << 20, "{} KiB more", grown >> 10);

    // By bytes.
    device.set_options(EagerOptions::default().with_program_bytes(1));
    settle(&device);
    assert_eq!(device.statistics().programs, 0);

    // What was given up is compiled again when it repeats, and computes the same.
    device.set_options(EagerOptions::default());
    (0..8).for_each(|_| run(3, &device));
    settle(&device);
    assert_eq!(device.statistics().programs, 1);
}
