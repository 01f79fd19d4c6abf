//! Measures of segmentation over a set of pairs.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use vit22b::data::{ClassList, MaskTruth, Pairs};
use vit22b::dense::Segmenter;
use vit22b::eval::SegmentationTable;

use crate::args::Decoding;
use crate::dense::for_each_pair;
use crate::terminal::counted;

/// What was measured.
pub(super) struct Scores {
    table: SegmentationTable,
    classes: ClassList,
    images: usize,
}

/// Compares the classes that a model gives with those of masks.
pub(super) fn score(
    segmenter: &Segmenter,
    pairs: &Pairs,
    truth: &MaskTruth,
    reading: (Decoding, usize),
) -> anyhow::Result<Scores> {
    let classes = truth.classes().clone();
    let mut table = SegmentationTable::new(classes.len(), Some(255));
    for_each_pair(pairs, truth, reading, |images, truths| {
        for (predicted, known) in segmenter.classes(images)?.iter().zip(truths) {
            table.add(known, predicted)?;
        }
        Ok(())
    })?;
    ensure!(
        table.pixels() > 0,
        "no pixel counts: the masks of all {} have none but labels that do not",
        counted(pairs.len(), "image")
    );
    Ok(Scores { table, classes, images: pairs.len() })
}

impl Scores {
    /// All numbers.
    pub(super) fn json(&self, seen: &str) -> anyhow::Result<Value> {
        let [iou, accuracy] = [self.table.iou(), self.table.class_accuracy()];
        let classes = self.classes.names().iter().enumerate().map(|(class, name)| {
            json!({ "class": name, "iou": iou[class], "accuracy": accuracy[class] })
        });
        let measures = self.measures()?;
        Ok(json!({
            "images": self.images,
            "pixels": self.table.pixels(),
            "seen": seen,
            "mean_iou": measures[0].1,
            "pixel_accuracy": measures[1].1,
            "mean_class_accuracy": measures[2].1,
            "frequency_weighted_iou": measures[3].1,
            "classes": classes.collect::<Vec<_>>(),
        }))
    }

    /// The four measures by name.
    fn measures(&self) -> anyhow::Result<[(&'static str, f64); 4]> {
        let table = &self.table;
        let there = |value: Option<f64>| value.context("no pixel counts");
        Ok([
            ("mean IoU", there(table.mean_iou())?),
            ("pixel accuracy", there(table.pixel_accuracy())?),
            ("mean class accuracy", there(table.mean_class_accuracy())?),
            ("IoU by frequency", there(table.frequency_weighted_iou())?),
        ])
    }

    /// A table for people.
    pub(super) fn text(&self, seen: &str) -> anyhow::Result<String> {
        let mut lines = vec![format!(
            "{}, {seen}; one count over all pixels, in percent",
            counted(self.images, "image")
        )];
        for (name, value) in self.measures()? {
            lines.push(format!("  {name:<22} {:6.2}", 100.0 * value));
        }
        let longest = self.classes.names().iter().map(|name| name.chars().count()).max();
        let width = longest.unwrap_or(0).max("class".len());
        lines.push(format!("{:<width$}     IoU  accuracy", "class"));
        let [iou, accuracy] = [self.table.iou(), self.table.class_accuracy()];
        let shown = |value: Option<f64>| match value {
            Some(value) => format!("{:.2}", 100.0 * value),
            None => "-".to_string(),
        };
        for (class, name) in self.classes.names().iter().enumerate() {
            if iou[class].is_none() && self.classes.len() > 30 {
                continue;
            }
            let [iou, accuracy] = [iou[class], accuracy[class]].map(shown);
            lines.push(format!("{name:<width$}  {iou:>6}  {accuracy:>8}"));
        }
        Ok(lines.join("\n"))
    }
}
