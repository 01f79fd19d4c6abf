//! A model of one's own from public layers, and a run that trains it. Fine patches go through blocks,
//! and coarse patches attend to them.
//!
//!     cargo run --release --example own_model -- --device xla

use std::path::PathBuf;
use std::sync::{Arc, atomic::AtomicBool};

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use clap::Parser;
use vit22b::Runtime;
use vit22b::data::{Drawings, FirstOf, ImageBatch};
use vit22b::layers::{
    Attention, AttentionConfig, Block, BlockConfig, Draws, Norm, NormConfig, PatchEmbed,
    PatchEmbedConfig, encode, sin_cos_2d,
};
use vit22b::train::{Recipe, Trainer, loss, task};

#[derive(Parser)]
struct Args {
    #[arg(long, default_value = "auto")]
    device: String,
    #[arg(long, default_value_t = 600)]
    steps: u64,
    /// The folder of the run, which must be a new one
    #[arg(long, default_value = "out/own_model")]
    out: PathBuf,
}

#[derive(Module, Debug)]
struct TwoStreams {
    fine: PatchEmbed,
    coarse: PatchEmbed,
    blocks: Vec<Block>,
    ask: Attention,
    norm: Norm,
    head: Linear,
}

impl TwoStreams {
    fn new(classes: usize, device: &Device) -> Self {
        Self {
            fine: PatchEmbedConfig::new(64, 4).init(device),
            coarse: PatchEmbedConfig::new(64, 8).init(device),
            blocks: BlockConfig::new(64, 256, 4).stack(2, device),
            ask: AttentionConfig::new(64, 4).init(device),
            norm: NormConfig::new(64).init(device),
            head: LinearConfig::new(64, classes).init(device),
        }
    }

    fn forward(&self, images: Tensor<4>, draws: Option<&Draws>) -> Tensor<2> {
        let (fine, grid) = self.fine.forward(images.clone());
        let fine = fine + sin_cos_2d(grid, 64, &images.device()).unsqueeze();
        let fine = self.norm.forward(encode(&self.blocks, fine, None, draws));
        let (coarse, _) = self.coarse.forward(images);
        let coarse = coarse.clone() + self.ask.forward(coarse, fine, None);
        self.head.forward(coarse.mean_dim(1).squeeze_dim(1))
    }
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let data = Drawings::new(16, 0);
    let classes = data.hierarchy().names().len();
    let task = task::from_fn(
        move |device| TwoStreams::new(classes, device),
        |model: &TwoStreams, batch: ImageBatch, key| {
            let draws = key.map(|key| Draws::new(key.clone()).with_dropout(0.1));
            loss::sigmoid_cross_entropy(model.forward(batch.images, draws.as_ref()), batch.targets)
        },
    );
    let recipe = Recipe::vit22b_scaled(32, args.steps, 0.003);
    let run = Trainer::new(task, recipe, Arc::new(data), args.out)
        .with_evaluation(Arc::new(FirstOf::new(Drawings::new(16, 1), 256)), 100);
    run.run(&Runtime::named(&args.device)?, &AtomicBool::new(false), |event| println!("{event}"))?;
    Ok(())
}
