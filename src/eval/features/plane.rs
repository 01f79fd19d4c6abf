//! Features projected onto a plane, to draw them.

use burn::tensor::Tensor;

/// The first two principal components of features: `[n, d]` to `[n, 2]`, that of the largest variance first,
/// each with mean 0.
///
/// The sign of a component is such that its largest loading is positive.
///
/// # Panics
///
/// If there are fewer than two features (`d < 2`).
pub fn principal_plane(features: Tensor<2>) -> Tensor<2> {
    let [n, d] = features.dims();
    assert!(d >= 2, "features: axis 1 expected at least 2, got {d}");
    let mean = features.clone().mean_dim(0);
    let centred = features - mean;
    let covariance =
        centred.clone().transpose().matmul(centred.clone()).div_scalar(n.max(1) as f64);
    let (_, _, vectors) = burn::linalg::svd::<2, 1>(covariance, SWEEPS);
    let axes = vectors.narrow(0, 0, 2);
    let largest = axes.clone().abs().argmax(1);
    let sign = axes.clone().gather(1, largest).sign();
    centred.matmul((axes * sign).transpose())
}

/// The most sweeps of the singular value decomposition, which converges in a few.
const SWEEPS: usize = 100;

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn the_longest_direction_comes_first() {
        // Points on a long axis (1, 1, 0) and a short one (0, 0, 1).
        let x = Tensor::<2>::from_data(
            [[3.0, 3.0, 1.0], [-3.0, -3.0, 1.0], [1.0, 1.0, -1.0], [-1.0, -1.0, -1.0]],
            &Device::flex(),
        );
        let plane: Vec<f32> = principal_plane(x + 7.0).into_data().try_to_vec().unwrap();
        let root = 2f32.sqrt();
        for (got, expected) in
            plane.iter().zip([3.0 * root, 1.0, -3.0 * root, 1.0, root, -1.0, -root, -1.0])
        {
            assert!((got - expected).abs() < 1e-4, "{plane:?}");
        }
    }
}
