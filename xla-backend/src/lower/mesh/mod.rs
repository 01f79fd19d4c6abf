//! Meshes and specs in programs.

pub(super) mod shardy;
