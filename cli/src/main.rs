//! The command `vit22b`: what the library can do, as verbs on files and folders.

mod args;
mod dense;
mod evaluate;
mod features;
mod file_names;
mod given;
mod help;
mod model;
mod paper;
mod parts;
mod sharding;
mod terminal;
mod training;
mod two_towers;
mod unsaid;
mod verbs;
mod weights;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Vision transformers of the ViT-22B family: features, probes, training and plans
#[derive(Parser)]
#[command(name = "vit22b", version, arg_required_else_help = true, after_help = AFTER)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[allow(clippy::large_enum_variant, reason = "one is made, and it is moved once")]
#[derive(Subcommand)]
enum Verb {
    /// Compute the depth of each pixel of images; train and measure models that do
    Depth(verbs::depth::Arguments),
    /// Distil a classifier into a small model: keep its answers, learn from them, check them
    Distil(verbs::distil::Arguments),
    /// Print which plugins and devices of XLA there are, and what is missing
    Doctor(verbs::doctor::Arguments),
    /// Write procedural drawings: a folder for each class, or scenes with masks and depths
    Draw(verbs::draw::Arguments),
    /// Compute features of images by a published model, in a file or in a folder of parts
    Embed(verbs::embed::Arguments),
    /// Measure a frozen classifier, and write all of it as one page of HTML
    Evaluate(verbs::evaluate::Arguments),
    /// Draw the patches of images as a published model sees them
    Explain(verbs::explain::Arguments),
    /// Fine-tune a model on labelled images, by the rate that does best on held-out ones
    Finetune(verbs::finetune::Arguments),
    /// Print what a weights file is, without images
    Inspect(verbs::inspect::Arguments),
    /// Fetch a platform's plugin of XLA (pinned, checked) into the cache folder
    Install(verbs::install::Arguments),
    /// Train a text tower beside an image model that stays as it is, from images with texts
    Lit(verbs::lit::Arguments),
    /// Measure what the ViT-22B paper measured, on models of three sizes, as one page of HTML
    Paper(verbs::paper::Arguments),
    /// Compile the training step for a TPU slice that is not here, and print what it will take
    Plan(verbs::plan::Arguments),
    /// Measure how much a linear classifier reads from the features of a published model
    Probe(verbs::probe::Arguments),
    /// Find images of a folder by texts, and the text of each image
    Retrieve(verbs::retrieve::Arguments),
    /// Find the class of each pixel of images; train and measure models that do
    Segment(verbs::segment::Arguments),
    /// Let Burn programs run on the devices of this machine, until Ctrl-C
    Serve(verbs::serve::Arguments),
    /// Train a ViT-22B on drawings or on images, by the paper's recipe scaled down
    Train(verbs::train::Arguments),
    /// Print the sizes of the family, counted from their configs
    Variants(verbs::variants::Arguments),
    /// Classify videos by the features of their frames: compute them, train a head, measure it
    Video(verbs::video::Arguments),
    /// Name the classes of images by a model of images and texts, without training
    ZeroShot(verbs::zero_shot::Arguments),
}

const AFTER: &str = "\
`vit22b VERB --help` has the options of a verb.";

fn main() -> ExitCode {
    end_with_the_reader();
    burn_xla::pjrt::keep_memory();
    let matches = help::wrapped(Command::command()).get_matches();
    let command = Command::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let done = match command.verb {
        Verb::Depth(arguments) => verbs::depth::run(arguments),
        Verb::Distil(arguments) => verbs::distil::run(arguments),
        Verb::Doctor(arguments) => verbs::doctor::run(arguments),
        Verb::Draw(arguments) => verbs::draw::run(arguments),
        Verb::Embed(arguments) => verbs::embed::run(arguments),
        Verb::Evaluate(arguments) => verbs::evaluate::run(arguments),
        Verb::Explain(arguments) => verbs::explain::run(arguments),
        Verb::Finetune(arguments) => verbs::finetune::run(arguments),
        Verb::Inspect(arguments) => verbs::inspect::run(arguments),
        Verb::Install(arguments) => verbs::install::run(arguments),
        Verb::Lit(arguments) => verbs::lit::run(arguments),
        Verb::Paper(arguments) => verbs::paper::run(arguments),
        Verb::Plan(arguments) => verbs::plan::run(arguments),
        Verb::Probe(arguments) => verbs::probe::run(arguments),
        Verb::Retrieve(arguments) => verbs::retrieve::run(arguments),
        Verb::Segment(arguments) => verbs::segment::run(arguments),
        Verb::Serve(arguments) => verbs::serve::run(arguments),
        Verb::Train(arguments) => verbs::train::run(arguments),
        Verb::Variants(arguments) => verbs::variants::run(arguments),
        Verb::Video(arguments) => verbs::video::run(arguments),
        Verb::ZeroShot(arguments) => verbs::zero_shot::run(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Ends the process without a word when nobody reads its output any more, as in `vit22b variants | head -1`.
fn end_with_the_reader() {
    /// What a shell reports of programs that the signal SIGPIPE ended.
    const ENDED_BY_SIGPIPE: i32 = 128 + 13;
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        if text.starts_with("failed printing to stdout") && text.contains("Broken pipe") {
            std::process::exit(ENDED_BY_SIGPIPE);
        }
        usual(panic);
    }));
}

/// An error and its causes on one line, each said once: some errors say their cause themselves. Advice is given in
/// the words of this program.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    terminal::in_own_words(&text)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn help_fits_in_100_columns_and_describes_every_option() {
        let mut command = help::wrapped(Command::command());
        command.build();
        let mut texts = vec![command.render_long_help().to_string()];
        for verb in command.get_subcommands_mut() {
            add_help(verb, &mut texts);
        }
        for line in texts.iter().flat_map(|text| text.lines()) {
            assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
        }
    }

    /// The help of a verb and of its own verbs.
    fn add_help(verb: &mut clap::Command, texts: &mut Vec<String>) {
        for option in verb.get_arguments() {
            assert!(option.get_help().is_some(), "{} {option}", verb.get_name());
        }
        texts.push(verb.render_long_help().to_string());
        for part in verb.get_subcommands_mut() {
            add_help(part, texts);
        }
    }

    #[test]
    fn advice_names_this_program() {
        let error =
            anyhow!("no plugin for tpu; run `burn-xla install tpu`").context("--device tpu");
        assert_eq!(chain(&error), "--device tpu: no plugin for tpu; run `vit22b install tpu`");
        let error = anyhow!("say it with `LoadOptions::num_heads` or `DecodeOptions::max_pixels`");
        assert_eq!(chain(&error), "say it with --num-heads or --max-pixels");
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let said = anyhow!("no such file").context("a.npz: no such file").context("--weights");
        assert_eq!(chain(&said), "--weights: a.npz: no such file");
        let other = anyhow!("no such file").context("--weights a.npz");
        assert_eq!(chain(&other), "--weights a.npz: no such file");
    }
}
