//! The numbers of tensors.

// Only this crate calls what names its instructions.
#![allow(private_bounds, private_interfaces)]

use half::bf16;

use crate::isa::Isa;

/// A number that tensors are made of.
pub trait Number: Copy + Default + Send + Sync + 'static {
    /// Whether it has 16 bits.
    const IS_NARROW: bool;

    /// Its value.
    fn wide(self) -> f32;

    /// The number that is nearest to a value; of two the even one.
    fn nearest(value: f32) -> Self;

    /// The bits of the number of bf16 that is nearest.
    fn bf16(self) -> u16;

    /// A vector of numbers.
    ///
    /// # Safety
    ///
    /// There are as many at the pointer, and the processor has the instructions.
    #[doc(hidden)]
    unsafe fn load<I: Isa>(from: *const Self) -> I::V;

    /// Writes a vector as numbers.
    ///
    /// # Safety
    ///
    /// As [`load`](Self::load).
    #[doc(hidden)]
    unsafe fn store<I: Isa>(to: *mut Self, x: I::V);
}

impl Number for f32 {
    const IS_NARROW: bool = false;

    #[inline(always)]
    fn wide(self) -> f32 {
        self
    }

    #[inline(always)]
    fn nearest(value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn bf16(self) -> u16 {
        bf16::nearest(self).to_bits()
    }

    #[inline(always)]
    unsafe fn load<I: Isa>(from: *const Self) -> I::V {
        // SAFETY: as the caller says.
        unsafe { I::load(from) }
    }

    #[inline(always)]
    unsafe fn store<I: Isa>(to: *mut Self, x: I::V) {
        // SAFETY: as the caller says.
        unsafe { I::store(to, x) }
    }
}

impl Number for bf16 {
    const IS_NARROW: bool = true;

    #[inline(always)]
    fn wide(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }

    #[inline(always)]
    fn nearest(value: f32) -> Self {
        let bits = value.to_bits();
        if value.is_nan() {
            // The upper half of a NaN may be infinity without its highest digit.
            return Self::from_bits((bits >> 16) as u16 | 0x40);
        }
        Self::from_bits(((bits + 0x7fff + ((bits >> 16) & 1)) >> 16) as u16)
    }

    #[inline(always)]
    fn bf16(self) -> u16 {
        self.to_bits()
    }

    #[inline(always)]
    unsafe fn load<I: Isa>(from: *const Self) -> I::V {
        // SAFETY: as the caller says; a number is its bits.
        unsafe { I::load_bf16(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store<I: Isa>(to: *mut Self, x: I::V) {
        // SAFETY: as the caller says; a number is its bits.
        unsafe { I::store_bf16(to.cast(), x) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_is_rounded_to_even_and_keeps_what_is_no_number() {
        for (value, bits) in [
            (1.0, 0x3f80),
            (1.0 + 1.0 / 256.0, 0x3f80),
            (1.0 + 3.0 / 256.0, 0x3f82),
            (f32::MAX, 0x7f80),
            (f32::NEG_INFINITY, 0xff80),
        ] {
            assert_eq!(bf16::nearest(value).to_bits(), bits, "{value}");
        }
        assert!(bf16::nearest(f32::from_bits(0x7f80_0001)).wide().is_nan());
    }
}
