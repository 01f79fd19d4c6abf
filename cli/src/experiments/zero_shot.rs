//! Names for pairs of shape and colour that were never seen together: a text tower is tuned beside a frozen model, whose images and
//! captions lack these pairs.

use std::fmt;
use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use serde_json::{Map, Value, json};
use vit22b::contrast::{ClassVectors, Prompts, TextEmbedder, cosines};
use vit22b::data::{CaptionedDrawing, Captions, ColouredShapes};
use vit22b::eval::{Matrix, Ranks, Retrieval};
use vit22b::lit::{Contrast, ImageViews, Lit, Pairs, TextHalf};
use vit22b::probe::{Embedder, FeatureTable};
use vit22b::text::{TextConfig, TextEncoder, Tokenizer, words_json};
use vit22b::train::{Engine, Recipe, Start, TrainStep};
use vit22b::vit::ViT22B;
use vit22b::{Runtime, params};

use crate::model::{SIDE, preprocess};

/// Prompts that no caption has, of the words that captions have.
pub(crate) const PROMPTS: [&str; 4] =
    ["here is a {}", "a picture of the {}", "this is one {}", "the {} on ground"];
const LENGTH: usize = 12;
const BATCH: u64 = 128;
const LR: f64 = 3e-3;
/// Drawings to learn from, 30 of each pair that is seen.
const TRAIN: u64 = 1_800;
/// Drawings to test on: of pairs that were seen, and of those that were not.
const TEST: u64 = 600;

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Steps of each text tower, of 128 pairs.
    pub(crate) steps: u64,
    /// Drawings, captions and text towers are drawn anew for each seed from 0 on.
    pub(crate) seeds: u64,
}

/// What is trained, or trained as a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arm {
    Sigmoid,
    Softmax,
    /// The image model before its training.
    Untrained,
    /// Each drawing has the caption of another.
    Shuffled,
}

impl Arm {
    pub(crate) const ALL: [Self; 4] =
        [Self::Sigmoid, Self::Softmax, Self::Untrained, Self::Shuffled];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sigmoid => "pre-trained, sigmoid loss",
            Self::Softmax => "pre-trained, softmax loss",
            Self::Untrained => "untrained image model",
            Self::Shuffled => "shuffled captions",
        }
    }
}

/// What one arm reaches with one seed; all are shares.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reached {
    /// Drawings of held-out pairs that are named right among all pairs, and by one of the first five names.
    pub(crate) held_out: [f64; 2],
    /// New drawings of seen pairs that are named right among all pairs.
    pub(crate) seen: f64,
    /// Drawings, one of each pair, that find their text first, and texts that find their drawing.
    pub(crate) recall: [f64; 2],
}

/// All arms, each with what it reached by seed.
#[derive(Debug, Clone)]
pub(crate) struct ZeroShot {
    pub(crate) arms: Vec<(Arm, Vec<Reached>)>,
    /// The number of pairs among which a name is chosen.
    pub(crate) pairs: usize,
}

impl ZeroShot {
    /// All numbers, by arm and name, a list over the seeds each.
    pub(crate) fn json(&self) -> Value {
        let of_arm = |(arm, all): &(Arm, Vec<Reached>)| {
            let numbers = NUMBERS.map(|(name, number)| {
                (name.to_string(), json!(all.iter().map(number).collect::<Vec<_>>()))
            });
            (arm.name().to_string(), Value::Object(numbers.into_iter().collect()))
        };
        let arms: Map<String, Value> = self.arms.iter().map(of_arm).collect();
        json!({ "pairs": self.pairs, "prompts": PROMPTS, "arms": arms })
    }

    /// The mean over the seeds of a number of an arm, and half the distance of the least from the largest.
    pub(crate) fn mean(&self, arm: Arm, number: impl Fn(&Reached) -> f64) -> [f64; 2] {
        let of_arm = self.arms.iter().find(|(other, _)| *other == arm);
        let values: Vec<f64> =
            of_arm.into_iter().flat_map(|(_, all)| all.iter().map(&number)).collect();
        let sum: f64 = values.iter().sum();
        let ends =
            [f64::min, f64::max].map(|end| values.iter().copied().reduce(end).unwrap_or(0.0));
        [sum / values.len().max(1) as f64, (ends[1] - ends[0]) / 2.0]
    }
}

impl fmt::Display for ZeroShot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seeds = self.arms.first().map_or(0, |(_, all)| all.len());
        let held_out = ColouredShapes::held_out_pairs().len();
        writeln!(
            f,
            "drawings of {held_out} pairs of shape and colour that neither drawings nor captions of the tuning had,\n\
             named among all {} pairs by {} prompts that no caption had; means of {seeds} seeds ± half their range",
            self.pairs,
            PROMPTS.len()
        )?;
        let titles = ["unseen top-1", "top-5", "seen top-1", "image to text", "text to image"];
        write!(f, "\n{:<26}", "")?;
        titles.iter().try_for_each(|title| write!(f, " {title:>14}"))?;
        for (arm, _) in &self.arms {
            write!(f, "\n{:<26}", arm.name())?;
            for (_, number) in NUMBERS {
                let [mean, spread] = self.mean(*arm, number).map(|share| 100.0 * share);
                write!(f, " {:>14}", format!("{mean:.1} ± {spread:.1} %"))?;
            }
        }
        let chance = |k: f64| format!("{:.1} %", 100.0 * k / self.pairs as f64);
        write!(f, "\n{:<26}", "chance")?;
        for k in [1.0, 5.0, 1.0, 1.0, 1.0] {
            write!(f, " {:>14}", chance(k))?;
        }
        Ok(())
    }
}

/// The numbers of a [`Reached`] by name.
type Number = (&'static str, fn(&Reached) -> f64);
const NUMBERS: [Number; 5] = [
    ("unseen_top_1", |reached| reached.held_out[0]),
    ("unseen_top_5", |reached| reached.held_out[1]),
    ("seen_top_1", |reached| reached.seen),
    ("image_to_text_recall_at_1", |reached| reached.recall[0]),
    ("text_to_image_recall_at_1", |reached| reached.recall[1]),
];

/// Trains and measures all arms. `progress` gets what is done next.
pub(crate) fn zero_shot(
    runtime: &Runtime,
    [trained, untrained]: [ViT22B; 2],
    settings: Settings,
    mut progress: impl FnMut(&str),
) -> anyhow::Result<ZeroShot> {
    let embedder = |model: ViT22B| -> anyhow::Result<Embedder> {
        Ok(Embedder::new(runtime, model, preprocess(SIDE)?)?.with_batch(100))
    };
    let models = [embedder(trained)?, embedder(untrained)?];
    let mut arms: Vec<(Arm, Vec<Reached>)> = Arm::ALL.map(|arm| (arm, vec![])).into();
    for seed in 0..settings.seeds {
        let drawn = Drawn::new(seed);
        let seen = [0, 1].map(|model: usize| Seen::new(&models[model], runtime, &drawn));
        let [by_trained, by_untrained] = seen;
        let (by_trained, by_untrained) = (by_trained?, by_untrained?);
        for (arm, of_arm) in &mut arms {
            progress(&format!("seed {seed}: {}", arm.name()));
            let seen = if *arm == Arm::Untrained { &by_untrained } else { &by_trained };
            of_arm.push(reached(runtime, (&drawn, seen), *arm, (settings.steps, seed))?);
        }
    }
    Ok(ZeroShot { arms, pairs: ColouredShapes::pairs().len() })
}

/// The drawings of a seed. None is both learned from and tested on.
struct Drawn {
    train: Vec<CaptionedDrawing>,
    held_out: Vec<CaptionedDrawing>,
    seen: Vec<CaptionedDrawing>,
    /// One of each pair.
    one_each: Vec<CaptionedDrawing>,
}

impl Drawn {
    fn new(seed: u64) -> Self {
        let train = ColouredShapes::new(SIDE, seed);
        let test = ColouredShapes::new(SIDE, seed ^ 0x7e57);
        let held_out_pairs = ColouredShapes::held_out_pairs().len() as u64;
        let seen_pairs = ColouredShapes::pairs().len() as u64 - held_out_pairs;
        let one_each = (TEST..TEST + seen_pairs).map(|index| test.seen(index));
        let others = (TEST..TEST + held_out_pairs).map(|index| test.held_out(index));
        Self {
            train: (0..TRAIN).map(|index| train.seen(index)).collect(),
            held_out: (0..TEST).map(|index| test.held_out(index)).collect(),
            seen: (0..TEST).map(|index| test.seen(index)).collect(),
            one_each: one_each.chain(others).collect(),
        }
    }
}

/// What an image model makes of these drawings.
struct Seen {
    train: FeatureTable,
    held_out: FeatureTable,
    seen: FeatureTable,
    one_each: FeatureTable,
}

impl Seen {
    fn new(model: &Embedder, runtime: &Runtime, drawn: &Drawn) -> anyhow::Result<Self> {
        let features = |drawings| features(model, runtime, drawings);
        Ok(Self {
            train: features(&drawn.train)?,
            held_out: features(&drawn.held_out)?,
            seen: features(&drawn.seen)?,
            one_each: features(&drawn.one_each)?,
        })
    }
}

/// Trains and measures one arm with one seed.
pub(crate) fn measured(
    runtime: &Runtime,
    model: &Embedder,
    arm: Arm,
    (steps, seed): (u64, u64),
) -> anyhow::Result<Reached> {
    let drawn = Drawn::new(seed);
    let seen = Seen::new(model, runtime, &drawn)?;
    reached(runtime, (&drawn, &seen), arm, (steps, seed))
}

fn reached(
    runtime: &Runtime,
    (drawn, vectors): (&Drawn, &Seen),
    arm: Arm,
    (steps, seed): (u64, u64),
) -> anyhow::Result<Reached> {
    let mut captions: Vec<String> = drawn.train.iter().map(|one| one.caption.clone()).collect();
    if arm == Arm::Shuffled {
        fastrand::Rng::with_seed(seed).shuffle(&mut captions);
    }
    let contrast = if arm == Arm::Softmax { Contrast::Softmax } else { Contrast::Sigmoid };
    let half = tuned(runtime, vectors.train.clone(), captions, contrast, (steps, seed))?;
    let (encoder, _) = encoder()?;
    let texts = TextEmbedder::new(runtime, half.text, encoder)?;

    let names = ColouredShapes::pairs();
    let classes = ClassVectors::new(&texts, &names, &Prompts::new(&PROMPTS)?)?;
    let ranks = |drawings: &[CaptionedDrawing], vectors: &FeatureTable| -> anyhow::Result<Ranks> {
        let cosines = classes.cosines(vectors.matrix())?;
        let right: Vec<_> = drawings.iter().map(|one| vec![one.pair]).collect();
        Ok(Ranks::new(Matrix::new(&cosines, names.len())?, &right)?)
    };
    let held_out = ranks(&drawn.held_out, &vectors.held_out)?;
    let seen = ranks(&drawn.seen, &vectors.seen)?;
    let asked = drawn.one_each.iter().map(|one| format!("a {}", names[one.pair]));
    let asked = texts.embed(&asked.collect::<Vec<_>>())?;
    let similarity = cosines(vectors.one_each.matrix(), asked.matrix()?)?;
    let own: Vec<usize> = (0..drawn.one_each.len()).collect();
    let found = Retrieval::new(Matrix::new(&similarity, own.len())?, &own)?;
    Ok(Reached {
        held_out: [held_out.recall_at(1), held_out.recall_at(5)],
        seen: seen.recall_at(1),
        recall: [&found.image_to_text, &found.text_to_image].map(|ranks| ranks.recall_at(1)),
    })
}

/// The tokenizer of the captions' words, and a small tower for it without the length of its vectors.
fn encoder() -> anyhow::Result<(TextEncoder, TextConfig)> {
    let json = words_json(&ColouredShapes::words());
    let tokenizer = Tokenizer::from_bytes("the words of captions", json.as_bytes())?;
    let config = TextConfig::new(tokenizer.vocabulary(), LENGTH, 1).with_pad(0).with_width(64);
    let config = config.with_depth(2).with_mlp_dim(256).with_num_heads(4);
    Ok((TextEncoder::new(tokenizer, &config)?, config))
}

/// A text tower that has learned to match vectors of images.
fn tuned(
    runtime: &Runtime,
    vectors: FeatureTable,
    captions: Vec<String>,
    contrast: Contrast,
    (steps, seed): (u64, u64),
) -> anyhow::Result<TextHalf> {
    let (encoder, config) = encoder()?;
    let config = config.with_output(Some(vectors.columns()));
    let captions = Captions::new(captions.into_iter().map(|caption| vec![caption]).collect());
    let pairs = Pairs::new(&ImageViews::new(vec![vectors])?, &captions, &encoder, seed)?;
    let step = TrainStep::new(Lit::new(config, contrast)?, &Recipe::lit(BATCH, steps, LR), None)?;
    let device = runtime.device();
    let draw = || params::initialize(vit22b::train::Task::init(step.task(), &device));
    let model = params::with_seed(&device, seed, draw);
    let mut engine = Engine::start(runtime, step, Start::From(model, seed))?;
    engine.train(Arc::new(pairs), |_| {})?;
    Ok(engine.state()?.model)
}

/// The pooled vectors of drawings.
fn features(
    model: &Embedder,
    runtime: &Runtime,
    drawings: &[CaptionedDrawing],
) -> anyhow::Result<FeatureTable> {
    let pixels: Vec<f32> = drawings.iter().flat_map(|one| one.pixels.iter().copied()).collect();
    let shape = [drawings.len(), 3, SIDE, SIDE];
    let images = Tensor::from_data(TensorData::new(pixels, shape), &runtime.device());
    let vectors = model.tensor(images)?;
    let [_, width] = vectors.dims();
    Ok(FeatureTable::new(vectors.into_data().try_to_vec()?, width)?)
}
