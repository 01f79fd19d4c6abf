//! What a weights file is: origin, architecture, preprocessing, and which tensors fit. No image is
//! needed, and no tensor is read.

use crate::args::Weights;

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
    if let Some(text) = arguments.weights.inspect_text()? {
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
