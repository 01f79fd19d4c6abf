//! What the user brings: logits in a file, images in folders.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use safetensors::tensor::{Dtype, SafeTensors};
use vit22b::data::{ImageLoader, ImageSet, Item, Place, Preprocess};
use vit22b::eval::Matrix;
use vit22b::probe::{FeatureCache, FeatureKey, Features};

use super::{GroupTask, Images, Labelled, Source};

/// Logits of a classifier with labels, and perhaps groups and logits of unknown examples.
pub(crate) struct GivenLogits {
    pub(crate) logits: Vec<f32>,
    pub(crate) labels: Vec<usize>,
    pub(crate) classes: usize,
    pub(crate) unknown: Option<Vec<f32>>,
    pub(crate) groups: Option<Vec<usize>>,
}

impl GivenLogits {
    /// Reads safetensors with `logits` `[n, c]` and `labels` `[n]`, and if they are there `unknown`
    /// `[m, c]` and `groups` `[n]`; or lines of a label and its logits, separated by commas.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("--logits {}", path.display()))?;
        let read = match path.extension().and_then(|extension| extension.to_str()) {
            Some("safetensors") => Self::safetensors(&bytes),
            Some("csv") => Self::lines(std::str::from_utf8(&bytes)?),
            _ => bail!("--logits {}: expected .safetensors or .csv", path.display()),
        };
        read.with_context(|| format!("--logits {}", path.display()))
    }

    fn safetensors(bytes: &[u8]) -> anyhow::Result<Self> {
        let file = SafeTensors::deserialize(bytes)?;
        let matrix = |name: &str| -> anyhow::Result<(Vec<f32>, usize)> {
            let tensor = file.tensor(name)?;
            let [_, columns] = *tensor.shape() else { bail!("{name} has no two axes") };
            let (values, _) = tensor.data().as_chunks();
            ensure!(tensor.dtype() == Dtype::F32, "{name} is {:?}, not F32", tensor.dtype());
            Ok((values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(), columns))
        };
        let classes = |name: &str| -> anyhow::Result<Vec<usize>> {
            let tensor = file.tensor(name)?;
            let values: Vec<i64> = match tensor.dtype() {
                Dtype::I64 => {
                    let (values, _) = tensor.data().as_chunks();
                    values.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
                }
                Dtype::I32 => {
                    let (values, _) = tensor.data().as_chunks();
                    values.iter().map(|bytes| i32::from_le_bytes(*bytes).into()).collect()
                }
                other => bail!("{name} is {other:?}, not I64 or I32"),
            };
            let value = |value: i64| {
                usize::try_from(value).with_context(|| format!("{name} holds {value}"))
            };
            values.into_iter().map(value).collect()
        };
        let has = |name: &str| file.names().contains(&name);
        let (logits, columns) = matrix("logits")?;
        let unknown = if has("unknown") { Some(matrix("unknown")?) } else { None };
        if let Some((_, other)) = &unknown {
            ensure!(*other == columns, "unknown has {other} classes, logits have {columns}");
        }
        Ok(Self {
            logits,
            labels: classes("labels")?,
            classes: columns,
            unknown: unknown.map(|(values, _)| values),
            groups: if has("groups") { Some(classes("groups")?) } else { None },
        })
    }

    fn lines(text: &str) -> anyhow::Result<Self> {
        let (mut logits, mut labels, mut classes) = (Vec::new(), Vec::new(), None);
        for (line, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let mut fields = text.split(',').map(str::trim);
            let label = fields.next().and_then(|field| field.parse().ok());
            let row: Option<Vec<f32>> = fields.map(|field| field.parse().ok()).collect();
            let (Some(label), Some(row)) = (label, row) else {
                bail!("line {}: expected a label and its logits, got {text:?}", line + 1)
            };
            let expected = *classes.get_or_insert(row.len());
            ensure!(
                row.len() == expected,
                "line {}: expected {expected} logits, got {}",
                line + 1,
                row.len()
            );
            logits.extend(row);
            labels.push(label);
        }
        let classes = classes.context("no line")?;
        Ok(Self { logits, labels, classes, unknown: None, groups: None })
    }

    /// The decision whether the first class is right, if there are two classes and groups.
    pub(crate) fn group_task(&self) -> anyhow::Result<Option<GroupTask>> {
        let Some(group) = self.groups.clone().filter(|_| self.classes == 2) else {
            return Ok(None);
        };
        let count = group.iter().max().map_or(0, |last| last + 1);
        let rows = Matrix::new(&self.logits, 2)?;
        // 2 p − 1 of the second class.
        let scores = rows.iter().map(|row| f64::from((row[1] - row[0]) / 2.0).tanh());
        Ok(Some(GroupTask {
            text: "The second class is the positive one.".into(),
            names: (0..count).map(|group| format!("group {group}")).collect(),
            scores: scores.collect(),
            group,
            truth: self.labels.iter().map(|label| *label == 1).collect(),
        }))
    }
}

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
            Ok(Labelled { features: Features::new(values, rows.columns() - 1)?, labels })
        };
        let [train, val] = &self.parts;
        Ok([part(train)?, part(val)?])
    }

    /// Rows of a label and the features.
    fn compute(&self, loader: &Arc<ImageLoader>, source: &Source) -> anyhow::Result<Features> {
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
        Ok(Features::new(values, columns)?)
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
