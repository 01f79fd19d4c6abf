//! Why ViT-22B normalises queries and keys, in small: without that norm attention logits grow with the
//! learning rate, until attention falls on single tokens; with it they stay small. Five minutes:
//!
//!     cargo run --release --example qk_norm
//!
//! Both models are trained over a sweep of learning rates, with Adam and without what else holds training
//! together: no warm-up, no clipping, no decay. docs/stability.md has the table that this prints.

use std::sync::Arc;

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Tensor};
use vit22b::Runtime;
use vit22b::data::{BatchSource, Drawings, ImageBatch, Prefetch};
use vit22b::train::{
    Adam, Duration, Engine, Loss, Recipe, Rules, Stage, Start, TrainStep, Tune, task,
};
use vit22b::vit::{FeatureRequest, QkNorm, ViT22B, ViT22BConfig};

/// What outlines are made of, told by parts that lie apart, so that attention must find them.
const LABELS: [&str; 8] =
    ["round", "polygon", "curve", "stroke", "sign", "one stroke", "two strokes", "three strokes"];
const STEPS: u64 = 800;

fn main() -> anyhow::Result<()> {
    let runtime = Runtime::auto();
    println!(
        "on {runtime}\n\n{:>13}  QK norm  held-out loss  largest logit  lowest entropy",
        "learning rate"
    );
    let drawings = Drawings::new(16, 0);
    let all = drawings.hierarchy().names().iter().enumerate();
    let labels = all.filter(|(_, name)| LABELS.contains(&name.as_str())).map(|(at, _)| at);
    let labels: Vec<usize> = labels.collect();
    let of_outlines = labels.clone();
    let measure = runtime.jit(move |(model, batch)| measure(&model, batch, &of_outlines));
    let held_out = Drawings::new(16, !0).batch(0, 256)?;
    for (rate, norm) in
        [0.001, 0.003, 0.01, 0.03].into_iter().flat_map(|rate| [(rate, false), (rate, true)])
    {
        let config =
            ViT22BConfig::new(LABELS.len()).with_image([16, 16]).with_patch(4).with_width(64);
        let config = config.with_depth(8).with_mlp_dim(256).with_num_heads(2);
        let config = config.with_qk_norm(if norm { QkNorm::Rms } else { QkNorm::None });
        let labels = labels.clone();
        let task = task::from_fn(
            move |device: &Device| config.init(device).expect("the config is valid"),
            move |model: &ViT22B, batch: ImageBatch, _| {
                loss(model.forward(batch.images), batch.targets, &labels)
            },
        );
        let recipe = Recipe {
            batch_size: 32,
            total: Duration::Steps(STEPS),
            update: vec![
                Stage::Adam(Adam { beta1: 0.9, beta2: 0.98, epsilon: 1e-8 }),
                Stage::LearningRate { peak: rate, factors: Rules::all(Tune::Factor(1.0)) },
            ],
            ..Recipe::vit22b()
        };
        let mut engine =
            Engine::start(&runtime, TrainStep::new(task, &recipe, None)?, Start::Drawn(0))?;
        let (mut losses, mut largest, mut lowest) = (vec![], 0f64, f64::INFINITY);
        for batch in Prefetch::new(Arc::new(drawings.clone()), 0, 32, STEPS, 1) {
            if engine.steps_done().is_multiple_of(40) {
                let [loss, logit, entropy] = measure
                    .call((engine.state()?.model, held_out.clone()))?
                    .map(Tensor::into_scalar);
                losses.push(loss);
                (largest, lowest) = (largest.max(logit), lowest.min(entropy));
            }
            engine.step(batch?)?.read()?;
        }
        // The mean over the last tenth of the run.
        let last = &losses[losses.len() - losses.len().div_ceil(10)..];
        let loss = last.iter().sum::<f64>() / last.len() as f64;
        println!(
            "{rate:>13}  {:<7}  {loss:>13.3}  {largest:>13.1}  {lowest:>14.3}",
            if norm { "yes" } else { "no" }
        );
    }
    Ok(())
}

/// The loss on some of the labels.
fn loss(logits: Tensor<2>, targets: Tensor<2>, labels: &[usize]) -> Tensor<1> {
    let targets = labels.iter().map(|label| targets.clone().narrow(1, *label, 1)).collect();
    Loss::SigmoidCrossEntropy.forward(logits, Tensor::cat(targets, 1))
}

/// The loss, the largest attention logit of all blocks by its size, and the mean entropy of the attention, in
/// nats, of the block where it is lowest.
fn measure(model: &ViT22B, batch: ImageBatch, labels: &[usize]) -> [Tensor<1>; 3] {
    let request = (0..model.blocks.len())
        .fold(FeatureRequest::new().logits(), FeatureRequest::attention_logits);
    let features = model.features(batch.images, &request).expect("the model has these blocks");
    let of_block = |logits: &Tensor<4>| {
        let (p, log_p) = (softmax(logits.clone(), 3), log_softmax(logits.clone(), 3));
        (logits.clone().abs().max(), (p * log_p).sum_dim(3).neg().mean())
    };
    let blocks = features.attention_logits.values().map(of_block);
    let (logit, entropy) =
        blocks.reduce(|(a, b), (c, d)| (a.max_pair(c), b.min_pair(d))).expect("there is a block");
    [loss(features.logits.expect("asked for"), batch.targets, labels), logit, entropy]
}
