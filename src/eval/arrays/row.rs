//! Functions of a row of logits: its maximum, and sums of exponentials.

use core::cell::Cell;

use pulp::Arch;

use super::vectors::{Vectorized, vectorized};

/// The number of partial results, which a processor computes in parallel.
const WIDTH: usize = 32;

/// The index of the largest value, of several the first. None if a value is NaN or +∞, or all are −∞.
pub(crate) fn argmax<T: Vectorized>(arch: Arch, row: &[T]) -> Option<usize> {
    vectorized(
        arch,
        #[inline(always)]
        || {
            let max = maximum(row);
            (max > T::NEG_INFINITY && all_below_infinity(row)).then(|| first(row, max))
        },
    )
}

/// The largest value, its first index, and `Σ exp(z)` with `z = β (x − max)`. The sum is NaN if a value
/// is NaN or +∞, or all are −∞.
pub(crate) fn max_and_sum<T: Vectorized>(
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
pub(crate) fn sum_of_squares<T: Vectorized>(arch: Arch, row: &[T], max: f64, beta: f64) -> f64 {
    sum_over(arch, row, max, beta, |_, e| e * e)
}

/// `Σ z exp(z)`
pub(crate) fn weighted_sum<T: Vectorized>(arch: Arch, row: &[T], max: f64, beta: f64) -> f64 {
    sum_over(arch, row, max, beta, |z, e| e * z)
}

/// `Σ f(z, exp(z))`
#[inline(always)]
fn sum_over<T: Vectorized>(
    arch: Arch,
    row: &[T],
    max: f64,
    beta: f64,
    term: impl Fn(T, T) -> T,
) -> f64 {
    let (max, beta) = (T::narrow(max), T::narrow(beta));
    vectorized(
        arch,
        #[inline(always)]
        || {
            sum_of(row, |x| {
                let z = scaled(x, max, beta);
                term(z, z.exp_of_negative())
            })
        },
    )
}

/// `exp(z)` of the values at some indices.
pub(crate) fn exponentials<T: Vectorized>(
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
fn scaled<T: Vectorized>(x: T, max: T, beta: T) -> T {
    let z = beta * (x - max);
    // −∞ becomes finite, NaN stays.
    if z < T::LOWEST { T::LOWEST } else { z }
}

#[inline(always)]
fn maximum<T: Vectorized>(row: &[T]) -> T {
    let larger = |a: T, b: T| if b > a { b } else { a };
    let (chunks, rest) = row.as_chunks::<WIDTH>();
    let mut partial = [T::NEG_INFINITY; WIDTH];
    for chunk in chunks {
        partial.iter_mut().zip(chunk).for_each(|(a, x)| *a = larger(*a, *x));
    }
    rest.iter().copied().chain(partial).fold(T::NEG_INFINITY, larger)
}

#[inline(always)]
fn all_below_infinity<T: Vectorized>(row: &[T]) -> bool {
    // Remembers a value that is not below infinity instead of a flag: comparisons that set flags would not
    // become vector code.
    let keep = |kept: T, x: T| if x < T::INFINITY { kept } else { x };
    let (chunks, rest) = row.as_chunks::<WIDTH>();
    let mut partial = [T::ZERO; WIDTH];
    for chunk in chunks {
        partial.iter_mut().zip(chunk).for_each(|(a, x)| *a = keep(*a, *x));
    }
    partial.iter().chain(rest).all(|x| *x < T::INFINITY)
}

#[inline(always)]
fn first<T: Vectorized>(row: &[T], value: T) -> usize {
    // Finds the first chunk that contains the value, then the value in this chunk.
    let has = |chunk: &[T]| chunk.iter().fold(false, |found, x| found | (*x == value));
    let chunk = row.chunks(WIDTH).position(has).unwrap_or(0);
    let within = row[chunk * WIDTH..].iter().position(|x| *x == value);
    chunk * WIDTH + within.unwrap_or(0)
}

#[inline(always)]
fn sum_of<T: Vectorized>(row: &[T], term: impl Fn(T) -> T) -> f64 {
    let (chunks, rest) = row.as_chunks::<WIDTH>();
    let mut partial = [T::ZERO; WIDTH];
    for chunk in chunks {
        partial.iter_mut().zip(chunk).for_each(|(a, x)| *a = *a + term(*x));
    }
    rest.iter().map(|x| term(*x)).chain(partial).map(Into::into).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_length_have_their_maximum_and_sums() {
        let rng = &mut fastrand::Rng::with_seed(1);
        for n in [1, 5, 31, 32, 33, 64, 100, 1_000] {
            let row: Vec<f64> = (0..n).map(|_| 10.0 * rng.f64()).collect();
            let single: Vec<f32> = row.iter().map(|x| *x as f32).collect();
            let (max, place, sum) = max_and_sum(Arch::new(), &row, 0.7);
            assert_eq!(row[place], max);
            assert_eq!(argmax(Arch::new(), &row), Some(place));
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

    #[test]
    fn a_row_without_a_largest_number_has_none() {
        for n in [1, 31, 32, 33, 1_000] {
            for place in [0, n / 2, n - 1] {
                for bad in [f32::NAN, f32::INFINITY] {
                    let mut row = vec![1.0; n];
                    row[place] = bad;
                    assert_eq!(argmax(Arch::new(), &row), None, "{bad} at {place} of {n}");
                }
                let mut row = vec![f32::NEG_INFINITY; n];
                assert_eq!(argmax(Arch::new(), &row), None);
                row[place] = -7.0;
                assert_eq!(argmax(Arch::new(), &row), Some(place));
            }
        }
        assert_eq!(argmax(Arch::new(), &[0.0f64, 3.0, 3.0]), Some(1));
    }
}
