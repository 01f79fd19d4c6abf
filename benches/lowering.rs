//! How long recording and lowering take, and how large the program is, without compiling it:
//!
//!     cargo bench --bench lowering
//!     cargo bench --bench lowering -- --variant 22B/14 --depths 48
//!
//! Parameters are placeholders, so that no model is too large.

use burn::tensor::{Device, Tensor};
use burn_xla::Xla;
use burn_xla::program::Lowered;
use clap::Parser;
use vit22b::vit::{Variant, ViT22B};

#[derive(Parser)]
#[command(about = "Times the recording and the lowering of forward passes")]
struct Args {
    /// Size and patch, such as L/16
    #[arg(long, default_value = "L/16")]
    variant: Variant,
    /// Numbers of blocks
    #[arg(long, value_delimiter = ',', default_values_t = [12, 24, 48, 96])]
    depths: Vec<usize>,
    /// Images of a batch
    #[arg(long, default_value_t = 8)]
    batch: usize,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let xla = Xla::cpu()?;
    println!("{:>6}  {:>10}  {:>10}  {:>12}", "blocks", "record ms", "lower ms", "program kB");
    for &depth in &args.depths {
        let config = args.variant.config(1_000).with_depth(depth);
        let model = config.init(&Device::flex())?;
        let [height, width] = config.image;
        let images = Tensor::<4>::empty([args.batch, 3, height, width], &Device::flex());
        let forward = xla.jit(|(model, x): (ViT22B, Tensor<4>)| model.forward(x));
        let arguments = (model, images);
        forward.lower(&arguments)?; // the first call warms up
        let Lowered { program, times, .. } = forward.lower(&arguments)?;
        let ms = |time: std::time::Duration| 1e3 * time.as_secs_f64();
        println!(
            "{depth:>6}  {:>10.1}  {:>10.1}  {:>12}",
            ms(times.capture),
            ms(times.lower),
            program.text.len() / 1_000
        );
    }
    Ok(())
}
