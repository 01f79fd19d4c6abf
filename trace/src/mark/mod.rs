//! Marks: operations that tell a compiler something, and are the identity or plain arithmetic elsewhere.

mod constrain;
mod identity;
mod ring;
mod save;
mod scan;
mod softmax;

pub use constrain::{constrain, constrain_as, constrain_used};
pub use identity::{checkpoint_name, materialize, materialize_int};
pub use ring::{Ring, ring_linear};
pub use save::Save;
pub use scan::{rolling, scan, scan_as_loop};
pub use softmax::softmax;
