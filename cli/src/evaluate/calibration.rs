//! What a classifier's logits are worth: whether it is right as often as it says, and what it gains by
//! leaving questions open.

use serde_json::json;
use vit22b::eval::{CalibrationScores, Reliability, Scorecard, ScorecardConfig, TEMPERATURES};
use vit22b::report::{Axis, Block, Chart, Mark, ReportError, Section, Series};

use super::part::{Part, line, number, percent, table};
use crate::terminal::counted;

/// With fewer examples in a bin than this, on average, errors of calibration are mostly chance.
const FEW: usize = 10;

/// Calibration before and after temperature scaling.
pub(crate) fn calibration(of: &str, card: &Scorecard) -> anyhow::Result<Part> {
    let row = |name: &str, scores: &CalibrationScores| {
        let numbers = [
            scores.temperature,
            scores.nll,
            scores.brier,
            scores.ece_equal_width,
            scores.ece_equal_mass,
            scores.class_wise_error,
        ];
        [name.to_string()].into_iter().chain(numbers.map(number)).collect::<Vec<_>>()
    };
    let mut rows = vec![row("as they are", &card.raw)];
    let at_an_end = |scores: &CalibrationScores| {
        TEMPERATURES.into_iter().any(|end| (scores.temperature / end - 1.0).abs() < 1e-6)
    };
    rows.extend(card.scaled.as_ref().map(|scores| row("scaled", scores)));
    let diagram = |title: String, diagram: &Reliability| {
        let width = 1.0 / ScorecardConfig::default().bins as f64;
        let middle = |range: [f64; 2]| 0.5 * (range[0] + range[1]);
        let bars = diagram.bins.iter().map(|bin| [middle(bin.range), bin.accuracy]);
        let chart = Chart {
            title,
            x: Axis::share("confidence"),
            y: Axis::share("accuracy"),
            series: vec![
                Series {
                    name: "accuracy".into(),
                    mark: Mark::Bars(width * 0.9),
                    points: bars.collect(),
                },
                Series {
                    name: "as right as it says".into(),
                    mark: Mark::Reference,
                    points: vec![[0.0, 0.0], [1.0, 1.0]],
                },
            ],
        };
        Ok::<_, ReportError>((chart.title.clone(), chart.svg()?))
    };
    let mut figures = vec![diagram("Reliability, logits as they are".into(), &card.diagrams.0)?];
    if let (Some(scaled), Some(after)) = (&card.scaled, &card.diagrams.1) {
        let title = format!("Reliability at temperature {:.2}", scaled.temperature);
        figures.push(diagram(title, after)?);
    }
    let bins = ScorecardConfig::default().bins;
    let (fitted, measured) = (counted(card.held_out, "example"), counted(card.examples, "example"));
    let mut text = format!(
        "{of}. The temperature is fitted on {fitted}; everything is measured on {measured} besides. Errors have \
         {bins} bins."
    );
    if card.scaled.as_ref().is_some_and(at_an_end) {
        let [low, high] = TEMPERATURES;
        text += &format!(
            " No temperature between {low} and {high} is best for {fitted}: all are classified right, or all wrong, \
             so that the fitted one is an end of this range and says nothing."
        );
    }
    if card.examples < FEW * bins {
        text += &format!(
            " So few examples leave most of {bins} bins empty: these errors are mostly chance."
        );
    }
    let columns = [
        "logits",
        "temperature",
        "NLL",
        "Brier",
        "ECE, equal width",
        "ECE, equal mass",
        "class-wise",
    ];
    let mut summary = vec![line("Calibration: ECE", number(card.raw.ece_equal_width), "lower")];
    if let Some(scaled) = &card.scaled {
        summary.push(line("Calibration: ECE, scaled", number(scaled.ece_equal_width), "lower"));
    }
    Ok(Part {
        summary,
        json: serde_json::to_value(card)?,
        section: Section {
            title: "Calibration".into(),
            blocks: vec![
                Block::Text(text),
                Block::Table(table(columns, rows)),
                Block::Figures(figures),
            ],
        },
    })
}

/// Risk by coverage of each classifier, and what an oracle adds to the first.
pub(crate) fn selective(cards: &[(String, Scorecard)]) -> anyhow::Result<Part> {
    let (mut rows, mut series, mut highest) = (Vec::new(), Vec::new(), 0.05f64);
    for (name, card) in cards {
        let risks = card.risk_coverage.risks();
        let risk = |coverage: f64| card.risk_coverage.risk_at(coverage).map(percent);
        rows.push(vec![
            name.clone(),
            number(card.area_under_risk_coverage),
            risk(0.5)?,
            risk(0.8)?,
            risk(1.0)?,
        ]);
        let points = risks.iter().enumerate();
        // The first few answers are too few for a rate.
        let points = points.skip(risks.len() / 20);
        let points: Vec<[f64; 2]> =
            points.map(|(i, risk)| [(i + 1) as f64 / risks.len() as f64, *risk]).collect();
        highest = points.iter().map(|point| point[1]).fold(highest, f64::max);
        series.push(Series { name: name.clone(), mark: Mark::Line, points });
    }
    let chart = Chart {
        title: "Risk by coverage".into(),
        x: Axis::share("questions answered, the surest first"),
        y: Axis { range: 0.0..(highest * 1.1).min(1.0), ..Axis::share("wrong answers") },
        series,
    };
    let oracle = &cards[0].1.oracle_collaborative_auc;
    let cell = |auc: &Option<f64>| auc.map_or("–".into(), number);
    let oracle_rows = oracle.iter().map(|(share, auc)| vec![percent(*share), cell(auc)]).collect();
    let area = cards[0].1.area_under_risk_coverage;
    let risks = ["classifier on", "area under risk", "wrong of surest 50 %", "of 80 %", "of all"];
    let oracle_table = table(["decided by an oracle", "oracle-collaborative AUC"], oracle_rows);
    let mut blocks = vec![Block::Table(table(risks, rows)), Block::Table(oracle_table)];
    if oracle.iter().any(|(_, auc)| auc.is_none()) {
        let text =
            "There is no oracle-collaborative AUC where all answers are right, or all are wrong.";
        blocks.push(Block::Text(text.into()));
    }
    blocks.push(Block::Figures(vec![(chart.title.clone(), chart.svg()?)]));
    Ok(Part {
        summary: vec![line(
            "Selective prediction: area under risk by coverage",
            number(area),
            "lower",
        )],
        json: json!(
            cards
                .iter()
                .map(|(name, card)| json!({
                    "features": name, "area_under_risk_coverage": card.area_under_risk_coverage,
                    "oracle_collaborative_auc": card.oracle_collaborative_auc,
                }))
                .collect::<Vec<_>>()
        ),
        section: Section { title: "Selective prediction".into(), blocks },
    })
}
