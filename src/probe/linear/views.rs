//! The linear probe on random views of images.

use std::sync::Arc;

use super::config::LinearProbeConfig;
use super::error::{ProbeError, input};
use super::fitted::LinearProbe;
use super::rows::Moments;

use crate::data::batch::Prefetch;
use crate::data::preprocess::Preprocess;
use crate::data::set::Item;
use crate::data::{DataError, ImageSet};
use crate::eval::accuracy;
use crate::probe::embedder::Embedder;
use crate::probe::error::EmbedError;
use crate::runtime::host;

/// The most views that features are standardised by.
const STANDARDISED_BY: usize = 10_000;

impl LinearProbeConfig {
    /// Fits a probe to the features of random views of images, as the paper does: each epoch sees another crop of each image. The
    /// embedder has the model and the preprocessing of an evaluation; `views` are the random steps, for images of the same size. Nothing
    /// is kept of an epoch: all learning rates learn from the same batches, then the best on held-out images, seen whole, begins
    /// anew with all. `progress` gets the number of views that were embedded, and that of all.
    ///
    /// Features are standardised by up to 10,000 views. Of an image with several labels the first counts. An image
    /// that cannot be read is replaced by the next.
    ///
    /// # Errors
    ///
    /// [`ProbeError::Input`] for views of another size, images without a label or settings that do not fit,
    /// [`ProbeError::Embed`] for features that cannot be made or are not finite, [`ProbeError::Train`].
    ///
    /// ```
    /// use vit22b::{Runtime, data::ImageSet, probe::{Embedder, LinearProbeConfig}, vit::Variant};
    ///
    /// # let root = std::env::temp_dir().join(format!("probe-views-{}", std::process::id()));
    /// # let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images/photo.jpg");
    /// # for class in ["cat", "dog"] {
    /// #     std::fs::create_dir_all(root.join(class))?;
    /// #     std::fs::copy(photo, root.join(class).join("1.jpg"))?;
    /// # }
    /// let set = ImageSet::class_folders(&root)?;
    /// let runtime = Runtime::flex();
    /// let model = Variant::parse("mu/16")?.config(0).with_image([32, 32]).init(&runtime.device())?;
    /// let whole = "resize_small(36, bilinear)|central_crop(32, 32)|value_range(-1, 1)".parse()?;
    /// let embedder = Embedder::new(&runtime, model, whole)?;
    /// let views = "inception_crop(32, 32, 50, 100, bilinear)|flip_lr|value_range(-1, 1)".parse()?;
    /// let config = LinearProbeConfig { held_out: 0.0, learning_rates: vec![0.1], ..LinearProbeConfig::paper() };
    /// let probe = config.fit_views(&embedder, &views, &set, |done, all| eprintln!("{done} of {all}"))?;
    /// assert_eq!(probe.classifier.weight.dims(), [32, 2]);
    /// # std::fs::remove_dir_all(root)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fit_views(
        &self,
        embedder: &Embedder,
        views: &Preprocess,
        set: &ImageSet,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<LinearProbe, ProbeError> {
        let (expected, got) = (embedder.preprocess().size(), views.size());
        if expected != got || !views.is_fixed() {
            let [[height, width], [other_height, other_width]] = [expected, got];
            let expected = format!("images of {height} × {width} pixels, as without them");
            return Err(input("views", expected, format!("{other_height} × {other_width}")));
        }
        let set = of_first_labels(set)?;
        let labels: Vec<usize> = set.items().map(|item| item.labels[0]).collect();
        self.check(set.len(), &labels, set.classes().len())?;
        // What a fit to so many images embeds.
        let cost = |n: usize| n.min(STANDARDISED_BY) + self.steps(n) * self.batch(n);
        let swept = self.split(set.len()).1.len();
        let all = cost(set.len()) + if self.sweeps(set.len()) { cost(swept) } else { 0 };
        let mut done = 0;
        let mut observe = |count: usize| {
            done += count;
            progress(done, all);
        };
        let of = |rows: &[usize]| set.select(rows.iter().copied());
        let fit = |rates: &[f64], rows: &[usize]| {
            self.fit_set(rates, (embedder, views), &of(rows), &mut observe)
        };
        self.choose(set.len(), fit, |probes, rows| {
            let (table, _) = embedder.embed(&of(rows), |_| ())?;
            let labels = table.first_labels().map_err(EmbedError::from)?;
            let score = |probe: &LinearProbe| accuracy(&probe.predict_rows(&table), &labels);
            Ok(probes.iter().map(score).collect())
        })
    }

    fn fit_set(
        &self,
        rates: &[f64],
        (embedder, views): (&Embedder, &Preprocess),
        set: &ImageSet,
        observe: &mut impl FnMut(usize),
    ) -> Result<Vec<LinearProbe>, ProbeError> {
        let (n, classes) = (set.len(), set.classes().len());
        let (size, steps, threads) = (self.batch(n), self.steps(n) as u64, embedder.threads());
        let loader = embedder.loader_of(set, views.clone())?.with_seed(self.seed);
        let loader = Arc::new(loader);
        let embedded = |batch: Result<crate::data::batch::ImageBatch, _>| -> Result<_, ProbeError> {
            let batch = batch.map_err(EmbedError::Batch)?;
            Ok((embedder.tensor(batch.images)?, batch.targets))
        };
        let mut moments = Moments::new(embedder.config().width);
        let first = n.min(STANDARDISED_BY);
        let batches = Prefetch::new(loader.clone(), 0, size, first.div_ceil(size) as u64, threads);
        let mut seen = 0;
        for batch in batches {
            let values: Vec<f32> = embedded(batch)?.0.into_data().iter().collect();
            let count = size.min(first - seen);
            let mut rows = values.chunks_exact(embedder.config().width).take(count);
            if !rows.all(|row| moments.add(row)) {
                return Err(EmbedError::Features { name: "a view".into() }.into());
            }
            seen += count;
            observe(count);
        }
        let scale = moments.scale(&host());
        let batches = Prefetch::new(loader, 0, size, steps, threads).map(|batch| {
            let batch = embedded(batch)?;
            observe(size);
            Ok(batch)
        });
        self.descend(rates, n, scale, classes, batches)
    }
}

/// The same images with their first labels alone.
fn of_first_labels(set: &ImageSet) -> Result<ImageSet, ProbeError> {
    if let Some(item) = set.items().find(|item| item.labels.is_empty()) {
        return Err(input("images", "a label for each".into(), format!("none for {}", item.name)));
    }
    if set.items().all(|item| item.labels.len() == 1) {
        return Ok(set.clone());
    }
    let first = |mut item: Item| {
        item.labels.truncate(1);
        item
    };
    let of_first = ImageSet::new(set.classes().to_vec(), set.items().map(first));
    of_first.map_err(|error: DataError| ProbeError::Embed(error.into()))
}
