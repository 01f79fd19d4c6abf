//! What the compilers of programs do that programs allow for.

use super::kernel::Kernels;

/// What the compiler of a program does that the program allows for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compiler {
    /// Whether it knows tensors without values: memory that the program writes before it reads it.
    pub(super) allocates: bool,
    /// Whether it replaces a softmax between two products by a kernel of its own.
    pub(super) replaces_softmax: bool,
    /// Whether it computes a product of 16-bit floats in f32 where the product sums over the rows of its first
    /// operand.
    pub(super) widens_sums_over_rows: bool,
    /// Whether it convolves with a kernel that the window turns round as fast as with another.
    pub(super) turns_kernels: bool,
    /// The kernels of this process that programs may call.
    pub(super) kernels: Kernels,
}

impl Compiler {
    /// The compiler of a platform, by its name, and the kernels that programs may call.
    pub(super) fn of(platform: &str, kernels: Kernels) -> Self {
        Self {
            // XLA's compiler for CPUs does not.
            allocates: ["tpu", "cuda", "rocm", "gpu"].contains(&platform),
            replaces_softmax: platform == "tpu",
            widens_sums_over_rows: platform == "cpu",
            // XLA's compiler for CPUs leaves such a convolution to plain loops, without its library.
            turns_kernels: platform != "cpu",
            kernels,
        }
    }
}
