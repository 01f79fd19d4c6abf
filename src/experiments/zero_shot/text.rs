//! The text tower of the experiment.

use std::sync::Arc;

use super::error::ZeroShotError;
use crate::data::{Captions, ColouredShapes};
use crate::lit::{Contrast, ImageViews, Lit, Pairs, TextHalf};
use crate::params;
use crate::probe::FeatureTable;
use crate::runtime::Runtime;
use crate::text::{TextConfig, TextEncoder, Tokenizer, words_json};
use crate::train::{Engine, Recipe, Start, Task, TrainStep};

const LENGTH: usize = 12;
const BATCH: u64 = 128;
const LR: f64 = 3e-3;

/// The tokenizer of the captions' words, and a small tower for it without the length of its vectors.
pub(super) fn encoder() -> Result<(TextEncoder, TextConfig), ZeroShotError> {
    let json = words_json(&ColouredShapes::words());
    let tokenizer = Tokenizer::from_bytes("the words of captions", json.as_bytes())?;
    let config = TextConfig::new(tokenizer.vocabulary(), LENGTH, 1).with_pad(0).with_width(64);
    let config = config.with_depth(2).with_mlp_dim(256).with_num_heads(4);
    Ok((TextEncoder::new(tokenizer, &config)?, config))
}

/// A text tower that has learned to match vectors of images.
pub(super) fn tuned(
    runtime: &Runtime,
    vectors: FeatureTable,
    captions: Vec<String>,
    contrast: Contrast,
    (steps, seed): (u64, u64),
) -> Result<TextHalf, ZeroShotError> {
    let (encoder, config) = encoder()?;
    let config = config.with_output(Some(vectors.columns()));
    let captions = Captions::new(captions.into_iter().map(|caption| vec![caption]).collect());
    let pairs = Pairs::new(&ImageViews::new(vec![vectors])?, &captions, &encoder, seed)?;
    let step = TrainStep::new(Lit::new(config, contrast)?, &Recipe::lit(BATCH, steps, LR), None)?;
    let device = runtime.device();
    let draw = || params::initialize(Task::init(step.task(), &device));
    let model = params::with_seed(&device, seed, draw);
    let mut engine = Engine::start(runtime, step, Start::From(model, seed))?;
    engine.train(Arc::new(pairs), |_| {})?;
    Ok(engine.state()?.model)
}
