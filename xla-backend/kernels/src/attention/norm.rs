//! The norm of queries and keys.

use crate::isa::Isa;
use crate::norm::RmsNorm;
use crate::number::Number;
use crate::pack::Rows;

/// How many cells normalised rows take.
pub(super) fn cells<T>(norm: Option<RmsNorm<'_>>, rows: usize, size: usize) -> usize {
    norm.map_or(0, |_| (rows * size * size_of::<T>()).div_ceil(size_of::<u32>()))
}

/// Rows, normalised into `memory` if they are to be.
///
/// # Safety
///
/// The processor has the instructions.
#[inline(always)]
pub(super) unsafe fn normalised<'a, I: Isa, T: Number>(
    rows: Rows<'a, T>,
    norm: Option<RmsNorm<'_>>,
    memory: &'a mut [u32],
) -> Rows<'a, T> {
    let Some(norm) = norm else { return rows };
    let (count, size) = (rows.count(), norm.scale.len());
    assert!(size_of_val(memory) >= count * size * size_of::<T>(), "memory for rows");
    // SAFETY: there is room for as many, no number is aligned to more than cells are, and any bits are one.
    let all = unsafe { std::slice::from_raw_parts_mut(memory.as_mut_ptr().cast(), count * size) };
    for (i, to) in all.chunks_exact_mut(size).enumerate() {
        // SAFETY: as the caller says.
        unsafe { norm.row::<I, T>(rows.row(i), to) };
    }
    Rows::new(all, size, count, size)
}
