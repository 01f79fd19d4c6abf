//! Some rows of a linear layer, multiplied by a panel of its weights.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
use std::ops::Range;

use super::layer::{Product, Then};
use crate::isa::{Isa, Work};
use crate::memory::{Scratch, Shared, Units};
use crate::number::Number;
use crate::pack::{Rows, across, along, turned};
use crate::product::{Factor, LINE, Left, ROWS, Right, product};

/// Columns of a panel: four vectors of the widest.
pub(super) const COLUMNS: usize = 64;

/// Some columns of a layer.
pub(super) struct Panel<'a, T> {
    /// How many the layer has.
    pub(super) columns: usize,
    /// Those of the panel.
    pub(super) own: Range<usize>,
    pub(super) products: &'a [Product<'a, T>],
    pub(super) biases: &'a [&'a [T]],
    pub(super) then: Then,
    pub(super) residual: Option<&'a [T]>,
    pub(super) out: Shared<'a, T>,
}

/// Some rows of a panel.
pub(super) struct Part<'p, 'a, T> {
    pub(super) panel: &'p Panel<'a, T>,
    pub(super) rows: Range<usize>,
    pub(super) scratch: &'p mut Vec<u32>,
}

impl<T: Number> Work for Part<'_, '_, T> {
    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let Self { panel, rows, scratch } = self;
        let (units, columns) = (Units::of::<I>(), panel.own.len());
        let cells = panel.products.iter().map(|product| units.cells(product.depth));
        let cells: usize = cells.sum();
        let parts = [cells * COLUMNS, ROWS * cells, ROWS * COLUMNS];
        let mut scratch = Scratch::new(scratch, &parts);
        let mut weights = scratch.take(parts[0]);
        let copies = scratch.take(parts[1]);
        let sums = scratch.take(parts[2]);
        let mut factors = Vec::with_capacity(panel.products.len());
        for product in panel.products {
            let depth = units.cells(product.depth);
            let (to, rest) = weights.split_at_mut(depth * COLUMNS);
            weights = rest;
            // SAFETY: the processor has the instructions.
            unsafe { panel.pack::<I>(product, to) };
            let left = Left { cells: copies.as_ptr(), row: depth, step: 1 };
            let right = Right { cells: to.as_ptr(), step: COLUMNS };
            factors.push(Factor { left, right, depth });
        }
        let mut biases = [0.0; COLUMNS];
        for bias in panel.biases {
            let bias = &bias[panel.own.clone()];
            biases.iter_mut().zip(bias).for_each(|(to, from)| *to += from.wide());
        }
        let size = columns.div_ceil(I::LANES);
        for from in rows.clone().step_by(ROWS) {
            let count = ROWS.min(rows.end - from);
            let mut copies = &mut *copies;
            for (factor, product) in factors.iter_mut().zip(panel.products) {
                let (memory, rest) = copies.split_at_mut(ROWS * factor.depth);
                copies = rest;
                let depth = product.depth;
                let input = Rows::new(&product.input[from * depth..], depth, count, depth);
                factor.left = along::<I, T>(input, factor.depth, memory);
            }
            let to = sums.as_mut_ptr().cast::<f32>();
            let ahead = |number: usize, _, cell| {
                let Factor { left, .. } = factors[number];
                for i in ROWS..2 * ROWS {
                    I::prefetch(left.cells.wrapping_add(i * left.row + cell));
                }
                // All rows at once would be in the way of the weights.
                if number == 0 && cell / LINE < ROWS {
                    panel.ask_for::<I>(from + cell / LINE);
                }
            };
            // SAFETY: the parts have these sizes. Rows that are missing have cells of rows before.
            unsafe {
                product::<I>(&factors, (count, size), ahead, |i, at, x| {
                    I::store(to.add(i * COLUMNS + at * I::LANES), x);
                });
            }
            for i in 0..count {
                let start = (from + i) * panel.columns + panel.own.start;
                let residual = panel.residual.map(|residual| &residual[start..][..columns]);
                // SAFETY: a row of sums is as wide as a panel, and any bits are an f32. These columns of
                // this row are this task's.
                unsafe {
                    let row = to.add(i * COLUMNS);
                    let out = panel.out.part(start, columns);
                    finish::<I, T>(row, &biases, panel.then, residual, out);
                }
            }
        }
    }
}

impl<T: Number> Panel<'_, T> {
    /// Asks for the memory that a row is written to, and for its residual.
    #[inline(always)]
    fn ask_for<I: Isa>(&self, row: usize) {
        let start = row * self.columns + self.own.start;
        for at in (start..start + COLUMNS).step_by(LINE * size_of::<u32>() / size_of::<T>()) {
            I::prefetch(self.out.address(at));
            if let Some(residual) = self.residual {
                I::prefetch(residual.as_ptr().wrapping_add(at));
            }
        }
    }

    /// Packs the weights of a product.
    ///
    /// # Safety
    ///
    /// The processor has the instructions.
    #[inline(always)]
    unsafe fn pack<I: Isa>(&self, product: &Product<'_, T>, to: &mut [u32]) {
        let (depth, columns) = (product.depth, self.own.len());
        if product.is_turned {
            let weight = &product.weight[self.own.start * depth..];
            turned::<I, T>(Rows::new(weight, depth, columns, depth), COLUMNS, to);
        } else {
            // Without rows there is nothing behind the column either.
            let weight = product.weight.get(self.own.start..).unwrap_or_default();
            across::<I, T>(Rows::new(weight, self.columns, depth, columns), COLUMNS, to);
        }
    }
}

/// Adds the biases to a row of sums, does what follows, adds the residual, and writes the numbers.
///
/// # Safety
///
/// The row is as wide as a panel, and the processor has the instructions.
#[inline(always)]
unsafe fn finish<I: Isa, T: Number>(
    row: *const f32,
    biases: &[f32; COLUMNS],
    then: Then,
    residual: Option<&[T]>,
    out: &mut [T],
) {
    for at in (0..out.len()).step_by(I::LANES) {
        // SAFETY: a panel has whole vectors, and there is one more.
        unsafe {
            let mut x = I::add(I::load(row.add(at)), I::load(biases.as_ptr().add(at)));
            if then == Then::Gelu {
                x = gelu::<I>(x);
            }
            if let Some(residual) = residual {
                x = I::add(x, get::<I, T>(&residual[at..]));
            }
            put::<I, T>(&mut out[at..], x);
        }
    }
}

/// A vector of numbers, the last of them zero where there are fewer.
///
/// # Safety
///
/// The processor has the instructions.
#[inline(always)]
unsafe fn get<I: Isa, T: Number>(numbers: &[T]) -> I::V {
    // SAFETY: there are as many; no vector has more numbers than the array.
    unsafe {
        if numbers.len() >= I::LANES {
            return T::load::<I>(numbers.as_ptr());
        }
        let mut all = [0.0; 16];
        for (to, x) in all.iter_mut().zip(numbers) {
            *to = x.wide();
        }
        I::load(all.as_ptr())
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
