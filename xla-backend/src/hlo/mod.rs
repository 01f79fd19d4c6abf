//! What an optimised program tells: its parameters and its instructions.
//!
//! The C API has no call that names the parameters of an executable. Their types and shapes, per
//! device and after partitioning, and which of them share memory with results, stand in the HLO
//! module; so does every instruction in the order in which it runs.

mod error;
mod groups;
mod instruction;
mod program;
mod proto;
mod signature;

pub use error::HloError;
pub use instruction::Instruction;
pub use program::OptimizedProgram;
pub use signature::{Alias, Signature};
