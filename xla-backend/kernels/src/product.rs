//! Products of small matrices, of which the second lies ready in cells.

use crate::isa::Isa;

/// Rows of a tile.
pub(crate) const ROWS: usize = 6;

/// Rows that one after the other are multiplied by the same columns, which stay in the first cache meanwhile.
pub(crate) const BLOCK: usize = 4 * ROWS;

/// Where the first matrix of a product lies: cell `t` of row `i` is at `i * row + t * step`.
#[derive(Clone, Copy)]
pub(crate) struct Left {
    pub(crate) cells: *const u32,
    pub(crate) row: usize,
    pub(crate) step: usize,
}

/// Where the second matrix lies: the vectors of cell `t` begin at `t * step`.
#[derive(Clone, Copy)]
pub(crate) struct Right {
    pub(crate) cells: *const u32,
    pub(crate) step: usize,
}

/// The product of `rows` rows of `left`, filled up to a multiple of [`ROWS`], and `vectors` vectors of columns of `right`,
/// over `depth` cells. `take` gets its vectors, with the row and the vector of each.
///
/// # Safety
///
/// All cells are there, and the processor has the instructions.
#[inline(always)]
pub(crate) unsafe fn product<I: Isa>(
    left: Left,
    right: Right,
    depth: usize,
    (rows, vectors): (usize, usize),
    mut take: impl FnMut(usize, usize, I::V),
) {
    let mut at = 0;
    while at < vectors {
        for row in (0..rows).step_by(ROWS) {
            // SAFETY: as the caller says; the tile is not wider than what is left.
            unsafe {
                let right = Right { cells: right.cells.add(at * I::LANES), ..right };
                let left = Left { cells: left.cells.add(row * left.row), ..left };
                let mut take = |i, n, x| take(row + i, at + n, x);
                match (vectors - at).min(I::TILE) {
                    4 => tile::<I, 4>(left, right, depth, &mut take),
                    3 => tile::<I, 3>(left, right, depth, &mut take),
                    2 => tile::<I, 2>(left, right, depth, &mut take),
                    _ => tile::<I, 1>(left, right, depth, &mut take),
                }
            }
        }
        at += (vectors - at).min(I::TILE);
    }
}

/// # Safety
///
/// As [`product`].
#[inline(always)]
unsafe fn tile<I: Isa, const N: usize>(
    left: Left,
    right: Right,
    depth: usize,
    take: &mut impl FnMut(usize, usize, I::V),
) {
    let mut sums = [[I::splat(0.0); N]; ROWS];
    for t in 0..depth {
        // SAFETY: as the caller of `product` says.
        unsafe {
            let vectors: [I::V; N] = std::array::from_fn(|n| {
                I::load(right.cells.add(t * right.step + n * I::LANES).cast())
            });
            for (i, sums) in sums.iter_mut().enumerate() {
                let x = I::broadcast(left.cells.add(i * left.row + t * left.step));
                for (sum, &vector) in sums.iter_mut().zip(&vectors) {
                    *sum = I::dot(*sum, x, vector);
                }
            }
        }
    }
    for (i, sums) in sums.into_iter().enumerate() {
        for (n, sum) in sums.into_iter().enumerate() {
            take(i, n, sum);
        }
    }
}
