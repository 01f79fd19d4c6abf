//! Classes of pixels: by a published or a trained model, training, and measuring.

mod classes;
mod eval;
mod paint;
mod score;
mod train;

use clap::{Args, Subcommand};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    paint: Option<paint::PaintArguments>,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one is made, and it is moved once")]
enum Part {
    /// Train a head for segmentation on a tower, with images and their masks
    Train(train::Arguments),
    /// Measure a model on images whose masks are known
    Eval(eval::Arguments),
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    match (arguments.part, arguments.paint) {
        (Some(Part::Train(arguments)), _) => train::run(arguments),
        (Some(Part::Eval(arguments)), _) => eval::run(arguments),
        (None, Some(arguments)) => paint::run(arguments),
        (None, None) => anyhow::bail!(
            "--weights, --images and --out: expected these, or one of the verbs train and eval"
        ),
    }
}
