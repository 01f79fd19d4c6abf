//! What a weights file is: origin, architecture, preprocessing, and which tensors fit. No image is
//! needed, and no tensor is read.

use vit22b::weights::{TextInspection, WeightsError};

use crate::args::Weights;
use crate::unsaid::explained;

/// Which file, and in which form.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(text) = text_alone(&arguments.weights)? {
        match arguments.json {
            true => println!("{}", serde_json::to_string(&text)?),
            false => println!("{text}"),
        }
        return Ok(());
    }
    let inspection = arguments.weights.inspect()?;
    for remark in inspection.remarks() {
        eprintln!("{remark}");
    }
    if arguments.json {
        println!("{}", serde_json::to_string(&inspection)?);
    } else {
        println!("{inspection}");
    }
    Ok(())
}

/// What the file is, where it has a tower for texts and nothing else.
fn text_alone(weights: &Weights) -> anyhow::Result<Option<TextInspection>> {
    let (file, options) = weights.open()?;
    match file.describe(&options) {
        Err(WeightsError::UnknownOrigin { .. }) => match file.inspect_text(&options) {
            Err(WeightsError::NoText { .. }) => Ok(None),
            text => text.map(Some).map_err(explained),
        },
        _ => Ok(None),
    }
}
