//! A view of a tensor: which of its elements make a parameter, in which order.

use super::element::Float;

/// Some elements of a row-major tensor in some order: an offset, and a length and a stride for each
/// axis. Every origin keeps a parameter as a view of one of its tensors (transposed, one of three
/// in a joint matrix, one block of a stack). So one pass over the bytes of a file gathers a
/// parameter, and the same pass scatters it when a file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    offset: usize,
    axes: Vec<(usize, usize)>,
}

impl View {
    /// All elements of a tensor, in order.
    pub(crate) fn whole(shape: &[usize]) -> Self {
        let mut stride = 1usize;
        let mut axes: Vec<_> = shape
            .iter()
            .rev()
            .map(|length| {
                let axis = (*length, stride);
                // The shape may be an expected one that no file can have. It is refused where it is
                // compared; the stride must not overflow before.
                stride = length.saturating_mul(stride);
                axis
            })
            .collect();
        axes.reverse();
        Self { offset: 0, axes }
    }

    /// All elements of a tensor that is stored with its first axis fastest (Fortran's order).
    pub(crate) fn column_major(shape: &[usize]) -> Self {
        let reversed: Vec<usize> = shape.iter().rev().copied().collect();
        let mut view = Self::whole(&reversed);
        view.axes.reverse();
        view
    }

    /// The same with an axis of length 1 in front.
    pub(crate) fn unsqueeze(mut self) -> Self {
        self.axes.insert(0, (1, 0));
        self
    }

    pub(crate) fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|(length, _)| *length).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.axes.iter().map(|(length, _)| length).product()
    }

    /// The positions `start .. start + length` of an axis.
    pub(crate) fn narrow(mut self, axis: usize, start: usize, length: usize) -> Self {
        let (_, stride) = self.axes[axis];
        self.offset += start * stride;
        self.axes[axis].0 = length;
        self
    }

    /// Position `index` of the first axis; the view loses that axis.
    pub(crate) fn at(mut self, index: usize) -> Self {
        let (_, stride) = self.axes.remove(0);
        self.offset += index * stride;
        self
    }

    /// The axes in another order.
    pub(crate) fn permute(mut self, order: &[usize]) -> Self {
        self.axes = order.iter().map(|axis| self.axes[*axis]).collect();
        self
    }

    /// Makes one axis of axes `first` and `first + 1`, which must be contiguous in memory.
    pub(crate) fn merge(mut self, first: usize) -> Self {
        let (length, stride) = self.axes.remove(first + 1);
        let outer = &mut self.axes[first];
        debug_assert!(outer.0 == 1 || outer.1 == length * stride);
        *outer = (outer.0 * length, stride);
        self
    }

    /// Calls `f` for each element with its index in the view and its index in the tensor.
    pub(crate) fn for_each(&self, mut f: impl FnMut(usize, usize)) {
        let ones = [(1, 0), (1, 0)];
        let axes = [&ones[..2usize.saturating_sub(self.axes.len())], &self.axes[..]].concat();
        let (outer, inner) = axes.split_at(axes.len() - 2);
        let (&[(rows, row_stride), (columns, column_stride)], count) = (
            <&[(usize, usize); 2]>::try_from(inner).expect("two axes were split off"),
            outer.iter().map(|(length, _)| length).product::<usize>(),
        );
        // A transposed matrix is read in tiles of 32 columns: row by row, each element would cost
        // a cache line.
        let tile = if column_stride == 1 { columns.max(1) } else { 32 };
        for index in 0..count {
            let (mut rest, mut base) = (index, self.offset);
            for (length, stride) in outer.iter().rev() {
                base += rest % length * stride;
                rest /= length;
            }
            let start = index * rows * columns;
            for first_column in (0..columns).step_by(tile) {
                for row in 0..rows {
                    for column in first_column..(first_column + tile).min(columns) {
                        f(
                            start + row * columns + column,
                            base + row * row_stride + column * column_stride,
                        );
                    }
                }
            }
        }
    }

    /// Reads the elements of the view, in its order, from the bytes of the tensor.
    pub(crate) fn gather<S: Float, T: Float>(&self, bytes: &[u8]) -> Vec<T> {
        let mut values = vec![T::from_f64(0.0); self.count()];
        self.for_each(|ours, theirs| {
            values[ours] = T::from_f64(S::read(&bytes[theirs * S::SIZE..]).to_f64());
        });
        values
    }

    /// Writes elements, given in the view's order, into the bytes of the tensor.
    pub(crate) fn scatter<T: Float>(&self, values: &[T], bytes: &mut [u8]) {
        self.for_each(|ours, theirs| values[ours].write(&mut bytes[theirs * T::SIZE..]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(count: usize) -> Vec<u8> {
        (0..count).flat_map(|value| (value as f32).to_le_bytes()).collect()
    }

    #[test]
    fn parts_and_turns_compose() {
        // The second of three 2 x 2 matrices in a [6, 2] tensor, transposed.
        let view = View::whole(&[6, 2]).narrow(0, 2, 2).permute(&[1, 0]);
        assert_eq!(view.shape(), [2, 2]);
        assert_eq!(view.gather::<f32, f64>(&bytes(12)), [4.0, 6.0, 5.0, 7.0]);

        // A [2, 2, 3] stack: the second matrix, its axes merged.
        let view = View::whole(&[2, 2, 3]).at(1).merge(0);
        assert_eq!(view.gather::<f32, f32>(&bytes(12)), [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);

        let view = View::column_major(&[2, 3]);
        assert_eq!(view.gather::<f32, f32>(&bytes(6)), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
    }

    #[test]
    fn scatter_undoes_gather_beyond_one_tile() {
        let view = View::whole(&[3, 70, 2, 40]).at(1).merge(1).permute(&[1, 0]);
        let all = bytes(3 * 70 * 2 * 40);
        let values: Vec<f32> = view.gather::<f32, f32>(&all);
        assert_eq!((values[0], values[1], values[70]), (5600.0, 5680.0, 5601.0));
        let mut written = all.clone();
        written[5600 * 4..11200 * 4].fill(0);
        view.scatter(&values, &mut written);
        assert_eq!(written, all);
    }
}
