//! The gradients of a head.
//!
//! With `p` the weights and `s` the scores before they are scaled:
//!
//! ```text
//! by_v = pᵀ by_o     by_p = by_o vᵀ     by_s = p (by_p − Σ p by_p)     by_q = scale by_s k     by_k = scale by_sᵀ q
//! ```

use super::sizes::{Attention, Place, Tensors};
use crate::isa::{Isa, Work};
use crate::memory::{Scratch, Shared, Units};
use crate::number::Number;
use crate::pack::{across, along, turned, unpack};
use crate::product::{BLOCK, Factor, Left, ROWS, Right, product, product_to};

/// Rows of queries whose weights are kept until keys and values have got their shares of them: a multiple of [`BLOCK`]
/// and of a pair.
const KEPT: usize = 48;

pub(super) struct Backward<'a, T> {
    pub(super) sizes: &'a Attention,
    pub(super) place: Place,
    pub(super) tensors: Tensors<'a, T>,
    pub(super) by_out: &'a [T],
    /// By queries, keys and values.
    pub(super) gradient: [Shared<'a, T>; 3],
    pub(super) scratch: &'a mut Vec<u32>,
}

impl<T: Number> Work for Backward<'_, T> {
    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let Self { sizes, place, tensors, by_out, gradient, scratch } = self;
        let (units, size, keys, queries) =
            (Units::of::<I>(), sizes.size, sizes.keys, sizes.queries);
        let row_cells = units.cells(size);
        let (key_width, width) = (units.padded(keys), units.padded(size));
        let key_rows = keys.next_multiple_of(ROWS);
        let parts = [
            row_cells * key_width,
            row_cells * key_width,
            units.cells(keys) * width,
            units.cells(KEPT) * width,
            units.cells(KEPT) * width,
            BLOCK * row_cells,
            BLOCK * row_cells,
            BLOCK * key_width,
            BLOCK * key_width,
            // Columns up to the last row of keys are read from the last row, too.
            units.cells(KEPT) * key_width + ROWS,
            units.cells(KEPT) * key_width + ROWS,
            key_rows * width,
            key_rows * width,
            BLOCK * width,
        ];
        let mut scratch = Scratch::new(scratch, &parts);
        let [
            turned_keys,
            turned_values,
            key_cells,
            query_cells,
            by_out_cells,
            query,
            by_row,
            scores,
            by_scores,
            kept_weights,
            kept_by_scores,
            by_keys,
            by_values,
            taken,
        ] = parts.map(|part| scratch.take(part));
        by_keys.fill(0);
        by_values.fill(0);

        let rows = |numbers, tokens| place.rows(sizes, numbers, tokens);
        let (all_keys, all_values) = (rows(tensors.key, keys), rows(tensors.value, keys));
        let (all_queries, all_by_out) = (rows(tensors.query, queries), rows(by_out, queries));
        turned::<I, T>(all_keys, key_width, turned_keys);
        turned::<I, T>(all_values, key_width, turned_values);
        across::<I, T>(all_keys, width, key_cells);
        let [by_query, by_key, by_value] = gradient;

        for first in (0..queries).step_by(KEPT) {
            let kept = KEPT.min(queries - first);
            across::<I, T>(all_queries.part(first, kept), width, query_cells);
            across::<I, T>(all_by_out.part(first, kept), width, by_out_cells);
            for from in (first..first + kept).step_by(BLOCK) {
                let count = BLOCK.min(first + kept - from);
                let query = along::<I, T>(all_queries.part(from, count), row_cells, query);
                let by_row = along::<I, T>(all_by_out.part(from, count), row_cells, by_row);
                for (left, turned, to) in [
                    (query, &*turned_keys, &mut *scores),
                    (by_row, &*turned_values, &mut *by_scores),
                ] {
                    let right = Right { cells: turned.as_ptr(), step: key_width };
                    let to = to.as_mut_ptr().cast::<f32>();
                    // SAFETY: the parts have these sizes. Rows that are missing have cells of rows before.
                    unsafe {
                        let factor = Factor { left, right, depth: row_cells };
                        product_to::<I>(factor, (count, units.vectors(keys)), to, key_width);
                    }
                }
                for i in 0..BLOCK {
                    let (scores, by_scores) = (
                        scores[i * key_width..].as_mut_ptr().cast::<f32>(),
                        by_scores[i * key_width..].as_mut_ptr().cast::<f32>(),
                    );
                    let kept_row = from - first + i;
                    // A pair without a second row has zeros for it.
                    if i >= count {
                        if I::PAIRS && i == count && kept_row % 2 == 1 {
                            for kept in [&mut *kept_weights, &mut *kept_by_scores] {
                                let row = &mut kept[kept_row / 2 * key_width..][..key_width];
                                row.iter_mut().for_each(|pair| *pair &= 0xffff);
                            }
                        }
                        continue;
                    }
                    // SAFETY: rows are as wide.
                    unsafe {
                        let row = [scores, by_scores];
                        by_row_of::<I>(row, keys, key_width, sizes.scale);
                        for (from, kept) in
                            [(scores, &mut *kept_weights), (by_scores, &mut *kept_by_scores)]
                        {
                            keep::<I>(from.cast(), kept_row, key_width, kept);
                        }
                    }
                }
                let left = Left { cells: by_scores.as_ptr(), row: key_width, step: 1 };
                let right = Right { cells: key_cells.as_ptr(), step: width };
                let sums = taken.as_mut_ptr().cast::<f32>();
                // SAFETY: as above.
                let taken = unsafe {
                    let factor = Factor { left, right, depth: units.cells(keys) };
                    product_to::<I>(factor, (count, units.vectors(size)), sums, width);
                    std::slice::from_raw_parts(sums, BLOCK * width)
                };
                for (i, row) in taken.chunks_exact(width).take(count).enumerate() {
                    let at = place.start(sizes, queries) + (from + i) * sizes.token();
                    // SAFETY: this head of this token is this task's.
                    unsafe { unpack::<I, T>(row, sizes.scale, by_query.part(at, size)) };
                }
            }
            for from in (0..keys).step_by(ROWS) {
                for (kept_rows, cells, to) in [
                    (&*kept_weights, &*by_out_cells, &mut *by_values),
                    (&*kept_by_scores, &*query_cells, &mut *by_keys),
                ] {
                    let left = Left { cells: kept_rows[from..].as_ptr(), row: 1, step: key_width };
                    let right = Right { cells: cells.as_ptr(), step: width };
                    let to = to[from * width..].as_mut_ptr().cast::<f32>();
                    // SAFETY: as above; what is read behind the last key goes into rows that nobody reads.
                    unsafe {
                        let factor = Factor { left, right, depth: units.cells(kept) };
                        product::<I>(
                            &[factor],
                            (ROWS, units.vectors(size)),
                            |_, _, _| {},
                            |i, at, x| {
                                let to = to.add(i * width + at * I::LANES);
                                I::store(to, I::add(I::load(to), x));
                            },
                        );
                    }
                }
            }
        }
        for (sums, to, scale) in [(by_keys, by_key, sizes.scale), (by_values, by_value, 1.0)] {
            for (i, row) in sums.chunks_exact(width).take(keys).enumerate() {
                let at = place.start(sizes, keys) + i * sizes.token();
                // SAFETY: any bits are an f32; this head of this token is this task's.
                unsafe {
                    let row = std::slice::from_raw_parts(row.as_ptr().cast(), width);
                    unpack::<I, T>(row, scale, to.part(at, size));
                }
            }
        }
    }
}

/// Makes of a row of scores the weights, and of the gradient by these the gradient by the scores, as cells.
///
/// # Safety
///
/// The rows have `width` numbers, a multiple of a vector, and the processor has the instructions.
#[inline(always)]
unsafe fn by_row_of<I: Isa>(
    [scores, by_weights]: [*mut f32; 2],
    keys: usize,
    width: usize,
    scale: f32,
) {
    // SAFETY: as the caller says.
    unsafe {
        for pad in keys..width {
            scores.add(pad).write(f32::NEG_INFINITY);
            by_weights.add(pad).write(0.0);
        }
        let mut largest = I::load(scores);
        for at in (I::LANES..width).step_by(I::LANES) {
            largest = I::maximum(largest, I::load(scores.add(at)));
        }
        let (minus, times) = (I::splat(-I::largest(largest) * scale), I::splat(scale));
        let (mut sum, mut weighted) = (I::splat(0.0), I::splat(0.0));
        for at in (0..width).step_by(I::LANES) {
            let e = I::exponential(I::multiply_add(I::load(scores.add(at)), times, minus));
            sum = I::add(sum, e);
            weighted = I::multiply_add(e, I::load(by_weights.add(at)), weighted);
            I::store(scores.add(at), e);
        }
        let share = 1.0 / I::sum(sum);
        let (mean, share) = (I::splat(I::sum(weighted) * share), I::splat(share));
        for at in (0..width).step_by(I::LANES) {
            let weight = I::multiply(I::load(scores.add(at)), share);
            let by = I::subtract(I::load(by_weights.add(at)), mean);
            for (to, x) in [(scores, weight), (by_weights, I::multiply(weight, by))] {
                if I::PAIRS {
                    // Behind what was read: half as many bytes.
                    I::store_bf16(to.cast::<u16>().add(at), x);
                } else {
                    I::store(to.add(at), x);
                }
            }
        }
        // Nothing times what is no number is none.
        for pad in keys..width {
            for to in [scores, by_weights] {
                if I::PAIRS {
                    to.cast::<u16>().add(pad).write(0);
                } else {
                    to.add(pad).write(0.0);
                }
            }
        }
    }
}

/// Keeps a row of weights or gradients by scores, as cells across rows.
///
/// # Safety
///
/// The row has as many numbers as cells are wide.
#[inline(always)]
unsafe fn keep<I: Isa>(from: *const u32, row: usize, width: usize, kept: &mut [u32]) {
    if !I::PAIRS {
        // SAFETY: as the caller says.
        let from = unsafe { std::slice::from_raw_parts(from, width) };
        kept[row * width..][..width].copy_from_slice(from);
        return;
    }
    // SAFETY: as the caller says; two numbers of bf16 are in the place of one of f32.
    let from = unsafe { std::slice::from_raw_parts(from.cast::<u16>(), width) };
    let to = &mut kept[row / 2 * width..][..width];
    if row.is_multiple_of(2) {
        to.iter_mut().zip(from).for_each(|(pair, &x)| *pair = u32::from(x));
    } else {
        to.iter_mut().zip(from).for_each(|(pair, &x)| *pair |= u32::from(x) << 16);
    }
}
