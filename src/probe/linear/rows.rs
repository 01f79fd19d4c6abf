//! Feature vectors that are read row by row, so that they need not be in memory.

use burn::tensor::{Device, Tensor, TensorData};

use crate::probe::table::FeatureTable;

/// Feature vectors of equal length by number, in memory or on disk.
pub trait FeatureRows {
    /// How many there are.
    fn rows(&self) -> usize;

    /// The length of each.
    fn columns(&self) -> usize;

    /// Writes the `row`-th into `values`, which has that length.
    ///
    /// # Panics
    ///
    /// If there is no such row, or `values` has another length.
    fn read(&self, row: usize, values: &mut [f32]);
}

impl FeatureRows for FeatureTable {
    fn rows(&self) -> usize {
        self.rows()
    }

    fn columns(&self) -> usize {
        self.columns()
    }

    fn read(&self, row: usize, values: &mut [f32]) {
        values.copy_from_slice(self.matrix().row(row));
    }
}

/// Some rows as a tensor `[n, d]`.
pub(super) fn tensor(features: &impl FeatureRows, rows: &[usize], device: &Device) -> Tensor<2> {
    let columns = features.columns();
    let mut values = vec![0.0; rows.len() * columns];
    for (row, values) in rows.iter().zip(values.chunks_exact_mut(columns)) {
        features.read(*row, values);
    }
    Tensor::from_data(TensorData::new(values, [rows.len(), columns]), device)
}

/// How features are standardised: mean and inverse standard deviation, `[1, d]` each.
pub(super) type Scale = (Tensor<2>, Tensor<2>);

/// Mean and variance of each column of rows that pass by once.
pub(super) struct Moments {
    rows: usize,
    /// The first row, from which differences are taken: of a mean that is far from 0 nothing is lost.
    shift: Vec<f64>,
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    pub(super) fn new(columns: usize) -> Self {
        let zeros = || vec![0.0; columns];
        Self { rows: 0, shift: zeros(), sums: zeros(), squares: zeros() }
    }

    /// Adds a row. False if it holds a NaN or an infinity.
    pub(super) fn add(&mut self, row: &[f32]) -> bool {
        if self.rows == 0 {
            self.shift = row.iter().map(|value| f64::from(*value)).collect();
        }
        self.rows += 1;
        let mut is_finite = true;
        let sums = self.sums.iter_mut().zip(&mut self.squares);
        for ((value, shift), (sum, square)) in row.iter().zip(&self.shift).zip(sums) {
            is_finite &= value.is_finite();
            let difference = f64::from(*value) - shift;
            *sum += difference;
            *square += difference * difference;
        }
        is_finite
    }

    /// How rows are standardised. A constant column stays constant: its standard deviation counts as 1.
    pub(super) fn scale(&self, device: &Device) -> Scale {
        let n = self.rows.max(1) as f64;
        let columns = self.shift.iter().zip(&self.sums).zip(&self.squares);
        let (mut means, mut inverses) = (vec![], vec![]);
        for ((shift, sum), square) in columns {
            let variance = square / n - (sum / n).powi(2);
            means.push((shift + sum / n) as f32);
            inverses.push(if variance < 1e-12 { 1.0 } else { variance.sqrt().recip() as f32 });
        }
        let tensor = |values: Vec<f32>| {
            let columns = values.len();
            Tensor::from_data(TensorData::new(values, [1, columns]), device)
        };
        (tensor(means), tensor(inverses))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_all_rows() {
        let rows = [[1e4f32, 3.0, -1.0], [1e4 + 0.5, 3.0, 1.0], [1e4 + 1.0, 3.0, 3.0]];
        let mut moments = Moments::new(3);
        assert!(rows.iter().all(|row| moments.add(row)));
        let device = Device::flex();
        let (mean, inverse) = moments.scale(&device);
        let values = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect::<Vec<_>>();
        assert_eq!(values(mean), [1e4 + 0.5, 3.0, 1.0]);
        // Variances 1/6, none, 8/3.
        for (got, expected) in values(inverse).into_iter().zip([6f32.sqrt(), 1.0, 0.375f32.sqrt()])
        {
            approx::assert_relative_eq!(got, expected, max_relative = 1e-6);
        }
        assert!(!moments.add(&[1.0, f32::NAN, 1.0]));
    }
}
