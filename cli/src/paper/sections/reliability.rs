use vit22b::data::Drawings;
use vit22b::eval::{
    Binning, KnownScore, Mahalanobis, Matrix, Predictions, Reliability, RocCurve, SubgroupAccuracy,
    negative_log_likelihood, oracle_collaborative_auc,
};
use vit22b::report::ReportError;

use super::out_of_distribution::count;
use crate::evaluate::source::Images;
use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::over_sizes;
use crate::paper::measured::Unit::{Plain, Share};
use crate::paper::measured::{Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// The rows of Plex: shifts, and images of no known class.
pub(super) const SECTION: Section = Section {
    name: "reliability",
    title: "Reliability, as in Plex",
    paper: &[
        Said {
            text: "Fine-tuned on ImageNet at 384 pixels. On ImageNet-C, the mean over shifts: accuracy 83.7 %, NLL 0.63, ECE 0.01, oracle-collaborative AUC 0.97 (ViT-L/32: 70.1 %, 1.28, 0.05, 0.91). ImageNet against Places365: AUROC 0.88, AUPRC 0.98 (0.83, 0.96).",
            sure: Sure::Recalled,
        },
        Said {
            text: "ECE with 15 bins; an oracle decides a few of the least confident images; images of other classes are told by the largest probability.",
            sure: Sure::Related,
        },
    ],
    here: "The same rows for the linear probe on harmed test images, with an oracle for 5 % of them. For the open set, a probe of digits is shown digits and drawings. The worst family of corruptions stands for the worst subgroup.",
    metrics: &[
        Metric { key: "accuracy", title: "accuracy", unit: Share },
        Metric { key: "nll", title: "NLL", unit: Plain },
        Metric { key: "ece", title: "ECE", unit: Plain },
        Metric { key: "oc_auc", title: "OC-AUC", unit: Plain },
        Metric { key: "worst", title: "worst corruption", unit: Share },
        Metric { key: "auroc", title: "AUROC", unit: Plain },
        Metric { key: "auprc", title: "AUPRC", unit: Plain },
        Metric { key: "auroc_mahalanobis", title: "AUROC, Mahalanobis", unit: Plain },
    ],
    claim: Some(Claim {
        text: "Larger models are more reliable under shift.",
        metric: "nll",
        expect: Expect::Falls,
    }),
    measure: Models { controls: &[], trains: false, run: measure },
    figures,
};

/// The share of images that an oracle decides.
const ORACLE: f64 = 0.05;
const BINS: usize = 15;
/// Of covariances, so that few images are enough for wide features.
const SHRINKAGE: f64 = 0.1;

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let tasks = bench.tasks(subject)?;
    let task = &tasks.images;
    let harmed = subject.harmed(task, count(bench), bench.settings.strengths())?;
    let (mut nll, mut ece, mut oracle) = (vec![], vec![], vec![]);
    let (mut right, mut kinds) = (vec![], vec![]);
    for harmed in harmed.iter() {
        let logits = Matrix::new(&harmed.logits, task.classes)?;
        let labels = &task.test.labels[..logits.rows()];
        let predictions = Predictions::new(logits, 1.0)?;
        let correct = predictions.correct(labels)?;
        let confidence = &predictions.confidence;
        nll.push(negative_log_likelihood(logits, labels, 1.0)?);
        let diagram = Reliability::new(confidence, &correct, Binning::EqualWidth(BINS))?;
        ece.push(diagram.expected_error());
        // There is none where all are right, or all wrong.
        if correct.contains(&true) && correct.contains(&false) {
            oracle.push(oracle_collaborative_auc(confidence, &correct, confidence, ORACLE)?);
        }
        kinds.extend(vec![harmed.corruption; correct.len()]);
        right.extend(correct);
    }
    let groups = SubgroupAccuracy::new(&right, &kinds)?;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let mut measured = Measured::default()
        .with("accuracy", groups.pooled)
        .with("worst", groups.worst().1)
        .with("nll", mean(&nll))
        .with("ece", mean(&ece));
    if !oracle.is_empty() {
        measured = measured.with("oc_auc", mean(&oracle));
    }

    let digits = &tasks.digits;
    let fitted = subject.fitted(digits)?;
    let data = Drawings::new(subject.side(), subject.id.seed ^ 0x000d_0a0d);
    let drawings = 0..digits.test.labels.len() as u64;
    let planes = drawings.map(|index| data.example(index).pixels).collect();
    let unknown = subject.features_of(&Images { side: subject.side(), planes })?;
    let unknown_logits = fitted.logistic.classifier.scores(unknown.matrix())?;
    let unknown_logits = Matrix::new(&unknown_logits, digits.classes)?;
    let score = |logits| KnownScore::MaxSoftmax.of(logits);
    let curve = RocCurve::new(&score(fitted.matrix()?)?, &score(unknown_logits)?)?;
    let (train, test) = (subject.features(&digits.train)?, subject.features(&digits.test)?);
    let gaussians =
        Mahalanobis::fit(train.matrix(), &digits.train.labels, digits.classes, SHRINKAGE)?;
    // Far is unknown, so the negative distance is the score of what is known.
    let known = |features| -> anyhow::Result<Vec<f64>> {
        Ok(gaussians.distances(features)?.into_iter().map(|distance| -distance).collect())
    };
    let by_distance = RocCurve::new(&known(test.matrix())?, &known(unknown.matrix())?)?;
    Ok(measured
        .with("auroc", curve.area())
        .with("auprc", curve.average_precision())
        .with("auroc_mahalanobis", by_distance.area()))
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    let open = [("auroc", "largest probability"), ("auroc_mahalanobis", "Mahalanobis")];
    Ok(vec![
        over_sizes(found, "NLL on harmed images", "NLL", &[("nll", "trained")], false)?,
        over_sizes(found, "Digits against drawings", "AUROC", &open, false)?,
    ])
}
