//! AVX-512, with products of f32 or of pairs of bf16.

use std::arch::x86_64::*;

use super::instructions::{Isa, Work};

#[derive(Clone, Copy, Debug)]
pub(super) struct Avx512;

#[derive(Clone, Copy, Debug)]
pub(super) struct Avx512Bf16;

/// # Safety
///
/// The processor has AVX-512 F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn run(work: impl Work) {
    // SAFETY: as the caller says.
    unsafe { work.run::<Avx512>() }
}

/// # Safety
///
/// The processor has AVX-512 F, BW and BF16.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) unsafe fn run_bf16(work: impl Work) {
    // SAFETY: as the caller says.
    unsafe { work.run::<Avx512Bf16>() }
}

macro_rules! common {
    () => {
        type V = __m512;

        const LANES: usize = 16;
        const TILE: usize = 4;

        #[inline(always)]
        fn splat(x: f32) -> Self::V {
            // SAFETY: the processor has it.
            unsafe { _mm512_set1_ps(x) }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self::V {
            // SAFETY: as the caller says.
            unsafe { _mm512_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn store(to: *mut f32, x: Self::V) {
            // SAFETY: as the caller says.
            unsafe { _mm512_storeu_ps(to, x) }
        }
        #[inline(always)]
        fn add(x: Self::V, y: Self::V) -> Self::V {
            // SAFETY: the processor has it.
            unsafe { _mm512_add_ps(x, y) }
        }
        #[inline(always)]
        fn subtract(x: Self::V, y: Self::V) -> Self::V {
            // SAFETY: the processor has it.
            unsafe { _mm512_sub_ps(x, y) }
        }
        #[inline(always)]
        fn multiply(x: Self::V, y: Self::V) -> Self::V {
            // SAFETY: the processor has it.
            unsafe { _mm512_mul_ps(x, y) }
        }
        #[inline(always)]
        fn multiply_add(x: Self::V, y: Self::V, z: Self::V) -> Self::V {
            // SAFETY: the processor has it.
            unsafe { _mm512_fmadd_ps(x, y, z) }
        }
        #[inline(always)]
        fn maximum(x: Self::V, y: Self::V) -> Self::V {
            // SAFETY: the processor has it.
            unsafe { _mm512_max_ps(x, y) }
        }
        #[inline(always)]
        fn round(x: Self::V) -> Self::V {
            const TO_NEAREST: i32 = 0;
            // SAFETY: the processor has it.
            unsafe { _mm512_roundscale_ps::<TO_NEAREST>(x) }
        }
        #[inline(always)]
        fn power_of_two(x: Self::V) -> Self::V {
            // SAFETY: the processor has it.
            unsafe {
                let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(127));
                _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
            }
        }
        #[inline(always)]
        fn largest(x: Self::V) -> f32 {
            // SAFETY: the processor has it.
            unsafe { _mm512_reduce_max_ps(x) }
        }
        #[inline(always)]
        fn sum(x: Self::V) -> f32 {
            // SAFETY: the processor has it.
            unsafe { _mm512_reduce_add_ps(x) }
        }
        #[inline(always)]
        fn prefetch<T>(address: *const T) {
            // SAFETY: it reads nothing.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
        }
        #[inline(always)]
        unsafe fn load_bf16(from: *const u16) -> Self::V {
            // SAFETY: as the caller says.
            unsafe {
                let narrow = _mm256_loadu_si256(from.cast());
                _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(narrow)))
            }
        }
    };
}

// SAFETY: loads and stores are of as many numbers as the trait says. Here and below, instructions are called where the
// processor has them, as users of the trait promise.
unsafe impl Isa for Avx512 {
    common!();

    const PAIRS: bool = false;

    #[inline(always)]
    fn divide(x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { _mm512_div_ps(x, y) }
    }
    #[inline(always)]
    fn dot(sum: Self::V, x: Self::V, y: Self::V) -> Self::V {
        Self::multiply_add(x, y, sum)
    }
}

// SAFETY: as above.
unsafe impl Isa for Avx512Bf16 {
    common!();

    const PAIRS: bool = true;

    #[inline(always)]
    fn divide(x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it.
        unsafe { _mm512_mul_ps(x, _mm512_rcp14_ps(y)) }
    }
    #[inline(always)]
    fn dot(sum: Self::V, x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: the processor has it; the vectors of the two types have the same bits.
        unsafe {
            let pairs = |x: __m512| std::mem::transmute::<__m512, __m512bh>(x);
            _mm512_dpbf16_ps(sum, pairs(x), pairs(y))
        }
    }
    #[inline(always)]
    unsafe fn store_bf16(to: *mut u16, x: Self::V) {
        // SAFETY: as the caller says; the vectors of the two types have the same bits.
        unsafe {
            let narrow: __m256i = std::mem::transmute(_mm512_cvtneps_pbh(x));
            _mm256_storeu_si256(to.cast(), narrow);
        }
    }
}
