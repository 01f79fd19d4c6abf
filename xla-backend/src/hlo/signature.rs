//! The parameters of a program, and what shares their memory.

use super::error::HloError;
use super::proto::{AliasEntry, Module, Shape};
use crate::types::TensorType;

/// The parameters of a compiled program on one device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signature {
    /// The parameters; `None` for one whose type this crate does not transfer.
    pub parameters: Vec<Option<TensorType>>,
    /// The parameters that share their memory with results: the donations that the compiler used.
    pub aliases: Vec<Alias>,
}

/// A result that takes over the memory of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alias {
    /// The position of the parameter.
    pub parameter: usize,
    /// The position of the result.
    pub output: usize,
}

impl Signature {
    /// The signature of a module.
    pub(super) fn of(module: Module) -> Result<Self, HloError> {
        let shape = module.program_shape;
        let shape = shape.ok_or_else(|| HloError::new("it has no program shape".into()))?;
        let parameters = shape.parameters.iter().map(Shape::to_type).collect();
        let aliases = module.aliases.unwrap_or_default().entries;
        let aliases = aliases.iter().filter_map(AliasEntry::to_alias).collect();
        Ok(Self { parameters, aliases })
    }
}

impl AliasEntry {
    fn to_alias(&self) -> Option<Alias> {
        // A single result is no tuple, and its index is empty.
        let output = self.output_shape_index.first().copied().unwrap_or(0);
        Some(Alias {
            parameter: usize::try_from(self.parameter_number).ok()?,
            output: usize::try_from(output).ok()?,
        })
    }
}
