//! Sums of exponentials over the rows of logits, in code that becomes vector code.

use core::cell::Cell;
use core::ops::{Add, Mul, Sub};

use pulp::{Arch, NullaryFnOnce};

/// What logits are computed in: their own precision.
pub trait Lane:
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
    /// Where an exponential counts as none.
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
/// `$shift` leaves the integer part of what it is added to in the lowest bits; ln 2 is in two parts,
/// the first of which times a small integer is exact; the series is Taylor's, the highest term first.
macro_rules! exponential {
    ($float:ident, $lowest:expr, $mantissa:expr, $bias:expr, $ln2:expr, $series:expr) => {
        impl Lane for $float {
            const ZERO: Self = 0.0;
            const NEG_INFINITY: Self = $float::NEG_INFINITY;
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

// To degree 7: 5e-9 of the value, a tenth of a unit in the last place.
exponential!(
    f32,
    -87.0,
    23,
    127,
    [0.693_359_4, -2.121_944_4e-4],
    [5_040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0]
);
// To degree 13: 4e-18 of the value.
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

/// Runs a function in code for the processor at hand. A bare closure would be called through a shim
/// that compilers do not inline, and then it is code for any processor.
#[inline(always)]
fn vectorized<R>(arch: Arch, function: impl Fn() -> R) -> R {
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

/// Numbers that are added side by side, so that a processor can take them together.
const LANES: usize = 32;

/// The largest value, the place of the first one, and `Σ exp(z)` with `z = β (x − max)`. The sum is
/// NaN if a value is NaN or +∞, or all are −∞.
pub(crate) fn max_and_sum<T: Lane>(
    arch: Arch,
    row: &[T],
    inverse_temperature: f64,
) -> (f64, usize, f64) {
    vectorized(
        arch,
        #[inline(always)]
        || {
            let max = maximum(row);
            let beta = T::narrow(inverse_temperature);
            let sum = sum_of(row, |x| scaled(x, max, beta).exp_of_negative());
            (max.into(), first(row, max), sum)
        },
    )
}

/// `Σ exp(z)²`
pub(crate) fn sum_of_squares<T: Lane>(arch: Arch, row: &[T], max: f64, beta: f64) -> f64 {
    let (max, beta) = (T::narrow(max), T::narrow(beta));
    vectorized(
        arch,
        #[inline(always)]
        || {
            sum_of(row, |x| {
                let e = scaled(x, max, beta).exp_of_negative();
                e * e
            })
        },
    )
}

/// `Σ z exp(z)`
pub(crate) fn weighted_sum<T: Lane>(arch: Arch, row: &[T], max: f64, beta: f64) -> f64 {
    let (max, beta) = (T::narrow(max), T::narrow(beta));
    vectorized(
        arch,
        #[inline(always)]
        || {
            sum_of(row, |x| {
                let z = scaled(x, max, beta);
                z.exp_of_negative() * z
            })
        },
    )
}

/// `exp(z)` at some of the places.
pub(crate) fn exponentials<T: Lane>(
    arch: Arch,
    row: &[T],
    places: &[usize],
    max: f64,
    beta: f64,
) -> Vec<T> {
    let (max, beta) = (T::narrow(max), T::narrow(beta));
    let mut values: Vec<T> = places.iter().map(|place| row[*place]).collect();
    let values_mut = Cell::from_mut(values.as_mut_slice()).as_slice_of_cells();
    vectorized(
        arch,
        #[inline(always)]
        || values_mut.iter().for_each(|x| x.set(scaled(x.get(), max, beta).exp_of_negative())),
    );
    values
}

#[inline(always)]
fn scaled<T: Lane>(x: T, max: T, beta: T) -> T {
    let z = beta * (x - max);
    // −∞ becomes a number, NaN stays.
    if z < T::LOWEST { T::LOWEST } else { z }
}

#[inline(always)]
fn maximum<T: Lane>(row: &[T]) -> T {
    let larger = |a: T, b: T| if b > a { b } else { a };
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut lanes = [T::NEG_INFINITY; LANES];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane = larger(*lane, *x));
    }
    rest.iter().copied().chain(lanes).fold(T::NEG_INFINITY, larger)
}

#[inline(always)]
fn first<T: Lane>(row: &[T], value: T) -> usize {
    // A chunk is searched as a whole, then the one that has it element by element.
    let has = |chunk: &[T]| chunk.iter().fold(false, |found, x| found | (*x == value));
    let chunk = row.chunks(LANES).position(has).unwrap_or(0);
    let within = row[chunk * LANES..].iter().position(|x| *x == value);
    chunk * LANES + within.unwrap_or(0)
}

#[inline(always)]
fn sum_of<T: Lane>(row: &[T], term: impl Fn(T) -> T) -> f64 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut lanes = [T::ZERO; LANES];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane = *lane + term(*x));
    }
    rest.iter().map(|x| term(*x)).chain(lanes).map(Into::into).sum()
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

    #[test]
    fn rows_of_any_length_have_their_maximum_and_sums() {
        let rng = &mut fastrand::Rng::with_seed(1);
        for n in [1, 5, 31, 32, 33, 64, 100, 1_000] {
            let row: Vec<f64> = (0..n).map(|_| 10.0 * rng.f64()).collect();
            let single: Vec<f32> = row.iter().map(|x| *x as f32).collect();
            let (max, place, sum) = max_and_sum(Arch::new(), &row, 0.7);
            assert_eq!(row[place], max);
            let z = || row.iter().map(|x| 0.7 * (x - max));
            let relative = |got: f64, expected: f64| (got / expected - 1.0).abs();
            assert!(relative(sum, z().map(f64::exp).sum()) < 1e-14);
            let squares = sum_of_squares(Arch::new(), &row, max, 0.7);
            let weighted = weighted_sum(Arch::new(), &row, max, 0.7);
            assert!(relative(squares, z().map(|z| (2.0 * z).exp()).sum()) < 1e-14);
            let expected: f64 = z().map(|z| z * z.exp()).sum();
            assert!((weighted - expected).abs() < 1e-13 * n as f64);
            let places: Vec<usize> = (0..n).step_by(3).collect();
            let some = exponentials(Arch::new(), &row, &places, max, 0.7);
            for (got, place) in some.iter().zip(places) {
                assert!(relative(*got, (0.7 * (row[place] - max)).exp()) < 1e-15);
            }
            let (_, of_single, single_sum) = max_and_sum(Arch::new(), &single, 0.7);
            assert_eq!(of_single, place);
            // Single precision: each term to 1e-7, z to 1e-6.
            assert!(relative(single_sum, sum) < 2e-6);
        }
    }
}
