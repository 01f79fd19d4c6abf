//! What belongs to a function that is compiled, wherever it runs.

use crate::lower::Save;
use crate::types::MatmulPrecision;

/// The options of a function: of a [`Jit`](super::Jit), and of a [`Lowering`](super::Lowering) for devices that are
/// not here.
pub(super) struct FunctionOptions {
    pub(super) name: String,
    pub(super) donate: Box<dyn Fn(&str) -> bool + Send + Sync>,
    /// Whether loops are rolled, and which tensors they keep.
    pub(super) roll: Option<Save>,
    pub(super) matmul_precision: MatmulPrecision,
}

impl FunctionOptions {
    pub(super) fn new(matmul_precision: MatmulPrecision) -> Self {
        Self { name: "burn".into(), donate: Box::new(|_| false), roll: None, matmul_precision }
    }
}

/// The methods that set these options, for a type with a field `function` that holds them.
macro_rules! function_options {
    () => {
        /// The name of the function in logs, errors and profiles: letters, digits and `_`.
        #[must_use]
        pub fn named(mut self, name: impl Into<String>) -> Self {
            self.function.name = name.into();
            self
        }

        /// Donates the memory of the arguments whose paths are chosen to results of the same type. A call uses
        /// such an argument up: its device tree, and clones of it, can no longer be read.
        #[must_use]
        pub fn donate(mut self, choose: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
            self.function.donate = Box::new(choose);
            self
        }

        /// Rolls loops: each [`scan`](burn_trace::scan) of the function becomes one loop of the program, and a
        /// second one for its gradients. `save` chooses the tensors that the first keeps for the second. `None`
        /// unrolls loops, which is the default.
        #[must_use]
        pub fn roll(mut self, save: impl Into<Option<burn_trace::Save>>) -> Self {
            self.function.roll = save.into();
            self
        }

        /// Computes products of f32 so accurately; by default as the [`Xla`](crate::program::Xla) does, and where there
        /// is none with the accuracy of f32.
        #[must_use]
        pub fn matmul_precision(mut self, precision: crate::types::MatmulPrecision) -> Self {
            self.function.matmul_precision = precision;
            self
        }
    };
}
pub(super) use function_options;
