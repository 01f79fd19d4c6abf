//! Rows of a matrix as cells.

use crate::isa::Isa;
use crate::number::Number;
use crate::product::{LINE, Left, ROWS};

/// `count` rows of `size` numbers, which begin `token` numbers apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a, T> {
    numbers: &'a [T],
    token: usize,
    count: usize,
    size: usize,
}

impl<'a, T: Number> Rows<'a, T> {
    /// The rows at the start of some numbers.
    ///
    /// # Panics
    ///
    /// If they are not all there.
    pub(crate) fn new(numbers: &'a [T], token: usize, count: usize, size: usize) -> Self {
        assert!(count == 0 || numbers.len() >= (count - 1) * token + size, "rows of a tensor");
        Self { numbers, token, count, size }
    }

    #[inline(always)]
    pub(crate) fn row(&self, i: usize) -> &'a [T] {
        &self.numbers[i * self.token..][..self.size]
    }

    /// Asks for the memory of a row, if there is one.
    #[inline(always)]
    pub(crate) fn ask_for<I: Isa>(&self, i: usize) {
        const BYTES: usize = LINE * size_of::<u32>();
        if i < self.count {
            let row = self.row(i);
            row.iter().step_by(BYTES / size_of::<T>()).for_each(|x| I::prefetch(x));
        }
    }

    /// How many rows there are.
    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Some of the rows.
    #[inline(always)]
    pub(crate) fn part(&self, from: usize, count: usize) -> Self {
        Self { numbers: &self.numbers[from * self.token..], count, ..*self }
    }

    /// Whether numbers are as they are in cells, and each row begins with a whole cell.
    #[inline(always)]
    fn are_cells<I: Isa>(&self) -> bool {
        let is_even = (self.size | self.token).is_multiple_of(2);
        if I::PAIRS {
            T::IS_NARROW && is_even && self.numbers.as_ptr().cast::<u32>().is_aligned()
        } else {
            !T::IS_NARROW
        }
    }
}

#[inline(always)]
fn cell<I: Isa, T: Number>(first: T, second: T) -> u32 {
    if I::PAIRS {
        u32::from(first.bf16()) | u32::from(second.bf16()) << 16
    } else {
        first.wide().to_bits()
    }
}

/// The cells of a row.
#[inline(always)]
fn cells_of<I: Isa, T: Number>(row: &[T]) -> impl Iterator<Item = u32> {
    let depth = if I::PAIRS { 2 } else { 1 };
    row.chunks(depth)
        .map(|numbers| cell::<I, T>(numbers[0], *numbers.get(1).unwrap_or(&T::default())))
}

/// Rows as the first matrix of a product, with cells along rows: where they lie, or as copies of `width`
/// cells in `memory`.
#[inline(always)]
pub(crate) fn along<I: Isa, T: Number>(
    rows: Rows<'_, T>,
    width: usize,
    memory: &mut [u32],
) -> Left {
    // A product reads whole tiles.
    if rows.count.is_multiple_of(ROWS) && rows.are_cells::<I>() {
        let row = if I::PAIRS { rows.token / 2 } else { rows.token };
        return Left { cells: rows.numbers.as_ptr().cast(), row, step: 1 };
    }
    for (i, to) in memory.chunks_exact_mut(width.max(1)).take(rows.count).enumerate() {
        to.iter_mut().zip(cells_of::<I, T>(rows.row(i))).for_each(|(to, cell)| *to = cell);
    }
    Left { cells: memory.as_ptr(), row: width, step: 1 }
}

/// The transposed rows: cells along rows, of all rows beside each other, filled up with zeros to `width` rows.
#[inline(always)]
pub(crate) fn turned<I: Isa, T: Number>(rows: Rows<'_, T>, width: usize, to: &mut [u32]) {
    let cells = rows.size.div_ceil(if I::PAIRS { 2 } else { 1 });
    let to = &mut to[..cells * width];
    for to in to.chunks_exact_mut(width) {
        to[rows.count..].fill(0);
    }
    // So many rows stay in the cache while their cells are read one after the other.
    const BLOCK: usize = 16;
    let mut from = 0;
    if rows.are_cells::<I>() {
        while from + BLOCK <= rows.count {
            let starts: [*const u32; BLOCK] =
                std::array::from_fn(|i| rows.row(from + i).as_ptr().cast());
            for (t, to) in to.chunks_exact_mut(width).enumerate() {
                let to: &mut [u32; BLOCK] = to[from..].first_chunk_mut().expect("as wide as rows");
                // SAFETY: each row has so many cells.
                *to = std::array::from_fn(|i| unsafe { *starts[i].add(t) });
            }
            from += BLOCK;
        }
    }
    for i in from..rows.count {
        for (t, cell) in cells_of::<I, T>(rows.row(i)).enumerate() {
            to[t * width + i] = cell;
        }
    }
}

/// The rows, cells across them: of pairs those of two rows, the last with zeros where there is none. Each is filled up
/// with zeros to `width` cells.
#[inline(always)]
pub(crate) fn across<I: Isa, T: Number>(rows: Rows<'_, T>, width: usize, to: &mut [u32]) {
    let depth = if I::PAIRS { 2 } else { 1 };
    for (t, to) in to.chunks_exact_mut(width).take(rows.count.div_ceil(depth)).enumerate() {
        let (to, rest) = to.split_at_mut(rows.size);
        rest.fill(0);
        for row in t * depth..(t + 1) * depth {
            rows.ask_for::<I>(row + AHEAD);
        }
        let first = rows.row(t * depth);
        if I::PAIRS && t * depth + 1 < rows.count {
            let second = rows.row(t * depth + 1);
            for ((to, &first), &second) in to.iter_mut().zip(first).zip(second) {
                *to = cell::<I, T>(first, second);
            }
        } else {
            for (to, &first) in to.iter_mut().zip(first) {
                *to = cell::<I, T>(first, T::default());
            }
        }
    }
}

/// How many rows are asked for before they are needed: processors see by themselves what comes next in a row, but not in
/// short ones that lie apart.
const AHEAD: usize = 16;

/// Writes `scale` times f32, of which there are whole vectors, as numbers.
///
/// # Safety
///
/// The processor has the instructions.
#[inline(always)]
pub(crate) unsafe fn unpack<I: Isa, T: Number>(from: &[f32], scale: f32, to: &mut [T]) {
    let whole = to.len() / I::LANES * I::LANES;
    let times = I::splat(scale);
    for at in (0..whole).step_by(I::LANES) {
        // SAFETY: both slices have a vector more there.
        unsafe {
            let x = I::multiply(I::load(from[at..].as_ptr()), times);
            T::store::<I>(to[at..].as_mut_ptr(), x);
        }
    }
    for (to, &x) in to[whole..].iter_mut().zip(&from[whole..]) {
        *to = T::nearest(x * scale);
    }
}
