//! What a program that was compiled for TPUs will cost, by the compiler's own schedule.
//!
//! The optimised program lists every instruction in the order in which a core runs them, and libtpu
//! notes how many cycles it expects each to take, except for collectives. [`Schedule::new`] walks this list.
//! Instructions of a loop count once for each iteration. A collective takes as long as the most loaded link of
//! the [`Torus`] needs for its bytes. An asynchronous collective runs beside the instructions between its start
//! and its end, as far as the links are free. The time that is left at its end, and all time of other
//! collectives, is exposed: the core waits.
//!
//! These are estimates, not measurements. They leave out latencies, so that many small collectives look
//! better than they are, and instructions that share the bandwidth of the memory.

mod chip;
mod collective;
mod error;
mod schedule;
mod torus;
mod trips;

pub use chip::Chip;
pub use collective::CollectiveKind;
pub use error::CostError;
pub use schedule::{Collective, Kernel, Schedule, Work};
pub use torus::Torus;
