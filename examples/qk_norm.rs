//! Why ViT-22B normalises queries and keys, in small: without that norm attention logits grow with the
//! learning rate, until attention falls on single tokens; with it they stay small. Five minutes:
//!
//!     cargo run --release --example qk_norm
//!
//! Both models are trained over a sweep of learning rates, with Adam and without what else holds training
//! together: no warm-up, no clipping, no decay. docs/stability.md has the table that this prints.

use burn::tensor::Tensor;
use std::{path::Path, sync::Arc};
use vit22b::data::{BatchSource, Drawings, ImageBatch, Prefetch};
use vit22b::report::{Line, Panel, panels};
use vit22b::train::{
    Adam, Classify, Duration, Engine, Loss, Recipe, Rules, Stage, Start, TrainStep, Tune,
};
use vit22b::vit::{FeatureRequest, QkNorm, ViT22B, ViT22BConfig};

/// What outlines are made of, told by parts that lie apart, so that attention must find them.
const LABELS: [&str; 8] =
    ["round", "polygon", "curve", "stroke", "sign", "one stroke", "two strokes", "three strokes"];
const STEPS: u64 = 800;

fn main() -> anyhow::Result<()> {
    let runtime = vit22b::Runtime::auto();
    println!("on {runtime}\nlearning rate  QK norm  held-out loss  largest logit  lowest entropy");
    let data = Arc::new(Drawings::new(16, 0).with_targets(&LABELS)?);
    let held_out = Drawings::new(16, !0).with_targets(&LABELS)?.batch(0, 256)?;
    let measure = runtime.jit(|(model, batch)| measure(&model, batch));
    let mut pictures = ["held-out loss", "largest logit", "lowest entropy in nats"].map(|name| {
        let lines = [Line::new("without", vec![]).with_colour(3), Line::new("with", vec![])];
        let logarithmic = [true, name == "largest logit"];
        Panel::new(name, "learning rate", name).with_logarithmic(logarithmic).with_lines(lines)
    });
    for run in 0..8 {
        let (rate, norm) = ([0.001, 0.003, 0.01, 0.03][run / 2], run % 2 == 1);
        let vit = ViT22BConfig::new(LABELS.len()).with_image([16, 16]).with_patch(4).with_width(64);
        let vit = vit.with_depth(8).with_mlp_dim(256).with_num_heads(2);
        let vit = vit.with_qk_norm(if norm { QkNorm::Rms } else { QkNorm::None });
        let adam = Stage::Adam(Adam { beta1: 0.9, beta2: 0.98, epsilon: 1e-8 });
        let rates = Stage::LearningRate { peak: rate, factors: Rules::all(Tune::Factor(1.0)) };
        let (batch_size, total) = (32, Duration::Steps(STEPS));
        let recipe = Recipe { batch_size, total, update: vec![adam, rates], ..Recipe::vit22b() };
        let task = Classify::new(vit, Loss::SigmoidCrossEntropy)?;
        let step = TrainStep::new(task, &recipe, None)?;
        let mut engine = Engine::start(&runtime, step, Start::Drawn(0))?;
        let (mut losses, mut largest, mut lowest) = (vec![], 0f64, f64::INFINITY);
        for batch in Prefetch::new(data.clone(), 0, 32, STEPS, 1) {
            if engine.steps_done().is_multiple_of(40) {
                let measured = measure.call((engine.state()?.model, held_out.clone()))?;
                let [loss, logit, entropy] = measured.map(Tensor::into_scalar);
                losses.push(loss);
                (largest, lowest) = (largest.max(logit), lowest.min(entropy));
            }
            engine.step(batch?)?.read()?;
        }
        // The mean over the last tenth of the run.
        let last = &losses[losses.len() - losses.len().div_ceil(10)..];
        let loss = last.iter().sum::<f64>() / last.len() as f64;
        let with = if norm { "yes" } else { "no" };
        println!("{rate:>13}  {with:<7}  {loss:>13.3}  {largest:>13.1}  {lowest:>14.3}");
        for (picture, value) in pictures.iter_mut().zip([loss, largest, lowest]) {
            picture.lines[usize::from(norm)].points.push((rate, value));
        }
    }
    std::fs::create_dir_all("out")?;
    let path = Path::new("out/qk_norm.svg");
    panels(path, "Training with and without QK norm", 3, &pictures)?;
    println!("as a picture: {}", path.display());
    Ok(())
}

/// The loss, the largest attention logit, and the mean entropy of the attention in nats where it is lowest.
fn measure(model: &ViT22B, batch: ImageBatch) -> [Tensor<1>; 3] {
    let request = FeatureRequest::all(model.blocks.len());
    let features = model.features(batch.images, &request).expect("the model has these blocks");
    let of_blocks = [features.largest_attention_logit(), features.lowest_attention_entropy()];
    let [logit, entropy] = of_blocks.map(|value| value.expect("there is a block"));
    let logits = features.logits.expect("the model has a classifier");
    [Loss::SigmoidCrossEntropy.forward(logits, batch.targets), logit, entropy]
}
