//! A training loop of one's own on an engine: it ends when held-out drawings get no better.
//!
//!     cargo run --release --example own_loop -- flex
//!
//! The same loop runs on every device that has a name; on XLA the step is one compiled program.

use burn::tensor::Tensor;
use vit22b::Runtime;
use vit22b::data::{BatchSource, Drawings, Preprocess};
use vit22b::train::{Classify, Engine, Loss, Recipe, Start, TrainStep};
use vit22b::vit::Variant;

/// Images of a step, and held-out ones.
const BATCH: usize = 32;
/// The most steps, over which the learning rate falls.
const STEPS: u64 = 400;
/// Steps between looks at held-out drawings.
const EVERY: u64 = 25;

fn main() -> anyhow::Result<()> {
    let device = std::env::args().nth(1).unwrap_or("auto".into());
    let runtime = Runtime::named(&device)?;
    let (drawings, held_out) = (Drawings::new(16, 0), Drawings::new(16, 1));
    let classes = drawings.hierarchy().names().len();
    let config = Variant::parse("mu/4")?.config(classes).with_image([16, 16]);

    // What is trained, how gradients become parameters, and where.
    let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
    let recipe = Recipe::vit22b_scaled(BATCH as u64, STEPS, 0.01);
    let step = TrainStep::new(task, &recipe, None)?;
    let mut engine = Engine::start(&runtime, step, Start::Drawn(0))?;
    println!("on {runtime}\n\nstep    loss  held out");

    let mut best = f64::INFINITY;
    while engine.steps_done() < STEPS {
        let done = engine.steps_done();
        let batch = drawings.batch(done * BATCH as u64, BATCH)?;
        let reading = engine.step(batch)?.read()?;
        if !(done + 1).is_multiple_of(EVERY) {
            continue;
        }
        // Scores are sums over the examples, each times its weight.
        let weights = Tensor::<1>::ones([BATCH], &runtime.device());
        let scores = engine.sum_scores(held_out.batch(0, BATCH)?, weights)?;
        let held_out = scores["loss"] / BATCH as f64;
        println!("{:>4} {:>7.3} {held_out:>9.3}", done + 1, reading.loss);
        if held_out > best {
            break;
        }
        best = held_out;
    }

    let preprocess: Preprocess = "resize_shorter(16)|center_crop(16)|value_range(-1, 1)".parse()?;
    let path = std::path::Path::new("out/own_loop.safetensors");
    std::fs::create_dir_all("out")?;
    vit22b::weights::save(&engine.state()?.model, &preprocess, path)?;
    println!("the model in {}", path.display());
    Ok(())
}
