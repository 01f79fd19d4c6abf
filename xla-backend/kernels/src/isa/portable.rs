//! Vectors as arrays, for which the compiler finds instructions.

use super::instructions::Isa;

#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

const LANES: usize = 8;

#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> [f32; LANES] {
    std::array::from_fn(f)
}

// SAFETY: loads and stores are of as many numbers as the trait says.
unsafe impl Isa for Portable {
    type V = [f32; LANES];

    const LANES: usize = LANES;
    const TILE: usize = 1;
    const PAIRS: bool = false;

    #[inline(always)]
    fn splat(x: f32) -> Self::V {
        [x; LANES]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::V {
        // SAFETY: as the caller says; arrays of numbers are aligned as numbers are.
        unsafe { *from.cast() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: Self::V) {
        // SAFETY: as for `load`.
        unsafe { *to.cast() = x }
    }
    #[inline(always)]
    fn add(x: Self::V, y: Self::V) -> Self::V {
        each(|i| x[i] + y[i])
    }
    #[inline(always)]
    fn subtract(x: Self::V, y: Self::V) -> Self::V {
        each(|i| x[i] - y[i])
    }
    #[inline(always)]
    fn multiply(x: Self::V, y: Self::V) -> Self::V {
        each(|i| x[i] * y[i])
    }
    #[inline(always)]
    fn multiply_add(x: Self::V, y: Self::V, z: Self::V) -> Self::V {
        // Rounded twice: without an instruction for it, `mul_add` is a call.
        each(|i| x[i] * y[i] + z[i])
    }
    #[inline(always)]
    fn divide(x: Self::V, y: Self::V) -> Self::V {
        each(|i| x[i] / y[i])
    }
    #[inline(always)]
    fn maximum(x: Self::V, y: Self::V) -> Self::V {
        each(|i| if x[i] > y[i] { x[i] } else { y[i] })
    }
    #[inline(always)]
    fn round(x: Self::V) -> Self::V {
        // Numbers of this size have no digits behind the point.
        const LARGE: f32 = 12_582_912.0;
        each(|i| x[i] + LARGE - LARGE)
    }
    #[inline(always)]
    fn power_of_two(x: Self::V) -> Self::V {
        each(|i| f32::from_bits(((x[i] as i32).wrapping_add(127) as u32) << 23))
    }
    #[inline(always)]
    fn dot(sum: Self::V, x: Self::V, y: Self::V) -> Self::V {
        Self::multiply_add(x, y, sum)
    }
}
