//! Depths of pixels, compared with the true ones.

use crate::eval::arrays::{EvalError, Real, check_length};

/// How a prediction is brought to the scale of the truth before it is compared, for each image by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DepthAlignment {
    /// Not at all: the model says metres.
    #[default]
    None,
    /// Times the ratio of the medians.
    Median,
    /// Times a number and plus another, those of least squares.
    ScaleShift,
    /// The prediction is an inverse depth up to a number and a shift, as relative models give it: those
    /// of least squares against 1 / truth, then inverted.
    InverseScaleShift,
}

/// Errors of depth over the valid pixels of some images.
///
/// With prediction `p`, truth `d` and `e = ln p - ln d`:
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct DepthScores {
    /// `mean |p - d| / d`
    pub abs_rel: f64,
    /// `mean (p - d)² / d`
    pub sq_rel: f64,
    /// `√ mean (p - d)²`
    pub rmse: f64,
    /// `√ mean e²`
    pub rmse_log: f64,
    /// `mean |log₁₀ p - log₁₀ d|`
    pub log10: f64,
    /// `100 √(mean e² - (mean e)²)`
    pub silog: f64,
    /// The share of pixels with `max(p / d, d / p) < 1.1`.
    pub delta_1_1: f64,
    /// The same below 1.25.
    pub delta_1: f64,
    /// The same below 1.25².
    pub delta_2: f64,
    /// The same below 1.25³.
    pub delta_3: f64,
}

impl DepthScores {
    /// Names and values in the order in which papers list them.
    pub fn in_order(&self) -> [(&'static str, f64); 10] {
        [
            ("abs_rel", self.abs_rel),
            ("sq_rel", self.sq_rel),
            ("rmse", self.rmse),
            ("rmse_log", self.rmse_log),
            ("log10", self.log10),
            ("silog", self.silog),
            ("delta_1_1", self.delta_1_1),
            ("delta_1", self.delta_1),
            ("delta_2", self.delta_2),
            ("delta_3", self.delta_3),
        ]
    }

    fn from_values([abs_rel, sq_rel, rmse, rmse_log, log10, silog, a, b, c, d]: [f64; 10]) -> Self {
        let (delta_1_1, delta_1, delta_2, delta_3) = (a, b, c, d);
        Self { abs_rel, sq_rel, rmse, rmse_log, log10, silog, delta_1_1, delta_1, delta_2, delta_3 }
    }
}

/// Collects errors of depth, image by image.
///
/// A pixel is valid if its true depth is finite and between the limits, both excluded. Predictions are
/// clamped to the limits.
///
/// ```
/// use vit22b::eval::DepthErrors;
///
/// let mut errors = DepthErrors::new(1e-3, 10.0)?;
/// // A true depth of 0 says that nothing is known.
/// assert_eq!(errors.add(&[2.0, 0.0, 4.0], &[2.0, 7.0, 5.0])?, 2);
/// let scores = errors.mean_of_images().unwrap();
/// assert_eq!((scores.abs_rel, scores.delta_1), (0.125, 0.5));
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DepthErrors {
    min: f64,
    max: f64,
    alignment: DepthAlignment,
    images: Vec<Option<DepthScores>>,
    pooled: Sums,
}

impl DepthErrors {
    /// No images yet; depths count between these limits, such as 1e-3 and the cap of a benchmark (10 m for
    /// NYU, 80 m for KITTI).
    ///
    /// # Errors
    ///
    /// [`EvalError::Value`] unless `0 < min < max` and both are finite.
    pub fn new(min: f64, max: f64) -> Result<Self, EvalError> {
        let value = |what, value, expected| Err(EvalError::Value { what, value, expected });
        if !(min > 0.0 && min.is_finite()) {
            return value("the smallest depth", min, "a finite number above 0");
        }
        if !(max > min && max.is_finite()) {
            return value("the largest depth", max, "a finite number above the smallest depth");
        }
        let alignment = DepthAlignment::None;
        Ok(Self { min, max, alignment, images: Vec::new(), pooled: Sums::default() })
    }

    /// The same, with predictions aligned in this way.
    #[must_use]
    pub fn with_alignment(self, alignment: DepthAlignment) -> Self {
        Self { alignment, ..self }
    }

    /// Adds an image, and returns how many of its pixels are valid.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if there is not a prediction for each pixel, or that of a valid pixel is not finite.
    pub fn add<T: Real>(&mut self, truth: &[T], predicted: &[T]) -> Result<usize, EvalError> {
        self.add_where(truth, predicted, |_| true)
    }

    /// The same for the pixels, by their index, that are inside of a mask.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn add_where<T: Real>(
        &mut self,
        truth: &[T],
        predicted: &[T],
        mask: impl Fn(usize) -> bool,
    ) -> Result<usize, EvalError> {
        check_length("predicted depths", truth.len(), predicted.len())?;
        let mut pairs = Vec::new();
        for (row, (truth, predicted)) in truth.iter().zip(predicted).enumerate() {
            let (d, p): (f64, f64) = ((*truth).into(), (*predicted).into());
            // A depth of NaN is between no limits.
            if !(d > self.min && d < self.max && mask(row)) {
                continue;
            }
            if !p.is_finite() {
                return Err(EvalError::NotFinite { what: "predicted depths", row });
            }
            pairs.push((d, p));
        }
        align(&mut pairs, self.alignment, self.max);
        let mut sums = Sums::default();
        for (d, p) in &pairs {
            sums.add(*d, p.clamp(self.min, self.max));
        }
        self.images.push(sums.scores());
        self.pooled.merge(&sums);
        Ok(pairs.len())
    }

    /// The scores of each image; none for an image without valid pixels.
    pub fn images(&self) -> &[Option<DepthScores>] {
        &self.images
    }

    /// The mean of the scores of all images that have valid pixels: what most papers report.
    pub fn mean_of_images(&self) -> Option<DepthScores> {
        let scores: Vec<_> = self.images.iter().flatten().map(DepthScores::in_order).collect();
        let mean = |index: usize| {
            scores.iter().map(|scores| scores[index].1).sum::<f64>() / scores.len() as f64
        };
        (!scores.is_empty()).then(|| DepthScores::from_values(core::array::from_fn(mean)))
    }

    /// The scores of all valid pixels of all images together.
    pub fn pooled(&self) -> Option<DepthScores> {
        self.pooled.scores()
    }
}

/// Brings the predictions of an image to the scale of its truth. An image whose predictions are all equal
/// keeps its scale, and is shifted.
fn align(pairs: &mut [(f64, f64)], alignment: DepthAlignment, max: f64) {
    if pairs.is_empty() {
        return;
    }
    match alignment {
        DepthAlignment::None => {}
        DepthAlignment::Median => {
            let [truth, predicted] = [|pair: &(f64, f64)| pair.0, |pair: &(f64, f64)| pair.1]
                .map(|of| median(pairs.iter().map(of).collect()));
            let ratio = if predicted > 0.0 { truth / predicted } else { 1.0 };
            pairs.iter_mut().for_each(|(_, p)| *p *= ratio);
        }
        DepthAlignment::ScaleShift => {
            let (scale, shift) = least_squares(pairs.iter().copied());
            pairs.iter_mut().for_each(|(_, p)| *p = scale * *p + shift);
        }
        DepthAlignment::InverseScaleShift => {
            let (scale, shift) = least_squares(pairs.iter().map(|(d, p)| (d.recip(), *p)));
            // Beyond the largest depth, and at inverse depths below 0, it is the largest.
            let depth = |p: f64| (scale * p + shift).max(max.recip()).recip();
            pairs.iter_mut().for_each(|(_, p)| *p = depth(*p));
        }
    }
}

/// The number and the shift that bring the second values nearest to the first ones.
fn least_squares(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> (f64, f64) {
    let count = pairs.clone().count() as f64;
    let [target, value] = [|pair: (f64, f64)| pair.0, |pair: (f64, f64)| pair.1]
        .map(|of| pairs.clone().map(of).sum::<f64>() / count);
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (t, v) in pairs {
        covariance += (t - target) * (v - value);
        variance += (v - value) * (v - value);
    }
    let scale = if variance > 0.0 { covariance / variance } else { 1.0 };
    (scale, target - scale * value)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}

/// Sums over pixels, of which the scores are made.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Sums {
    count: f64,
    abs_rel: f64,
    sq_rel: f64,
    square: f64,
    log: f64,
    log_square: f64,
    log10: f64,
    below: [f64; 4],
}

impl Sums {
    fn add(&mut self, d: f64, p: f64) {
        let (difference, e) = (p - d, p.ln() - d.ln());
        self.count += 1.0;
        self.abs_rel += difference.abs() / d;
        self.sq_rel += difference * difference / d;
        self.square += difference * difference;
        self.log += e;
        self.log_square += e * e;
        self.log10 += (p.log10() - d.log10()).abs();
        let ratio = (p / d).max(d / p);
        for (below, limit) in self.below.iter_mut().zip([1.1, 1.25, 1.25 * 1.25, 1.953_125]) {
            *below += f64::from(u8::from(ratio < limit));
        }
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.abs_rel += other.abs_rel;
        self.sq_rel += other.sq_rel;
        self.square += other.square;
        self.log += other.log;
        self.log_square += other.log_square;
        self.log10 += other.log10;
        self.below.iter_mut().zip(other.below).for_each(|(sum, below)| *sum += below);
    }

    fn scores(&self) -> Option<DepthScores> {
        if self.count == 0.0 {
            return None;
        }
        let mean = |sum: f64| sum / self.count;
        let log = mean(self.log);
        // Rounding may take it below 0 where all errors are equal.
        let variance = (mean(self.log_square) - log * log).max(0.0);
        let [a, b, c, d] = self.below.map(mean);
        Some(DepthScores::from_values([
            mean(self.abs_rel),
            mean(self.sq_rel),
            mean(self.square).sqrt(),
            mean(self.log_square).sqrt(),
            mean(self.log10),
            100.0 * variance.sqrt(),
            a,
            b,
            c,
            d,
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(alignment: DepthAlignment, truth: &[f64], predicted: &[f64]) -> DepthScores {
        let mut errors = DepthErrors::new(0.1, 100.0).unwrap().with_alignment(alignment);
        errors.add(truth, predicted).unwrap();
        errors.pooled().unwrap()
    }

    #[test]
    fn what_is_right_up_to_its_alignment_has_no_error() {
        let truth = [1.0, 2.0, 5.0, 9.0, 30.0];
        type Case = (DepthAlignment, fn(f64) -> f64);
        let cases: [Case; 4] = [
            (DepthAlignment::None, |d| d),
            (DepthAlignment::Median, |d| 0.25 * d),
            (DepthAlignment::ScaleShift, |d| 3.0 - 0.5 * d),
            (DepthAlignment::InverseScaleShift, |d| 7.0 / d - 2.0),
        ];
        for (alignment, of) in cases {
            let predicted = truth.map(of);
            let scores = errors(alignment, &truth, &predicted);
            assert!(scores.rmse < 1e-9 && scores.delta_1_1 == 1.0, "{alignment:?}: {scores:?}");
            let unaligned = errors(DepthAlignment::None, &truth, &predicted);
            assert_eq!(unaligned.rmse > 1.0, alignment != DepthAlignment::None, "{alignment:?}");
        }
        // Equal predictions are shifted to the mean, and medians that are not positive scale nothing.
        let flat = errors(DepthAlignment::ScaleShift, &[2.0, 4.0], &[7.0, 7.0]);
        assert_eq!((flat.abs_rel, flat.rmse), ((0.5 + 0.25) / 2.0, 1.0));
        assert!(errors(DepthAlignment::Median, &[2.0], &[-1.0]).rmse > 1.0);
    }

    #[test]
    fn only_pixels_that_are_known_count() {
        let mut errors = DepthErrors::new(1e-3, 10.0).unwrap();
        let truth = [0.0, f64::NAN, f64::INFINITY, 10.0, -2.0, 3.0, 4.0];
        let predicted = [f64::NAN, 1.0, 1.0, 1.0, 1.0, 3.0, 4.0];
        assert_eq!(errors.add(&truth, &predicted).unwrap(), 2);
        assert_eq!(errors.add_where(&truth, &predicted, |pixel| pixel < 6).unwrap(), 1);
        assert_eq!(errors.add(&[0.0f64; 3], &[1.0; 3]).unwrap(), 0);
        assert_eq!(errors.images()[2], None);
        let error = errors.add(&[3.0], &[f64::NAN]).unwrap_err().to_string();
        assert_eq!(
            error,
            "predicted depths of example 0 are not numbers (NaN or infinite); mend or drop the example"
        );
        assert!(errors.add(&[3.0], &[3.0, 4.0]).is_err());
        assert_eq!(errors.images().len(), 3);
        let nothing = DepthErrors::new(1.0, 2.0).unwrap();
        assert_eq!((nothing.mean_of_images(), nothing.pooled()), (None, None));
        for (min, max) in [(0.0, 1.0), (1.0, 1.0), (1.0, f64::INFINITY), (f64::NAN, 1.0)] {
            assert!(DepthErrors::new(min, max).is_err(), "{min} to {max}");
        }
    }
}
