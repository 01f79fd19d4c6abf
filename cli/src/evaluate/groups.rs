//! Fairness: a binary decision on members of groups.

use serde_json::json;
use vit22b::eval::{Binning, DemographicParityConfig, GroupTable, Reliability};
use vit22b::report::{Axis, Block, Chart, Mark, Section, Series};

use super::part::{Part, line, number, percent, table};

/// Scores `2 p − 1` of members of groups.
pub(crate) struct GroupTask {
    /// What is decided, and what the groups are.
    pub(crate) text: String,
    pub(crate) names: Vec<String>,
    pub(crate) scores: Vec<f64>,
    pub(crate) group: Vec<usize>,
    pub(crate) truth: Vec<bool>,
}

pub(crate) fn groups(task: &GroupTask) -> anyhow::Result<Part> {
    let GroupTask { text, names, scores, group, truth } = task;
    let predicted: Vec<bool> = scores.iter().map(|score| *score > 0.0).collect();
    let groups = GroupTable::new(&predicted, truth, group, names.len())?;
    let share = |share: Option<f64>| share.map_or("–".into(), percent);
    let mut rows = Vec::new();
    for (k, (name, rates)) in names.iter().zip(&groups.groups).enumerate() {
        let members = (0..scores.len()).filter(|i| group[*i] == k);
        let (confidence, correct): (Vec<f64>, Vec<bool>) =
            members.map(|i| (0.5 + 0.5 * scores[i].abs(), predicted[i] == truth[i])).unzip();
        let ece = Reliability::new(&confidence, &correct, Binning::EqualWidth(15));
        rows.push(vec![
            name.clone(),
            rates.count.to_string(),
            share((rates.count > 0).then(|| rates.positives as f64 / rates.count as f64)),
            share(rates.positive_rate()),
            share(rates.true_positive_rate()),
            share(rates.accuracy()),
            ece.map_or("–".into(), |diagram| number(diagram.expected_error())),
        ]);
    }
    let (parity, accuracy_gap) = (groups.demographic_parity_gap()?, groups.accuracy_gap()?);
    // Without positives in two groups there is no such gap.
    let opportunity = groups.equal_opportunity_gap().ok();
    let gaps = vec![
        vec!["demographic parity".into(), percent(parity)],
        vec!["equal opportunity".into(), share(opportunity)],
        vec!["accuracy".into(), percent(accuracy_gap)],
    ];
    let bounds: Vec<f64> = (0..=10).map(|i| parity * f64::from(i) / 10.0).collect();
    let accuracy_at = |&max_gap: &f64| {
        let thresholds = DemographicParityConfig { max_gap, ..Default::default() }.fit(
            scores,
            group,
            names.len(),
        )?;
        Ok([max_gap, thresholds.accuracy(scores, group, truth)?])
    };
    let points: Vec<[f64; 2]> =
        bounds.iter().map(accuracy_at).collect::<Result<_, vit22b::eval::EvalError>>()?;
    let lowest = points.iter().map(|point| point[1]).fold(1.0, f64::min);
    let chart = Chart {
        title: "Accuracy by bound on the parity gap".into(),
        x: Axis { range: 0.0..(parity * 1.04).max(0.01), ..Axis::share("demographic parity gap") },
        y: Axis { range: (lowest - 0.05).max(0.0)..1.0, ..Axis::share("accuracy") },
        series: vec![Series {
            name: "randomised thresholds".into(),
            mark: Mark::LineAndDots,
            points: points.clone(),
        }],
    };
    let columns = [
        "group",
        "members",
        "positive",
        "predicted positive",
        "found of positives",
        "accuracy",
        "ECE",
    ];
    Ok(Part {
        summary: vec![
            line("Groups: demographic parity gap", percent(parity), "lower"),
            line("Groups: equal opportunity gap", share(opportunity), "lower"),
        ],
        json: json!({
            "demographic_parity_gap": parity, "equal_opportunity_gap": opportunity,
            "accuracy_gap": accuracy_gap, "accuracy_by_parity_bound": points,
        }),
        section: Section {
            title: "Groups".into(),
            blocks: vec![
                Block::Text(text.clone()),
                Block::Table(table(columns, rows)),
                Block::Table(table(["gap between groups", "largest less smallest"], gaps)),
                Block::Figures(vec![(chart.title.clone(), chart.svg()?)]),
            ],
        },
    })
}
