//! Functions that programs compiled by XLA call on a CPU, where its compiler makes many passes over memory: [`Attention`],
//! forward and backward, without the scores in memory, [`linear`] layers with what follows them, and [`RmsNorm`].
//!
//! Each is written once, over the few vector instructions of `isa`, and compiled for each set of them. Which
//! one runs is found out when it is called: AVX-512 with products of bf16, AVX-512, AVX2 with FMA, NEON, or the portable
//! form, which is the reference of the others ([`Set`]).
//!
//! This is a crate of its own because `burn-xla` is built without optimisation where it is developed, and these functions
//! are of use only with it.

mod attention;
mod isa;
mod linear;
mod memory;
mod norm;
mod number;
mod pack;
mod product;

pub use attention::{Attention, Gradient, Heads, Norms, Tensors};
pub use isa::Set;
pub use linear::{Layer, Layers, Product, Then, linear};
pub use norm::{Normalised, RmsNorm};
pub use number::Number;
