//! Functions of `burn-xla-kernels` that programs call where tensors are in the memory of this process: their
//! names, and what they read and write.
//!
//! A name ends with the version of what it stands for, since compiled programs may be kept.

use crate::types::ElementType;

/// Attention, forward. Reads three numbers of f32, queries `[b, m, h, k]`, keys and values `[b, n, h, k]`; writes the
/// result `[b, m, h, k]`. The numbers are the scale of scores, and what the norms of queries and of keys add to the mean
/// square of a head; below zero where there is no norm. Of each norm there is, it reads the scale `[k]` behind the values.
pub const ATTENTION: &str = "burn_xla.attention.2";

/// Its gradient. Reads a scalar `scale` of f32, queries, keys and values as [`ATTENTION`] does, and the gradient by the
/// result; writes those by queries, keys and values.
pub const ATTENTION_BACKWARD: &str = "burn_xla.attention_backward.1";

/// The norm of rows by their mean square. Reads a scalar of f32, which is added to the mean, rows `[m, n]` and the scale
/// `[n]`; writes `[m, n]`.
pub const RMS_NORM: &str = "burn_xla.rms_norm.1";

/// Linear layers of as many rows. Reads their forms (the numbers of one after the other), and then what each
/// reads: of each product rows `[m, k]` and weights `[k, n]`, or turned `[n, k]`; biases `[n]`; the residual `[m, n]`.
/// Writes `[m, n]` of each layer.
pub const LINEAR: &str = "burn_xla.linear.2";

/// What a layer of [`LINEAR`] is: `gelu(Σ x w + Σ bias) + residual`, GELU by the hyperbolic tangent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerForm {
    /// Whether the weights of each product are turned.
    pub turned: Vec<bool>,
    /// How many biases there are.
    pub biases: usize,
    /// Whether there is GELU.
    pub is_gelu: bool,
    /// Whether there is a residual.
    pub has_residual: bool,
}

impl LayerForm {
    /// The numbers that tell it to the kernel: of products and biases how many there are, then what is true as 1.
    pub(crate) fn numbers(&self) -> Vec<i32> {
        let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        let mut numbers = vec![count(self.turned.len()), count(self.biases)];
        numbers.extend([self.is_gelu, self.has_residual].map(i32::from));
        numbers.extend(self.turned.iter().map(|&is_turned| i32::from(is_turned)));
        numbers
    }

    /// All forms that are told one after the other; none of other numbers.
    pub(crate) fn all(mut numbers: &[i32]) -> Option<Vec<Self>> {
        let mut forms = Vec::new();
        while let Some((&[products, biases, is_gelu, has_residual], rest)) =
            numbers.split_first_chunk()
        {
            let (turned, rest) = rest.split_at_checked(usize::try_from(products).ok()?)?;
            forms.push(Self {
                turned: turned.iter().map(|&number| number != 0).collect(),
                biases: usize::try_from(biases).ok()?,
                is_gelu: is_gelu != 0,
                has_residual: has_residual != 0,
            });
            numbers = rest;
        }
        numbers.is_empty().then_some(forms)
    }
}

/// The kernels that a program may call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernels {
    /// [`ATTENTION`], [`ATTENTION_BACKWARD`] and [`RMS_NORM`].
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
