//! What can be read from the features of a model that changes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::embedder::Embedder;
use super::error::EmbedError;
use super::table::FeatureTable;
use crate::data::preprocess::Preprocess;
use crate::data::{DecodeOptions, ImageSet};
use crate::eval::{FewShotConfig, LogisticConfig, accuracy};
use crate::runtime::Runtime;
use crate::vit::ViT22B;

/// How well classes are told apart by the features of a model that is being trained: by a linear probe, from few examples of each
/// class, or both. Each measurement makes the features of all its images anew; where functions are compiled, this one is once.
///
/// The scores are `probe_accuracy` and, for each number of shots, such as 5, `few_shot_5_accuracy`: shares of the test images.
///
/// ```
/// use std::path::Path;
/// use vit22b::{Runtime, data::ImageSet, eval::LogisticConfig, probe::FeatureScores, vit::Variant};
///
/// # let root = std::env::temp_dir().join(format!("feature-scores-{}", std::process::id()));
/// # let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images/photo.jpg");
/// # for class in ["cat", "dog"] {
/// #     std::fs::create_dir_all(root.join(class))?;
/// #     for name in ["1.jpg", "2.jpg", "3.jpg", "4.jpg"] {
/// #         std::fs::copy(photo, root.join(class).join(name))?;
/// #     }
/// # }
/// let parts = ImageSet::open_labelled(&root, 0)?;
/// let runtime = Runtime::flex();
/// let scores = FeatureScores::new(&runtime, parts, "resize(32)|value_range(-1, 1)".parse()?)
///     .with_probe(LogisticConfig::default());
/// // `Trainer::with_measurement(500, move |model| scores.measure(model))` does so every 500 steps.
/// let model = Variant::parse("mu/16")?.config(2).with_image([32, 32]).init(&runtime.device())?;
/// let measured = scores.measure(&model)?;
/// assert!((0.0..=1.0).contains(&measured["probe_accuracy"]));
/// # std::fs::remove_dir_all(root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FeatureScores {
    runtime: Runtime,
    parts: [ImageSet; 2],
    preprocess: Preprocess,
    decoding: DecodeOptions,
    probe: Option<LogisticConfig>,
    few_shot: Option<FewShotConfig>,
    /// Made for the first model.
    embedder: Mutex<Option<Embedder>>,
}

impl fmt::Debug for FeatureScores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeatureScores")
            .field("parts", &self.parts)
            .field("preprocess", &self.preprocess.to_string())
            .field("probe", &self.probe)
            .field("few_shot", &self.few_shot)
            .finish_non_exhaustive()
    }
}

impl FeatureScores {
    /// Labelled images to fit with and to test with, and the steps that make a model's images of them. Nothing is measured
    /// until it is told what.
    pub fn new(runtime: &Runtime, parts: [ImageSet; 2], preprocess: Preprocess) -> Self {
        Self {
            runtime: runtime.clone(),
            parts,
            preprocess,
            decoding: DecodeOptions::default(),
            probe: None,
            few_shot: None,
            embedder: Mutex::new(None),
        }
    }

    /// Measures a linear probe: a logistic regression on all features.
    #[must_use]
    pub fn with_probe(self, config: LogisticConfig) -> Self {
        Self { probe: Some(config), ..self }
    }

    /// Measures classification from few examples of each class.
    #[must_use]
    pub fn with_few_shot(self, config: FewShotConfig) -> Self {
        Self { few_shot: Some(config), ..self }
    }

    /// Sets how images are decoded.
    #[must_use]
    pub fn with_decoding(self, decoding: DecodeOptions) -> Self {
        Self { decoding, ..self }
    }

    /// The scores of a model.
    ///
    /// # Errors
    ///
    /// [`EmbedError`] for features that cannot be made or are not finite, for images without a label, and for a class with
    /// fewer images than shots.
    pub fn measure(&self, model: &ViT22B) -> Result<BTreeMap<String, f64>, EmbedError> {
        let mut held = self.embedder.lock().unwrap_or_else(PoisonError::into_inner);
        let embedder = match held.take() {
            Some(mut embedder) if embedder.config() == model.config() => {
                embedder.set_model(model.clone())?;
                embedder
            }
            _ => Embedder::new(&self.runtime, model.clone(), self.preprocess.clone())?
                .with_decoding(self.decoding),
        };
        let embedder = held.insert(embedder);
        let labelled = |set: &ImageSet| -> Result<(FeatureTable, Vec<usize>), EmbedError> {
            let (table, _) = embedder.embed(set, |_| ())?;
            let labels = table.first_labels()?;
            Ok((table, labels))
        };
        let [(train, train_labels), (test, test_labels)] =
            [labelled(&self.parts[0])?, labelled(&self.parts[1])?];
        let classes = self.parts[0].classes().len();
        let mut scores = BTreeMap::new();
        if let Some(config) = &self.probe {
            let fit = config.fit(train.matrix(), &train_labels, classes)?;
            let predictions = fit.classifier.predict(test.matrix())?;
            scores.insert("probe_accuracy".into(), accuracy(&predictions, &test_labels));
        }
        if let Some(config) = &self.few_shot {
            let train = (train.matrix(), &train_labels[..]);
            for of_shots in config.measure(train, (test.matrix(), &test_labels), classes)? {
                let name = format!("few_shot_{}_accuracy", of_shots.shots);
                scores.insert(name, of_shots.mean());
            }
        }
        Ok(scores)
    }
}
