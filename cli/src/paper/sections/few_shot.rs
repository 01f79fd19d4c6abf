use vit22b::eval::FewShotConfig;
use vit22b::report::{Axis, ReportError};

use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::curves;
use crate::paper::images::Task;
use crate::paper::measured::Unit::Share;
use crate::paper::measured::{Control, Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// How much a few examples of each class are enough for.
pub(super) const SECTION: Section = Section {
    name: "few-shot",
    title: "Few shots",
    paper: &[
        Said {
            text: "About 25 tasks with 1, 5, 10 and 25 examples of each class, as curves: larger is usually better, and not always.",
            sure: Sure::Recalled,
        },
        Said {
            text: "Ridge regression in closed form on standardised features, a penalty of 1,024, three draws.",
            sure: Sure::Related,
        },
    ],
    here: "The same regression on pooled features of {images} and of digits, the mean of three draws.",
    metrics: &[
        Metric { key: "images_1", title: "{images}, 1 shot", unit: Share },
        Metric { key: "images_5", title: "5 shots", unit: Share },
        Metric { key: "images_10", title: "10 shots", unit: Share },
        Metric { key: "images_25", title: "25 shots", unit: Share },
        Metric { key: "digits_10", title: "digits, 10 shots", unit: Share },
    ],
    claim: Some(Claim {
        text: "Larger models usually learn more from few examples.",
        metric: "images_5",
        expect: Expect::Rises,
    }),
    measure: Models { controls: &[Control::Pixels], trains: false, run: measure },
    figures,
};

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let tasks = bench.tasks(subject)?;
    let mut measured = Measured::default();
    for (name, task) in [("images", &tasks.images), ("digits", &tasks.digits)] {
        let curve = shots(subject, task)?;
        for [shots, accuracy] in &curve {
            measured = measured.with(&format!("{name}_{shots}"), *accuracy);
        }
        measured = measured.with_curve(name, curve);
    }
    Ok(measured)
}

/// The accuracy at each number of shots for which all classes have enough examples.
fn shots(subject: &mut Subject, task: &Task) -> anyhow::Result<Vec<[f64; 2]>> {
    let (train, test) = (subject.features(&task.train)?, subject.features(&task.test)?);
    let (labels, seed) = (&task.train.labels, subject.id.seed);
    let fewest = (0..task.classes).map(|class| labels.iter().filter(|l| **l == class).count());
    let fewest = fewest.min().unwrap_or_default();
    let mut config = FewShotConfig {
        seeds: (0..3).map(|draw| seed.wrapping_mul(3).wrapping_add(draw)).collect(),
        ..Default::default()
    };
    config.shots.retain(|shots| *shots <= fewest);
    let train = (train.matrix(), &labels[..]);
    let results = config.measure(train, (test.matrix(), &task.test.labels), task.classes)?;
    Ok(results.iter().map(|result| [result.shots as f64, result.mean()]).collect())
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    let axis = || Axis::number("examples of each class", 0.0..26.0);
    Ok(vec![
        curves(found, "Few shots, images", "images", axis(), ("test accuracy", true))?,
        curves(found, "Few shots, digits", "digits", axis(), ("test accuracy", true))?,
    ])
}
