//! Classifiers on frozen features of several sources.

use anyhow::ensure;
use serde_json::json;
use vit22b::eval::{FewShotConfig, NearestNeighbours, Ridge, Scorecard, ScorecardConfig, accuracy};
use vit22b::probe::TestSplit;
use vit22b::report::{Axis, Block, Chart, Mark, Section, Series, Table};

use super::calibration::{calibration, selective};
use super::fitted::{Fitted, Labelled};
use super::part::{Part, cautions, line, percent, table};
use super::people::agreement;
use crate::terminal::counted;

/// Why nothing is measured.
pub(crate) const TOO_FEW: &str =
    "too few images: no class has some to train with and some to test with";

/// Sections that hold for any classes.
pub(crate) fn classifiers(
    title: &str,
    labelled: &[(String, Labelled, Labelled)],
    classes: usize,
    seed: u64,
) -> anyhow::Result<(Vec<Part>, Vec<Fitted>)> {
    let (_, train, test) = &labelled[0];
    let split = TestSplit::new(train.features.classes(), &train.labels, &test.labels);
    ensure!(split.measured_classes() > 0, TOO_FEW);
    let (probes, fitted) = probes(title, labelled, classes, seed)?;
    let config = ScorecardConfig { seed, ..Default::default() };
    let cards = fitted.iter().map(|fitted| {
        let card = Scorecard::measure(fitted.matrix()?, &fitted.labels, &config)?;
        Ok((fitted.name.clone(), card))
    });
    let cards = cards.collect::<anyhow::Result<Vec<_>>>()?;
    let of = format!("Logistic regression on the features of: {}", cards[0].0);
    let mut told = split.cautions();
    let (asked, there) = (NearestNeighbours::default().k, train.labels.len());
    if there < asked {
        let images = counted(there, "image");
        told.push(format!(
            "{asked} neighbours are asked of {images} to train with: all of them vote"
        ));
    }
    let more = json!({"untested_classes": split.untested, "untrained_classes": split.untrained});
    let mut parts: Vec<Part> = cautions(title, &told, more).into_iter().collect();
    parts.extend([probes, calibration(&of, &cards[0].1)?, selective(&cards)?]);
    // One classifier has none to agree with.
    if fitted.len() > 1 {
        parts.push(agreement(&fitted)?);
    }
    Ok((parts, fitted))
}

/// Linear probe, ridge regression, neighbours and few shots, for each source.
fn probes(
    title: &str,
    sources: &[(String, Labelled, Labelled)],
    classes: usize,
    seed: u64,
) -> anyhow::Result<(Part, Vec<Fitted>)> {
    let fewest = |labels: &[usize]| {
        (0..classes).map(|c| labels.iter().filter(|l| **l == c).count()).min().unwrap_or(0)
    };
    let (mut shots, fewest) = (FewShotConfig::default().shots, fewest(&sources[0].1.labels));
    let fewest_shots = shots.iter().min().copied().unwrap_or_default();
    shots.retain(|shots| *shots <= fewest);
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
    let few_shot_blocks = match few_shot.shots.last() {
        None => vec![Block::Text(format!(
            "Few-shot accuracy is not measured: the smallest class has {fewest} to train with, and \
             {fewest_shots} of each are the fewest that are asked for."
        ))],
        Some(most) => {
            let mut columns = vec!["few-shot, mean of three draws".to_string()];
            columns.extend(few_shot.shots.iter().map(|shots| format!("{shots} a class")));
            let chart = Chart {
                title: "Few-shot accuracy".into(),
                x: Axis::number("examples of each class", 0.0..*most as f64 * 1.04),
                y: Axis::share("test accuracy"),
                series,
            };
            vec![
                Block::Table(Table { columns, rows: few_rows }),
                Block::Figures(vec![(chart.title.clone(), chart.svg()?)]),
            ]
        }
    };
    let summary = rows[..1].iter().flat_map(|row| {
        let named =
            |what: &str, cell: &String| line(&format!("{title}: {what}"), cell.clone(), "higher");
        [named("linear probe", &row[2]), named("20 nearest neighbours", &row[4])]
    });
    let columns_of_rows =
        ["test accuracy on", "features", "logistic regression", "ridge", "20 neighbours"];
    let summary = summary.collect();
    let mut blocks = vec![Block::Table(table(columns_of_rows, rows))];
    blocks.extend(few_shot_blocks);
    let section = Section { title: title.into(), blocks };
    let part = Part { summary, json: json!(numbers), section };
    Ok((part, fitted))
}
