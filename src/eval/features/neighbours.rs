//! Classification of frozen features by nearest neighbours.

use rayon::prelude::*;

use crate::eval::arrays::{
    EvalError, Matrix, Real, argmax, check_features, check_labels, check_length, check_some,
    tensor, values,
};

/// A classifier in which the `k` training examples with the largest cosine similarity vote for their class.
///
/// Of equally similar examples, the first counts as nearer; similarities are equal if they are so to 1e-12,
/// which rounding may change. Of classes with equal votes, the first wins. A vector of zeros has similarity 0 to
/// all. Of features of length 1, the nearest by Euclidean distance are the same ones.
///
/// ```
/// use vit22b::eval::{Matrix, NearestNeighbours};
///
/// let train = [1.0f32, 0.0, 0.9, 0.1, 0.0, 1.0];
/// let neighbours = NearestNeighbours { k: 1, temperature: None };
/// let queries = Matrix::new(&[5.0f32, 0.2, 0.0, 3.0], 2)?;
/// let classes = neighbours.predict((Matrix::new(&train, 2)?, &[0, 0, 1]), 2, queries)?;
/// assert_eq!(classes, [0, 1]);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearestNeighbours {
    /// The number of neighbours that vote. If there are fewer examples, all vote.
    pub k: usize,
    /// With a temperature, votes have the weight `exp(similarity / temperature)`; without one, all weigh the
    /// same. DINO's evaluation has 0.07.
    pub temperature: Option<f64>,
}

impl Default for NearestNeighbours {
    fn default() -> Self {
        Self { k: 20, temperature: Some(0.07) }
    }
}

impl NearestNeighbours {
    /// The class of each query.
    ///
    /// # Shapes
    ///
    /// - training features: `[n, d]`, with `n` classes below `classes`; queries: `[q, d]`
    ///
    /// # Errors
    ///
    /// [`EvalError`] where shapes or labels do not fit, features are not finite, `k` is 0 or the
    /// temperature is not positive.
    pub fn predict<T: Real>(
        &self,
        (train, labels): (Matrix<'_, T>, &[usize]),
        classes: usize,
        queries: Matrix<'_, T>,
    ) -> Result<Vec<usize>, EvalError> {
        check_labels(labels, train.rows(), classes)?;
        check_length("query features", train.columns(), queries.columns())?;
        check_some("neighbours", self.k)?;
        check_features(train)?;
        check_features(queries)?;
        if let Some(value) = self.temperature.filter(|t| !(*t > 0.0 && t.is_finite())) {
            let expected = "a positive number";
            return Err(EvalError::Value { what: "temperature", value, expected });
        }
        let (columns, n) = (train.columns(), labels.len());
        let train = tensor(directions(train.values(), columns), columns).transpose();
        let mut predictions = Vec::with_capacity(queries.rows());
        // Similarities of a few queries at a time: those of all may not fit into memory.
        for block in queries.values().chunks(columns * QUERIES) {
            let block = tensor(directions(block, columns), columns);
            let similarities = values(block.matmul(train.clone()));
            let vote = |similarities: &[f64]| self.vote(similarities, labels, classes);
            predictions.par_extend(similarities.par_chunks_exact(n).map(vote));
        }
        Ok(predictions)
    }

    fn vote(&self, similarities: &[f64], labels: &[usize], classes: usize) -> usize {
        let mut order: Vec<(i64, usize)> =
            similarities.iter().map(|value| (value / EQUAL).round() as i64).zip(0..).collect();
        let k = self.k.min(order.len());
        let nearer = |a: &(i64, usize), b: &(i64, usize)| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
        order.select_nth_unstable_by(k - 1, nearer);
        // Votes are added from the nearest on, so that equal sums are equal to the last bit.
        order[..k].sort_unstable_by(nearer);
        let mut votes = vec![0.0; classes];
        for &(similarity, neighbour) in &order[..k] {
            // The similarity is at most 1, so that no weight overflows.
            let weight = |t: f64| ((similarity as f64 * EQUAL - 1.0) / t).exp();
            votes[labels[neighbour]] += self.temperature.map_or(1.0, weight);
        }
        argmax(&votes)
    }
}

/// The difference below which two similarities are equal.
const EQUAL: f64 = 1e-12;

/// The number of queries whose similarities are computed at a time.
const QUERIES: usize = 256;

/// Rows scaled to length 1; rows of zeros stay.
fn directions<T: Real>(values: &[T], columns: usize) -> Vec<f64> {
    let direction = |row: &[T]| {
        let norm = row.iter().map(|x| (*x).into().powi(2)).sum::<f64>().sqrt();
        let inverse = if norm > 0.0 { norm.recip() } else { 0.0 };
        row.iter().map(|x| (*x).into() * inverse).collect::<Vec<f64>>()
    };
    values.chunks_exact(columns).flat_map(direction).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_votes_weigh_more_than_many() {
        let train = Matrix::new(&[1.0, 0.0, 0.6, 0.8, 0.6, 0.8], 2).unwrap();
        let query = Matrix::new(&[1.0, 0.1], 2).unwrap();
        let predict = |k, temperature| {
            NearestNeighbours { k, temperature }.predict((train, &[0, 1, 1]), 2, query).unwrap()
        };
        assert_eq!(predict(3, None), [1]);
        assert_eq!(predict(3, Some(0.07)), [0]);
        assert_eq!(predict(99, None), [1]);
    }

    #[test]
    fn a_vector_of_zeros_has_an_answer() {
        let train = Matrix::new(&[0.0, 0.0, 1.0, 0.0], 2).unwrap();
        let query = Matrix::new(&[0.0, 0.0], 2).unwrap();
        let neighbours = NearestNeighbours { k: 1, temperature: None };
        assert_eq!(neighbours.predict((train, &[1, 0]), 2, query), Ok(vec![1]));
        let none = NearestNeighbours { k: 0, temperature: None };
        assert!(none.predict((train, &[1, 0]), 2, query).is_err());
        let cold = NearestNeighbours { k: 1, temperature: Some(0.0) };
        assert!(cold.predict((train, &[1, 0]), 2, query).is_err());
    }
}
