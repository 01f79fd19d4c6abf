//! What a function becomes, as text.

use std::fmt;

use burn_trace::TensorTree;

use super::device_tree::DeviceTree;
use super::error::ProgramError;
use super::jit::Jit;
use crate::pjrt::{Executable, MemoryStats};

/// What a function becomes for arguments of some types: before the compiler, after it, and the memory that it takes.
/// Printed, it is all of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Inspection {
    /// The StableHLO that the compiler was given.
    pub stablehlo: String,
    /// The program as the compiler left it, or why the plugin does not show it.
    pub optimized: Result<String, String>,
    /// The memory on each device, or why the plugin does not tell.
    pub memory: Result<MemoryStats, String>,
    /// What the compiler estimates of the work, by name; empty where the plugin makes no estimates.
    pub cost: Vec<(String, String)>,
}

impl Inspection {
    fn new(stablehlo: String, executable: &Executable) -> Self {
        let program = executable.program();
        let optimized = program.optimized_program().map_err(|error| error.to_string());
        let cost = program.cost_analysis().unwrap_or_default();
        Self {
            stablehlo,
            optimized: optimized
                .and_then(|program| program.to_text().map_err(|error| error.to_string())),
            memory: program.memory_stats().map_err(|error| error.to_string()),
            cost: cost.into_iter().map(|(name, value)| (name, value.to_string())).collect(),
        }
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "// StableHLO\n{}", self.stablehlo.trim_end())?;
        match &self.optimized {
            Ok(text) => writeln!(f, "\n// Optimised program\n{}", text.trim_end())?,
            Err(reason) => writeln!(f, "\n// Optimised program: not shown: {reason}")?,
        }
        match &self.memory {
            Ok(memory) => write!(f, "\n// Memory of each device, in bytes\n{memory}")?,
            Err(reason) => writeln!(f, "\n// Memory: not told: {reason}")?,
        }
        if self.cost.is_empty() {
            return writeln!(f, "\n// Cost: not told");
        }
        writeln!(f, "\n// Cost, as the compiler estimates it")?;
        self.cost.iter().try_for_each(|(name, value)| writeln!(f, "{name:<36} {value}"))
    }
}

impl<A: TensorTree, R: TensorTree> Jit<A, R> {
    /// Compiles the function for arguments like these, unless it is, and shows what became of it.
    ///
    /// ```no_run
    /// use burn::tensor::{Device, Tensor};
    /// use burn_xla::Xla;
    ///
    /// let xla = Xla::auto()?;
    /// let norm = xla.jit(|x: Tensor<2>| (x.clone() * x).sum().sqrt());
    /// let x = xla.upload(&Tensor::<2>::ones([2, 8], &Device::default()))?;
    /// println!("{}", norm.inspect(x)?);
    /// # Ok::<(), burn_xla::program::ProgramError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Jit::call`].
    pub fn inspect(&self, arguments: impl Into<DeviceTree<A>>) -> Result<Inspection, ProgramError> {
        let arguments = arguments.into();
        let stablehlo = self.lower_on_device(arguments.clone())?.program.text;
        self.with_executable(arguments, |executable| Inspection::new(stablehlo, executable))
    }
}
