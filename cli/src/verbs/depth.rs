//! Depths of pixels: by a published or a trained model, training, and measuring.

mod eval;
mod picture;
mod score;
mod train;

use clap::Subcommand;

use crate::parts::OwnVerb;

pub(crate) type Arguments = OwnVerb<Part, picture::Arguments>;

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one is made, and it is moved once")]
pub(crate) enum Part {
    /// Train a head for depth on a tower, with images and their depths
    Train(train::Arguments),
    /// Measure a model on images whose depths are known
    Eval(eval::Arguments),
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments {
        OwnVerb::Part(Part::Train(arguments)) => train::run(arguments),
        OwnVerb::Part(Part::Eval(arguments)) => eval::run(arguments),
        OwnVerb::Itself(arguments) => picture::run(arguments),
    }
}
