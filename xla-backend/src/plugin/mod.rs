//! Finding and installing PJRT plugins.
//!
//! A plugin is one large shared library. Its makers publish it as a Python wheel, which is a zip
//! archive; no Python runs when it is used. This module looks for libraries that are already there
//! (see [`find`] for the order), and fetches the pinned wheel with `pip download` when asked to
//! (see [`install`]). `burn-xla doctor` prints what it finds.
//!
//! The peculiarities of a platform are in that platform's file, with their reasons.

mod cache;
mod choose;
mod cpu;
mod cuda;
mod doctor;
mod ensure;
mod error;
mod find;
mod install;
mod load;
mod metal;
mod oneapi;
mod pip;
mod platform;
mod progress;
mod rocm;
#[cfg(test)]
mod scratch;
mod spec;
mod tenstorrent;
mod tpu;
mod wheel;

pub use cache::cache_folder;
pub use choose::{Choice, Skipped, choose, choose_with};
pub use doctor::{Check, PlatformReport, Trial, writable_cache_folder};
pub use ensure::ensure;
pub use error::PluginError;
pub use find::{PluginPath, Source, find, find_with};
pub use install::{Installed, install, install_pin, pins};
pub use load::{client, load};
pub use platform::Platform;
pub use progress::{Progress, Stage, watch};
