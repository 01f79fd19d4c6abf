//! What a linear layer computes.

/// A linear layer `y = then(x w + bias)`, of `x: [rows, depth]` and `w: [depth, columns]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Rows of the input: tokens of all images.
    pub rows: usize,
    /// Columns of the input, and rows of the weights.
    pub depth: usize,
    /// Columns of the weights and of the result.
    pub columns: usize,
    /// Whether the weights lie as `[columns, depth]`.
    pub is_turned: bool,
    /// What follows.
    pub then: Then,
}

/// What becomes of the numbers of a linear layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// They are the result.
    Nothing,
    /// `x σ(x (a + b x²))` with `a = 2 √(2/π)` and `b = 0.044715 a`: GELU by the hyperbolic tangent.
    Gelu,
}
