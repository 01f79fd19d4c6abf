//! The norm of rows by their mean square, `x / sqrt(mean(x²) + epsilon) scale`.

use std::ops::Range;

use half::bf16;

use crate::isa::{Isa, Set, Work};
use crate::memory::Shared;
use crate::number::Number;

/// The norm of rows.
#[derive(Clone, Copy, Debug)]
pub struct RmsNorm<'a> {
    /// What is added to the mean.
    pub epsilon: f32,
    /// `[width]`, for all rows.
    pub scale: &'a [f32],
}

/// Numbers whose rows are normalised. What does it is no generic function, so that it is compiled with this crate, with its
/// optimisation.
#[allow(private_interfaces)]
pub trait Normalised: Number {
    #[doc(hidden)]
    fn part(set: Set, work: Part<'_, Self>);
}

macro_rules! normalised {
    ($($number:ident)*) => {$(
        #[allow(private_interfaces)]
        impl Normalised for $number {
            fn part(set: Set, work: Part<'_, Self>) {
                set.run(Self::IS_NARROW, work);
            }
        }
    )*};
}

normalised! { f32 bf16 }

impl RmsNorm<'_> {
    /// Normalises `rows: [.., width]` into `out`.
    ///
    /// `spread` gets a number of tasks and a function that does the one of a number; it has to call it for each,
    /// from as many threads as it likes.
    ///
    /// # Panics
    ///
    /// If a tensor has another size.
    pub fn run<T: Normalised>(
        self,
        set: Set,
        rows: &[T],
        out: &mut [T],
        spread: impl FnOnce(usize, &(dyn Fn(usize) + Sync)),
    ) {
        let width = self.scale.len();
        assert!(rows.len().is_multiple_of(width), "the size of the rows");
        assert_eq!(out.len(), rows.len(), "the size of the result");
        // Numbers of a task: with fewer a thread had better not be woken.
        const MANY: usize = 1 << 16;
        let count = rows.len() / width.max(1);
        let part = MANY.div_ceil(width.max(1));
        let out = Shared::new(out);
        spread(count.div_ceil(part), &|task| {
            let own = task * part..((task + 1) * part).min(count);
            T::part(set, Part { norm: self, rows, own, out });
        });
    }

    /// Normalises a row.
    ///
    /// # Safety
    ///
    /// The processor has the instructions.
    #[inline(always)]
    pub(crate) unsafe fn row<I: Isa, T: Number>(&self, row: &[T], to: &mut [T]) {
        let size = self.scale.len();
        let (row, to, scale) = (&row[..size], &mut to[..size], self.scale);
        let whole = size / I::LANES * I::LANES;
        let mut squares = I::splat(0.0);
        for at in (0..whole).step_by(I::LANES) {
            // SAFETY: the row has a vector more there.
            let x = unsafe { T::load::<I>(row[at..].as_ptr()) };
            squares = I::multiply_add(x, x, squares);
        }
        let rest = row[whole..].iter().map(|x| x.wide() * x.wide());
        let mean = (I::sum(squares) + rest.sum::<f32>()) / size as f32;
        let inverse = 1.0 / (mean + self.epsilon).sqrt();
        let times = I::splat(inverse);
        for at in (0..whole).step_by(I::LANES) {
            // SAFETY: all three have a vector more there.
            unsafe {
                let x = I::multiply(T::load::<I>(row[at..].as_ptr()), times);
                let x = I::multiply(x, I::load(scale[at..].as_ptr()));
                T::store::<I>(to[at..].as_mut_ptr(), x);
            }
        }
        for at in whole..size {
            to[at] = T::nearest(row[at].wide() * inverse * scale[at]);
        }
    }
}

/// Some rows.
pub(crate) struct Part<'a, T> {
    norm: RmsNorm<'a>,
    rows: &'a [T],
    own: Range<usize>,
    out: Shared<'a, T>,
}

impl<T: Number> Work for Part<'_, T> {
    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let Self { norm, rows, own, out } = self;
        let width = norm.scale.len();
        for i in own {
            let row = &rows[i * width..][..width];
            // SAFETY: this row is this task's; the rest is as the caller says.
            unsafe { norm.row::<I, T>(row, out.part(i * width, width)) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare<T: Normalised>(bound: f64) {
        for [count, width] in [[1, 1], [3, 13], [5, 64], [700, 100], [2, 384]] {
            let number = |i: usize| T::nearest(((i * 37 % 101) as f32 - 50.0) / 20.0);
            let rows: Vec<_> = (0..count * width).map(number).collect();
            let scale: Vec<_> = (0..width).map(|i| 1.0 - (i % 7) as f32 / 5.0).collect();
            let norm = RmsNorm { epsilon: 0.25, scale: &scale };
            for set in Set::here() {
                let mut out = vec![T::default(); rows.len()];
                norm.run(set, &rows, &mut out, |tasks, task| (0..tasks).for_each(task));
                for (row, out) in rows.chunks(width).zip(out.chunks(width)) {
                    let wide: Vec<_> = row.iter().map(|x| f64::from(x.wide())).collect();
                    let mean = wide.iter().map(|x| x * x).sum::<f64>() / width as f64;
                    for ((x, scale), out) in wide.iter().zip(&scale).zip(out) {
                        let expected = x / (mean + 0.25).sqrt() * f64::from(*scale);
                        let off = (f64::from(out.wide()) - expected).abs();
                        assert!(off <= bound * expected.abs(), "{set:?} {width}: {x} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn rows_are_divided_by_the_root_of_their_mean_square() {
        compare::<f32>(1e-6);
        // Half of the last of 8 bits.
        compare::<bf16>(1.01 / 256.0);
    }
}
