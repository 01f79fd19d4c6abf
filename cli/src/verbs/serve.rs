//! Lets Burn programs run on the devices of this machine.

use burn_xla_cli::commands::{Serve, VARIABLES};

#[derive(clap::Args)]
#[command(after_help = VARIABLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    serve: Serve,
}

pub(crate) fn run(Arguments { serve }: Arguments) -> anyhow::Result<()> {
    Ok(serve.run()?)
}
