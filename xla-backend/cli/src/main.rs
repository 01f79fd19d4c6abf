//! `burn-xla`: installs PJRT plugins, tells what is there, and serves devices.

use std::process::ExitCode;

use burn_xla_cli::commands::{Doctor, Install, Serve, VARIABLES};
use clap::{Parser, Subcommand};

/// Burn on XLA, through PJRT.
#[derive(Parser)]
#[command(name = "burn-xla", after_help = VARIABLES, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Fetch a platform's plugin (pinned, checked) into the cache folder
    Install(Install),
    /// Print which plugins and devices there are, and what is missing
    Doctor(Doctor),
    /// Let Burn programs run on the devices of this machine, until Ctrl-C
    Serve(Serve),
}

fn main() -> ExitCode {
    burn_xla::pjrt::keep_memory();
    match Arguments::parse().verb {
        Verb::Install(install) => told(install.run()),
        Verb::Serve(serve) => told(serve.run()),
        Verb::Doctor(doctor) => match doctor.run("burn-xla") {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        },
    }
}

/// Prints an error with its causes.
fn told<E: std::error::Error>(done: Result<(), E>) -> ExitCode {
    let Err(error) = done else { return ExitCode::SUCCESS };
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    eprintln!("error: {text}");
    ExitCode::FAILURE
}
