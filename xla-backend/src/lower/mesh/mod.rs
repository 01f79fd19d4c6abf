//! Meshes of devices in programs.

pub(crate) mod constraint;
pub(crate) mod replicas;
pub(crate) mod ring;
pub(crate) mod ring_linear;
pub(crate) mod shardy;
