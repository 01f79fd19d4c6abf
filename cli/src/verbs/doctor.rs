//! Which plugins and devices of XLA there are.

use anyhow::bail;
use burn_xla_cli::commands::{Doctor, VARIABLES};

#[derive(clap::Args)]
#[command(after_help = VARIABLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    doctor: Doctor,
}

/// Fails if nothing is ready, so that scripts can ask.
pub(crate) fn run(Arguments { doctor }: Arguments) -> anyhow::Result<()> {
    match (doctor.run("vit22b"), doctor.platform) {
        (true, _) => Ok(()),
        (false, Some(platform)) => bail!("{platform} is not ready"),
        (false, None) => bail!("no platform of XLA is ready"),
    }
}
