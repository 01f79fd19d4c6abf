//! A server in a process of its own, for the tests: `burn-xla serve` without the other verbs.

use burn_xla_cli::commands::Serve;
use clap::Parser;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    serve: Serve,
}

fn main() -> anyhow::Result<()> {
    Ok(Arguments::parse().serve.run()?)
}
