//! What in an image speaks for a class and against it, by integrated gradients.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use vit22b::data::{ExampleKey, Image, Preprocess};
use vit22b::explain::PathGradients;
use vit22b::report::{HeatMap, heat_maps};
use vit22b::vit::ViT22B;

use super::class::class;
use super::seen::pixels;
use crate::unsaid::Loaded;

/// A classifier, and what is asked about its answers.
pub(super) struct Gradients {
    model: ViT22B,
    preprocess: Preprocess,
    names: Vec<String>,
    class: Option<usize>,
    path: PathGradients,
    steps: usize,
    device: Device,
}

impl Gradients {
    /// Of a class that `--class` names, or of the likeliest one of each image.
    pub(super) fn new(
        (loaded, names): (Loaded, Vec<String>),
        typed: Option<&str>,
        (steps, batch): (usize, usize),
        device: Device,
    ) -> anyhow::Result<Self> {
        let Loaded { model, preprocess } = loaded;
        let classes = model.config().num_classes;
        let class = typed.map(|typed| class(typed, &names, classes)).transpose()?;
        let path = PathGradients::new(steps).with_batch(batch);
        Ok(Self { model, preprocess, names, class, path, steps, device })
    }

    /// Draws the map of an image, and says what it is of.
    pub(super) fn draw(&self, image: &Image, path: &Path) -> anyhow::Result<String> {
        let (shown, [height, width]) = pixels(image, &self.preprocess.with_value_range(0.0, 1.0));
        let mut values = vec![0.0; 3 * height * width];
        self.preprocess.write(image, ExampleKey::new(0, 0, 0), &mut values);
        // Half of what a pixel may be.
        let [mean, std] = self.preprocess.normalisation();
        let grey = (0..3).flat_map(|channel| {
            let value = (0.5 - mean[channel]) / std[channel];
            std::iter::repeat_n(value, height * width)
        });
        let tensor = |values: Vec<f32>| {
            Tensor::<4>::from_data(TensorData::new(values, [1, 3, height, width]), &self.device)
        };
        let (image, grey) = (tensor(values), tensor(grey.collect()));
        let both = self.model.forward(Tensor::cat(vec![image.clone(), grey.clone()], 0));
        let logits: Vec<f32> = both.into_data().iter::<f32>().collect();
        let (seen, blank) = logits.split_at(logits.len() / 2);
        let likeliest = (0..seen.len()).max_by(|a, b| seen[*a].total_cmp(&seen[*b]));
        let class = self.class.or(likeliest).unwrap_or_default();
        let found = self.path.integrate(&self.model, image, grey, &[class], ViT22B::forward)?;

        let all: Vec<f32> = found.attributions.sum_dim(1).into_data().iter::<f32>().collect();
        let patch = self.model.config().patch;
        let (rows, columns) = (height / patch, width / patch);
        let mut patches = vec![0.0; rows * columns];
        for (at, value) in all.iter().enumerate() {
            patches[(at / width / patch) * columns + at % width / patch] += value;
        }
        let maps = [
            HeatMap { values: &all, size: [height, width] },
            HeatMap { values: &patches, size: [rows, columns] },
        ];
        heat_maps(path, &shown, [height, width], &maps)?;
        let named = match self.names.get(class) {
            Some(name) => format!("class {class}, {name}"),
            None => format!("class {class}"),
        };
        let (difference, gap) = (found.differences[0], found.gaps[0]);
        // The sum is the difference where the steps are fine enough.
        let caution = if gap.abs() > 0.1 * difference.abs() {
            format!("; they miss it by {gap:.3}, so take more --path-steps")
        } else {
            String::new()
        };
        Ok(format!(
            "{named}: logit {:.3}, {:.3} for grey; {} steps of gradients sum to {:.3} of {difference:.3}{caution}",
            seen[class],
            blank[class],
            self.steps,
            difference + gap,
        ))
    }
}
