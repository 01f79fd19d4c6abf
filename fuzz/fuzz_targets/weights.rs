//! Any bytes as a checkpoint: refused by an error or loaded, never a panic.
//!
//! `cargo fuzz run weights` from the root of the repository. What it finds goes to
//! `fuzz/corpus/weights`, which `tests/weights/corpus.rs` runs with every other test.
#![no_main]

use burn::tensor::Device;
use libfuzzer_sys::fuzz_target;
use vit22b::weights::{Checkpoint, LoadOptions};

fuzz_target!(|bytes: &[u8]| {
    let Ok(checkpoint) = Checkpoint::from_bytes("fuzzed", bytes.to_vec()) else { return };
    let device = Device::flex();
    let _ = checkpoint.tensors(&device);
    for strict in [true, false] {
        let options = LoadOptions::new().with_num_heads(Some(1)).with_strict(strict);
        let _ = checkpoint.load(&options, &device);
    }
});
