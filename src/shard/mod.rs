//! Training sharded over a mesh of devices.
//!
//! A [`Sharding`] says which axes of a [`Mesh`] cut each parameter, by ordered rules over the parameters'
//! paths, and which cut the batch and the activations inside the model. From it and the model, XLA
//! makes one program for all devices, with the communication that this needs.
//!
//! A [`Plan`] lists what each device holds, before anything is compiled. `forecast::Forecast`, with the
//! feature `forecast`, compiles the step for devices that are not here and reads its memory and time.
//! A [`ShardedLinear`] is the paper's linear layer over one axis of the mesh, by itself.
//!
//! ```
//! use vit22b::shard::{Activations, Plan, Sharding};
//! use vit22b::train::{Classify, Loss, Recipe, TrainStep};
//! use vit22b::vit::Variant;
//!
//! let sharding = Sharding::vit22b(Activations::Width);
//! let task = Classify::new(Variant::parse("22B/14")?.config(29_593), Loss::SigmoidCrossEntropy)?;
//! let train = TrainStep::new(task, &Recipe::vit22b(), None)?;
//! let plan = Plan::new(&"data=128,model=8".parse()?, &sharding, &train.state_leaves()?)?;
//! assert!(plan.bytes() > 100 << 30 && plan.bytes_per_device() < 200 << 20);
//! println!("{plan}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod linear;
mod plan;
mod plan_table;
mod role;
mod sharding;

#[cfg(feature = "forecast")]
pub(crate) use plan_table::Bytes;

pub use burn_trace::mesh::{Mesh, MeshError, Spec};
pub use error::ShardError;
pub use linear::{Communication, Cut, ShardedLinear, ShardedLinearConfig};
pub use plan::{Plan, Planned, Reason};
pub use role::StatePart;
pub use sharding::{Activations, Sharding};

/// The document's code is tested.
#[cfg(all(doctest, feature = "xla"))]
#[doc = include_str!("../../docs/scaling.md")]
mod scaling {}
