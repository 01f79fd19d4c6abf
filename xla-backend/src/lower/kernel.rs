//! Functions of `burn-xla-kernels` that programs call where tensors are in the memory of this process: their
//! names, and what they read and write.
//!
//! A name ends with the version of what it stands for, since compiled programs may be kept.

use crate::types::ElementType;

/// Attention, forward. Reads a scalar `scale` of f32, queries `[b, m, h, k]`, keys and values `[b, n, h, k]`; writes the
/// result `[b, m, h, k]`.
pub const ATTENTION: &str = "burn_xla.attention.1";

/// Its gradient. Reads what [`ATTENTION`] reads, and the gradient by the result; writes those by queries, keys and
/// values.
pub const ATTENTION_BACKWARD: &str = "burn_xla.attention_backward.1";

/// A linear layer. Reads rows `[m, k]`, weights `[k, n]` and perhaps a bias `[n]`; writes `[m, n]`.
pub const LINEAR: &str = "burn_xla.linear.1";

/// The same with weights `[n, k]`.
pub const LINEAR_TURNED: &str = "burn_xla.linear_turned.1";

/// [`LINEAR`], and GELU by the hyperbolic tangent of what it gives.
pub const LINEAR_GELU: &str = "burn_xla.linear_gelu.1";

/// The kernels that a program may call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernels {
    /// [`ATTENTION`] and [`ATTENTION_BACKWARD`].
    pub attention: bool,
    /// Linear layers of f32.
    pub linear_f32: bool,
    /// Linear layers of bf16.
    pub linear_bf16: bool,
}

impl Kernels {
    /// Whether a kernel is the faster way to a product of `rows` rows of `depth` numbers and a matrix of `columns` columns.
    pub(crate) fn are_for_linear(
        self,
        element: ElementType,
        [rows, depth, columns]: [usize; 3],
    ) -> bool {
        // With fewer, a pass over the weights is what takes time.
        const FEW: usize = 48;
        let has = match element {
            ElementType::F32 => self.linear_f32,
            ElementType::BF16 => self.linear_bf16,
            _ => false,
        };
        has && [rows, depth, columns].iter().all(|&n| n >= FEW)
    }
}
