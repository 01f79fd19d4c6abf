//! Known against unknown images.

use vit22b::eval::{DetectionScores, Matrix, detection_scores};
use vit22b::report::{Axis, Block, Chart, Mark, Section, Series};

use super::part::{Part, line, number, percent, table};

/// Known against unknown examples by the scores of one classifier.
pub(crate) fn detection(
    text: &str,
    known: Matrix<'_, f64>,
    unknown: Matrix<'_, f64>,
) -> anyhow::Result<Part> {
    let scores = detection_scores(known, unknown)?;
    let row = |score: &DetectionScores| {
        let cells = [number(score.auroc), number(score.auprc), percent(score.fpr_at_95_tpr)];
        [score.score.to_string()].into_iter().chain(cells).collect()
    };
    let series = scores.iter().map(|score| Series {
        name: score.score.into(),
        mark: Mark::Line,
        points: score.curve.points().collect(),
    });
    let chance = Series {
        name: "chance".into(),
        mark: Mark::Reference,
        points: vec![[0.0, 0.0], [1.0, 1.0]],
    };
    let chart = Chart {
        title: "Known and unknown images".into(),
        x: Axis::share("unknown images that pass"),
        y: Axis::share("known images that pass"),
        series: series.chain([chance]).collect(),
    };
    Ok(Part {
        summary: vec![line(
            "Out of distribution: AUROC, max softmax",
            number(scores[0].auroc),
            "higher",
        )],
        json: serde_json::to_value(&scores)?,
        section: Section {
            title: "Out of distribution".into(),
            blocks: vec![
                Block::Text(text.into()),
                Block::Table(table(
                    ["score", "AUROC", "AUPRC", "FPR at 95 % TPR"],
                    scores.iter().map(row).collect(),
                )),
                Block::Figures(vec![(chart.title.clone(), chart.svg()?)]),
            ],
        },
    })
}
