//! Depths of pixels: by a published or a trained model, training, and measuring.

mod eval;
mod picture;
mod score;
mod train;

use clap::{Args, Subcommand};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    picture: Option<picture::PictureArguments>,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one is made, and it is moved once")]
enum Part {
    /// Train a head for depth on a tower, with images and their depths
    Train(train::Arguments),
    /// Measure a model on images whose depths are known
    Eval(eval::Arguments),
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    match (arguments.part, arguments.picture) {
        (Some(Part::Train(arguments)), _) => train::run(arguments),
        (Some(Part::Eval(arguments)), _) => eval::run(arguments),
        (None, Some(arguments)) => picture::run(arguments),
        (None, None) => anyhow::bail!(
            "--weights, --images and --out: expected these, or one of the verbs train and eval"
        ),
    }
}
