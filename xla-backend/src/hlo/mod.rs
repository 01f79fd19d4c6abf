//! Optimised programs, read: their parameters and their instructions.
//!
//! The C API has no call for the parameters of an executable. The HLO module has them: their types and shapes,
//! per device and after partitioning, and which of them share their memory with results. It also has every
//! instruction, in the order in which it runs.

mod error;
mod groups;
mod instruction;
mod program;
mod proto;
mod signature;
mod text;

pub use error::HloError;
pub use instruction::Instruction;
pub use program::OptimizedProgram;
pub use signature::{Alias, Signature};
