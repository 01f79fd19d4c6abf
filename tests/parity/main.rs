//! ViT-22B and the losses held against their definition in plain JAX and against published code.
//! Published models are in `tests/weights`.
//!
//! `VIT22B_FIXTURES=DIR` takes the fixtures from another folder; one that lacks some of them leaves
//! those to the copy in `tests/fixtures`. `VIT22B_DEVICE=flex` or `xla`
//! checks ViT-22B on that runtime alone.

mod fixture;
#[path = "../golden/mod.rs"]
mod golden;
mod losses;
mod vit22b;
