//! What a weights file is: origin, architecture, preprocessing, and which tensors fit. No image is
//! needed, and no tensor is read.

use vit22b::weights::{LoadOptions, TextInspection, WeightsError, WeightsFile};

use crate::args::Weights;
use crate::two_towers::UnsaidOfText;
use crate::unsaid::explained;

/// Which file, and in which form.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    #[command(flatten)]
    text: UnsaidOfText,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { weights, text, json } = arguments;
    let (file, options) = weights.open()?;
    let options = text.added_to(options);
    if let Some(found) = text_alone(&file, &options, &text)? {
        text.compare(&file, &options, &found.description)?;
        match json {
            true => println!("{}", serde_json::to_string(&found)?),
            false => println!("{found}"),
        }
        return Ok(());
    }
    let inspection = weights.unsaid().inspect(&file, &options)?;
    weights.unsaid().compare(&file, &inspection.description)?;
    match &inspection.text {
        Some(found) => text.compare(&file, &options, &found.description)?,
        None => match file.describe_text(&options) {
            Err(WeightsError::NoText { .. }) => text.not_given()?,
            Err(WeightsError::Config(error)) if text.sets_heads() => {
                return Err(text.naming_option(error));
            }
            _ => {}
        },
    }
    for remark in inspection.remarks() {
        eprintln!("{remark}");
    }
    if json {
        println!("{}", serde_json::to_string(&inspection)?);
    } else {
        println!("{inspection}");
    }
    Ok(())
}

/// What the file is, where it has a tower for texts and nothing else.
fn text_alone(
    file: &WeightsFile,
    options: &LoadOptions,
    unsaid: &UnsaidOfText,
) -> anyhow::Result<Option<TextInspection>> {
    match file.describe(options) {
        Err(WeightsError::UnknownOrigin { .. }) => match file.inspect_text(options) {
            Err(WeightsError::NoText { .. }) => Ok(None),
            Err(WeightsError::Config(error)) => Err(unsaid.naming_option(error)),
            text => text.map(Some).map_err(explained),
        },
        _ => Ok(None),
    }
}
