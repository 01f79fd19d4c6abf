//! Measures of depth over a set of pairs.

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use vit22b::data::{DepthTruth, Pairs};
use vit22b::dense::DepthEstimator;
use vit22b::eval::{DepthAlignment, DepthCrop, DepthErrors, DepthScores};

use crate::args::Decoding;
use crate::dense::for_each_pair;
use crate::terminal::counted;

/// Which pixels are compared, and how.
#[derive(Args, Clone)]
pub(super) struct Comparing {
    /// Depths that count are above this
    #[arg(long, value_name = "DEPTH", default_value_t = 1e-3, allow_negative_numbers = true)]
    min: f64,
    /// Depths that count are below this: 10 for NYU, 80 for KITTI
    #[arg(long, value_name = "DEPTH", default_value_t = 80.0, allow_negative_numbers = true)]
    max: f64,
    /// Bring each image's predictions to the truth before they are compared:
    /// by the ratio of the medians, by a number and a shift, or the same for
    /// inverse depths, as relative models give them [default: none, inverse for
    /// a relative model]
    #[arg(long, value_name = "HOW")]
    align: Option<Align>,
    /// Compare a part of each image alone, as a benchmark does
    #[arg(long, value_name = "PART")]
    crop: Option<Crop>,
    /// Print the measures of all pixels together, in place of the means of
    /// images
    #[arg(long)]
    pooled: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Align {
    None,
    Median,
    ScaleShift,
    Inverse,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Crop {
    Garg,
    Eigen,
    Nyu,
}

impl Default for Comparing {
    fn default() -> Self {
        Self { min: 1e-3, max: 80.0, align: None, crop: None, pooled: false }
    }
}

/// What was measured.
pub(super) struct Scores {
    errors: DepthErrors,
    comparing: Comparing,
    align: Align,
    pixels: usize,
}

/// Compares the depths that a model gives with those that are known.
pub(super) fn score(
    estimator: &DepthEstimator,
    pairs: &Pairs,
    truth: &DepthTruth,
    comparing: &Comparing,
    reading: (Decoding, usize),
) -> anyhow::Result<Scores> {
    let relative = estimator.is_relative();
    let align = comparing.align.unwrap_or(if relative { Align::Inverse } else { Align::None });
    ensure!(
        relative == (align == Align::Inverse),
        "--align: the model gives {}, expected {}",
        if relative { "inverse depths up to a number and a shift" } else { "depths" },
        if relative { "inverse" } else { "none, median or scale-shift" }
    );
    let alignment = match align {
        Align::None => DepthAlignment::None,
        Align::Median => DepthAlignment::Median,
        Align::ScaleShift => DepthAlignment::ScaleShift,
        Align::Inverse => DepthAlignment::InverseScaleShift,
    };
    let crop = comparing.crop.map(|crop| match crop {
        Crop::Garg => DepthCrop::Garg,
        Crop::Eigen => DepthCrop::Eigen,
        Crop::Nyu => DepthCrop::Nyu,
    });
    let errors = DepthErrors::new(comparing.min, comparing.max).context("--min and --max")?;
    let (mut errors, mut pixels) = (errors.with_alignment(alignment), 0);
    for_each_pair(pairs, truth, reading, |images, truths| {
        for (predicted, known) in estimator.depths(images)?.iter().zip(truths) {
            let size = [predicted.height(), predicted.width()];
            pixels += errors.add_where(known, predicted.values(), |place| {
                let (row, column) = (place / size[1], place % size[1]);
                crop.is_none_or(|crop| crop.contains(size, row, column))
            })?;
        }
        Ok(())
    })?;
    ensure!(
        pixels > 0,
        "no pixel counts: none of {} has a depth between --min {} and --max {} there; is --depth-steps right?",
        counted(pairs.len(), "image"),
        comparing.min,
        comparing.max
    );
    Ok(Scores { errors, comparing: comparing.clone(), align, pixels })
}

impl Scores {
    fn both(&self) -> anyhow::Result<[DepthScores; 2]> {
        let [means, pooled] = [self.errors.mean_of_images(), self.errors.pooled()];
        Ok([means.context("no pixel counts")?, pooled.context("no pixel counts")?])
    }

    /// Images with pixels that count.
    fn images(&self) -> usize {
        self.errors.images().iter().flatten().count()
    }

    /// All numbers.
    pub(super) fn json(&self) -> anyhow::Result<Value> {
        let numbers = |scores: &DepthScores| -> Map<String, Value> {
            scores.in_order().iter().map(|(name, value)| (name.to_string(), json!(value))).collect()
        };
        let [means, pooled] = self.both()?;
        let name = |value: &dyn Fn() -> Option<clap::builder::PossibleValue>| {
            value().map(|value| value.get_name().to_string())
        };
        Ok(json!({
            "images": self.images(),
            "images_without_known_depths": self.errors.images().len() - self.images(),
            "pixels": self.pixels,
            "min": self.comparing.min,
            "max": self.comparing.max,
            "align": name(&|| self.align.to_possible_value()),
            "crop": self.comparing.crop.and_then(|crop| name(&|| crop.to_possible_value())),
            "mean_of_images": numbers(&means),
            "pooled": numbers(&pooled),
        }))
    }

    /// A table for people.
    pub(super) fn text(&self) -> anyhow::Result<String> {
        let [means, pooled] = self.both()?;
        let (scores, how) = match self.comparing.pooled {
            true => (pooled, "all pixels together"),
            false => (means, "means of images"),
        };
        let align = self.align.to_possible_value();
        let align = align.filter(|_| self.align != Align::None);
        let align = align.map(|align| format!(", aligned by {}", align.get_name()));
        let crop = self.comparing.crop.and_then(|crop| crop.to_possible_value());
        let crop = crop.map(|crop| format!(", the part of {}", crop.get_name()));
        let mut lines = vec![format!(
            "{}, {} known from {} to {}, {how}{}{}",
            counted(self.images(), "image"),
            counted(self.pixels, "pixel"),
            self.comparing.min,
            self.comparing.max,
            align.unwrap_or_default(),
            crop.unwrap_or_default()
        )];
        let names = [
            "AbsRel",
            "SqRel",
            "RMSE",
            "RMSE log",
            "log10",
            "SILog",
            "δ < 1.1",
            "δ < 1.25",
            "δ < 1.25²",
            "δ < 1.25³",
        ];
        for (name, (_, value)) in names.into_iter().zip(scores.in_order()) {
            lines.push(format!("  {name:<10} {value:8.4}"));
        }
        Ok(lines.join("\n"))
    }
}
