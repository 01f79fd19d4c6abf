//! Linear systems in double precision.

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::error::EvalError;

/// A matrix of `f64` on the CPU.
pub(crate) fn tensor(values: Vec<f64>, columns: usize) -> Tensor<2> {
    let rows = values.len() / columns;
    Tensor::from_data(TensorData::new(values, [rows, columns]), (&Device::flex(), DType::F64))
}

/// The values of a matrix of `f64`.
pub(crate) fn values(tensor: Tensor<2>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// The lower triangle `L` with `L Lᵀ = A + λ I`, row by row, for a symmetric positive definite `A` of `m` rows.
/// What stands above the diagonal has no meaning. None if the matrix is singular.
pub(crate) fn cholesky(matrix: &[f64], m: usize, l2: f64) -> Option<Vec<f64>> {
    // A smaller pivot has lost all its digits to cancellation.
    let largest = (0..m).map(|i| matrix[i * m + i]).fold(0.0, f64::max) + l2;
    let smallest = largest * m as f64 * f64::EPSILON;
    let mut lower = matrix.to_vec();
    for i in 0..m {
        let (above, row) = lower.split_at_mut(i * m);
        row[i] += l2;
        for j in 0..i {
            let other = &above[j * m..][..=j];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let pivot = row[i] - dot(&row[..i], &row[..i]);
        if pivot.is_nan() || pivot <= smallest {
            return None;
        }
        row[i] = pivot.sqrt();
    }
    Some(lower)
}

/// Puts the solution of `L y = x` in the place of `x`, for a lower triangle `L`.
pub(crate) fn forward_substitute(lower: &[f64], x: &mut [f64]) {
    let m = x.len();
    for i in 0..m {
        let row = &lower[i * m..][..=i];
        x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
    }
}

/// Solves `(A + λ I) X = B` for a symmetric positive semi-definite `A` by Cholesky's method.
///
/// # Shapes
///
/// - matrix: `[m, m]`; right: `[m, c]`, both row by row; output: `[m, c]`
pub(crate) fn solve_ridge(
    matrix: &[f64],
    right: &[f64],
    columns: usize,
    l2: f64,
) -> Result<Vec<f64>, EvalError> {
    let m = right.len() / columns;
    let lower = cholesky(matrix, m, l2).ok_or(EvalError::Singular { l2 })?;
    let mut solution = right.to_vec();
    // Solves L Y = B by forward substitution, then Lᵀ X = Y by backward substitution.
    for i in 0..m {
        let (above, row) = solution.split_at_mut(i * columns);
        let row = &mut row[..columns];
        for (factor, other) in lower[i * m..][..i].iter().zip(above.chunks_exact(columns)) {
            row.iter_mut().zip(other).for_each(|(x, y)| *x -= factor * y);
        }
        row.iter_mut().for_each(|x| *x /= lower[i * m + i]);
    }
    for i in (0..m).rev() {
        let (above, row) = solution.split_at_mut(i * columns);
        let row = &mut row[..columns];
        row.iter_mut().for_each(|x| *x /= lower[i * m + i]);
        for (factor, other) in lower[i * m..][..i].iter().zip(above.chunks_exact_mut(columns)) {
            other.iter_mut().zip(&*row).for_each(|(x, y)| *x -= factor * y);
        }
    }
    Ok(solution)
}

/// The inner product, in eight partial sums that a processor adds up in parallel.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_solves_the_system() {
        let rng = &mut fastrand::Rng::with_seed(3);
        let (m, columns, l2) = (21, 3, 0.5);
        let x = tensor((0..m * m).map(|_| rng.f64() - 0.5).collect(), m);
        let gram = values(x.clone().transpose().matmul(x));
        let right: Vec<f64> = (0..m * columns).map(|_| rng.f64()).collect();
        let solution = solve_ridge(&gram, &right, columns, l2).unwrap();
        let product = tensor(gram, m).matmul(tensor(solution.clone(), columns));
        for ((got, x), expected) in values(product).iter().zip(solution).zip(right) {
            assert!((got + l2 * x - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn dependent_equations_are_an_error_without_a_penalty() {
        let matrix = [1.0, 1.0, 1.0, 1.0];
        let error = solve_ridge(&matrix, &[1.0, 2.0], 1, 0.0).unwrap_err();
        assert_eq!(error, EvalError::Singular { l2: 0.0 });
        assert!(solve_ridge(&matrix, &[1.0, 2.0], 1, 0.1).is_ok());
    }
}
