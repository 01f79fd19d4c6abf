//! The command `burn-xla`, for other binaries too: [`commands`] fetches plugins of XLA, tells which are there, and serves
//! devices to Burn programs; [`serve`] is that server as a library.
//!
//! They are apart from [`burn_xla`], so that programs which compile functions build no web server.

#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::panic, clippy::todo, clippy::print_stderr, clippy::exit)
)]

pub mod commands;
pub mod serve;
