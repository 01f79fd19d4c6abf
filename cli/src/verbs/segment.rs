//! Classes of pixels: by a published or a trained model, training, and measuring.

mod classes;
mod eval;
mod paint;
mod score;
mod train;

use clap::Subcommand;

use crate::parts::OwnVerb;

pub(crate) type Arguments = OwnVerb<Part, paint::Arguments>;

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one is made, and it is moved once")]
pub(crate) enum Part {
    /// Train a head for segmentation on a tower, with images and their masks
    Train(train::Arguments),
    /// Measure a model on images whose masks are known
    Eval(eval::Arguments),
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments {
        OwnVerb::Part(Part::Train(arguments)) => train::run(arguments),
        OwnVerb::Part(Part::Eval(arguments)) => eval::run(arguments),
        OwnVerb::Itself(arguments) => paint::run(arguments),
    }
}
