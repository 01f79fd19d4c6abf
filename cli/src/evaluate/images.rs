//! Images of the user's own.

use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use vit22b::data::{ImageLoader, ImageSet, Item, Place, Preprocess};
use vit22b::probe::{FeatureCache, FeatureKey, FeatureTable};

use super::classifiers::classifiers;
use super::corruptions::corruptions;
use super::fitted::Labelled;
use super::part::Part;
use super::source::{Images, Source};

/// A folder with a folder of images for each class, or with `train` and `val` of this form.
pub(crate) struct GivenImages {
    pub(crate) classes: Vec<String>,
    parts: [Arc<ImageLoader>; 2],
}

impl GivenImages {
    /// Images by these steps, with values in [−1, 1]; without `val`, a fifth of the images is held
    /// out.
    pub(crate) fn open(root: &Path, steps: &Preprocess, seed: u64) -> anyhow::Result<Self> {
        let steps = steps.with_value_range(-1.0, 1.0);
        let sets = if root.join("train").is_dir() && root.join("val").is_dir() {
            ImageSet::train_val(root)?
        } else {
            let all = ImageSet::class_folders(root)?;
            let mut order: Vec<usize> = (0..all.len()).collect();
            fastrand::Rng::with_seed(seed).shuffle(&mut order);
            let (val, train) = order.split_at(all.len() / 5);
            let part = |rows: &[usize]| {
                let items = rows.iter().map(|row| all.items()[*row].clone()).collect();
                ImageSet::new(all.classes().to_vec(), items)
            };
            [part(train)?, part(val)?]
        };
        let classes = sets[0].classes().to_vec();
        let [train, val] = sets.map(|set| ImageLoader::new(set, steps.clone()).map(Arc::new));
        Ok(Self { classes, parts: [train?, val?] })
    }

    /// Features of the training part and of the other, kept in a folder.
    pub(crate) fn features(
        &self,
        source: &Source,
        key: &FeatureKey,
        cache: &Path,
    ) -> anyhow::Result<[Labelled; 2]> {
        let cache = FeatureCache::new(cache);
        let part = |loader: &Arc<ImageLoader>| -> anyhow::Result<Labelled> {
            // Names, sizes and times of the files stand for the pixels.
            let key = key.clone().text(source.name()).text(&loader.preprocess().to_string());
            let stamp = |item: &Item| match &item.place {
                Place::File(path) => {
                    let file = std::fs::metadata(path).ok();
                    format!("{path:?} {:?}", file.map(|file| (file.len(), file.modified().ok())))
                }
                other => format!("{other:?}"),
            };
            let items = loader.set().items();
            let key = items.iter().fold(key, |key, item| key.text(&item.name).text(&stamp(item)));
            let features = cache.get_or_compute(&key, || self.compute(loader, source))?;
            let rows = features.matrix();
            let labels = rows.iter().map(|row| row[0] as usize).collect();
            let values: Vec<f32> = rows.iter().flat_map(|row| &row[1..]).copied().collect();
            Ok(Labelled { features: FeatureTable::new(values, rows.columns() - 1)?, labels })
        };
        let [train, val] = &self.parts;
        Ok([part(train)?, part(val)?])
    }

    /// Rows of a label and the features.
    fn compute(&self, loader: &Arc<ImageLoader>, source: &Source) -> anyhow::Result<FeatureTable> {
        let (mut values, mut columns) = (Vec::new(), 2);
        self.read(loader, usize::MAX, |images, labels| {
            let features = source.features(&images)?;
            let rows = features.matrix();
            columns = rows.columns() + 1;
            for (row, label) in rows.iter().zip(labels) {
                values.push(label as f32);
                values.extend(row);
            }
            Ok(())
        })?;
        Ok(FeatureTable::new(values, columns)?)
    }

    /// Up to so many images of the held-out part.
    pub(crate) fn held_out(&self, count: usize) -> anyhow::Result<(Images, Vec<usize>)> {
        let side = self.parts[1].preprocess().size()[0];
        let mut all = (Images { side, planes: vec![] }, vec![]);
        self.read(&self.parts[1], count, |images, labels| {
            all.0.planes.extend(images.planes);
            all.1.extend(labels);
            Ok(())
        })?;
        all.0.planes.truncate(count);
        all.1.truncate(count);
        Ok(all)
    }

    fn read(
        &self,
        loader: &Arc<ImageLoader>,
        count: usize,
        mut take: impl FnMut(Images, Vec<usize>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let [height, side] = loader.preprocess().size();
        let mut taken = 0;
        for batch in loader.epoch(50, 2) {
            let batch = batch?;
            let pixels: Vec<f32> = batch.images.clone().try_to_vec()?;
            let planes: Vec<&[f32]> = pixels.chunks_exact(3 * height * side).collect();
            let (mut images, mut labels) = (Images { side, planes: vec![] }, vec![]);
            for (row, index) in batch.indices() {
                if let Some(label) = loader.set().items()[index].labels.first() {
                    images.planes.push(planes[row].to_vec());
                    labels.push(*label);
                }
            }
            taken += labels.len();
            take(images, labels)?;
            if taken >= count {
                break;
            }
        }
        ensure!(taken > 0, "no image could be read: {}", loader.broken());
        Ok(())
    }
}

/// Classifiers of the images, on features of the sources, and how they do on corrupted images. `share` is
/// the part of the usual number of corrupted images; features are kept in the folder `cache`.
pub(crate) fn given_images(
    images: &GivenImages,
    sources: &[Source],
    key: &FeatureKey,
    cache: &Path,
    share: f64,
    seed: u64,
) -> anyhow::Result<Vec<Part>> {
    let classes = images.classes.len();
    // Features of pixels are as large as the images: of the models alone.
    let models = &sources[..sources.len() - 1];
    let labelled = models.iter().map(|source| {
        let [train, test] = images.features(source, key, cache)?;
        Ok((source.name().to_string(), train, test))
    });
    let labelled = labelled.collect::<anyhow::Result<Vec<_>>>()?;
    let (mut parts, fitted) = classifiers("Images", &labelled, classes, seed)?;
    let count = ((200.0 * share).ceil() as usize).max(20);
    let (harmed, labels) = images.held_out(count)?;
    let text = "The classifier on images that are harmed: each of ImageNet-C's corruptions at its five strengths.";
    parts.push(corruptions(text, models, &fitted, &harmed, &labels, seed)?);
    Ok(parts)
}
