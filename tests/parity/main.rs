//! ViT-22B and the losses held against their definition in plain JAX and against published code.
//! Published models are in `tests/weights`.
//!
//! `VIT22B_FIXTURES=DIR` takes the fixtures from another folder; one that lacks some of them leaves
//! those to the copy in `tests/fixtures`. `VIT22B_DEVICE=flex` or `xla`
//! checks ViT-22B, and ten steps of its training, on that runtime alone; with the feature `wgpu` also `wgpu`, and so on.

mod fixture;
#[path = "../golden/mod.rs"]
mod golden;
mod losses;
mod steps;
mod vit22b;
