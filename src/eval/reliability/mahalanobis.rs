//! Distances of features from the classes that they were fitted on.

use crate::eval::arrays::{
    EvalError, Matrix, Real, check_features, check_labels, check_length, cholesky,
    forward_substitute, tensor, values,
};

/// One Gaussian for each class, all of one covariance, and one for all features together: how far an example
/// is from all that was seen.
///
/// With the means `μ_c` of the classes, the covariance `Σ` within them (scatter / n), and mean and covariance
/// `μ_0`, `Σ_0` of all features: `M_c = (x - μ_c)ᵀ Σ⁻¹ (x - μ_c)`, which is squared, and `M_0` alike.
/// Larger scores say that an example is farther out.
///
/// ```
/// use vit22b::eval::{Mahalanobis, Matrix};
///
/// let features = [0.0, 0.0, 2.0, 0.0, 0.0, 2.0, 9.0, 9.0, 7.0, 9.0, 9.0, 7.0];
/// let fitted = Mahalanobis::fit(Matrix::new(&features, 2)?, &[0, 0, 0, 1, 1, 1], 2, 0.0)?;
/// let scores = fitted.distances(Matrix::new(&[1.0, 1.0, 5.0, -5.0], 2)?)?;
/// assert!(scores[0] < scores[1]);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
///
/// # Reference
///
/// "A Simple Unified Framework for Detecting Out-of-Distribution Samples", and for the relative distance "A
/// Simple Fix to Mahalanobis Distance for Improving Near-OOD Detection".
#[derive(Debug, Clone, PartialEq)]
pub struct Mahalanobis {
    width: usize,
    /// Means of the classes that have examples, row by row, and which classes these are.
    means: Vec<f64>,
    classes: Vec<usize>,
    within: Vec<f64>,
    mean: Vec<f64>,
    whole: Vec<f64>,
}

impl Mahalanobis {
    /// Fits the Gaussians. A class without examples has none, and no distance is measured to it.
    ///
    /// A `shrinkage` of `s` takes `(1 - s) Σ + s · trace(Σ) / d · I` for each covariance: 0 takes it as it
    /// is, which published numbers do.
    ///
    /// # Errors
    ///
    /// [`EvalError`] for features that are not finite, labels that are no classes, a shrinkage outside of
    /// 0 to 1, and [`EvalError::SingularCovariance`] where there are too few examples for the width, or
    /// features that never vary.
    pub fn fit<T: Real>(
        features: Matrix<'_, T>,
        labels: &[usize],
        classes: usize,
        shrinkage: f64,
    ) -> Result<Self, EvalError> {
        check_labels(labels, features.rows(), classes)?;
        check_features(features)?;
        if !(0.0..=1.0).contains(&shrinkage) {
            let (what, expected) = ("shrinkage", "a number from 0 to 1");
            return Err(EvalError::Value { what, value: shrinkage, expected });
        }
        let (n, width) = (features.rows(), features.columns());
        let rows: Vec<f64> = features.values().iter().map(|value| (*value).into()).collect();
        let mean = means(&rows, width, |_| 0, 1);
        let all = means(&rows, width, |row| labels[row], classes);
        let factor = |mean_of: &dyn Fn(usize) -> Vec<f64>| {
            let mut centred = rows.clone();
            for (row, values) in centred.chunks_exact_mut(width).enumerate() {
                values.iter_mut().zip(mean_of(row)).for_each(|(value, mean)| *value -= mean);
            }
            let centred = tensor(centred, width);
            let scatter = centred.clone().transpose().matmul(centred);
            let mut covariance: Vec<f64> =
                values(scatter).into_iter().map(|sum| sum / n as f64).collect();
            let trace: f64 = (0..width).map(|i| covariance[i * width + i]).sum();
            covariance.iter_mut().for_each(|value| *value *= 1.0 - shrinkage);
            let ridge = shrinkage * trace / width as f64;
            let singular = EvalError::SingularCovariance { examples: n, width };
            cholesky(&covariance, width, ridge).ok_or(singular)
        };
        let within = factor(&|row| all[labels[row] * width..][..width].to_vec())?;
        let whole = factor(&|_| mean.clone())?;
        let present: Vec<usize> = (0..classes).filter(|class| labels.contains(class)).collect();
        let means = present.iter().flat_map(|class| all[class * width..][..width].to_vec());
        Ok(Self { width, means: means.collect(), classes: present, within, mean, whole })
    }

    /// The classes that have examples: those of [`squared_distances`](Self::squared_distances).
    pub fn classes(&self) -> &[usize] {
        &self.classes
    }

    /// `M_c` of each example and of each class that has examples.
    ///
    /// # Shapes
    ///
    /// - features: `[n, d]`
    /// - output: `[n, c]`
    ///
    /// # Errors
    ///
    /// [`EvalError`] for features that are not finite or of another width.
    pub fn squared_distances<T: Real>(
        &self,
        features: Matrix<'_, T>,
    ) -> Result<Vec<f64>, EvalError> {
        self.measure(features, &self.within, &self.means)
    }

    /// The smallest `M_c` of each example.
    ///
    /// # Errors
    ///
    /// As [`squared_distances`](Self::squared_distances).
    pub fn distances<T: Real>(&self, features: Matrix<'_, T>) -> Result<Vec<f64>, EvalError> {
        let all = self.squared_distances(features)?;
        Ok(all.chunks_exact(self.classes.len()).map(smallest).collect())
    }

    /// `M_0` of each example: its distance from all features together.
    ///
    /// # Errors
    ///
    /// As [`squared_distances`](Self::squared_distances).
    pub fn background<T: Real>(&self, features: Matrix<'_, T>) -> Result<Vec<f64>, EvalError> {
        self.measure(features, &self.whole, &self.mean)
    }

    /// The smallest `M_c - M_0` of each example, which tells classes apart that are near each other.
    ///
    /// # Errors
    ///
    /// As [`squared_distances`](Self::squared_distances).
    pub fn relative<T: Real>(&self, features: Matrix<'_, T>) -> Result<Vec<f64>, EvalError> {
        let (near, all) = (self.distances(features)?, self.background(features)?);
        Ok(near.into_iter().zip(all).map(|(near, all)| near - all).collect())
    }

    fn measure<T: Real>(
        &self,
        features: Matrix<'_, T>,
        lower: &[f64],
        means: &[f64],
    ) -> Result<Vec<f64>, EvalError> {
        check_length("the columns of the features", self.width, features.columns())?;
        check_features(features)?;
        // With L Lᵀ = Σ a distance is that of L⁻¹ x from L⁻¹ μ. The mean of all is taken away first, so that
        // features far from 0 lose no digits.
        let whiten = |row: &[f64]| -> Vec<f64> {
            let mut row: Vec<f64> = row.iter().zip(&self.mean).map(|(x, m)| x - m).collect();
            forward_substitute(lower, &mut row);
            row
        };
        let means: Vec<f64> = means.chunks_exact(self.width).flat_map(whiten).collect();
        let distances = features.iter().flat_map(|row| {
            let row: Vec<f64> = row.iter().map(|value| (*value).into()).collect();
            let row = whiten(&row);
            let to = |mean: &[f64]| row.iter().zip(mean).map(|(x, m)| (x - m) * (x - m)).sum();
            means.chunks_exact(self.width).map(to).collect::<Vec<f64>>()
        });
        Ok(distances.collect())
    }
}

/// The mean of the rows of each class.
fn means(
    rows: &[f64],
    width: usize,
    class_of: impl Fn(usize) -> usize,
    classes: usize,
) -> Vec<f64> {
    let (mut sums, mut counts) = (vec![0.0; classes * width], vec![0usize; classes]);
    for (row, values) in rows.chunks_exact(width).enumerate() {
        let class = class_of(row);
        counts[class] += 1;
        sums[class * width..][..width].iter_mut().zip(values).for_each(|(sum, x)| *sum += x);
    }
    for (sums, count) in sums.chunks_exact_mut(width).zip(counts) {
        sums.iter_mut().for_each(|sum| *sum /= count.max(1) as f64);
    }
    sums
}

fn smallest(distances: &[f64]) -> f64 {
    distances.iter().copied().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(count: usize, seed: u64) -> Vec<f64> {
        let mut rng = fastrand::Rng::with_seed(seed);
        (0..count).map(|_| 100.0 + rng.f64()).collect()
    }

    #[test]
    fn too_few_examples_and_dead_features_are_named() {
        let features = random(5 * 6, 1);
        let labels = [0, 1, 0, 1, 0];
        let fit = |features: &[f64], shrinkage| {
            Mahalanobis::fit(Matrix::new(features, 6).unwrap(), &labels, 2, shrinkage)
        };
        assert_eq!(
            fit(&features, 0.0).unwrap_err().to_string(),
            "the covariance of 5 examples of 6 features is singular: give more examples than features, drop \
             features that never vary, or a shrinkage above 0"
        );
        fit(&features, 0.1).unwrap();
        assert!(fit(&features, 1.5).is_err());
        let mut dead = random(40 * 6, 2);
        dead.chunks_exact_mut(6).for_each(|row| row[3] = 7.0);
        let labels: Vec<usize> = (0..40).map(|row| row % 2).collect();
        let fit = Mahalanobis::fit(Matrix::new(&dead, 6).unwrap(), &labels, 2, 0.0);
        assert!(matches!(fit, Err(EvalError::SingularCovariance { examples: 40, width: 6 })));
    }

    /// A change of scale, a turn and a shift of all features change no distance.
    #[test]
    fn distances_do_not_depend_on_the_features_units() {
        let (train, test) = (random(60 * 3, 3), random(7 * 3, 4));
        let labels: Vec<usize> = (0..60).map(|row| row % 4 * (row % 3)).collect();
        let classes = 1 + labels.iter().max().unwrap();
        let mixed = |rows: &[f64]| -> Vec<f64> {
            let rows = rows.chunks_exact(3);
            rows.flat_map(|r| [5.0 * r[0] - r[1] + 2.0, r[1] + 0.1 * r[2], -0.01 * r[2]]).collect()
        };
        let relative = |train: &[f64], test: &[f64]| {
            let fitted =
                Mahalanobis::fit(Matrix::new(train, 3).unwrap(), &labels, classes, 0.0).unwrap();
            assert!(fitted.classes().len() < classes, "a class without examples");
            fitted.relative(Matrix::new(test, 3).unwrap()).unwrap()
        };
        let (plain, other) = (relative(&train, &test), relative(&mixed(&train), &mixed(&test)));
        for (a, b) in plain.iter().zip(other) {
            approx::assert_abs_diff_eq!(*a, b, epsilon = 1e-8);
        }
        assert!(plain.iter().any(|score| score.abs() > 0.1));
    }
}
