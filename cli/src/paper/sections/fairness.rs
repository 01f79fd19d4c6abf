use vit22b::data::Drawings;
use vit22b::eval::{DemographicParityConfig, GroupTable};
use vit22b::report::{Axis, ReportError};

use crate::evaluate::drawn::signs;
use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::{curves, over_sizes};
use crate::paper::measured::Unit::Share;
use crate::paper::measured::{Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// Whether a classifier treats groups alike.
pub(super) const SECTION: Section = Section {
    name: "fairness",
    title: "Fairness",
    paper: &[
        Said {
            text: "CelebA's attributes “attractive” and “smiling” by gender, as a technical check: accuracy after debiasing by the level of demographic parity, accuracy of each subgroup, and the gap between subgroups.",
            sure: Sure::Reported,
        },
        Said {
            text: "Scale alone does not change parity: the model mirrors its data. At any bound on bias the largest model is more accurate, every subgroup gains, and gaps shrink. Thresholds are randomised after training.",
            sure: Sure::Recalled,
        },
    ],
    here: "Whether a drawing is a sign of an invented script or a shape, by groups of colour: signs are more often warm, shapes more often grey. The randomised threshold optimiser then bounds how far rates of “sign” may differ.",
    metrics: &[
        Metric { key: "bounded", title: "accuracy at a gap of 2 %", unit: Share },
        Metric { key: "accuracy", title: "accuracy", unit: Share },
        Metric { key: "parity", title: "parity gap", unit: Share },
        Metric { key: "warm", title: "warm", unit: Share },
        Metric { key: "cold", title: "cold", unit: Share },
        Metric { key: "grey", title: "grey", unit: Share },
        Metric { key: "gap", title: "gap in accuracy", unit: Share },
    ],
    claim: Some(Claim {
        text: "At a bound on bias, larger models are more accurate.",
        metric: "bounded",
        expect: Expect::Rises,
    }),
    measure: Models { controls: &[], trains: false, run: measure },
    figures,
};

/// The bound on the parity gap at which accuracies are compared.
const BOUND: f64 = 0.02;

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let all = if bench.settings.is_given() { 400 } else { 3_000 };
    let data = Drawings::new(subject.side(), subject.id.seed ^ 0x00fa_1e55);
    let task = signs(&data, subject.source(), bench.settings.count(all, 120), subject.id.seed)?;
    let (scores, group, groups) = (&task.scores, &task.group, task.names.len());
    let decided: Vec<bool> = scores.iter().map(|score| *score > 0.0).collect();
    let table = GroupTable::new(&decided, &task.truth, group, groups)?;
    let right = decided.iter().zip(&task.truth).filter(|(decided, truth)| decided == truth).count();
    let parity = table.demographic_parity_gap()?;
    let at = |max_gap: f64| -> anyhow::Result<f64> {
        let config = DemographicParityConfig { max_gap, ..Default::default() };
        Ok(config.fit(scores, group, groups)?.accuracy(scores, group, &task.truth)?)
    };
    let mut measured = Measured::default()
        .with("accuracy", right as f64 / decided.len() as f64)
        .with("parity", parity)
        .with("gap", table.accuracy_gap()?)
        .with("bounded", at(BOUND)?);
    for (name, rates) in task.names.iter().zip(&table.groups) {
        measured.numbers.extend(rates.accuracy().map(|accuracy| (name.clone(), accuracy)));
    }
    let bounds = (0..=6).map(|i| f64::from(i) * 0.05);
    let curve = bounds.map(|bound| Ok([bound, at(bound)?])).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(measured.with_curve("bound", curve))
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    let bound = Axis { range: 0.0..0.31, ..Axis::share("bound on the parity gap") };
    let groups = [("warm", "warm"), ("cold", "cold"), ("grey", "grey")];
    Ok(vec![
        curves(found, "Accuracy by bound on bias", "bound", bound, ("accuracy", true))?,
        over_sizes(found, "Accuracy of each group", "accuracy", &groups, true)?,
    ])
}
