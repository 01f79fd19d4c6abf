//! Whether a head over frozen features of frames reads the order of time.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use serde_json::{Value, json};

use super::cells::means_of_cells;
use super::frozen::{Frozen, towers};
use super::result::{Bound, Experiment, ExperimentError, Numbers};
use super::seeds::for_each_seed;
use crate::data::{BatchError, BatchSource, ExampleKey, MovingShapes};
use crate::runtime::Runtime;
use crate::train::{Duration, Engine, Recipe, Regularisation, Start, TrainStep};
use crate::video::{ClassifyClips, ClipBatch, TemporalHead, TemporalHeadConfig};
use crate::vit::ViT22B;

/// Side of the frames.
const SIDE: usize = 16;
/// Frames of a clip.
const FRAMES: usize = 8;
/// Clips to test with.
const TESTED: usize = 1_024;
/// Clips of a step.
const BATCH: u64 = 64;
/// Frames that go through the tower at once.
const AT_ONCE: usize = 256;
/// Rows and columns of cells in which a frame is seen, at most.
const CELLS: usize = 2;

/// What a head sees of a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClipView {
    /// One frame, another one each time.
    OneFrame,
    /// The mean of the frames.
    Mean,
    /// All frames in a random order, another one each time.
    Shuffled,
    /// All frames in their order, by a head that has no positions for them.
    WithoutPositions,
    /// All frames in their order.
    Order,
}

impl ClipView {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::OneFrame, Self::Mean, Self::Shuffled, Self::WithoutPositions, Self::Order];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneFrame => "one frame",
            Self::Mean => "mean of the frames",
            Self::Shuffled => "frames in a random order",
            Self::WithoutPositions => "frames in order, head without positions",
            Self::Order => "frames in order",
        }
    }

    /// The share of clips that a head can be right about at most, on average over all clips; none where that is all of them.
    pub fn bound(self) -> Option<f64> {
        match self {
            Self::OneFrame => Some(0.25),
            Self::Mean | Self::Shuffled | Self::WithoutPositions => Some(0.5),
            Self::Order => None,
        }
    }

    /// Vectors of a clip that a head sees.
    fn frames(self) -> usize {
        match self {
            Self::OneFrame | Self::Mean => 1,
            _ => FRAMES,
        }
    }
}

/// What a head is right about.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ClipScores {
    /// The share of test clips.
    pub right: f64,
    /// The share of test clips about whose reverse it says the opposite of what it says about the clip.
    pub reversed: f64,
}

/// Clips of a shape that moves to one of four sides ([`MovingShapes`]), as vectors of their frames.
///
/// The vector of a frame has its place in it: it is the means of the tokens in each of up to 2 × 2 cells. Each number has mean 0 and
/// deviation 1 over the clips to train with.
#[derive(Debug, Clone)]
pub struct MovingClips {
    train: Clips,
    test: Clips,
}

/// `[clips, frames, width]`
#[derive(Debug, Clone)]
struct Clips {
    vectors: Arc<Vec<f32>>,
    classes: Arc<Vec<usize>>,
    width: usize,
    view: ClipView,
    seed: u64,
    device: Device,
}

impl MovingClips {
    /// Draws clips of the size of the tower's images, and makes vectors of their frames: so many clips to train heads with, and 1,024
    /// others to test them.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Runtime`].
    pub fn embed(
        runtime: &Runtime,
        tower: &Frozen,
        clips: usize,
        seed: u64,
    ) -> Result<Self, ExperimentError> {
        let blocks = tower.last();
        let vectors = move |model: &ViT22B, images: Tensor<4>| {
            let read = blocks.tokens(model, images);
            let (tokens, [rows, columns]) = read.expect("a block of this tower");
            let patches =
                tokens[0].clone().narrow(1, model.config().prefix_tokens(), rows * columns);
            means_of_cells(patches, [rows, columns], CELLS)
        };
        let bound = runtime.bind(tower.model().clone(), vectors)?;
        let side = tower.side();
        // Other clips to test with than to train with.
        let embed = |count: usize, seed: u64| {
            let shapes = MovingShapes::new(side, FRAMES, seed);
            let (mut vectors, mut classes) = (Vec::new(), Vec::new());
            let numbers: Vec<u64> = (0..count as u64).collect();
            for some in numbers.chunks(AT_ONCE / FRAMES) {
                let mut pixels = Vec::with_capacity(AT_ONCE * 3 * side * side);
                for number in some {
                    let clip = shapes.clip(*number);
                    pixels.extend(clip.frames.into_iter().flatten());
                    classes.push(clip.class);
                }
                // All batches have one size.
                pixels.resize(AT_ONCE * 3 * side * side, 0.0);
                let images = TensorData::new(pixels, [AT_ONCE, 3, side, side]);
                let images = Tensor::from_data(images, &runtime.device());
                let made = bound.call(images)?.narrow(0, 0, some.len() * FRAMES);
                vectors.extend_from_slice(
                    &made.into_data().try_to_vec::<f32>().expect("values are f32"),
                );
            }
            let width = vectors.len() / (classes.len() * FRAMES).max(1);
            let (vectors, classes) = (Arc::new(vectors), Arc::new(classes));
            let (view, device) = (ClipView::Order, runtime.device());
            Ok::<_, ExperimentError>(Clips { vectors, classes, width, view, seed, device })
        };
        let seeds = [seed.wrapping_mul(2), seed.wrapping_mul(2).wrapping_add(1)];
        let (mut train, mut test) = (embed(clips.max(1), seeds[0])?, embed(TESTED, seeds[1])?);
        standardise(&mut train, &mut test);
        Ok(Self { train, test })
    }

    /// Trains a head for so many steps of 64 clips, and says what it is right about.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]: what training fails with.
    pub fn scores(
        &self,
        runtime: &Runtime,
        view: ClipView,
        steps: u64,
    ) -> Result<ClipScores, ExperimentError> {
        let config =
            TemporalHeadConfig::new(self.train.width, view.frames(), MovingShapes::CLASSES.len())
                .with_width(64)
                .with_depth(2)
                .with_num_heads(4)
                .with_positions(view != ClipView::WithoutPositions);
        let dropped = Regularisation { dropout: 0.1, stochastic_depth: 0.0 };
        let task = ClassifyClips::new(config, 0.0)?.with_regularisation(dropped)?;
        let recipe = Recipe::clips(BATCH, Duration::Steps(steps), 2e-3);
        let step = TrainStep::new(task, &recipe, None)?;
        let mut engine = Engine::start(runtime, step, Start::Drawn(self.train.seed))?;
        engine.train(Arc::new(Clips { view, ..self.train.clone() }), |_| ())?;
        let head = engine.state()?.model;
        let head =
            runtime.bind(head, |head: &TemporalHead, clips: Tensor<3>| head.forward(clips))?;
        let test = Clips { view, ..self.test.clone() };
        let said = |backwards: bool| -> Result<Vec<usize>, ExperimentError> {
            let mut said = Vec::new();
            for first in (0..TESTED).step_by(BATCH as usize) {
                let mut vectors = Vec::new();
                for clip in first..first + BATCH as usize {
                    test.write(
                        clip,
                        (ExampleKey::new(test.seed, 1, clip as u64), backwards),
                        &mut vectors,
                    );
                }
                let shape = [BATCH as usize, view.frames(), test.width];
                let vectors = Tensor::from_data(TensorData::new(vectors, shape), &test.device);
                let logits: Vec<f32> = head.call(vectors)?.into_data().iter().collect();
                said.extend(logits.chunks_exact(4).map(|logits| {
                    (0..4).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap_or(0)
                }));
            }
            Ok(said)
        };
        let (forwards, backwards) = (said(false)?, said(true)?);
        let share = |of: &dyn Fn(usize) -> bool| {
            (0..TESTED).filter(|clip| of(*clip)).count() as f64 / TESTED as f64
        };
        Ok(ClipScores {
            right: share(&|clip| forwards[clip] == test.classes[clip]),
            reversed: share(&|clip| backwards[clip] == MovingShapes::opposite(forwards[clip])),
        })
    }
}

/// Brings each column to mean 0 and deviation 1 over the clips to train with.
fn standardise(train: &mut Clips, test: &mut Clips) {
    let width = train.width;
    let (mut sums, mut squares) = (vec![0.0f64; width], vec![0.0f64; width]);
    for row in train.vectors.chunks_exact(width) {
        for (column, value) in row.iter().enumerate() {
            sums[column] += f64::from(*value);
            squares[column] += f64::from(*value).powi(2);
        }
    }
    let rows = (train.vectors.len() / width) as f64;
    let scales: Vec<[f32; 2]> = sums
        .iter()
        .zip(&squares)
        .map(|(sum, squares)| {
            let mean = sum / rows;
            let deviation = (squares / rows - mean * mean).max(1e-12).sqrt();
            [mean as f32, 1.0 / deviation as f32]
        })
        .collect();
    for clips in [train, test] {
        for row in Arc::make_mut(&mut clips.vectors).chunks_exact_mut(width) {
            for (value, [mean, scale]) in row.iter_mut().zip(&scales) {
                *value = (*value - mean) * scale;
            }
        }
    }
}

impl Clips {
    /// What a head sees of a clip, or of its reverse. `key` is what its order or frame is drawn from.
    fn write(&self, clip: usize, (key, backwards): (ExampleKey, bool), out: &mut Vec<f32>) {
        let all = &self.vectors[clip * FRAMES * self.width..][..FRAMES * self.width];
        let frame = |index: usize| {
            let index = if backwards { FRAMES - 1 - index } else { index };
            &all[index * self.width..][..self.width]
        };
        let mut rng = key.rng(0);
        match self.view {
            ClipView::Order | ClipView::WithoutPositions => {
                (0..FRAMES).for_each(|index| out.extend_from_slice(frame(index)));
            }
            ClipView::OneFrame => out.extend_from_slice(frame(rng.usize(..FRAMES))),
            ClipView::Mean => out.extend((0..self.width).map(|column| {
                (0..FRAMES).map(|index| frame(index)[column]).sum::<f32>() / FRAMES as f32
            })),
            ClipView::Shuffled => {
                let mut order: Vec<usize> = (0..FRAMES).collect();
                rng.shuffle(&mut order);
                order.into_iter().for_each(|index| out.extend_from_slice(frame(index)));
            }
        }
    }
}

impl BatchSource<ClipBatch> for Clips {
    fn batch(&self, position: u64, size: usize) -> Result<ClipBatch, BatchError> {
        let classes = MovingShapes::CLASSES.len();
        let (mut vectors, mut targets) = (Vec::new(), Vec::new());
        for position in position..position + size as u64 {
            let key = ExampleKey::new(self.seed, 0, position);
            let clip = key.rng(1).usize(..self.classes.len());
            self.write(clip, (key, false), &mut vectors);
            let class = self.classes[clip];
            targets.extend((0..classes).map(|other| f32::from(u8::from(other == class))));
        }
        let vectors = TensorData::new(vectors, [size, self.view.frames(), self.width]);
        let targets = TensorData::new(targets, [size, classes]);
        Ok(ClipBatch::new(vectors, targets, &self.device))
    }

    fn describe(&self) -> Value {
        json!({ "moving_shapes": self.classes.len(), "seed": self.seed })
    }
}

/// Clips to train with.
const CLIPS: usize = 2_048;
/// Steps of a head's training.
const STEPS: u64 = 800;

/// Clips of a shape that moves to one of four sides, seen by a small temporal head over frozen features of their frames. A clip and
/// its reverse are equally likely, with opposite classes, so that one frame, the mean of the frames, and frames in a random order
/// have a bound; the order of time alone lifts a head above it. The measure is the share of 1,024 other clips that are right.
///
/// # Errors
///
/// [`ExperimentError`] for no seeds, and what training fails with.
pub fn motion_of_clips(
    runtime: &Runtime,
    seeds: &[u64],
    progress: impl FnMut(&str),
) -> Result<Experiment, ExperimentError> {
    let title = "Motion in drawn clips of 8 frames over a frozen tower (width 64, depth 4, patch 4, 16 pixels)";
    let measure = "share of 1,024 clips that is right, large is good";
    let mut found = Experiment::new(title, measure, seeds)?;
    let of_seed = |seed: u64, say: &dyn Fn(&str)| -> Result<Numbers, ExperimentError> {
        say("pre-training a tower");
        let [trained, untrained, pixels] = towers(runtime, SIDE, seed)?;
        let clips = MovingClips::embed(runtime, &trained, CLIPS, seed)?;
        let mut numbers = Numbers::new();
        for view in ClipView::ALL {
            say(view.name());
            let scores = clips.scores(runtime, view, STEPS)?;
            numbers.push((view.name().to_string(), scores.right));
            if view == ClipView::Order {
                numbers.push(("said the opposite of the reverse".to_string(), scores.reversed));
            }
        }
        for (tower, of) in [(untrained, "untrained tower"), (pixels, "pixels")] {
            let name = format!("frames in order, {of}");
            say(&name);
            let clips = MovingClips::embed(runtime, &tower, CLIPS, seed)?;
            numbers.push((name, clips.scores(runtime, ClipView::Order, STEPS)?.right));
        }
        Ok(numbers)
    };
    found.add_all(for_each_seed(seeds, progress, of_seed)?);
    let slack = |share: f64| 3.0 * (share * (1.0 - share) / TESTED as f64).sqrt();
    for view in ClipView::ALL {
        let name = view.name();
        let Some(bound) = view.bound() else { continue };
        let text =
            format!("{name}: no more than {} % and three standard deviations", 100.0 * bound);
        found.claim_bound(&text, name, Bound::AtMost(bound + slack(bound)));
    }
    let order = ClipView::Order.name();
    let text = "Frames in order: more than 50 % and three standard deviations";
    found.claim_bound(text, order, Bound::AtLeast(0.5 + slack(0.5)));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over pixels, with a short training: order tells the sense, and without it a head stays below its bound and three standard
    /// deviations of 1,024 clips.
    #[test]
    fn order_alone_lifts_a_head_above_a_half() {
        let runtime = Runtime::flex();
        let pixels = Frozen::pixels(16, 4, &runtime.device()).unwrap();
        let clips = MovingClips::embed(&runtime, &pixels, 1_024, 7).unwrap();
        let order = clips.scores(&runtime, ClipView::Order, 800).unwrap();
        assert!(order.right > 0.7 && order.reversed > 0.6, "{order:?}");
        let shuffled = clips.scores(&runtime, ClipView::Shuffled, 100).unwrap();
        assert!(shuffled.right < 0.547, "{shuffled:?}");
    }

    #[test]
    fn views_of_a_clip_and_of_its_reverse_hold_the_same_frames() {
        let width = 2;
        let vectors: Vec<f32> = (0..FRAMES * width).map(|value| value as f32).collect();
        let clips = |view| Clips {
            vectors: Arc::new(vectors.clone()),
            classes: Arc::new(vec![0]),
            width,
            view,
            seed: 0,
            device: Device::flex(),
        };
        let seen = |view, backwards| {
            let mut out = Vec::new();
            clips(view).write(0, (ExampleKey::new(1, 2, 3), backwards), &mut out);
            assert_eq!(out.len(), clips(view).view.frames() * width);
            out
        };
        let sorted = |mut values: Vec<f32>| {
            values.sort_by(f32::total_cmp);
            values
        };
        assert_eq!(seen(ClipView::Mean, false), seen(ClipView::Mean, true));
        assert_ne!(seen(ClipView::Order, false), seen(ClipView::Order, true));
        for view in [ClipView::Order, ClipView::WithoutPositions, ClipView::Shuffled] {
            assert_eq!(sorted(seen(view, false)), vectors);
            assert_eq!(sorted(seen(view, true)), vectors);
        }
        assert_ne!(seen(ClipView::Shuffled, false), vectors);
    }
}
