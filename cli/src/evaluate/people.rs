//! How alike observers err.

use std::path::Path;

use anyhow::ensure;
use serde_json::json;
use vit22b::eval::{Agreement, Trials};
use vit22b::report::{Block, Section};

use super::fitted::Fitted;
use super::part::{Part, number, percent, table};

/// Each pair of classifiers on the same test images.
pub(crate) fn agreement(classifiers: &[Fitted]) -> anyhow::Result<Part> {
    let (mut rows, mut numbers) = (Vec::new(), Vec::new());
    for (i, first) in classifiers.iter().enumerate() {
        for second in &classifiers[i + 1..] {
            let agreement = Agreement::new(&first.correct()?, &second.correct()?)?;
            let kappa = agreement.error_consistency();
            rows.push(vec![
                format!("{} and {}", first.name, second.name),
                percent(agreement.observed),
                percent(agreement.expected()),
                number(kappa),
            ]);
            numbers.push(json!({
                "first": first.name, "second": second.name, "observed": agreement.observed,
                "expected": agreement.expected(), "error_consistency": kappa,
            }));
        }
    }
    let text = "On how many test images two classifiers are both right or both wrong, how many that would be if they \
        erred independently, and Cohen's kappa of the two: 0 is independent, 1 is the same errors.";
    let columns = ["classifiers on", "observed", "expected", "error consistency"];
    Ok(Part {
        summary: vec![],
        json: json!(numbers),
        section: Section {
            title: "Error consistency".into(),
            blocks: vec![Block::Text(text.into()), Block::Table(table(columns, rows))],
        },
    })
}

/// The models of a folder of model-vs-human's raw data against its people.
pub(crate) fn people(folder: &Path) -> anyhow::Result<Part> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let trials = Trials::read(folder)?.without_excluded(&name);
    let is_person = |subject: &str| subject.starts_with("subject-");
    let people = trials.filter(|trial| is_person(&trial.subject));
    ensure!(
        !people.trials.is_empty(),
        "{}: expected files of model-vs-human, of which some are of people (subject \"subject-01\")",
        folder.display()
    );
    let (mut rows, mut numbers) = (Vec::new(), Vec::new());
    for subject in trials.subjects().into_iter().filter(|subject| !is_person(subject)) {
        let model = trials.filter(|trial| trial.subject == subject);
        let comparison = model.compare(&people)?;
        let bias = model.cue_decisions().shape_bias().filter(|_| name == "cue-conflict");
        rows.push(vec![
            subject.to_string(),
            percent(comparison.accuracy),
            format!("{:.4}", comparison.accuracy_difference),
            number(comparison.observed_consistency),
            number(comparison.error_consistency),
            bias.map_or("–".into(), percent),
        ]);
        numbers.push(json!({
            "model": subject, "accuracy": comparison.accuracy,
            "accuracy_difference": comparison.accuracy_difference,
            "observed_consistency": comparison.observed_consistency,
            "error_consistency": comparison.error_consistency, "shape_bias": bias,
        }));
    }
    ensure!(!rows.is_empty(), "{}: no subject is a model", folder.display());
    let columns = [
        "model",
        "accuracy",
        "accuracy difference",
        "observed consistency",
        "error consistency",
        "shape bias",
    ];
    Ok(Part {
        summary: vec![],
        json: json!(numbers),
        section: Section {
            title: format!("Beside {} people: {name}", people.subjects().len()),
            blocks: vec![Block::Table(table(columns, rows))],
        },
    })
}
