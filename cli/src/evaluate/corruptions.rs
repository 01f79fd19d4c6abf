//! Accuracy under ImageNet-C's corruptions.

use anyhow::Context;
use rayon::prelude::*;
use serde_json::json;
use vit22b::data::{Corruption, FloatImage};
use vit22b::eval::{accuracy, mean_corruption_error};
use vit22b::report::{Axis, Block, Chart, Mark, Section, Series};

use super::fitted::Fitted;
use super::part::{Part, line, percent, table};
use super::source::{Images, Source};

/// Families of corruptions, each with its own chart.
const FAMILIES: [(&str, std::ops::Range<usize>); 4] =
    [("Noise", 0..3), ("Blur", 3..7), ("Weather", 7..11), ("Digital", 11..15)];

/// Harms images and asks the classifier of each source. The last source is the baseline of the mean
/// corruption error.
pub(crate) fn corruptions(
    text: &str,
    sources: &[Source],
    classifiers: &[Fitted],
    images: &Images,
    labels: &[usize],
    seed: u64,
) -> anyhow::Result<Part> {
    let side = images.side;
    let originals = images.planes.iter().map(|planes| FloatImage::from_planes(side, side, planes));
    let originals: Vec<FloatImage> = originals.collect::<Result<_, _>>()?;
    let score = |source: usize, images: &Images| -> anyhow::Result<f64> {
        let features = sources[source].features(images)?;
        let answers = classifiers[source].logistic.classifier.predict(features.matrix())?;
        Ok(accuracy(&answers, labels))
    };
    let clean: Vec<f64> = (0..sources.len()).map(|i| score(i, images)).collect::<Result<_, _>>()?;
    let mut errors = vec![[[0.0; 5]; 15]; sources.len()];
    for (c, corruption) in Corruption::ALL.into_iter().enumerate() {
        for strength in 1..=5 {
            let harm = |(i, image): (usize, &FloatImage)| {
                let seed = seed.wrapping_mul(31).wrapping_add((i * 75 + c * 5 + strength) as u64);
                Ok(corruption.apply(image, strength, seed)?.to_planes())
            };
            let planes = originals.par_iter().enumerate().map(harm);
            let planes = planes.collect::<anyhow::Result<Vec<_>>>();
            let planes = planes.with_context(|| format!("{corruption} at {strength}"))?;
            let harmed = Images { side, planes };
            for (source, errors) in errors.iter_mut().enumerate() {
                errors[c][strength - 1] = 1.0 - score(source, &harmed)?;
            }
        }
    }
    let mean = |errors: &[f64; 5]| errors.iter().sum::<f64>() / 5.0;
    let all = |errors: &[[f64; 5]; 15]| errors.iter().map(mean).sum::<f64>() / 15.0;
    let rows = sources.iter().zip(&errors).zip(&clean).map(|((source, errors), clean)| {
        let families = FAMILIES.map(|(_, range)| {
            let count = range.len() as f64;
            percent(1.0 - errors[range].iter().map(mean).sum::<f64>() / count)
        });
        let mut row = vec![source.name().to_string(), percent(*clean), percent(1.0 - all(errors))];
        row.extend(families);
        row
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let baseline = errors[errors.len() - 1].each_ref().map(mean);
    // Without an error of the baseline there is nothing to compare with.
    let mce = (errors.len() > 1 && baseline.iter().all(|error| *error > 0.0))
        .then(|| mean_corruption_error(&errors[0], &baseline))
        .transpose()?;
    let figures = FAMILIES.map(|(family, range)| {
        let series = range.map(|c| Series {
            name: Corruption::ALL[c].name().replace('_', " "),
            mark: Mark::LineAndDots,
            points: (0..=5)
                .map(|s| [s as f64, if s == 0 { clean[0] } else { 1.0 - errors[0][c][s - 1] }])
                .collect(),
        });
        let chart = Chart {
            title: format!("{family}, {}", sources[0].name()),
            x: Axis::number("strength", 0.0..5.1),
            y: Axis::share("accuracy"),
            series: series.collect(),
        };
        Ok((chart.title.clone(), chart.svg()?))
    });
    let figures = figures.into_iter().collect::<Result<_, vit22b::report::ReportError>>()?;
    let mut summary = vec![line("Corruptions: mean accuracy", rows[0][2].clone(), "higher")];
    let mut blocks = vec![Block::Text(text.into())];
    if let Some(mce) = mce {
        let last = sources[sources.len() - 1].name();
        let name = format!("Corruptions: mCE, {last} = 100 %");
        summary.push(line(&name, percent(mce), "lower"));
        blocks.push(Block::Text(format!(
            "Mean corruption error of {}, relative to {last}: {}.",
            sources[0].name(),
            percent(mce)
        )));
    }
    let columns = ["accuracy on", "clean", "all fifteen", "noise", "blur", "weather", "digital"];
    blocks.push(Block::Table(table(columns, rows)));
    blocks.push(Block::Figures(figures));
    let by_name = |errors: &[[f64; 5]; 15]| -> serde_json::Map<_, _> {
        let pairs = Corruption::ALL.iter().zip(errors);
        pairs.map(|(corruption, errors)| (corruption.to_string(), json!(errors))).collect()
    };
    let numbers = sources.iter().zip(&errors).zip(&clean).map(|((source, errors), clean)| {
        json!({"features": source.name(), "clean_accuracy": clean, "errors": by_name(errors)})
    });
    Ok(Part {
        summary,
        json: json!({"mean_corruption_error": mce, "sources": numbers.collect::<Vec<_>>()}),
        section: Section { title: "Corruptions".into(), blocks },
    })
}
