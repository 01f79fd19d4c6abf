//! Some rows of a linear layer, multiplied by a panel of its weights.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
use std::ops::Range;

use super::layer::{Linear, Then};
use crate::isa::{Isa, Work};
use crate::memory::{Scratch, Shared, Units};
use crate::number::Number;
use crate::pack::{Rows, across, along, turned};
use crate::product::{BLOCK, Right, product};

/// Columns of a panel: four vectors of the widest.
pub(super) const COLUMNS: usize = 64;

pub(super) struct Panel<'a, T> {
    pub(super) sizes: &'a Linear,
    pub(super) rows: Range<usize>,
    /// The first column of the panel.
    pub(super) column: usize,
    pub(super) input: &'a [T],
    pub(super) weight: &'a [T],
    pub(super) bias: Option<&'a [T]>,
    pub(super) out: Shared<'a, T>,
    pub(super) scratch: &'a mut Vec<u32>,
}

impl<T: Number> Work for Panel<'_, T> {
    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let Self { sizes, rows, column, input, weight, bias, out, scratch } = self;
        let (depth, units) = (sizes.depth, Units::of::<I>());
        let columns = COLUMNS.min(sizes.columns - column);
        let cells = units.cells(depth);
        let parts = [cells * COLUMNS, BLOCK * cells, BLOCK * COLUMNS];
        let mut scratch = Scratch::new(scratch, &parts);
        let panel = scratch.take(parts[0]);
        let copies = scratch.take(parts[1]);
        let sums = scratch.take(parts[2]);
        if sizes.is_turned {
            let weight = &weight[column * depth..];
            turned::<I, T>(Rows::new(weight, depth, columns, depth), COLUMNS, panel);
        } else {
            // Without rows there is nothing behind the column either.
            let weight = weight.get(column..).unwrap_or_default();
            across::<I, T>(Rows::new(weight, sizes.columns, depth, columns), COLUMNS, panel);
        }
        let mut biases = [0.0; COLUMNS];
        if let Some(bias) = bias {
            let bias = &bias[column..][..columns];
            biases.iter_mut().zip(bias).for_each(|(to, from)| *to = from.wide());
        }
        let all = Rows::new(&input[rows.start * depth..], depth, rows.len(), depth);
        let right = Right { cells: panel.as_ptr(), step: COLUMNS };
        let size = columns.div_ceil(I::LANES);
        let mut from = 0;
        while from < all.count() {
            let count = BLOCK.min(all.count() - from);
            let left = along::<I, T>(all.part(from, count), cells, copies);
            let to = sums.as_mut_ptr().cast::<f32>();
            // SAFETY: the parts have these sizes. Rows that are missing have cells of rows before.
            unsafe {
                product::<I>(left, right, cells, (count, size), |i, at, x| {
                    I::store(to.add(i * COLUMNS + at * I::LANES), x);
                });
            }
            for i in 0..count {
                let start = (rows.start + from + i) * sizes.columns + column;
                // SAFETY: a row of sums is as wide as a panel, and any bits are an f32. These columns of
                // this row are this task's.
                unsafe {
                    let row = to.add(i * COLUMNS);
                    finish::<I, T>(row, &biases, sizes.then, out.part(start, columns));
                }
            }
            from += count;
        }
    }
}

/// Adds the biases to a row of sums, does what follows, and writes the numbers.
///
/// # Safety
///
/// The row is as wide as a panel, and the processor has the instructions.
#[inline(always)]
unsafe fn finish<I: Isa, T: Number>(
    row: *const f32,
    biases: &[f32; COLUMNS],
    then: Then,
    out: &mut [T],
) {
    let mut at = 0;
    while at < out.len() {
        // SAFETY: a panel has whole vectors, and there is one more.
        unsafe {
            let mut x = I::add(I::load(row.add(at)), I::load(biases.as_ptr().add(at)));
            if then == Then::Gelu {
                x = gelu::<I>(x);
            }
            put::<I, T>(&mut out[at..], x);
        }
        at += I::LANES;
    }
}

/// Writes a vector, or as many of its first numbers as there is room for.
///
/// # Safety
///
/// The processor has the instructions.
#[inline(always)]
unsafe fn put<I: Isa, T: Number>(out: &mut [T], x: I::V) {
    // SAFETY: there is room; no vector has more numbers than the array.
    unsafe {
        if out.len() >= I::LANES {
            return T::store::<I>(out.as_mut_ptr(), x);
        }
        let mut numbers = [0.0; 16];
        I::store(numbers.as_mut_ptr(), x);
        for (to, x) in out.iter_mut().zip(numbers) {
            *to = T::nearest(x);
        }
    }
}

/// See [`Then::Gelu`].
#[inline(always)]
fn gelu<I: Isa>(x: I::V) -> I::V {
    const A: f32 = 2.0 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
    const B: f32 = A * 0.044_715;
    // The exponential of a larger number is infinite.
    const SMALLEST: f32 = -87.0;
    let slope = I::multiply_add(I::multiply(x, x), I::splat(B), I::splat(A));
    let slope = I::maximum(I::splat(SMALLEST), I::multiply(x, slope));
    let e = I::exponential(I::subtract(I::splat(0.0), slope));
    // Nothing, but of -∞: 0 times that is no number, as where the operations are computed one by one.
    let below = I::maximum(I::splat(0.0), I::subtract(I::splat(0.0), x));
    let nothing = I::subtract(below, below);
    I::add(I::divide(x, I::add(I::splat(1.0), e)), nothing)
}
