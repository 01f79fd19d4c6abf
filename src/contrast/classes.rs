//! The zero-shot classifier: a vector for each class, from prompts with its name.

use crate::eval::{EvalError, Matrix, class_vectors};

use super::embedder::TextEmbedder;
use super::error::ContrastError;
use super::prompts::Prompts;

/// Vectors of classes, of length 1, from the prompts of their names.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassVectors {
    values: Vec<f32>,
    width: usize,
    /// How many prompts were longer than the tower takes, and are cut.
    pub cut: usize,
}

impl ClassVectors {
    /// The vectors of these names; [`check_names`](super::check_names) says whether each class has one of its own.
    ///
    /// # Errors
    ///
    /// Those of [`TextEmbedder::embed`], and [`ContrastError::Eval`] if there is no name.
    pub fn new<T: AsRef<str>>(
        embedder: &TextEmbedder,
        names: &[T],
        prompts: &Prompts,
    ) -> Result<Self, ContrastError> {
        let texts: Vec<String> = names.iter().flat_map(|name| prompts.of(name.as_ref())).collect();
        let vectors = embedder.embed(&texts)?;
        let matrix = vectors.matrix()?;
        let values = class_vectors(matrix, prompts.templates().len())?;
        Ok(Self { values, width: matrix.columns(), cut: vectors.cut })
    }

    /// The cosine of each image's vector with each class, row by row.
    ///
    /// # Shapes
    ///
    /// - images: `[n, e]`, vectors of any length
    /// - returns: `[n, classes]`
    ///
    /// # Errors
    ///
    /// [`EvalError`] for vectors of another length.
    pub fn cosines(&self, images: Matrix<'_>) -> Result<Vec<f32>, EvalError> {
        cosines(images, Matrix::new(&self.values, self.width)?)
    }
}

/// The cosine of each row of a matrix with each row of another, computed in double precision.
///
/// # Errors
///
/// [`EvalError`] if the rows have different lengths.
pub fn cosines(one: Matrix<'_>, other: Matrix<'_>) -> Result<Vec<f32>, EvalError> {
    if one.columns() != other.columns() {
        let (expected, got) = (other.columns(), one.columns());
        return Err(EvalError::Length { what: "vectors", expected, got });
    }
    let units = |matrix: Matrix<'_>| -> Vec<f64> {
        matrix
            .iter()
            .flat_map(|row| {
                let norm = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt() + 1e-8;
                row.iter().map(move |x| f64::from(*x) / norm).collect::<Vec<_>>()
            })
            .collect()
    };
    let (one_units, other_units) = (units(one), units(other));
    let width = one.columns();
    let cosine = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() as f32;
    let rows = one_units.chunks_exact(width);
    Ok(rows.flat_map(|a| other_units.chunks_exact(width).map(move |b| cosine(a, b))).collect())
}
