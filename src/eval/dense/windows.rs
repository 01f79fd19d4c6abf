//! Large images, in windows that overlap.

use crate::eval::arrays::{EvalError, check_length};

/// Where windows begin along an axis so that they cover it: every `stride` from 0 on, the last one moved
/// back to the edge. An axis that is shorter than a window has one that begins at 0.
///
/// ```
/// use vit22b::eval::window_starts;
///
/// assert_eq!(window_starts(10, 4, 4), [0, 4, 6]);
/// assert_eq!(window_starts(3, 4, 2), [0]);
/// ```
///
/// # Panics
///
/// If `window` or `stride` is 0, or `stride` is larger than `window`, which would leave gaps.
pub fn window_starts(size: usize, window: usize, stride: usize) -> Vec<usize> {
    assert!(
        (1..=window).contains(&stride),
        "a stride from 1 to the window of {window} is expected, got {stride}"
    );
    let last = size.saturating_sub(window);
    (0..=last.div_ceil(stride)).map(|index| (index * stride).min(last)).collect()
}

/// The mean of windows that overlap: each pixel's sum over windows, divided by their number.
///
/// ```
/// use vit22b::eval::WindowMean;
///
/// let mut mean = WindowMean::new(1, [1, 3]);
/// mean.add([0, 0], [1, 2], &[1.0, 2.0])?;
/// mean.add([0, 1], [1, 2], &[4.0, 5.0])?;
/// assert_eq!(mean.finish()?, [1.0, 3.0, 5.0]);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct WindowMean {
    channels: usize,
    size: [usize; 2],
    sums: Vec<f64>,
    counts: Vec<u32>,
}

impl WindowMean {
    /// No windows yet, of maps of this many channels for an image of `[height, width]`.
    pub fn new(channels: usize, size: [usize; 2]) -> Self {
        let pixels = size[0] * size[1];
        Self { channels, size, sums: vec![0.0; channels * pixels], counts: vec![0; pixels] }
    }

    /// Adds a window `[height, width]` whose first pixel is at `[row, column]`. Its values are those of the
    /// first channel row by row, then those of the second one, and so on.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there are other than `channels * height * width` values, or the window is not
    /// inside of the image.
    pub fn add<T: Copy + Into<f64>>(
        &mut self,
        [top, left]: [usize; 2],
        [height, width]: [usize; 2],
        values: &[T],
    ) -> Result<(), EvalError> {
        let [rows, columns] = self.size;
        check_length("the values of a window", self.channels * height * width, values.len())?;
        for (start, length, most) in [(top, height, rows), (left, width, columns)] {
            if start + length > most {
                let (what, expected) = ("the end of a window", "at most the side of the image");
                return Err(EvalError::Value { what, value: (start + length) as f64, expected });
            }
        }
        for row in 0..height {
            let first = (top + row) * columns + left;
            self.counts[first..first + width].iter_mut().for_each(|count| *count += 1);
            for channel in 0..self.channels {
                let sums = &mut self.sums[channel * rows * columns + first..][..width];
                let values = &values[(channel * height + row) * width..][..width];
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += (*value).into());
            }
        }
        Ok(())
    }

    /// How many windows have each pixel, row by row.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The means, channel by channel.
    ///
    /// # Errors
    ///
    /// [`EvalError::Value`] if there is a pixel without a window.
    pub fn finish(self) -> Result<Vec<f64>, EvalError> {
        if self.counts.contains(&0) {
            let (what, expected) = ("the windows of a pixel", "at least one for each pixel");
            return Err(EvalError::Value { what, value: 0.0, expected });
        }
        let pixels = self.counts.len();
        let mean = |(index, sum): (usize, &f64)| sum / f64::from(self.counts[index % pixels]);
        Ok(self.sums.iter().enumerate().map(mean).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_an_axis_and_end_at_its_edge() {
        for size in 1..40usize {
            for window in 1..12 {
                for stride in 1..=window {
                    let starts = window_starts(size, window, stride);
                    assert_eq!(starts[0], 0);
                    let end = |start: &usize| start + window;
                    assert!(
                        starts.windows(2).all(|pair| pair[1] > pair[0] && pair[1] <= end(&pair[0]))
                    );
                    assert_eq!(
                        starts.last().map(end),
                        Some(size.max(window)),
                        "{size} {window} {stride}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_gap_and_a_window_outside_are_refused() {
        let mut mean = WindowMean::new(2, [2, 2]);
        assert!(mean.add([0, 1], [2, 2], &[0.0f32; 8]).is_err());
        assert!(mean.add([0, 0], [2, 2], &[0.0f32; 4]).is_err());
        mean.add([0, 0], [1, 2], &[1.0f32; 4]).unwrap();
        assert_eq!(mean.counts(), [1, 1, 0, 0]);
        assert_eq!(
            mean.finish().unwrap_err().to_string(),
            "the windows of a pixel = 0: expected at least one for each pixel"
        );
    }
}
