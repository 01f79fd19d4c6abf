//! The ViT-22B family of vision transformers on Burn: architecture, recipe, measurements.
//!
//! Start with the [`guide`], working sessions with the command and with this crate: [first steps](guide::first_steps),
//! [published models](guide::models), [training](guide::training), [evaluation](guide::evaluation), XLA and TPUs,
//! [serving](guide::serving), and extending it by blocks, losses and operations of one's own.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use vit22b::vit::Variant;
//!
//! let config = Variant::parse("mu/16")?.config(1_000).with_image([64, 64]);
//! let model = config.init(&Device::flex())?;
//! let images = Tensor::<4>::zeros([2, 3, 64, 64], &Device::flex()); // values in [-1, 1]
//! assert_eq!(model.forward(images).dims(), [2, 1_000]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Modules
//!
//! - [`layers`]: blocks, attention, norms and the rest, for models of any make
//! - [`dense`]: models for dense prediction, a tower and a head
//! - [`heads`]: heads for dense prediction: segmentation and depth
//! - [`video`]: videos by the features of their frames
//! - [`vit`]: configs, named sizes, the model, features by name, costs
//! - [`train`]: what is trained (`Task`), the recipe, and the trainer, the engine and the step that follow it
//! - [`Runtime`]: what runs a function, a device of Burn or XLA
//! - [`data`]: images on disk, decoding and preprocessing; procedural images, label hierarchies, digits
//! - [`probe`]: frozen features, and the linear probe on them
//! - [`distil`]: a small model learns what a large one says of the same views
//! - [`lit`]: a text tower learns to match a locked image model
//! - [`eval`]: measurements on features, logits and decisions
//! - [`experiments`]: what the paper claims, in miniature, on drawn data
//! - [`explain`]: what in an image an answer comes from
//! - [`report`]: results for people, as pictures and as a page
//! - [`shard`]: how a train state is cut over a mesh of devices, and what each device holds of it
//! - [`text`]: tokenizers and text towers
//! - [`contrast`]: images beside texts, for zero-shot classification and retrieval
//! - `forecast`, with the feature of that name: memory and time of a compiled training step
//! - [`weights`]: published checkpoints, read and written
//! - [`params`]: parameters, gradients and optimizer state as tensors by path
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::panic,
        clippy::todo,
        clippy::print_stdout,
        clippy::print_stderr,
        clippy::exit
    )
)]

pub mod contrast;
pub mod data;
pub mod dense;
pub mod distil;
mod error;
pub mod eval;
pub mod experiments;
pub mod explain;
mod files;
#[cfg(feature = "forecast")]
pub mod forecast;
pub mod guide;
pub mod heads;
pub mod layers;
pub mod lit;
pub mod params;
pub mod probe;
mod random;
pub mod report;
mod runtime;
pub mod shard;
pub mod text;
pub mod train;
pub mod video;
pub mod vit;
pub mod weights;

/// Trees of tensors, and marks for compilers. `burn_trace::impl_tensor_tree!` makes a module of one's
/// own such a tree, which a [`Runtime`] binds.
pub use burn_trace;
/// XLA: its devices, which [`Runtime::xla`] takes, and compiled programs.
#[cfg(feature = "xla")]
pub use burn_xla;

/// The README's programs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

pub use error::ConfigError;
pub use params::{Rules, RulesError};
pub use random::RandomKey;
pub use runtime::{Bound, Function, Runtime, RuntimeError};
