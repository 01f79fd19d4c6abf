//! Logits of any classifier in a file.

use std::path::Path;

use anyhow::Context;
use serde_json::json;
use vit22b::eval::{Matrix, Scorecard, ScorecardConfig};
use vit22b::probe::few_test_images;

use super::calibration::{calibration, selective};
use super::detection::detection;
use super::given::{self, GivenLogits};
use super::groups::{GroupTask, groups};
use super::part::{Part, cautions, grouped, line, percent};

/// The decision for the second class, if there are two classes and groups.
fn group_task(given: &GivenLogits) -> anyhow::Result<Option<GroupTask>> {
    let Some(group) = given.groups.clone().filter(|_| given.classes == 2) else {
        return Ok(None);
    };
    let count = group.iter().max().map_or(0, |last| last + 1);
    let rows = Matrix::new(&given.logits, 2)?;
    // 2 p − 1 of the second class.
    let scores = rows.iter().map(|row| ((row[1] - row[0]) / 2.0).tanh());
    Ok(Some(GroupTask {
        text: "The second class is the positive one.".into(),
        names: (0..count).map(|group| format!("group {group}")).collect(),
        scores: scores.collect(),
        group,
        truth: given.labels.iter().map(|label| *label == 1).collect(),
    }))
}

/// What is said of them, and the sections.
pub(crate) fn given_logits(path: &Path, seed: u64) -> anyhow::Result<(String, Vec<Part>)> {
    let given = given::read(path)?;
    if let Some(whole) = given.sum_of_probabilities() {
        eprintln!(
            "warning: every row of {} is in [0, {whole}] and sums to {whole}: these are probabilities, where \
             logits are expected; take their logarithms",
            path.display()
        );
    }
    let matrix = Matrix::new(&given.logits, given.classes)?;
    let config = ScorecardConfig { seed, ..Default::default() };
    let card = Scorecard::measure(matrix, &given.labels, &config)
        .with_context(|| format!("--logits {}", path.display()))?;
    let mut calibration = calibration("The given logits", &card)?;
    let accuracy = percent(card.accuracy);
    calibration.summary.insert(0, line("Accuracy", accuracy, "higher"));
    let told: Vec<String> = few_test_images(card.examples).into_iter().collect();
    let mut parts: Vec<Part> = cautions("Logits", &told, json!({})).into_iter().collect();
    parts.extend([calibration, selective(&[("the given logits".into(), card.clone())])?]);
    if let Some(unknown) = &given.unknown {
        let unknown = Matrix::new(unknown, given.classes)?;
        parts.push(detection("Known and unknown examples as given.", matrix, unknown)?);
    }
    if let Some(task) = group_task(&given)? {
        parts.push(groups(&task)?);
    }
    let lead = format!(
        "{} examples of {} classes, {}.",
        grouped(given.labels.len() as u64),
        given.classes,
        path.display()
    );
    Ok((lead, parts))
}
