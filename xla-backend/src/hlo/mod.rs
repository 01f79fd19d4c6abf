//! What compilers and profilers write, read: the parameters and instructions of optimised programs, and profiles.
//!
//! The C API has no call for the parameters of an executable. The HLO module has them: their types and shapes,
//! per device and after partitioning, and which of them share their memory with results. It also has every
//! instruction, in the order in which it runs.

mod error;
mod groups;
mod instruction;
mod profile;
mod program;
mod proto;
mod signature;
mod text;

pub use error::HloError;
pub use instruction::Instruction;
pub use profile::Profile;
pub use program::OptimizedProgram;
pub use signature::{Alias, Signature};
