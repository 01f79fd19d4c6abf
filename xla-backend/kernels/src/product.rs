//! Products of small matrices, of which the second lies ready in cells.

use crate::isa::Isa;

/// Rows of a tile.
pub(crate) const ROWS: usize = 6;

/// Rows that one after the other are multiplied by the same columns, where these stay in the first cache meanwhile.
pub(crate) const BLOCK: usize = 4 * ROWS;

/// Cells of a line of the cache.
pub(crate) const LINE: usize = 16;

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

/// Two matrices that are multiplied, over `depth` cells.
#[derive(Clone, Copy)]
pub(crate) struct Factor {
    pub(crate) left: Left,
    pub(crate) right: Right,
    pub(crate) depth: usize,
}

/// The sum of products, each of `rows` rows of the first matrix, filled up to a multiple of [`ROWS`], and `vectors` vectors
/// of columns of the second. `take` gets its vectors, with the row and the vector of each. Before a tile multiplies a line
/// of cells, `ahead` gets the factor, the row of the tile and the first of the cells: it may ask for memory that is needed
/// soon.
///
/// # Safety
///
/// All cells are there, and the processor has the instructions.
#[inline(always)]
pub(crate) unsafe fn product<I: Isa>(
    factors: &[Factor],
    (rows, vectors): (usize, usize),
    ahead: impl Fn(usize, usize, usize),
    mut take: impl FnMut(usize, usize, I::V),
) {
    let mut at = 0;
    while at < vectors {
        for row in (0..rows).step_by(ROWS) {
            // SAFETY: as the caller says; the tile is not wider than what is left.
            unsafe {
                match (vectors - at).min(I::TILE) {
                    4 => tile::<I, 4>(factors, (row, at), &ahead, &mut take),
                    3 => tile::<I, 3>(factors, (row, at), &ahead, &mut take),
                    2 => tile::<I, 2>(factors, (row, at), &ahead, &mut take),
                    _ => tile::<I, 1>(factors, (row, at), &ahead, &mut take),
                }
            }
        }
        at += (vectors - at).min(I::TILE);
    }
}

/// One product, written to rows that begin `width` numbers after each other.
///
/// # Safety
///
/// As [`product`], and there is room for all rows and vectors.
#[inline(always)]
pub(crate) unsafe fn product_to<I: Isa>(
    factor: Factor,
    size: (usize, usize),
    to: *mut f32,
    width: usize,
) {
    // SAFETY: as the caller says.
    unsafe {
        product::<I>(
            &[factor],
            size,
            |_, _, _| {},
            |i, at, x| {
                I::store(to.add(i * width + at * I::LANES), x);
            },
        );
    }
}

/// The part of a product that begins at a row and a vector.
///
/// # Safety
///
/// As [`product`].
#[inline(always)]
unsafe fn tile<I: Isa, const N: usize>(
    factors: &[Factor],
    (row, at): (usize, usize),
    ahead: &impl Fn(usize, usize, usize),
    take: &mut impl FnMut(usize, usize, I::V),
) {
    let mut sums = [[I::splat(0.0); N]; ROWS];
    for (number, &Factor { left, right, depth }) in factors.iter().enumerate() {
        // SAFETY: as the caller of `product` says.
        unsafe {
            let (left_cells, right_cells) =
                (left.cells.add(row * left.row), right.cells.add(at * I::LANES));
            let mut from = 0;
            while from < depth {
                ahead(number, row, from);
                let to = (from + LINE).min(depth);
                for t in from..to {
                    let vectors: [I::V; N] = std::array::from_fn(|n| {
                        I::load(right_cells.add(t * right.step + n * I::LANES).cast())
                    });
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let x = I::broadcast(left_cells.add(i * left.row + t * left.step));
                        for (sum, &vector) in sums.iter_mut().zip(&vectors) {
                            *sum = I::dot(*sum, x, vector);
                        }
                    }
                }
                from = to;
            }
        }
    }
    for (i, sums) in sums.into_iter().enumerate() {
        for (n, sum) in sums.into_iter().enumerate() {
            take(row + i, at + n, sum);
        }
    }
}
