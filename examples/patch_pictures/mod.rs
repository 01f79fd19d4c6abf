//! Values of patches as colours over their image, beside the image itself.

use std::path::PathBuf;

use anyhow::Context;
use image::RgbImage;
use vit22b::data::{DecodeLimit, ExampleKey, ImageSet, Preprocess};

/// Pixels that the longer side of a painted image has at least.
const SIDE: usize = 448;
/// Pixels between an image and its painted copy.
const GAP: u32 = 8;

/// A folder of pictures, one for each image.
pub(crate) struct PatchPictures {
    folder: PathBuf,
    /// What the model sees, with values in [0, 1].
    seen: Preprocess,
}

impl PatchPictures {
    pub(crate) fn new(folder: PathBuf, preprocess: &Preprocess) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let seen = preprocess.with_value_range(0.0, 1.0);
        Ok(Self { folder, seen })
    }

    /// Paints `[n, d]` values of the patches: the first three principal components as red, green
    /// and blue, or one value as brightness.
    pub(crate) fn paint(
        &self,
        set: &ImageSet,
        index: usize,
        values: &[f32],
        patch: usize,
    ) -> anyhow::Result<()> {
        let [height, width] = self.seen.size();
        let mut pixels = vec![0.0; 3 * height * width];
        let image = set.decode(index, DecodeLimit::default())?;
        self.seen.write(&image, ExampleKey::new(0, 0, 0), &mut pixels);
        let (rows, columns) = ((height / patch) * (width / patch), width / patch);
        let one = values.len() == rows;
        let colours = if one { vec![to_unit(values)] } else { principal(values, rows) };
        let scale = SIDE.div_ceil(width.max(height));
        let side = |n: usize| (n * scale) as u32;
        // On the left what the model sees, on the right what it makes of it.
        let picture = RgbImage::from_fn(2 * side(width) + GAP, side(height), |x, y| {
            let right = x.checked_sub(side(width) + GAP);
            if x >= side(width) && right.is_none() {
                return image::Rgb([255; 3]);
            }
            let (x, y) = (right.unwrap_or(x) as usize / scale, y as usize / scale);
            let cell = (y / patch) * columns + x / patch;
            let pixel = |channel| pixels[(channel * height + y) * width + x];
            let grey = (pixel(0) + pixel(1) + pixel(2)) / 3.0;
            let painted = |channel: usize| match (right, one) {
                (None, _) => pixel(channel),
                // Dark where nothing is taken, the image itself where most is.
                (_, true) => pixel(channel) * (0.15 + 0.85 * colours[0][cell]),
                (_, false) => 0.35 * grey + 0.65 * colours[channel][cell],
            };
            image::Rgb([0, 1, 2].map(|channel| (255.0 * painted(channel)).round() as u8))
        });
        let name = set.items()[index].name.replace(['/', '\\'], "_");
        let file = self.folder.join(name + ".png");
        picture.save(&file).with_context(|| file.display().to_string())
    }
}

/// Scaled to [0, 1].
fn to_unit(values: &[f32]) -> Vec<f32> {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = (high - low).max(f32::MIN_POSITIVE);
    values.iter().map(|value| (value - low) / range).collect()
}

/// The first three principal components of `[rows, d]` values, each scaled to [0, 1], by power
/// iteration; what a picture shows needs no more digits.
fn principal(values: &[f32], rows: usize) -> Vec<Vec<f32>> {
    let d = values.len() / rows;
    let mut centred = values.to_vec();
    for column in 0..d {
        let mean = (0..rows).map(|row| values[row * d + column]).sum::<f32>() / rows as f32;
        (0..rows).for_each(|row| centred[row * d + column] -= mean);
    }
    let mut axes: Vec<Vec<f32>> = vec![];
    for component in 0..3 {
        let mut axis: Vec<f32> = (0..d).map(|i| ((i * 7 + component) % 11) as f32 - 5.0).collect();
        for _ in 0..40 {
            let scores = project(&centred, &axis);
            axis = vec![0.0; d];
            for (row, score) in centred.chunks_exact(d).zip(scores) {
                axis.iter_mut().zip(row).for_each(|(a, x)| *a += score * x);
            }
            for known in &axes {
                let overlap = dot(known, &axis);
                axis.iter_mut().zip(known).for_each(|(a, k)| *a -= overlap * k);
            }
            let norm = dot(&axis, &axis).sqrt().max(f32::MIN_POSITIVE);
            axis.iter_mut().for_each(|a| *a /= norm);
        }
        axes.push(axis);
    }
    axes.iter().map(|axis| to_unit(&project(&centred, axis))).collect()
}

fn project(rows: &[f32], axis: &[f32]) -> Vec<f32> {
    rows.chunks_exact(axis.len()).map(|row| dot(row, axis)).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
