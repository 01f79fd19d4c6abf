//! One answer of several views.

use crate::error::{ConfigError, check, check_counts};

/// Of what the mean over the views of a video is taken. The two may answer otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewMean {
    /// Logits: Scenic's ViViT.
    Logits,
    /// Probabilities, the softmax of the logits: SlowFast.
    Probabilities,
}

/// The mean of the views of each video.
///
/// # Shapes
///
/// - logits: `[videos, views, classes]`, row by row
/// - output: `[videos, classes]`
///
/// # Errors
///
/// [`ConfigError::Invalid`] unless the logits are whole videos.
///
/// ```
/// use vit22b::video::{ViewMean, mean_of_views};
///
/// // One video, two views, two classes.
/// let logits = [1.0f32, 3.0, 2.0, 0.0];
/// assert_eq!(mean_of_views(&logits, [2, 2], ViewMean::Logits)?, [1.5, 1.5]);
/// let shares = mean_of_views(&logits, [2, 2], ViewMean::Probabilities)?;
/// assert!((shares[0] + shares[1] - 1.0).abs() < 1e-12);
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
pub fn mean_of_views<T: Copy + Into<f64>>(
    logits: &[T],
    [views, classes]: [usize; 2],
    of: ViewMean,
) -> Result<Vec<f64>, ConfigError> {
    check_counts([("views", views), ("classes", classes)])?;
    let (count, video) = (logits.len(), views.saturating_mul(classes));
    let rule = || format!("a multiple of views * classes = {video}");
    check("logits (count)", count, count.is_multiple_of(video), rule, || count / video * video)?;
    let mut means = Vec::with_capacity(count / views);
    for video in logits.chunks_exact(video) {
        let start = means.len();
        means.resize(start + classes, 0.0);
        for view in video.chunks_exact(classes) {
            let logits = view.iter().map(|logit| (*logit).into());
            let values: Vec<f64> = match of {
                ViewMean::Logits => logits.collect(),
                ViewMean::Probabilities => softmax(logits),
            };
            let sums = means[start..].iter_mut().zip(values);
            sums.for_each(|(sum, value)| *sum += value / views as f64);
        }
    }
    Ok(means)
}

fn softmax(logits: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let max = logits.clone().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = logits.map(|logit| (logit - max).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.into_iter().map(|value| value / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_that_are_no_whole_videos_are_refused() {
        let error = mean_of_views(&[0.0; 11], [2, 3], ViewMean::Logits).unwrap_err().to_string();
        assert_eq!(
            error,
            "logits (count) = 11 is not valid: a multiple of views * classes = 6; the nearest valid value is 6"
        );
        assert!(mean_of_views(&[0.0; 6], [0, 3], ViewMean::Logits).is_err());
    }
}
