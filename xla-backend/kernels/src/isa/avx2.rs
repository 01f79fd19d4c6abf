//! AVX2 and FMA.

use std::arch::x86_64::*;

use super::instructions::{Isa, Work};

#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2;

/// # Safety
///
/// The processor has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn run(work: impl Work) {
    // SAFETY: as the caller says.
    unsafe { work.run::<Avx2>() }
}

// SAFETY: loads and stores are of as many numbers as the trait says. Here and below, instructions are called where the
// processor has them, as users of the trait promise.
unsafe impl Isa for Avx2 {
    type V = __m256;

    const LANES: usize = 8;
    const TILE: usize = 2;
    const PAIRS: bool = false;

    #[inline(always)]
    fn splat(x: f32) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::V {
        // SAFETY: as the caller says.
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: Self::V) {
        // SAFETY: as the caller says.
        unsafe { _mm256_storeu_ps(to, x) }
    }
    #[inline(always)]
    fn add(x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { _mm256_add_ps(x, y) }
    }
    #[inline(always)]
    fn subtract(x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { _mm256_sub_ps(x, y) }
    }
    #[inline(always)]
    fn multiply(x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { _mm256_mul_ps(x, y) }
    }
    #[inline(always)]
    fn multiply_add(x: Self::V, y: Self::V, z: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { _mm256_fmadd_ps(x, y, z) }
    }
    #[inline(always)]
    fn divide(x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { _mm256_div_ps(x, y) }
    }
    #[inline(always)]
    fn maximum(x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { _mm256_max_ps(x, y) }
    }
    #[inline(always)]
    fn round(x: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x) }
    }
    #[inline(always)]
    fn power_of_two(x: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
        }
    }
    #[inline(always)]
    fn prefetch<T>(address: *const T) {
        // SAFETY: it reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
    #[inline(always)]
    fn dot(sum: Self::V, x: Self::V, y: Self::V) -> Self::V {
        Self::multiply_add(x, y, sum)
    }
}
