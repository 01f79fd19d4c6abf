//! The numerics held against published code.
//!
//! `VIT22B_FIXTURES=DIR` takes the fixtures from another folder; a folder that lacks one of the
//! published models leaves that one to the copy in `tests/fixtures`. `VIT22B_DEVICE=flex` or `xla`
//! checks ViT-22B on that runtime alone.

mod fixture;
mod losses;
mod published;
mod vit22b;
