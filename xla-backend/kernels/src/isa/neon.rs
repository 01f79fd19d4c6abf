//! NEON.

use std::arch::aarch64::*;

use super::instructions::{Isa, Work};

#[derive(Clone, Copy, Debug)]
pub(super) struct Neon;

/// # Safety
///
/// The processor has NEON.
#[target_feature(enable = "neon")]
pub(super) unsafe fn run(work: impl Work) {
    // SAFETY: as the caller says.
    unsafe { work.run::<Neon>() }
}

// SAFETY: loads and stores are of as many numbers as the trait says. Here and below, instructions are called where the
// processor has them, as users of the trait promise.
unsafe impl Isa for Neon {
    type V = float32x4_t;

    const LANES: usize = 4;
    const TILE: usize = 4;
    const PAIRS: bool = false;

    #[inline(always)]
    fn splat(x: f32) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { vdupq_n_f32(x) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::V {
        // SAFETY: as the caller says.
        unsafe { vld1q_f32(from) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: Self::V) {
        // SAFETY: as the caller says.
        unsafe { vst1q_f32(to, x) }
    }
    #[inline(always)]
    fn add(x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { vaddq_f32(x, y) }
    }
    #[inline(always)]
    fn subtract(x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { vsubq_f32(x, y) }
    }
    #[inline(always)]
    fn multiply(x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { vmulq_f32(x, y) }
    }
    #[inline(always)]
    fn multiply_add(x: Self::V, y: Self::V, z: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { vfmaq_f32(z, x, y) }
    }
    #[inline(always)]
    fn divide(x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { vdivq_f32(x, y) }
    }
    #[inline(always)]
    fn maximum(x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { vbslq_f32(vcgtq_f32(x, y), x, y) }
    }
    #[inline(always)]
    fn round(x: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { vrndnq_f32(x) }
    }
    #[inline(always)]
    fn power_of_two(x: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe {
            let exponent = vaddq_s32(vcvtnq_s32_f32(x), vdupq_n_s32(127));
            vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent))
        }
    }
    #[inline(always)]
    fn dot(sum: Self::V, x: Self::V, y: Self::V) -> Self::V {
        Self::multiply_add(x, y, sum)
    }
}
