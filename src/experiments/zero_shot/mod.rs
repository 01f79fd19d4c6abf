//! Names for pairs of shape and colour that were never seen together: a text tower is tuned beside a frozen model, whose images and
//! captions lack these pairs.

mod drawn;
mod error;
mod text;

use std::fmt;

use serde_json::{Map, Value, json};

use crate::contrast::{ClassVectors, Prompts, TextEmbedder, cosines};
use crate::data::{CaptionedDrawing, ColouredShapes};
use crate::eval::{Matrix, Ranks, Retrieval};
use crate::lit::Contrast;
use crate::probe::{Embedder, FeatureTable};
use crate::runtime::Runtime;
use drawn::{Drawn, Parts, draw, see};

pub use error::ZeroShotError;

/// Prompts that no caption has, of the words that captions have.
const PROMPTS: [&str; 4] =
    ["here is a {}", "a picture of the {}", "this is one {}", "the {} on ground"];

/// What is trained, or trained as a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZeroShotArm {
    /// A text tower beside the pre-trained model, with the sigmoid loss.
    Sigmoid,
    /// The same with the softmax loss.
    Softmax,
    /// The image model before its training.
    Untrained,
    /// Each drawing has the caption of another.
    Shuffled,
}

impl ZeroShotArm {
    /// All arms.
    pub const ALL: [Self; 4] = [Self::Sigmoid, Self::Softmax, Self::Untrained, Self::Shuffled];

    /// What it is, in a few words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sigmoid => "pre-trained, sigmoid loss",
            Self::Softmax => "pre-trained, softmax loss",
            Self::Untrained => "untrained image model",
            Self::Shuffled => "shuffled captions",
        }
    }
}

/// What an arm reaches with one seed; all are shares.
#[derive(Debug, Clone, Copy, Default)]
pub struct ZeroShotScores {
    /// Drawings of held-out pairs that are named right among all pairs, and by one of the first five names.
    pub held_out: [f64; 2],
    /// New drawings of seen pairs that are named right among all pairs.
    pub seen: f64,
    /// Drawings, one of each pair, that find their text first, and texts that find their drawing.
    pub recall: [f64; 2],
}

/// All arms, each with what it reached by seed.
#[derive(Debug, Clone)]
pub struct ZeroShot {
    /// Arms with their numbers, in the order of the seeds.
    pub arms: Vec<(ZeroShotArm, Vec<ZeroShotScores>)>,
    /// The number of pairs among which a name is chosen.
    pub pairs: usize,
}

impl ZeroShot {
    /// All numbers, by arm and name, a list over the seeds each.
    pub fn json(&self) -> Value {
        let of_arm = |(arm, all): &(ZeroShotArm, Vec<ZeroShotScores>)| {
            let numbers = NUMBERS.map(|(name, number)| {
                (name.to_string(), json!(all.iter().map(number).collect::<Vec<_>>()))
            });
            (arm.name().to_string(), Value::Object(numbers.into_iter().collect()))
        };
        let arms: Map<String, Value> = self.arms.iter().map(of_arm).collect();
        json!({ "pairs": self.pairs, "prompts": PROMPTS, "arms": arms })
    }

    /// The mean over the seeds of a number of an arm, and half the distance of the least from the largest.
    pub fn mean(&self, arm: ZeroShotArm, number: impl Fn(&ZeroShotScores) -> f64) -> [f64; 2] {
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

/// The numbers of a [`ZeroShotScores`] by name.
type Number = (&'static str, fn(&ZeroShotScores) -> f64);
const NUMBERS: [Number; 5] = [
    ("unseen_top_1", |reached| reached.held_out[0]),
    ("unseen_top_5", |reached| reached.held_out[1]),
    ("seen_top_1", |reached| reached.seen),
    ("image_to_text_recall_at_1", |reached| reached.recall[0]),
    ("text_to_image_recall_at_1", |reached| reached.recall[1]),
];

/// Trains and measures all arms, with drawings, captions and text towers that are drawn anew for each seed: a pre-trained
/// image model, and the same before it was trained. `progress` gets what is done next.
///
/// The paper tunes a text tower of the size of ViT-g beside frozen ViT-22B. Here a small tower learns from drawings
/// with captions such as "a red triangle"; some pairs of shape and colour are in no drawing and no caption, and drawings of
/// these are named among all pairs by prompts that no caption had.
///
/// # Errors
///
/// [`ZeroShotError`] for what embedding, training and measuring fail with, such as models of images that are not square.
pub fn zero_shot_of_drawings(
    runtime: &Runtime,
    [trained, untrained]: [&Embedder; 2],
    (steps, seeds): (u64, &[u64]),
    mut progress: impl FnMut(&str),
) -> Result<ZeroShot, ZeroShotError> {
    let mut arms: Vec<_> = ZeroShotArm::ALL.map(|arm| (arm, vec![])).into();
    for seed in seeds {
        let drawn = draw(side(trained), *seed);
        let by_trained = see(trained, runtime, &drawn)?;
        let by_untrained = see(untrained, runtime, &drawn)?;
        for (arm, of_arm) in &mut arms {
            progress(&format!("seed {seed}: {}", arm.name()));
            let seen = if *arm == ZeroShotArm::Untrained { &by_untrained } else { &by_trained };
            of_arm.push(reached(runtime, (&drawn, seen), *arm, (steps, *seed))?);
        }
    }
    Ok(ZeroShot { arms, pairs: ColouredShapes::pairs().len() })
}

/// Trains a text tower beside one image model with one seed, and measures both.
///
/// # Errors
///
/// As [`zero_shot_of_drawings`].
pub fn zero_shot_scores(
    runtime: &Runtime,
    model: &Embedder,
    arm: ZeroShotArm,
    (steps, seed): (u64, u64),
) -> Result<ZeroShotScores, ZeroShotError> {
    let drawn = draw(side(model), seed);
    let seen = see(model, runtime, &drawn)?;
    reached(runtime, (&drawn, &seen), arm, (steps, seed))
}

/// The side of the images that a model takes.
fn side(model: &Embedder) -> usize {
    model.preprocess().size()[0]
}

fn reached(
    runtime: &Runtime,
    (drawn, vectors): (&Drawn, &Parts<FeatureTable>),
    arm: ZeroShotArm,
    (steps, seed): (u64, u64),
) -> Result<ZeroShotScores, ZeroShotError> {
    let mut captions: Vec<String> = drawn.train.iter().map(|one| one.caption.clone()).collect();
    if arm == ZeroShotArm::Shuffled {
        fastrand::Rng::with_seed(seed).shuffle(&mut captions);
    }
    let contrast = if arm == ZeroShotArm::Softmax { Contrast::Softmax } else { Contrast::Sigmoid };
    let half = text::tuned(runtime, vectors.train.clone(), captions, contrast, (steps, seed))?;
    let (encoder, _) = text::encoder()?;
    let texts = TextEmbedder::new(runtime, half.text, encoder)?;

    let names = ColouredShapes::pairs();
    let classes = ClassVectors::new(&texts, &names, &Prompts::new(&PROMPTS)?)?;
    let ranks =
        |drawings: &[CaptionedDrawing], vectors: &FeatureTable| -> Result<Ranks, ZeroShotError> {
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
    Ok(ZeroShotScores {
        held_out: [held_out.recall_at(1), held_out.recall_at(5)],
        seen: seen.recall_at(1),
        recall: [&found.image_to_text, &found.text_to_image].map(|ranks| ranks.recall_at(1)),
    })
}
