use vit22b::data::{Corruption, FloatImage};
use vit22b::eval::{Matrix, perceptual_distance, two_alternative_scores};
use vit22b::probe::FeatureTable;
use vit22b::report::ReportError;

use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::{against, over_sizes};
use crate::paper::images::Set;
use crate::paper::measured::Unit::Share;
use crate::paper::measured::{Control, Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::{Subject, harm};

/// Whether distances of tokens follow how much images were changed.
pub(super) const SECTION: Section = Section {
    name: "perceptual",
    title: "Perceptual similarity",
    paper: &[Said {
        text: "Which of two distorted images of 64 pixels is nearer to a reference, as people said (BAPPS, 2AFC), against accuracy on ImageNet: ViT-22B is at the end of high accuracy and low similarity.",
        sure: Sure::Recalled,
    }],
    here: "No people were asked: of two distortions of a test image, of one kind or of two, the one of the lower strength counts as nearer. Distances are those of unit tokens after the last block. Chance is 50 %.",
    metrics: &[
        Metric { key: "score", title: "2AFC", unit: Share },
        Metric { key: "same_kind", title: "one kind", unit: Share },
        Metric { key: "two_kinds", title: "two kinds", unit: Share },
        Metric { key: "accuracy", title: "linear probe", unit: Share },
    ],
    claim: Some(Claim {
        text: "The most accurate models judge similarity less as people do.",
        metric: "score",
        expect: Expect::Falls,
    }),
    measure: Models {
        controls: &[Control::Untrained, Control::Pixels],
        trains: false,
        run: measure,
    },
    figures,
};

/// Kinds whose strength changes every image.
const KINDS: [Corruption; 4] =
    [Corruption::GaussianNoise, Corruption::DefocusBlur, Corruption::Contrast, Corruption::Jpeg];

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let tasks = bench.tasks(subject)?;
    let test = &tasks.images.test;
    let all = if bench.settings.is_given() { 24 } else { 160 };
    let count = bench.settings.count(all, 12).min(test.labels.len());
    let side = test.images.side;
    let originals: Vec<FloatImage> = test.images.planes[..count]
        .iter()
        .map(|planes| FloatImage::from_planes(side, side, planes))
        .collect::<Result<_, _>>()?;
    let tokens = |subject: &Subject, images| -> anyhow::Result<FeatureTable> {
        let labels = vec![0; count];
        subject.tokens(&Set { name: String::new(), images, labels })
    };
    let seed = subject.id.seed;
    let mut pictures = test.images.clone();
    pictures.planes.truncate(count);
    let references = tokens(subject, pictures)?;
    // Distances after each kind, weak and strong.
    let mut distances = Vec::new();
    for kind in KINDS {
        let mut both = Vec::new();
        for strength in [1, 4] {
            let changed = tokens(subject, harm(kind, &originals, strength, seed)?)?;
            let rows = references.matrix().iter().zip(changed.matrix().iter()).enumerate();
            let of_pair = |(_, (a, b)): (usize, (&[f32], &[f32]))| {
                // Pixels are one token; a model's are as wide as it is.
                let width = subject.model.as_ref().map_or(a.len(), |model| model.config().width);
                Ok(perceptual_distance(Matrix::new(a, width)?, Matrix::new(b, width)?)?)
            };
            both.push(rows.map(of_pair).collect::<anyhow::Result<Vec<f64>>>()?);
        }
        distances.push(both);
    }
    let score = |weak: usize, strong: usize| -> anyhow::Result<f64> {
        let nobody = vec![0.0; count];
        let scores = two_alternative_scores(&distances[weak][0], &distances[strong][1], &nobody)?;
        Ok(scores.iter().sum::<f64>() / count as f64)
    };
    let (mut same, mut other) = (vec![], vec![]);
    for weak in 0..KINDS.len() {
        for strong in 0..KINDS.len() {
            if weak == strong { &mut same } else { &mut other }.push(score(weak, strong)?);
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let right = subject.fitted(&tasks.images)?.correct()?;
    let accuracy = right.iter().filter(|right| **right).count() as f64 / right.len() as f64;
    Ok(Measured::default()
        .with("score", 0.5 * (mean(&same) + mean(&other)))
        .with("same_kind", mean(&same))
        .with("two_kinds", mean(&other))
        .with("accuracy", accuracy))
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    Ok(vec![
        against(
            found,
            "Accuracy and similarity",
            [("accuracy", "accuracy of the linear probe", true), ("score", "2AFC", true)],
        )?,
        over_sizes(found, "2AFC by size", "2AFC", &[("score", "trained")], true)?,
    ])
}
