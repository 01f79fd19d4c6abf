//! Byte-pair encoding: neighbours are joined, the best pair first, until no pair may be.

use core::cmp::Reverse;
use core::ops::Range;
use std::collections::BinaryHeap;

/// A pair of neighbours that may be joined. The greatest is joined first; of equals the first in the text.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate<R> {
    rank: R,
    left: Reverse<usize>,
    right: usize,
    /// Length of both together, by which a candidate is known whose parts have grown since.
    length: usize,
}

/// A piece of the text.
#[derive(Debug, Clone)]
pub(super) struct Symbol {
    pub(super) place: Range<usize>,
    /// Whether it is never joined with others.
    pub(super) is_frozen: bool,
}

/// Joins symbols. `rank` has the places of two neighbours, and says how good the pair is; none if it may not be joined.
pub(super) fn merge<R: Ord>(
    mut symbols: Vec<Symbol>,
    rank: impl Fn(&Range<usize>, &Range<usize>) -> Option<R>,
) -> Vec<Range<usize>> {
    const NONE: usize = usize::MAX;
    let count = symbols.len();
    let mut before: Vec<usize> = (0..count).map(|index| index.wrapping_sub(1)).collect();
    let mut behind: Vec<usize> = (1..count).chain([NONE]).take(count).collect();
    let mut queue = BinaryHeap::new();
    let candidate = |symbols: &[Symbol], left: usize, right: usize| {
        let (one, other) = (symbols.get(left)?, symbols.get(right)?);
        if one.is_frozen || other.is_frozen {
            return None;
        }
        let rank = rank(&one.place, &other.place)?;
        let length = one.place.len() + other.place.len();
        Some(Candidate { rank, left: Reverse(left), right, length })
    };
    queue.extend((1..count).filter_map(|right| candidate(&symbols, right - 1, right)));
    while let Some(Candidate { left: Reverse(left), right, length, .. }) = queue.pop() {
        let (one, other) = (symbols[left].place.clone(), symbols[right].place.clone());
        if one.is_empty() || other.is_empty() || one.len() + other.len() != length {
            continue;
        }
        symbols[left].place = one.start..other.end;
        symbols[right].place = other.end..other.end;
        behind[left] = behind[right];
        if let Some(before) = before.get_mut(behind[right]) {
            *before = left;
        }
        queue.extend(candidate(&symbols, before[left], left));
        queue.extend(candidate(&symbols, left, behind[left]));
    }
    symbols.into_iter().map(|symbol| symbol.place).filter(|place| !place.is_empty()).collect()
}
