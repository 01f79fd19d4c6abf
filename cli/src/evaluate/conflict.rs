//! Shape bias, on drawings whose shape and texture disagree.

use serde_json::json;
use vit22b::data::CueConflict;
use vit22b::eval::{CueDecisions, Predictions, accuracy};
use vit22b::report::{Block, DotRows, Section};

use super::fitted::{Fitted, Labelled};
use super::part::{Part, line, percent, table};
use super::source::{Images, Source};

/// Fits a classifier to drawings whose cues agree, for each source, and asks it about drawings
/// whose cues do not. Returns the classifiers too.
pub(crate) fn conflict(
    sources: &[Source],
    cues: &CueConflict,
    side: usize,
    [train, test]: [usize; 2],
    seed: u64,
) -> anyhow::Result<(Part, Vec<Fitted>)> {
    let agreeing: Vec<_> = (0..(train + test) as u64).map(|i| cues.agreeing(i)).collect();
    let conflicting: Vec<_> = (0..2 * test as u64).map(|i| cues.conflicting(i)).collect();
    let images = |drawn: &[vit22b::data::CueImage]| Images {
        side,
        planes: drawn.iter().map(|image| image.pixels.clone()).collect(),
    };
    let shapes: Vec<usize> = conflicting.iter().map(|image| image.shape).collect();
    let textures: Vec<usize> = conflicting.iter().map(|image| image.texture).collect();
    let (agreeing_images, conflicting_images) = (images(&agreeing), images(&conflicting));
    let (mut rows, mut numbers, mut fitted, mut figures) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for source in sources {
        let labels = agreeing.iter().map(|image| image.shape).collect();
        let labelled = Labelled { features: source.features(&agreeing_images)?, labels };
        let (train, test) = labelled.split(train)?;
        let probe = Fitted::new(source.name(), &train, &test, CueConflict::CLASSES, seed)?;
        let features = source.features(&conflicting_images)?;
        let answers = probe.logistic.classifier.predict(features.matrix())?;
        let decisions = CueDecisions::new(&answers, &shapes, &textures)?;
        let all = conflicting.len() as f64;
        let right = Predictions::new(probe.matrix()?, 1.0)?.classes;
        let right = accuracy(&right, &probe.labels);
        let bias = decisions.shape_bias();
        rows.push(vec![
            source.name().into(),
            percent(right),
            percent(decisions.shape as f64 / all),
            percent(decisions.texture as f64 / all),
            percent(decisions.neither as f64 / all),
            bias.map_or("–".into(), percent),
        ]);
        numbers.push(json!({
            "features": source.name(), "accuracy_agreeing": right, "shape": decisions.shape,
            "texture": decisions.texture, "neither": decisions.neither, "shape_bias": bias,
        }));
        figures.push(figure(source.name(), &answers, &shapes, &textures, bias)?);
        fitted.push(probe);
    }
    let bias = rows[0][5].clone();
    let text = "Six classes of drawings have a shape and a texture each. A classifier learns from drawings in which \
        both agree, and answers for drawings in which they do not: shape bias is the share of shape among its answers \
        for shape or texture. People, and networks trained on ImageNet, are marked where they stand on stylised \
        photographs (Geirhos et al. 2019); drawings of this kind are another task, so that they are context and no \
        competitors.";
    let columns =
        ["classifier on", "accuracy, cues agree", "shape", "texture", "neither", "shape bias"];
    let part = Part {
        summary: vec![line("Shape bias", bias, "people: 96 %")],
        json: json!(numbers),
        section: Section {
            title: "Shape bias".into(),
            blocks: vec![
                Block::Text(text.into()),
                Block::Table(table(columns, rows)),
                Block::Figures(figures),
            ],
        },
    };
    Ok((part, fitted))
}

/// A row for each shape.
fn figure(
    name: &str,
    answers: &[usize],
    shapes: &[usize],
    textures: &[usize],
    mean: Option<f64>,
) -> anyhow::Result<(String, String)> {
    let row = |(class, shape): (usize, &str)| {
        let of_class = |values: &[usize]| -> Vec<usize> {
            let own = values.iter().zip(shapes).filter(|(_, shape)| **shape == class);
            own.map(|(value, _)| *value).collect()
        };
        let (answers, textures) = (of_class(answers), of_class(textures));
        let decisions = CueDecisions::new(&answers, &vec![class; answers.len()], &textures)?;
        Ok((shape.to_string(), decisions.shape_bias()))
    };
    let rows = CueConflict::shape_names().into_iter().enumerate().map(row);
    let title = format!("Shape bias by shape, {name}");
    let chart = DotRows {
        title: title.clone(),
        label: "share of shape among decisions".into(),
        rows: rows.collect::<Result<_, vit22b::eval::EvalError>>()?,
        mean,
        band: Some(("ImageNet models".into(), 0.2..0.3)),
        reference: Some(("people 96 %".into(), 0.96)),
    };
    Ok((title, chart.svg()?))
}
