//! How far two sets of tensors are apart.

use vit22b::params::NamedTensors;

/// The norm of the difference of two sets of tensors, by the norm of the second.
pub(crate) fn difference(got: &NamedTensors, expected: &NamedTensors) -> f64 {
    assert_eq!(got.len(), expected.len());
    let (mut error, mut norm) = (0.0, 0.0);
    for ((name, got), (other, expected)) in got.iter().zip(expected.iter()) {
        assert_eq!(name, other);
        let (got, expected) = (got.to_data(), expected.to_data());
        for (a, b) in got.iter::<f64>().zip(expected.iter::<f64>()) {
            error += (a - b).powi(2);
            norm += b * b;
        }
    }
    f64::sqrt(error / norm)
}
