//! Images of the user's own.

use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use vit22b::data::{DecodeOptions, ImageLoader, ImageSet, Item, Location, Preprocess};
use vit22b::probe::{Embedder, FeatureCache, FeatureKey};

use super::classifiers::classifiers;
use super::corruptions::corruptions;
use super::fitted::Labelled;
use super::part::Part;
use super::source::{Images, Source};
use crate::terminal::ImageBar;

/// Features of a set, kept in a folder under a key that names the model.
fn features(
    set: &ImageSet,
    embedder: &Embedder,
    key: FeatureKey,
    cache: &FeatureCache,
) -> anyhow::Result<Labelled> {
    // Names, sizes and times of the files stand for the pixels.
    let stamp = |item: &Item| {
        let file = match &item.location {
            Location::Within { file, .. } => &**file,
            Location::File(path) => path,
            _ => Path::new(""),
        };
        let file = std::fs::metadata(file).ok();
        let stamp = file.map(|file| (file.len(), file.modified().ok()));
        format!("{:?} {stamp:?} {:?}", item.location, item.labels)
    };
    let key = key.text(&embedder.preprocess().to_string()).text(&set.classes().join("\n"));
    let key = set.items().fold(key, |key, item| key.text(&item.name).text(&stamp(&item)));
    let mut computed = false;
    let table = cache.get_or_compute(&key, || {
        computed = true;
        let mut bar = ImageBar::new(set.len());
        let (table, broken) = embedder.embed(set, |done| bar.done(done))?;
        bar.finish(&broken);
        ensure!(table.rows() > 0, "--images: no image could be read");
        Ok(table)
    })?;
    if !computed && table.rows() < set.len() {
        let (skipped, all) = (set.len() - table.rows(), set.len());
        eprintln!("{skipped} of {all} images were skipped when these features were made");
    }
    Ok(Labelled { labels: table.first_labels()?, features: table })
}

/// Up to `count` images of a set with their labels.
fn decode(
    set: &ImageSet,
    steps: &Preprocess,
    decoding: DecodeOptions,
    count: usize,
) -> anyhow::Result<(Images, Vec<usize>)> {
    let [height, side] = steps.size();
    let steps = steps.with_value_range(-1.0, 1.0);
    let loader = Arc::new(ImageLoader::new(set.clone(), steps)?.with_decoding(decoding));
    let (mut planes, mut labels) = (vec![], vec![]);
    for batch in loader.epoch(count.min(set.len()), 2) {
        let batch = batch?;
        let pixels: Vec<f32> = batch.batch.images.to_data().try_to_vec()?;
        let images: Vec<&[f32]> = pixels.chunks_exact(3 * height * side).collect();
        for (row, index) in batch.indices() {
            planes.push(images[row].to_vec());
            labels.push(set.item(index).labels[0]);
        }
        if labels.len() >= count {
            break;
        }
    }
    planes.truncate(count);
    labels.truncate(count);
    Ok((Images { side, planes }, labels))
}

/// Classifiers of the images, on features of the sources, and how they do on corrupted images. `share` is
/// the part of the usual number of corrupted images; features are kept in the folder `cache`.
pub(crate) fn given_images(
    [train, test]: &[ImageSet; 2],
    sources: &[Source],
    key: &FeatureKey,
    decoding: DecodeOptions,
    cache: &Path,
    share: f64,
    seed: u64,
) -> anyhow::Result<Vec<Part>> {
    let (classes, cache) = (train.classes().len(), FeatureCache::new(cache));
    // Features of pixels are as large as the images: of the models alone.
    let models = &sources[..sources.len() - 1];
    let (mut labelled, mut steps) = (vec![], None);
    for source in models {
        let Source::Model(name, embedder, _) = source else { continue };
        let features = |set| features(set, embedder, key.clone().text(name), &cache);
        labelled.push((name.clone(), features(train)?, features(test)?));
        steps = Some(embedder.preprocess());
    }
    let (mut parts, fitted) = classifiers("Images", &labelled, classes, seed)?;
    let count = ((200.0 * share).ceil() as usize).max(20);
    let (harmed, labels) = decode(test, steps.expect("there is a model"), decoding, count)?;
    let text = "The classifier on images that are harmed: each of ImageNet-C's corruptions at its five strengths.";
    parts.push(corruptions(text, models, &fitted, &harmed, &labels, seed)?);
    Ok(parts)
}
