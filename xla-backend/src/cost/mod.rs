//! What a program that was compiled for TPUs will cost, by the compiler's own schedule.
//!
//! The optimised program lists every instruction in the order in which a core runs them, and libtpu
//! notes how many cycles it expects each to take; collectives it does not estimate. [`Schedule::new`]
//! walks this list. Instructions of a loop count once per round; a collective takes as long as the most
//! loaded link of the [`Torus`] needs for its bytes. One that is started here and awaited there goes on
//! beside what stands between, as far as the links are free; what is left when it is awaited, and all
//! of a collective that is not asynchronous, is exposed: the core waits.
//!
//! These are estimates, not measurements. Latencies are left out, so that many small collectives
//! look better than they are; so is what shares the memory's bandwidth.

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
