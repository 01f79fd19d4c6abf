//! The positions in a file: where they go, and the grid that they form.

use super::error::WeightsError;

/// The path of the learned positions.
pub(super) const POSITIONS: &str = "pos_embedding";

/// The end of the paths of relative position biases, one in each block.
pub(super) const RELATIVE_BIAS: &str = ".relative_bias.table";

/// Splits `count` positions into a grid of patches and those of prefix tokens: rows and columns,
/// and which of the numbers in `before` is that of the others.
///
/// A `hint` at rows and columns is taken where it fits the count; a config may be made for another
/// image size than its weights. Else the grid is the square that fits.
pub(super) fn grid(
    count: usize,
    before: &[usize],
    hint: Option<[usize; 2]>,
) -> Result<([usize; 2], usize), WeightsError> {
    let fits = |[rows, columns]: [usize; 2]| {
        let patches = rows.checked_mul(columns)?;
        let before = before.iter().find(|before| patches.checked_add(**before) == Some(count))?;
        (patches > 0).then_some(([rows, columns], *before))
    };
    if let Some(found) = hint.and_then(fits) {
        return Ok(found);
    }
    let square = |before: &usize| {
        let patches = count.checked_sub(*before)?;
        let side = patches.isqrt();
        (side > 0 && side * side == patches).then_some(([side, side], *before))
    };
    let mut squares: Vec<_> = before.iter().filter_map(square).collect();
    squares.sort();
    squares.dedup();
    match squares[..] {
        [found] => Ok(found),
        [] => Err(ambiguous(count, "is no square, with or without those of prefix tokens")),
        _ => Err(ambiguous(count, "is a square with and without those of prefix tokens")),
    }
}

fn ambiguous(count: usize, why: &str) -> WeightsError {
    WeightsError::Ambiguous {
        field: "image",
        why: format!("the number of positions, {count}, {why}"),
        option: "grid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_found_and_doubts_told() {
        assert_eq!(grid(16, &[1, 0], None).unwrap(), ([4, 4], 0));
        assert_eq!(grid(17, &[1, 0], None).unwrap(), ([4, 4], 1));
        assert_eq!(grid(16 + 5, &[5, 1, 0], None).unwrap(), ([4, 4], 5));
        assert_eq!(grid(1, &[1, 0], None).unwrap(), ([1, 1], 0));
        assert_eq!(grid(13, &[1, 0], Some([3, 4])).unwrap(), ([3, 4], 1));
        assert_eq!(grid(17, &[1, 0], Some([3, 4])).unwrap(), ([4, 4], 1));
        for (count, before, message) in [
            (13, &[1, 0][..], "13, is no square"),
            (25, &[9, 0][..], "25, is a square with and without"),
            (0, &[0][..], "0, is no square"),
        ] {
            let error = grid(count, before, None).unwrap_err().to_string();
            assert!(error.contains(message) && error.contains("LoadOptions::grid"), "{error}");
        }
    }
}
