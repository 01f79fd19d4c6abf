use vit22b::eval::{Scorecard, ScorecardConfig};
use vit22b::report::ReportError;

use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::against;
use crate::paper::measured::Unit::{Plain, Share};
use crate::paper::measured::{Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// Whether classifiers are right as often as they say.
pub(super) const SECTION: Section = Section {
    name: "calibration",
    title: "Calibration",
    paper: &[
        Said {
            text: "Error against expected calibration error (ECE), as it is and after temperature scaling: ViT-22B improves the trade-off between both, in both forms.",
            sure: Sure::Reported,
        },
        Said {
            text: "Fine-tuned at 384 pixels; the temperature is fitted on a fifth of the validation images and the error measured on the others; bins of equal mass.",
            sure: Sure::Recalled,
        },
    ],
    here: "The logits of the linear probe. The temperature is fitted on a fifth of the test images, and everything is measured on the others, with 15 bins of equal mass.",
    metrics: &[
        Metric { key: "ece", title: "ECE", unit: Plain },
        Metric { key: "ece_scaled", title: "ECE, scaled", unit: Plain },
        Metric { key: "error", title: "error", unit: Share },
        Metric { key: "nll", title: "NLL", unit: Plain },
        Metric { key: "temperature", title: "temperature", unit: Plain },
    ],
    claim: Some(Claim {
        text: "The largest model is better calibrated at a lower error.",
        metric: "ece",
        expect: Expect::Falls,
    }),
    measure: Models { controls: &[], trains: false, run: measure },
    figures,
};

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let tasks = bench.tasks(subject)?;
    let fitted = subject.fitted(&tasks.images)?;
    let config = ScorecardConfig { seed: subject.id.seed, ..Default::default() };
    let card = Scorecard::measure(fitted.matrix()?, &fitted.labels, &config)?;
    let scaled = card.scaled.unwrap_or(card.raw);
    let diagram = |bins: &[vit22b::eval::Bin]| -> Vec<[f64; 2]> {
        bins.iter().map(|bin| [0.5 * (bin.range[0] + bin.range[1]), bin.accuracy]).collect()
    };
    Ok(Measured::default()
        .with("error", 1.0 - card.accuracy)
        .with("ece", card.raw.ece_equal_mass)
        .with("ece_scaled", scaled.ece_equal_mass)
        .with("nll", card.raw.nll)
        .with("temperature", scaled.temperature)
        .with_curve("diagram", diagram(&card.diagrams.0.bins)))
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    let error = ("error", "error", true);
    Ok(vec![
        against(found, "Error and calibration", [error, ("ece", "ECE", false)])?,
        against(
            found,
            "Error and calibration, scaled",
            [error, ("ece_scaled", "ECE, scaled", false)],
        )?,
    ])
}
