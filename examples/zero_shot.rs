//! Pre-trains a small ViT-22B on drawings, locks it, and tunes a text tower to match it on drawings of shapes in colours with captions. One
//! colour of each shape is held out of both; drawings of these pairs are then named among all pairs. A minute on a laptop's CPU:
//!
//!     cargo run --release --example zero_shot

use std::sync::Arc;

use clap::Parser;
use vit22b::Runtime;
use vit22b::data::{ColouredShapes, Drawings};
use vit22b::experiments::{ZeroShotArm, zero_shot_scores};
use vit22b::probe::Embedder;
use vit22b::train::{Classify, Engine, Loss, Recipe, Start, TrainStep};
use vit22b::vit::ViT22BConfig;

#[derive(Parser)]
struct Args {
    /// Steps of pre-training, of 32 drawings each
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Steps of the text tower, of 128 drawings with captions each
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..))]
    text_steps: u64,
    /// What computes: auto, flex, xla or a GPU backend that is built in
    #[arg(long, default_value = "auto")]
    device: String,
}

fn main() -> anyhow::Result<()> {
    let Args { steps, text_steps, device } = Args::parse();
    let runtime = Runtime::named(&device)?;
    let data = Drawings::new(16, 0);
    let vit = ViT22BConfig::new(data.hierarchy().names().len()).with_image([16, 16]).with_patch(4);
    let vit = vit.with_width(96).with_depth(2).with_mlp_dim(384).with_num_heads(6);
    let task = Classify::new(vit, Loss::SigmoidCrossEntropy)?;
    let step = TrainStep::new(task, &Recipe::vit22b_scaled(32, steps, 0.006), None)?;
    let mut engine = Engine::start(&runtime, step, Start::Drawn(0))?;
    engine.train(Arc::new(data), |progress| println!("{progress}"))?;

    let preprocess = "resize(16)|value_range(-1, 1)".parse()?;
    let locked = Embedder::new(&runtime, engine.state()?.model, preprocess)?.with_batch(100);
    let names = ColouredShapes::pairs().len();
    for arm in [ZeroShotArm::Sigmoid, ZeroShotArm::Shuffled] {
        let scores = zero_shot_scores(&runtime, &locked, arm, (text_steps, 0))?;
        let [one, five] = scores.held_out.map(|share| 100.0 * share);
        println!(
            "pairs never seen, among {names} names: top-1 {one:.1} %, top-5 {five:.1} %, {}",
            arm.name()
        );
    }
    Ok(())
}
