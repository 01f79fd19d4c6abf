//! Draws that are the same each time.

use std::sync::{Mutex, PoisonError};

use burn::tensor::Device;

/// What a function draws on Burn's CPU backend from this seed. Burn has one generator for all threads of a process,
/// so that others which draw by this function wait; in a binary of tests that compares such draws, all do. Modules
/// draw their parameters at the first use: `materialize` them here.
pub(crate) fn seeded<T>(seed: u64, draw: impl FnOnce() -> T) -> T {
    static DRAWING: Mutex<()> = Mutex::new(());
    let _drawing = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    Device::flex().seed(seed);
    draw()
}
