use std::sync::Arc;

use burn::tensor::TensorData;
use vit22b::data::{BatchError, BatchSource, HeldOut, ImageBatch, Masked};
use vit22b::report::ReportError;
use vit22b::train::{Classify, Engine, Loss, Recipe, Start, TrainStep};

use crate::evaluate::source::Images;
use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::over_sizes;
use crate::paper::images::Set;
use crate::paper::measured::Unit::Share;
use crate::paper::measured::{Control, Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// How well a model does after all of it was trained on.
pub(super) const SECTION: Section = Section {
    name: "fine-tuning",
    title: "Fine-tuning",
    paper: &[
        Said {
            text: "Three fine-tuned models on ImageNet, at 224, 384 and 560 pixels, which the sections on alignment, calibration and reliability take.",
            sure: Sure::Reported,
        },
        Said {
            text: "SGD with momentum, a batch of 512, 20,000 steps, clipping at 1, no weight decay, a cosine, and the better of the rates 0.03 and 0.01; how ViT-22B itself was fine-tuned was not found.",
            sure: Sure::Related,
        },
    ],
    here: "That recipe with a batch of 50 on real digits, with a new head and a rate of 0.1, beside a linear probe of the same frozen model and an untrained model that is trained in the same way. Where models are given, this is left out: it would take hours on a CPU; `vit22b finetune` does it.",
    metrics: &[
        Metric { key: "tuned", title: "fine-tuned", unit: Share },
        Metric { key: "probe", title: "linear probe", unit: Share },
    ],
    claim: Some(Claim {
        text: "Larger models are better after fine-tuning.",
        metric: "tuned",
        expect: Expect::Rises,
    }),
    measure: Models { controls: &[Control::Untrained], trains: true, run: measure },
    figures,
};

/// Peak learning rate: the best of 0.01, 0.03, 0.1 and 0.3 for the medium and the large model with seed 100, on digits held out of those to train with.
const RATE: f64 = 0.1;
const BATCH: u64 = 50;

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let tasks = bench.tasks(subject)?;
    let digits = &tasks.digits;
    let right = subject.fitted(digits)?.correct()?;
    let probe = right.iter().filter(|right| **right).count() as f64 / right.len() as f64;
    let measured = Measured::default().with("probe", probe);
    let Some(model) = subject.model.clone().filter(|_| !bench.settings.is_given()) else {
        return Ok(measured);
    };
    let model = model.with_new_head(digits.classes)?;
    let loss = Loss::SoftmaxCrossEntropy { label_smoothing: 0.0 };
    let task = Classify::new(model.config().clone(), loss)?;
    let steps = bench.settings.steps_of(300);
    let step = TrainStep::new(task, &Recipe::finetune(BATCH, steps, RATE), None)?;
    let seed = subject.id.seed;
    let mut engine = Engine::start(&bench.runtime, step, Start::From(model, seed))?;
    engine.train(Arc::new(Shuffled::new(&digits.train, digits.classes, seed)), |_| {})?;
    let test: Arc<dyn HeldOut<ImageBatch>> =
        Arc::new(Shuffled::new(&digits.test, digits.classes, seed));
    let scores = engine.mean_scores(test, BATCH as usize, 1)?;
    Ok(measured.with("tuned", scores["precision_at_1"]))
}

/// Images that are in memory, in another order in each pass.
struct Shuffled {
    images: Images,
    labels: Vec<usize>,
    classes: usize,
    seed: u64,
}

impl Shuffled {
    fn new(set: &Set, classes: usize, seed: u64) -> Self {
        Self { images: set.images.clone(), labels: set.labels.clone(), classes, seed }
    }

    fn rows(&self, rows: impl Iterator<Item = usize>) -> ImageBatch {
        let (mut pixels, mut targets, mut count) = (Vec::<f32>::new(), Vec::<f32>::new(), 0);
        for row in rows {
            pixels.extend(&self.images.planes[row]);
            targets.extend((0..self.classes).map(|c| f32::from(u8::from(c == self.labels[row]))));
            count += 1;
        }
        let side = self.images.side;
        ImageBatch::new(
            TensorData::new(pixels, [count, 3, side, side]),
            TensorData::new(targets, [count, self.classes]),
        )
    }
}

impl BatchSource<ImageBatch> for Shuffled {
    fn batch(&self, position: u64, size: usize) -> Result<ImageBatch, BatchError> {
        let all = self.labels.len() as u64;
        let mut known: Option<(u64, Vec<usize>)> = None;
        let rows = (position..position + size as u64).map(|at| {
            let pass = at / all;
            if known.as_ref().is_none_or(|(known, _)| *known != pass) {
                let mut order: Vec<usize> = (0..all as usize).collect();
                fastrand::Rng::with_seed(self.seed ^ (pass << 32)).shuffle(&mut order);
                known = Some((pass, order));
            }
            known.as_ref().map_or(0, |(_, order)| order[(at % all) as usize])
        });
        let rows: Vec<usize> = rows.collect();
        Ok(self.rows(rows.into_iter()))
    }

    fn examples_per_epoch(&self) -> Option<u64> {
        Some(self.labels.len() as u64)
    }
}

impl HeldOut<ImageBatch> for Shuffled {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn batch(&self, first: usize, size: usize) -> Result<Masked<ImageBatch>, BatchError> {
        let all = self.labels.len();
        let mask = (first..first + size).map(|row| row < all).collect();
        let batch = self.rows((first..first + size).map(|row| row.min(all - 1)));
        Ok(Masked { batch, mask, first })
    }
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    if !found.has("tuned") {
        return Ok(vec![]);
    }
    Ok(vec![
        over_sizes(found, "Fine-tuned on digits", "test accuracy", &[("tuned", "trained")], true)?,
        over_sizes(
            found,
            "Fine-tuned and probed",
            "test accuracy",
            &[("tuned", "fine-tuned"), ("probe", "linear probe")],
            true,
        )?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pass_shows_each_image_once() {
        let set = Set {
            name: String::new(),
            images: Images { side: 1, planes: (0..5).map(|i| vec![i as f32; 3]).collect() },
            labels: vec![0, 1, 0, 1, 0],
        };
        let source = Shuffled::new(&set, 2, 3);
        let mut seen = vec![];
        for position in [0, 4, 8] {
            let batch = BatchSource::batch(&source, position, 4).unwrap();
            let pixels: Vec<f32> = batch.images.into_data().try_to_vec().unwrap();
            seen.extend(pixels.chunks(3).map(|pixel| pixel[0] as usize));
        }
        for pass in [&seen[..5], &seen[5..10]] {
            let mut pass = pass.to_vec();
            pass.sort_unstable();
            assert_eq!(pass, [0, 1, 2, 3, 4]);
        }
        let last = HeldOut::batch(&source, 4, 3).unwrap();
        assert_eq!(last.mask, [true, false, false]);
    }
}
