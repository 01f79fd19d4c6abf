//! What a server tells on standard output: a line a session, and warnings.

use std::io::IsTerminal as _;
use std::panic;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Lets the process log: by `RUST_LOG` if it is set, else sessions and warnings, with `verbosity` 1 what libraries
/// tell, and from 2 on what they tell for debugging. Nothing, if the program has a subscriber of its own.
pub(super) fn install(verbosity: u8) {
    let usual = match verbosity {
        0 => "warn,burn_xla_cli::serve=info",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stdout().is_terminal())
        .with_target(verbosity > 0);
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}

/// Panics become lines of the log. Where the interpreter refuses a graph, a panic says no more than that.
pub(super) fn log_panics() {
    panic::set_hook(Box::new(|info| {
        if burn_xla::eager::interprets() {
            tracing::debug!("refused: {info}");
        } else {
            let thread = std::thread::current();
            tracing::error!(thread = thread.name().unwrap_or_default(), "{info}");
        }
    }));
}
