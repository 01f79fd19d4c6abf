//! Numbers whose arithmetic and exponentials compile to vector code, for measurements on logits.

use core::ops::{Add, Mul, Sub};

use pulp::{Arch, NullaryFnOnce};

/// A floating-point number whose arithmetic and exponential compile to vector code. Measurements compute
/// in the precision of the logits.
pub trait Vectorized:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Into<f64>
    + Send
    + Sync
    + 'static
{
    #[doc(hidden)]
    const ZERO: Self;
    #[doc(hidden)]
    const NEG_INFINITY: Self;
    #[doc(hidden)]
    const INFINITY: Self;
    /// The argument from which on down the exponential is negligible.
    #[doc(hidden)]
    const LOWEST: Self;
    #[doc(hidden)]
    fn narrow(value: f64) -> Self;
    /// `exp(x)` for `x` from `LOWEST` to 0; NaN stays NaN.
    #[doc(hidden)]
    fn exp_of_negative(self) -> Self;
}

/// `2ⁿ exp(r)` with `|r| ≤ ln 2 / 2`, without branches or table.
///
/// Adding `SHIFT` leaves the rounded integer in the lowest bits of the sum. ln 2 is given as a sum of two
/// numbers; products of the first with small integers are exact. The series is Taylor's, the highest
/// term first.
macro_rules! exponential {
    ($float:ident, $lowest:expr, $mantissa:expr, $bias:expr, $ln2:expr, $series:expr) => {
        impl Vectorized for $float {
            const ZERO: Self = 0.0;
            const NEG_INFINITY: Self = $float::NEG_INFINITY;
            const INFINITY: Self = $float::INFINITY;
            const LOWEST: Self = $lowest;

            #[inline(always)]
            fn narrow(value: f64) -> Self {
                value as $float
            }

            #[inline(always)]
            fn exp_of_negative(self) -> Self {
                const SHIFT: $float = 1.5 * (1u64 << $mantissa) as $float;
                let [high, low]: [$float; 2] = $ln2;
                let shifted = self * core::$float::consts::LOG2_E + SHIFT;
                let n = shifted - SHIFT;
                let r = (self - n * high) - n * low;
                let mut sum = 0.0;
                for factor in $series {
                    sum = sum * r + 1.0 / factor;
                }
                sum * $float::from_bits(shifted.to_bits().wrapping_add($bias) << $mantissa)
            }
        }
    };
}

// To degree 7: an error of 5e-9 of the value, a tenth of a unit in the last place.
exponential!(
    f32,
    -87.0,
    23,
    127,
    [0.693_359_4, -2.121_944_4e-4],
    [5_040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0]
);
// To degree 13: an error of 4e-18 of the value.
exponential!(
    f64,
    -700.0,
    52,
    1023,
    [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10],
    [
        6_227_020_800.0,
        479_001_600.0,
        39_916_800.0,
        3_628_800.0,
        362_880.0,
        40_320.0,
        5_040.0,
        720.0,
        120.0,
        24.0,
        6.0,
        2.0,
        1.0,
        1.0
    ]
);

/// Runs a function in code that is compiled for the processor at hand. A bare closure would be called
/// through a shim that the compiler does not inline, and so in code for the least of processors.
#[inline(always)]
pub(super) fn vectorized<R>(arch: Arch, function: impl Fn() -> R) -> R {
    struct Inlined<F>(F);

    impl<R, F: Fn() -> R> NullaryFnOnce for Inlined<F> {
        type Output = R;

        #[inline(always)]
        fn call(self) -> R {
            (self.0)()
        }
    }

    arch.dispatch(Inlined(function))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_exact_to_two_units_in_the_last_place() {
        for i in 0..200_000 {
            let x = -f64::from(i) * 0.0035;
            let (got, expected) = (x.exp_of_negative(), x.exp());
            assert!((got / expected - 1.0).abs() < 4.5e-16, "{x}: {got:e} not {expected:e}");
            let x = (-f64::from(i) * 0.000_43) as f32;
            let (got, expected) = (f64::from(x.exp_of_negative()), f64::from(x).exp());
            assert!((got / expected - 1.0).abs() < 2.4e-7, "{x}: {got:e} not {expected:e}");
        }
        assert!(f64::NAN.exp_of_negative().is_nan() && f32::NAN.exp_of_negative().is_nan());
    }
}
