//! The sizes of the family, counted from their configs; no model is made.

use vit22b::vit::{SIZES, Variant};

/// Classes of the JFT classifier, as big_vision gives them.
const CLASSES: usize = 29_593;

/// There are no options.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: Arguments) -> anyhow::Result<()> {
    let columns = ["variant", "width", "depth", "mlp", "heads", "blocks", "all", "forward", "kept"];
    print_row(columns.map(String::from));
    for size in SIZES {
        let patch = if size.width < 1_000 { 16 } else { 14 };
        let variant = Variant { size, patch };
        let config = variant.config(CLASSES);
        let count = config.parameters();
        print_row([
            variant.to_string(),
            size.width.to_string(),
            size.depth.to_string(),
            size.mlp_dim.to_string(),
            size.num_heads.to_string(),
            scaled(count.blocks as f64, ["k", "M", "B"]),
            scaled(count.total() as f64, ["k", "M", "B"]),
            scaled(config.forward_flops_per_image(), ["k", "M", "G"]),
            scaled(config.activation_bytes_per_image(2) as f64, ["k", "M", "G"]),
        ]);
    }
    println!();
    println!("blocks   parameters in the blocks");
    println!("all      with stem, positions, norm, attention pooling and {CLASSES} classes");
    println!(
        "forward  floating-point operations for an image, two for a multiplication and addition"
    );
    println!("kept     bytes of an image's activations, in bf16, that the backward pass reads");
    println!();
    let config = Variant::parse("22B/14")?.config(CLASSES);
    println!(
        "22B/14: {:.1} GFLOP to train on a token; 1,150 tokens/s on 275 TFLOP/s are {:.2} % of it",
        config.train_flops_per_token() / 1e9,
        100.0 * config.utilisation(1_150.0, 275e12)
    );
    Ok(())
}

fn print_row([variant, width, depth, mlp, heads, blocks, all, forward, kept]: [String; 9]) {
    println!(
        "{variant:<10} {width:>6} {depth:>6} {mlp:>6} {heads:>6} {blocks:>10} {all:>10} {forward:>11} {kept:>10}"
    );
}

/// With three decimals and a unit for thousands, millions or billions.
fn scaled(n: f64, [thousand, million, billion]: [&str; 3]) -> String {
    let (value, unit) = match n {
        n if n >= 1e9 => (n / 1e9, billion),
        n if n >= 1e6 => (n / 1e6, million),
        n => (n / 1e3, thousand),
    };
    format!("{value:.3} {unit}")
}
