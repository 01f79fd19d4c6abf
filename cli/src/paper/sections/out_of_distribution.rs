use vit22b::eval::{Matrix, Predictions, accuracy};
use vit22b::report::{Axis, ReportError};

use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::{curves, over_sizes};
use crate::paper::measured::Unit::Share;
use crate::paper::measured::{Control, Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// How a classifier does on images that are harmed.
pub(super) const SECTION: Section = Section {
    name: "out-of-distribution",
    title: "Out of distribution",
    paper: &[Said {
        text: "ImageNet-v2, ObjectNet, ImageNet-R and -A, for the model as it was pre-trained and after fine-tuning on ImageNet. Accuracy on them grows with scale; ImageNet saturates while ObjectNet keeps rising. Fine-tuning raises accuracy and lowers effective robustness.",
        sure: Sure::Recalled,
    }],
    here: "Those sets are photographs that are not here. In their place: the test images of the linear probe, harmed by each of ImageNet-C's fifteen corruptions. The classifier has seen none of that.",
    metrics: &[
        Metric { key: "harmed", title: "harmed", unit: Share },
        Metric { key: "clean", title: "clean", unit: Share },
        Metric { key: "kept", title: "harmed of clean", unit: Share },
        Metric { key: "noise", title: "noise", unit: Share },
        Metric { key: "blur", title: "blur", unit: Share },
        Metric { key: "weather", title: "weather", unit: Share },
        Metric { key: "digital", title: "digital", unit: Share },
    ],
    claim: Some(Claim {
        text: "Accuracy out of distribution grows with scale.",
        metric: "harmed",
        expect: Expect::Rises,
    }),
    measure: Models { controls: &[Control::Pixels], trains: false, run: measure },
    figures,
};

/// Families of corruptions, by their places in the list of all.
const FAMILIES: [(&str, std::ops::Range<usize>); 4] =
    [("noise", 0..3), ("blur", 3..7), ("weather", 7..11), ("digital", 11..15)];

/// Images that are harmed in each way.
pub(super) fn count(bench: &Bench) -> usize {
    let all = if bench.settings.is_given() { 60 } else { 300 };
    bench.settings.count(all, 30)
}

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let tasks = bench.tasks(subject)?;
    let task = &tasks.images;
    let strengths = bench.settings.strengths();
    let harmed = subject.harmed(task, count(bench), strengths)?;
    let fitted = subject.fitted(task)?;
    let mut right = Vec::new();
    for harmed in harmed.iter() {
        let answers = Predictions::new(Matrix::new(&harmed.logits, task.classes)?, 1.0)?.classes;
        let share = accuracy(&answers, &task.test.labels[..answers.len()]);
        right.push((harmed.corruption, harmed.strength, share));
    }
    let mean = |keep: &dyn Fn(usize, usize) -> bool| {
        let kept = right.iter().filter(|(kind, strength, _)| keep(*kind, *strength));
        let kept: Vec<f64> = kept.map(|(.., share)| *share).collect();
        kept.iter().sum::<f64>() / kept.len() as f64
    };
    let answers = Predictions::new(fitted.matrix()?, 1.0)?.classes;
    let first = count(bench).min(answers.len());
    let clean = accuracy(&answers[..first], &task.test.labels[..first]);
    let all = mean(&|_, _| true);
    let mut measured = Measured::default()
        .with("clean", clean)
        .with("harmed", all)
        .with("kept", if clean > 0.0 { all / clean } else { 0.0 });
    for (family, range) in FAMILIES {
        measured = measured.with(family, mean(&|kind, _| range.contains(&kind)));
    }
    let curve = strengths.iter().map(|at| [*at as f64, mean(&|_, strength| strength == *at)]);
    Ok(measured.with_curve("strength", [[0.0, clean]].into_iter().chain(curve)))
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    let strength = Axis::number("strength of the corruption", 0.0..5.2);
    let families =
        [("noise", "noise"), ("blur", "blur"), ("weather", "weather"), ("digital", "digital")];
    Ok(vec![
        curves(found, "Accuracy by strength", "strength", strength, ("mean accuracy", true))?,
        over_sizes(found, "Harmed images by family", "accuracy", &families, true)?,
    ])
}
