//! Classifiers on frozen features, and what their logits are worth.

use serde_json::json;
use vit22b::eval::{
    DetectionScores, FewShotConfig, LogisticConfig, LogisticFit, Matrix, NearestNeighbours, Ridge,
    Scorecard, ScorecardConfig, accuracy, detection_scores,
};
use vit22b::probe::Features;
use vit22b::report::{Axis, Block, Chart, Mark, Section, Series};

use super::{Part, line, number, percent, table};

/// Features with labels.
pub(crate) struct Labelled {
    pub(crate) features: Features,
    pub(crate) labels: Vec<usize>,
}

impl Labelled {
    /// The first so many, and the others.
    pub(crate) fn split(self, first: usize) -> anyhow::Result<(Self, Self)> {
        let columns = self.features.matrix().columns();
        let (train, test) = self.features.matrix().values().split_at(first * columns);
        let (train_labels, test_labels) = self.labels.split_at(first);
        let part = |values: &[f32], labels: &[usize]| -> anyhow::Result<Self> {
            Ok(Self { features: Features::new(values.to_vec(), columns)?, labels: labels.to_vec() })
        };
        Ok((part(train, train_labels)?, part(test, test_labels)?))
    }
}

/// A logistic regression on the features of a source, and its logits of the test examples.
pub(crate) struct Fitted {
    pub(crate) name: String,
    pub(crate) logistic: LogisticFit,
    pub(crate) logits: Vec<f64>,
    pub(crate) labels: Vec<usize>,
    pub(crate) classes: usize,
}

impl Fitted {
    pub(crate) fn new(
        name: &str,
        train: &Labelled,
        test: &Labelled,
        classes: usize,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let config = LogisticConfig { seed, ..Default::default() };
        let logistic = config.fit(train.features.matrix(), &train.labels, classes)?;
        let logits = logistic.classifier.scores(test.features.matrix())?;
        Ok(Self { name: name.into(), logistic, logits, labels: test.labels.clone(), classes })
    }

    pub(crate) fn matrix(&self) -> anyhow::Result<Matrix<'_, f64>> {
        Ok(Matrix::new(&self.logits, self.classes)?)
    }

    /// Which predictions are right.
    pub(crate) fn correct(&self) -> anyhow::Result<Vec<bool>> {
        Ok(vit22b::eval::Predictions::new(self.matrix()?, 1.0)?.correct(&self.labels)?)
    }
}

/// Linear probe, ridge regression, neighbours and few shots, for each source.
pub(crate) fn probes(
    title: &str,
    sources: &[(String, Labelled, Labelled)],
    classes: usize,
    seed: u64,
) -> anyhow::Result<(Part, Vec<Fitted>)> {
    let fewest = |labels: &[usize]| {
        (0..classes).map(|c| labels.iter().filter(|l| **l == c).count()).min().unwrap_or(0)
    };
    let mut shots = FewShotConfig::default().shots;
    shots.retain(|shots| *shots <= fewest(&sources[0].1.labels));
    let few_shot =
        FewShotConfig { shots, seeds: vec![seed, seed + 1, seed + 2], ..Default::default() };
    let (mut rows, mut few_rows) = (Vec::new(), Vec::new());
    let (mut series, mut numbers, mut fitted) = (Vec::new(), Vec::new(), Vec::new());
    for (name, train, test) in sources {
        let (features, labels) = (train.features.matrix(), &train.labels);
        let logistic = Fitted::new(name, train, test, classes, seed)?;
        let test_features = test.features.matrix();
        let score = |classes: &[usize]| accuracy(classes, &test.labels);
        let linear = score(&logistic.logistic.classifier.predict(test_features)?);
        let ridge = Ridge::new(features, labels, classes)?.solve(few_shot.l2)?;
        let ridge = score(&ridge.predict(test_features)?);
        let neighbours = NearestNeighbours::default();
        let neighbours = score(&neighbours.predict((features, labels), classes, test_features)?);
        rows.push(vec![
            name.clone(),
            features.columns().to_string(),
            percent(linear),
            percent(ridge),
            percent(neighbours),
        ]);
        let few = few_shot.measure((features, labels), (test_features, &test.labels), classes)?;
        let mut row = vec![name.clone()];
        row.extend(few.iter().map(|few| percent(few.mean())));
        few_rows.push(row);
        series.push(Series {
            name: name.clone(),
            mark: Mark::LineAndDots,
            points: few.iter().map(|few| [few.shots as f64, few.mean()]).collect(),
        });
        let few: Vec<_> =
            few.iter().map(|f| json!({"shots": f.shots, "accuracies": f.accuracies})).collect();
        numbers.push(json!({
            "features": name, "logistic_regression": linear, "l2": logistic.logistic.l2,
            "ridge": ridge, "nearest_neighbours": neighbours, "few_shot": few,
        }));
        fitted.push(logistic);
    }
    let mut columns = vec!["few-shot, mean of three draws".to_string()];
    columns.extend(few_shot.shots.iter().map(|shots| format!("{shots} a class")));
    let most = few_shot.shots.last().copied().unwrap_or(1) as f64;
    let chart = Chart {
        title: "Few-shot accuracy".into(),
        x: Axis { label: "examples of each class".into(), range: 0.0..most * 1.04, percent: false },
        y: Axis::share("test accuracy"),
        series,
    };
    let summary = rows[..1].iter().flat_map(|row| {
        let named =
            |what: &str, cell: &String| line(&format!("{title}: {what}"), cell.clone(), "higher");
        [named("linear probe", &row[2]), named("20 nearest neighbours", &row[4])]
    });
    let columns_of_rows =
        ["test accuracy on", "features", "logistic regression", "ridge", "20 neighbours"];
    let part = Part {
        summary: summary.collect(),
        json: json!(numbers),
        section: Section {
            title: title.into(),
            blocks: vec![
                Block::Table(table(columns_of_rows, rows)),
                Block::Table(vit22b::report::Table { columns, rows: few_rows }),
                Block::Figures(vec![(chart.title.clone(), chart.svg()?)]),
            ],
        },
    };
    Ok((part, fitted))
}

/// Calibration before and after temperature scaling.
pub(crate) fn calibration(of: &str, card: &Scorecard) -> anyhow::Result<Part> {
    let row = |name: &str, scores: &vit22b::eval::CalibrationScores| {
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
    rows.extend(card.scaled.as_ref().map(|scores| row("scaled", scores)));
    let diagram = |title: String, diagram: &vit22b::eval::Reliability| {
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
        Ok::<_, vit22b::report::ReportError>((chart.title.clone(), chart.svg()?))
    };
    let mut figures = vec![diagram("Reliability, logits as they are".into(), &card.diagrams.0)?];
    if let (Some(scaled), Some(after)) = (&card.scaled, &card.diagrams.1) {
        let title = format!("Reliability at temperature {:.2}", scaled.temperature);
        figures.push(diagram(title, after)?);
    }
    let text = format!(
        "{of}. The temperature is fitted on {} examples; everything is measured on the other {}. Errors have {} bins.",
        card.held_out,
        card.examples,
        ScorecardConfig::default().bins
    );
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
        section: Section {
            title: "Selective prediction".into(),
            blocks: vec![
                Block::Table(table(
                    [
                        "classifier on",
                        "area under risk",
                        "wrong of surest 50 %",
                        "of 80 %",
                        "of all",
                    ],
                    rows,
                )),
                Block::Table(table(
                    ["decided by an oracle", "oracle-collaborative AUC"],
                    oracle_rows,
                )),
                Block::Figures(vec![(chart.title.clone(), chart.svg()?)]),
            ],
        },
    })
}

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
