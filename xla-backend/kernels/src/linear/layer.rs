//! What linear layers compute.

/// A linear layer, `y = then(Σ x w + Σ bias) + residual`.
#[derive(Debug)]
pub struct Layer<'a, T> {
    /// Columns of the weights and of the result.
    pub columns: usize,
    /// The products that are added up.
    pub products: &'a [Product<'a, T>],
    /// What is added to each row, `[columns]` each.
    pub biases: &'a [&'a [T]],
    /// What becomes of the sums.
    pub then: Then,
    /// What is added to that, `[rows, columns]`.
    pub residual: Option<&'a [T]>,
    /// The result, `[rows, columns]`.
    pub out: &'a mut [T],
}

/// A product `x w`.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a, T> {
    /// Columns of the input, and rows of the weights.
    pub depth: usize,
    /// `x: [rows, depth]`.
    pub input: &'a [T],
    /// `w: [depth, columns]`.
    pub weight: &'a [T],
    /// Whether the weights lie as `[columns, depth]`.
    pub is_turned: bool,
}

/// What becomes of the numbers of a linear layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// They are the result.
    Nothing,
    /// `x σ(x (a + b x²))` with `a = 2 √(2/π)` and `b = 0.044715 a`: GELU by the hyperbolic tangent.
    Gelu,
}
