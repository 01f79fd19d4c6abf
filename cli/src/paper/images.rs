//! The images of the report: drawings, real digits, or images of the user's own.

use std::sync::Arc;

use anyhow::ensure;
use burn::tensor::Device;
use vit22b::data::{Digits, Drawings, ImageLoader, ImageSet, Preprocess};

use super::settings::Settings;
use crate::evaluate::source::Images;

/// Labelled images, with a name under which a model's features of them are kept.
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) images: Images,
    pub(crate) labels: Vec<usize>,
}

/// Images to train a classifier with, and others to test it on.
pub(crate) struct Task {
    pub(crate) classes: usize,
    pub(crate) train: Set,
    pub(crate) test: Set,
}

/// What classifiers are trained and tested on.
pub(crate) struct Tasks {
    /// Drawings by their shapes, or images of the user's own.
    pub(crate) images: Task,
    /// Real handwritten digits, which no model was trained on here.
    pub(crate) digits: Task,
}

/// Names of the families of shapes in the drawings' hierarchy.
const SHAPES: [&str; 4] = ["round", "polygon", "curve", "stroke"];

impl Tasks {
    /// Drawings that no model was trained on, and digits.
    pub(crate) fn drawn(side: usize, settings: &Settings, seed: u64) -> anyhow::Result<Self> {
        Ok(Self { images: shapes(side, settings, seed)?, digits: digits(side, settings)? })
    }

    /// Images of the user's own, as a model takes them, and digits.
    pub(crate) fn given(
        [train, test]: &[ImageSet; 2],
        preprocess: &Preprocess,
        settings: &Settings,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let classes = train.classes().len();
        let part = |set: &ImageSet, name: &str, count| -> anyhow::Result<Set> {
            // Any order will do that does not follow the classes.
            let mut order: Vec<usize> = (0..set.len()).collect();
            fastrand::Rng::with_seed(seed).shuffle(&mut order);
            order.truncate(count);
            let (images, labels) = decode(&set.select(order), preprocess)?;
            Ok(Set { name: format!("images/{name}"), images, labels })
        };
        let images = Task {
            classes,
            train: part(train, "train", settings.count(2_000, 60))?,
            test: part(test, "test", settings.count(1_000, 30))?,
        };
        Ok(Self { images, digits: digits(preprocess.size()[0], settings)? })
    }
}

/// Decoded images in [−1, 1] with their first labels.
fn decode(set: &ImageSet, steps: &Preprocess) -> anyhow::Result<(Images, Vec<usize>)> {
    let [height, side] = steps.size();
    let loader = Arc::new(ImageLoader::new(set.clone(), steps.with_value_range(-1.0, 1.0))?);
    let (mut planes, mut labels) = (vec![], vec![]);
    for batch in loader.epoch(16.min(set.len()), 2) {
        let batch = batch?;
        let pixels: Vec<f32> = batch.batch.images.to_data().try_to_vec()?;
        let images: Vec<&[f32]> = pixels.chunks_exact(3 * height * side).collect();
        for (row, index) in batch.indices() {
            planes.push(images[row].to_vec());
            labels.push(set.item(index).labels[0]);
        }
    }
    ensure!(!planes.is_empty(), "images: none can be read");
    Ok((Images { side, planes }, labels))
}

fn digits(side: usize, settings: &Settings) -> anyhow::Result<Task> {
    let digits = Digits::handwritten();
    let images = Images::from_tensor(digits.resized(side, &Device::flex()))?;
    let (train, test) = (settings.count(Digits::TRAIN, 100), settings.count(597, 60));
    let part = |name: &str, from: usize, count: usize| {
        let rows = from..(from + count).min(digits.classes.len());
        Set {
            name: format!("digits/{name}"),
            images: Images { side, planes: images.planes[rows.clone()].to_vec() },
            labels: digits.classes[rows].to_vec(),
        }
    };
    let train = part("train", 0, train.min(Digits::TRAIN));
    Ok(Task { classes: 10, train, test: part("test", Digits::TRAIN, test) })
}

/// The names of the drawings' shapes, which are no signs.
pub(crate) fn shape_names(data: &Drawings) -> anyhow::Result<Vec<&str>> {
    let families = data.hierarchy().indices(SHAPES)?;
    let is_shape = |name: &str| {
        let labels = data.hierarchy().multi_hot([name]).unwrap_or_default();
        !SHAPES.contains(&name) && families.iter().any(|family| labels[*family] > 0.0)
    };
    let names = data.hierarchy().names();
    Ok(names.iter().map(String::as_str).filter(|name| is_shape(name)).collect())
}

/// Drawings of shapes by their shape; colours, textures and places are random.
pub(crate) fn shapes(side: usize, settings: &Settings, seed: u64) -> anyhow::Result<Task> {
    let (train, test) = (settings.count(2_000, 120), settings.count(1_000, 60));
    let data = Drawings::new(side, seed ^ 0x00e1_7a05);
    let classes = shape_names(&data)?;
    let mut all = (0..).filter_map(|index| {
        let figure = data.figure(index);
        let class = classes.iter().position(|class| *class == figure)?;
        Some((data.example(index).pixels, class))
    });
    let mut part = |name: &str, count| {
        let (planes, labels) = all.by_ref().take(count).unzip();
        Set { name: format!("shapes/{name}"), images: Images { side, planes }, labels }
    };
    let (train, test) = (part("train", train), part("test", test));
    Ok(Task { classes: classes.len(), train, test })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_those_of_the_drawings_and_no_signs() {
        let settings = Settings {
            version: 1,
            family: None,
            quick: false,
            steps: 1,
            seeds: vec![0],
            share: 0.2,
        };
        let task = shapes(8, &settings, 1).unwrap();
        assert_eq!(task.classes, 20);
        assert_eq!((task.train.labels.len(), task.test.labels.len()), (400, 200));
        let seen = (0..20).filter(|class| task.train.labels.contains(class)).count();
        assert_eq!(seen, 20);
        assert!(
            task.test.images.planes.iter().all(|image| !task.train.images.planes.contains(image))
        );
    }
}
