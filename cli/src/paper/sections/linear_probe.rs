use vit22b::eval::{LinearClassifier, Ridge, accuracy};
use vit22b::report::ReportError;

use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::over_sizes;
use crate::paper::measured::Unit::Share;
use crate::paper::measured::{Control, Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// How much a linear classifier reads from frozen features.
pub(super) const SECTION: Section = Section {
    name: "linear-probe",
    title: "Linear probes",
    paper: &[
        Said {
            text: "A linear classifier on frozen ViT-22B: ImageNet 89.5 %, ReaL 90.9 %, v2 83.2 %, ImageNet-A 83.8 %, ImageNet-R 87.4 %.",
            sure: Sure::Reported,
        },
        Said {
            text: "SGD with momentum for 10 epochs at 224 pixels; L-BFGS on stored features is on par or slightly worse. On ImageNet B/16 has 84.2 %, L/16 86.7 %, g/14 88.5 %, e/14 89.3 %.",
            sure: Sure::Recalled,
        },
    ],
    here: "Logistic regression by L-BFGS on pooled features: of {images}, and of real handwritten digits. Digits are also read from all tokens, by ridge regression. Untrained models and the pixels themselves stand beside them.",
    metrics: &[
        Metric { key: "images", title: "{images}", unit: Share },
        Metric { key: "digits", title: "digits", unit: Share },
        Metric { key: "digits_tokens", title: "digits, tokens", unit: Share },
    ],
    claim: Some(Claim {
        text: "Larger models have better linear probes.",
        metric: "images",
        expect: Expect::Rises,
    }),
    measure: Models {
        controls: &[Control::Untrained, Control::Pixels],
        trains: false,
        run: measure,
    },
    figures,
};

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let tasks = bench.tasks(subject)?;
    let mut measured = Measured::default();
    for (key, task) in [("images", &tasks.images), ("digits", &tasks.digits)] {
        let fitted = subject.fitted(task)?;
        let right = fitted.correct()?;
        let share = right.iter().filter(|right| **right).count() as f64 / right.len() as f64;
        measured = measured.with(key, share);
    }
    let digits = &tasks.digits;
    let train = subject.tokens(&digits.train)?;
    let ridge: LinearClassifier =
        Ridge::new(train.matrix(), &digits.train.labels, digits.classes)?.solve(1024.0)?;
    let answers = ridge.predict(subject.tokens(&digits.test)?.matrix())?;
    Ok(measured.with("digits_tokens", accuracy(&answers, &digits.test.labels)))
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    Ok(vec![
        over_sizes(found, "Linear probe, images", "test accuracy", &[("images", "trained")], true)?,
        over_sizes(found, "Linear probe, digits", "test accuracy", &[("digits", "trained")], true)?,
    ])
}
