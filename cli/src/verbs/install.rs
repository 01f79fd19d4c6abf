//! Fetches a plugin of XLA.

use burn_xla_cli::commands::{Install, VARIABLES};

#[derive(clap::Args)]
#[command(after_help = VARIABLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    install: Install,
}

pub(crate) fn run(Arguments { install }: Arguments) -> anyhow::Result<()> {
    Ok(install.run()?)
}
