//! Where a path is looked at, and how much each place counts.

use core::f64::consts::PI;

/// Where the path from the baseline to the image is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PathRule {
    /// In the middle of steps of one length.
    #[default]
    Midpoint,
    /// At the nodes of Gauss and Legendre, with which fewer steps do.
    GaussLegendre,
}

impl PathRule {
    /// Places in (0, 1), in ascending order, and weights whose sum is 1.
    pub(super) fn nodes(self, count: usize) -> Vec<(f64, f64)> {
        match self {
            Self::Midpoint => {
                let place = |step| (step as f64 + 0.5) / count as f64;
                (0..count).map(|step| (place(step), 1.0 / count as f64)).collect()
            }
            Self::GaussLegendre => (0..count).map(|index| gauss_legendre(index, count)).collect(),
        }
    }
}

/// A root of the Legendre polynomial of degree `count`, moved from (-1, 1) to (0, 1), and its weight.
fn gauss_legendre(index: usize, count: usize) -> (f64, f64) {
    let n = count as f64;
    // Newton's method from the usual first guess doubles the digits at each of few steps.
    let mut x = -(PI * (index as f64 + 0.75) / (n + 0.5)).cos();
    let mut slope = 1.0;
    for _ in 0..100 {
        let (mut before, mut value) = (0.0, 1.0);
        for degree in 0..count {
            let k = degree as f64;
            (before, value) = (value, ((2.0 * k + 1.0) * x * value - k * before) / (k + 1.0));
        }
        slope = n * (x * value - before) / (x * x - 1.0);
        let step = value / slope;
        x -= step;
        if step.abs() < 1e-15 {
            break;
        }
    }
    ((1.0 + x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gauss and Legendre's rule of n nodes is exact for polynomials up to the degree 2 n - 1.
    #[test]
    fn rules_integrate_what_they_can() {
        for count in 1..40 {
            for rule in [PathRule::Midpoint, PathRule::GaussLegendre] {
                let nodes = rule.nodes(count);
                assert_eq!(nodes.len(), count);
                assert!(nodes.windows(2).all(|pair| pair[0].0 < pair[1].0), "{rule:?} {count}");
                assert!(nodes[0].0 > 0.0 && nodes[count - 1].0 < 1.0);
                let most = if rule == PathRule::Midpoint { 1 } else { 2 * count as i32 - 1 };
                for degree in 0..=most {
                    let sum: f64 = nodes.iter().map(|(x, w)| w * x.powi(degree)).sum();
                    let expected = 1.0 / f64::from(degree + 1);
                    approx::assert_abs_diff_eq!(sum, expected, epsilon = 1e-13);
                }
            }
        }
    }
}
