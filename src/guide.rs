//! The guide: what can be done with this crate and with the command `vit22b`, a working session on each page. Its programs are
//! compiled and run with the tests of this crate, and its commands with those of the command.
//!
//! - [`first_steps`]: a model, its features, pictures of what it sees
//! - [`models`]: published weights, and what is done with them
//! - [`training`]: from a folder of images to a fine-tuned, distilled and measured model
//! - [`evaluation`]: what is in features, and whether a classifier deserves trust
//! - [`xla`]: compiled programs, meshes of devices, what a TPU slice would take
//! - [`serving`]: a model inside a program, devices for programs elsewhere
//! - [`extending`]: blocks, losses and operations of one's own

#[doc = include_str!("../docs/guide/first_steps.md")]
pub mod first_steps {}

#[doc = include_str!("../docs/guide/models.md")]
pub mod models {}

#[doc = include_str!("../docs/guide/training.md")]
pub mod training {}

#[doc = include_str!("../docs/guide/evaluation.md")]
pub mod evaluation {}

#[cfg(feature = "xla")]
#[doc = include_str!("../docs/guide/xla.md")]
pub mod xla {}

#[doc = include_str!("../docs/guide/serving.md")]
pub mod serving {}

#[cfg(feature = "xla")]
#[doc = include_str!("../docs/guide/extending.md")]
pub mod extending {}
