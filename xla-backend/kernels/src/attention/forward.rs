//! The forward pass of a head.

use super::norm::{cells, normalised};
use super::sizes::{Attention, Norms, Place, Tensors};
use crate::isa::{Isa, Work};
use crate::memory::{Scratch, Shared, Units};
use crate::number::Number;
use crate::pack::{across, along, turned, unpack};
use crate::product::{BLOCK, Factor, Left, Right, product_to};

pub(super) struct Forward<'a, T> {
    pub(super) sizes: &'a Attention,
    pub(super) place: Place,
    pub(super) tensors: Tensors<'a, T>,
    pub(super) norms: Norms<'a>,
    pub(super) out: Shared<'a, T>,
    pub(super) scratch: &'a mut Vec<u32>,
}

impl<T: Number> Work for Forward<'_, T> {
    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let Self { sizes, place, tensors, norms, out, scratch } = self;
        let (units, size, keys, queries) =
            (Units::of::<I>(), sizes.size, sizes.keys, sizes.queries);
        let (row_cells, key_cells) = (units.cells(size), units.cells(keys));
        let (key_width, width) = (units.padded(keys), units.padded(size));
        let parts = [
            row_cells * key_width,
            key_cells * width,
            BLOCK * row_cells,
            BLOCK * key_width,
            BLOCK * width,
            cells::<T>(norms.query, queries, size),
            cells::<T>(norms.key, keys, size),
        ];
        let mut scratch = Scratch::new(scratch, &parts);
        let turned_keys = scratch.take(parts[0]);
        let values = scratch.take(parts[1]);
        let query = scratch.take(parts[2]);
        let weights = scratch.take(parts[3]);
        let taken = scratch.take(parts[4]);
        let [normed_queries, normed_keys] = [5, 6].map(|part| scratch.take(parts[part]));

        let rows = |numbers, tokens| place.rows(sizes, numbers, tokens);
        let (all_queries, all_keys) = (rows(tensors.query, queries), rows(tensors.key, keys));
        // SAFETY: as the caller says.
        let (all_queries, all_keys) = unsafe {
            (
                normalised::<I, T>(all_queries, norms.query, normed_queries),
                normalised::<I, T>(all_keys, norms.key, normed_keys),
            )
        };
        turned::<I, T>(all_keys, key_width, turned_keys);
        across::<I, T>(rows(tensors.value, keys), width, values);

        for from in (0..queries).step_by(BLOCK) {
            let count = BLOCK.min(queries - from);
            let left = along::<I, T>(all_queries.part(from, count), row_cells, query);
            let right = Right { cells: turned_keys.as_ptr(), step: key_width };
            let scores = weights.as_mut_ptr().cast::<f32>();
            // SAFETY: the parts have these sizes. Rows of queries that are missing have cells of rows before.
            unsafe {
                let factor = Factor { left, right, depth: row_cells };
                product_to::<I>(factor, (count, units.vectors(keys)), scores, key_width);
            }
            let mut shares = [0.0; BLOCK];
            for (i, share) in shares.iter_mut().enumerate().take(count) {
                // SAFETY: a row is as wide.
                let sum = unsafe {
                    softmax::<I>(scores.add(i * key_width), keys, key_width, sizes.scale)
                };
                *share = 1.0 / sum;
            }
            let left = Left { cells: weights.as_ptr(), row: key_width, step: 1 };
            let right = Right { cells: values.as_ptr(), step: width };
            let sums = taken.as_mut_ptr().cast::<f32>();
            // SAFETY: as above.
            let taken = unsafe {
                let factor = Factor { left, right, depth: key_cells };
                product_to::<I>(factor, (count, units.vectors(size)), sums, width);
                std::slice::from_raw_parts(sums, BLOCK * width)
            };
            for (i, row) in taken.chunks_exact(width).take(count).enumerate() {
                let at = place.start(sizes, queries) + (from + i) * sizes.token();
                // SAFETY: this head of this token is this task's.
                unsafe { unpack::<I, T>(row, shares[i], out.part(at, size)) };
            }
        }
    }
}

/// Makes of a row of scores the exponentials of their differences from the largest, as cells. Gives their
/// sum.
///
/// # Safety
///
/// The row has `width` numbers, a multiple of a vector, and the processor has the instructions.
#[inline(always)]
unsafe fn softmax<I: Isa>(row: *mut f32, keys: usize, width: usize, scale: f32) -> f32 {
    // SAFETY: as the caller says.
    unsafe {
        for pad in keys..width {
            row.add(pad).write(f32::NEG_INFINITY);
        }
        let mut largest = I::load(row);
        for at in (I::LANES..width).step_by(I::LANES) {
            largest = I::maximum(largest, I::load(row.add(at)));
        }
        let largest = I::largest(largest) * scale;
        let (minus, times) = (I::splat(-largest), I::splat(scale));
        let mut sum = I::splat(0.0);
        for at in (0..width).step_by(I::LANES) {
            let e = I::exponential(I::multiply_add(I::load(row.add(at)), times, minus));
            sum = I::add(sum, e);
            if I::PAIRS {
                // Behind what was read: half as many bytes.
                I::store_bf16(row.cast::<u16>().add(at), e);
            } else {
                I::store(row.add(at), e);
            }
        }
        I::sum(sum)
    }
}
