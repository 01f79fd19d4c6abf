//! Any bytes as a weights file: refused by an error or loaded, never a panic.
//!
//! `cargo fuzz run weights` from the root of the repository, with a nightly compiler. What it finds
//! goes to `fuzz/corpus/weights`, which `tests/weights/corpus.rs` runs with every other test.
//!
//! A stable compiler serves too, without the address sanitizer, in this folder:
//!
//!     C=-Cllvm-args=-sanitizer-coverage
//!     export RUSTFLAGS="--cfg fuzzing -Cdebug-assertions -Cpasses=sancov-module $C-level=4 \
//!         $C-inline-8bit-counters $C-pc-table $C-trace-compares"
//!     cargo build --release --target x86_64-unknown-linux-gnu
//!     target/x86_64-unknown-linux-gnu/release/weights corpus/weights -max_total_time=480
#![no_main]

use burn::tensor::Device;
use libfuzzer_sys::fuzz_target;
use vit22b::weights::{WeightsFile, LoadOptions};

fuzz_target!(|bytes: &[u8]| {
    let Ok(weights) = WeightsFile::from_bytes("fuzzed", bytes.to_vec()) else { return };
    let device = Device::flex();
    let _ = weights.tensors(&device);
    for strict in [true, false] {
        let options = LoadOptions::new().with_num_heads(Some(1)).with_strict(strict);
        let _ = weights.load(&options, &device);
    }
});
