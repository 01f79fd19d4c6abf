//! Parts of tensors in files: their names, and copying from one to another.

use std::ops::Range;

/// A part of a tensor: a range of each axis.
///
/// In a file a part has the tensor's name, followed by its ranges with the length of each axis:
/// `fc1.weight[0:40/80,120:240/240]`. All of a tensor has the name alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The shape of the tensor.
    pub(crate) shape: Vec<usize>,
    /// The ranges of its axes.
    pub(crate) at: Vec<Range<usize>>,
}

impl Piece {
    /// All of a tensor.
    pub(crate) fn whole(shape: &[usize]) -> Self {
        Self { shape: shape.to_vec(), at: shape.iter().map(|length| 0..*length).collect() }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.at.iter().zip(&self.shape).all(|(range, length)| *range == (0..*length))
    }

    /// The shape of the part.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.at.iter().map(Range::len).collect()
    }

    /// How many elements the part has.
    pub(crate) fn count(&self) -> usize {
        self.at.iter().map(Range::len).product()
    }

    /// The name of this part of the tensor.
    pub(crate) fn name(&self, tensor: &str) -> String {
        if self.is_whole() {
            return tensor.to_owned();
        }
        let range =
            |(at, length): (&Range<usize>, &usize)| format!("{}:{}/{length}", at.start, at.end);
        let ranges: Vec<_> = self.at.iter().zip(&self.shape).map(range).collect();
        format!("{tensor}[{}]", ranges.join(","))
    }

    /// The tensor's name and the part of it that a name and the shape of its values say; none for a name
    /// whose ranges are none of that shape.
    pub(crate) fn of_name<'a>(name: &'a str, sizes: &[usize]) -> Option<(&'a str, Self)> {
        let Some((tensor, ranges)) = name.strip_suffix(']').and_then(|name| name.split_once('['))
        else {
            return Some((name, Self::whole(sizes)));
        };
        let range = |text: &str| {
            let (range, length) = text.split_once('/')?;
            let (start, end) = range.split_once(':')?;
            let number = |text: &str| text.parse::<usize>().ok();
            let (start, end, length) = (number(start)?, number(end)?, number(length)?);
            (start <= end && end <= length).then_some((start..end, length))
        };
        let ranges: Option<Vec<_>> = ranges.split(',').map(range).collect();
        let (at, shape) = ranges?.into_iter().unzip();
        let piece = Self { shape, at };
        (piece.sizes() == sizes).then_some((tensor, piece))
    }

    /// The runs of elements that both parts of one tensor have: where each begins in this part's values,
    /// where in the other's, and its length. They rise in this part.
    pub(crate) fn shared_runs(&self, other: &Self, mut run: impl FnMut(usize, usize, usize)) {
        let both: Vec<Range<usize>> = self
            .at
            .iter()
            .zip(&other.at)
            .map(|(a, b)| a.start.max(b.start)..a.end.min(b.end))
            .collect();
        if both.iter().any(Range::is_empty) {
            return;
        }
        // A run spans the trailing axes of which both have all that either has, and the one before.
        let mut inner = both.len();
        let mut length = 1;
        while inner > 0 {
            inner -= 1;
            length *= both[inner].len();
            if both[inner] != self.at[inner] || both[inner] != other.at[inner] {
                break;
            }
        }
        let place = |piece: &Self, index: &[usize]| {
            let axes = piece.at.iter().zip(index);
            axes.fold(0, |place, (range, at)| place * range.len() + (at - range.start))
        };
        let mut index: Vec<usize> = both.iter().map(|range| range.start).collect();
        loop {
            run(place(self, &index), place(other, &index), length);
            // The next index of the outer axes, the last one first.
            let Some(axis) = (0..inner).rev().find(|axis| index[*axis] + 1 < both[*axis].end)
            else {
                return;
            };
            index[axis] += 1;
            for later in axis + 1..inner {
                index[later] = both[later].start;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(shape: &[usize], at: &[Range<usize>]) -> Piece {
        Piece { shape: shape.to_vec(), at: at.to_vec() }
    }

    #[test]
    fn names_say_the_ranges_of_parts_alone() {
        let part = piece(&[80, 240], &[0..40, 120..240]);
        assert_eq!(part.name("fc1.weight"), "fc1.weight[0:40/80,120:240/240]");
        let name = part.name("fc1.weight");
        assert_eq!(Piece::of_name(&name, &[40, 120]), Some(("fc1.weight", part)));
        assert_eq!(Piece::of_name("bias", &[3]), Some(("bias", Piece::whole(&[3]))));
        assert_eq!(Piece::whole(&[3]).name("bias"), "bias");
        for (name, sizes) in [
            ("w[0:40/80]", &[41][..]),
            ("w[0:90/80]", &[90]),
            ("w[5:4/80]", &[0]),
            ("w[]", &[1]),
            ("w[0:1/2,x]", &[1, 1]),
            ("w[0:1]", &[1]),
        ] {
            assert_eq!(Piece::of_name(name, sizes), None, "{name}");
        }
    }

    /// Every pair of boxes of a small tensor: the values of one that come from the other are those at the same
    /// place.
    #[test]
    fn shared_runs_copy_what_both_have() {
        let shape = [3, 2, 4];
        let ranges = |length: usize| {
            (0..length).flat_map(move |start| (start + 1..=length).map(move |end| start..end))
        };
        let mut boxes = vec![];
        for a in ranges(3) {
            for b in ranges(2) {
                boxes.extend(ranges(4).map(|c| piece(&shape, &[a.clone(), b.clone(), c])));
            }
        }
        let values = |piece: &Piece| {
            let [a, b, c] = [0, 1, 2].map(|axis| piece.at[axis].clone());
            let mut values = vec![];
            for i in a {
                for j in b.clone() {
                    values.extend(c.clone().map(|k| 100 * i + 10 * j + k + 1));
                }
            }
            values
        };
        for from in &boxes {
            for to in &boxes {
                let (source, all) = (values(from), values(to));
                let mut copied = vec![0; all.len()];
                let mut before = None;
                from.shared_runs(to, |mine, theirs, length| {
                    assert!(before.is_none_or(|before| before < mine));
                    before = Some(mine);
                    copied[theirs..theirs + length].copy_from_slice(&source[mine..mine + length]);
                });
                let expected: Vec<usize> =
                    all.iter().map(|v| if source.contains(v) { *v } else { 0 }).collect();
                assert_eq!(copied, expected, "{from:?} {to:?}");
            }
        }
    }
}
