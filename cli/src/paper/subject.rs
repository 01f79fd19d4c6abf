//! A model that is measured, with what was computed of it already.

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Context;
use burn::tensor::Tensor;
use vit22b::Runtime;
use vit22b::data::{Corruption, FloatImage, Preprocess};
use vit22b::eval::{LinearClassifier, LogisticConfig};
use vit22b::experiments::Frozen;
use vit22b::probe::{Embedder, FeatureTable};
use vit22b::vit::ViT22B;

use super::images::{Set, Task};
use super::measured::Control;
use super::settings::Settings;
use crate::evaluate::fitted::Fitted;
use crate::evaluate::source::{Images, Source};

/// Which model, with which seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Id {
    /// The name of the model.
    pub(crate) name: String,
    /// Its place among the sizes. Pixels have none.
    pub(crate) size: Option<usize>,
    pub(crate) control: Option<Control>,
    pub(crate) seed: u64,
}

impl Id {
    /// The name of its files.
    pub(crate) fn key(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name: String = self.name.chars().map(plain).collect();
        match self.control {
            None => format!("{name}-{}", self.seed),
            Some(Control::Untrained) => format!("untrained-{name}-{}", self.seed),
            Some(Control::Pixels) => format!("pixels-{}", self.seed),
        }
    }

    /// The name of its row.
    pub(crate) fn row(&self) -> String {
        match self.control {
            None => self.name.clone(),
            Some(Control::Untrained) => format!("{}, untrained", self.name),
            Some(Control::Pixels) => "raw pixels".into(),
        }
    }
}

/// Side of the patches of models that are trained here.
pub(crate) const PATCH: usize = 4;

/// A model, or the pixels themselves. What several sections need of it is computed once.
pub(crate) struct Subject {
    pub(crate) id: Id,
    pub(crate) model: Option<ViT22B>,
    pub(crate) preprocess: Preprocess,
    source: Source,
    pooled: HashMap<String, Rc<FeatureTable>>,
    fitted: HashMap<String, Rc<Fitted>>,
    harmed: Option<Rc<Vec<HarmedLogits>>>,
}

/// Logits of the test images after a corruption.
pub(crate) struct HarmedLogits {
    pub(crate) corruption: usize,
    pub(crate) strength: usize,
    pub(crate) logits: Vec<f64>,
}

impl Subject {
    pub(crate) fn model(
        id: Id,
        model: ViT22B,
        preprocess: Preprocess,
        runtime: &Runtime,
        batch: usize,
    ) -> anyhow::Result<Self> {
        let embedder = Embedder::new(runtime, model.clone(), preprocess.clone())?.with_batch(batch);
        let source = Source::Model(id.row(), Box::new(embedder), Box::new(runtime.device()));
        Ok(Self::new(id, Some(model), preprocess, source))
    }

    pub(crate) fn pixels(id: Id, preprocess: Preprocess) -> Self {
        Self::new(id, None, preprocess, Source::Pixels)
    }

    fn new(id: Id, model: Option<ViT22B>, preprocess: Preprocess, source: Source) -> Self {
        let (pooled, fitted) = Default::default();
        Self { id, model, preprocess, source, pooled, fitted, harmed: None }
    }

    /// The side of the images that it takes.
    pub(crate) fn side(&self) -> usize {
        self.preprocess.size()[0]
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// What makes features of images; none for pixels.
    pub(crate) fn embedder(&self) -> Option<&Embedder> {
        match &self.source {
            Source::Model(_, embedder, _) => Some(embedder),
            Source::Pixels => None,
        }
    }

    /// The model for heads that are trained here, or pixels in the place of its tokens. None where models are given, on
    /// which that would take hours.
    pub(crate) fn frozen(
        &self,
        settings: &Settings,
        runtime: &Runtime,
    ) -> anyhow::Result<Option<Frozen>> {
        if settings.is_given() {
            return Ok(None);
        }
        Ok(Some(match &self.model {
            Some(model) => Frozen::tower(model.clone().with_new_head(0)?),
            None => Frozen::pixels(self.side(), PATCH, &runtime.device())?,
        }))
    }

    /// Pooled features.
    pub(crate) fn features(&mut self, set: &Set) -> anyhow::Result<Rc<FeatureTable>> {
        if let Some(known) = self.pooled.get(&set.name) {
            return Ok(known.clone());
        }
        let features = Rc::new(self.source.features(&set.images)?);
        self.pooled.insert(set.name.clone(), features.clone());
        Ok(features)
    }

    /// Pooled features of images that are not kept.
    pub(crate) fn features_of(&self, images: &Images) -> anyhow::Result<FeatureTable> {
        self.source.features(images)
    }

    /// All tokens of each image in a row.
    pub(crate) fn tokens(&self, set: &Set) -> anyhow::Result<FeatureTable> {
        self.source.tokens(&set.images)
    }

    /// A logistic regression on pooled features, with its logits of the test images.
    pub(crate) fn fitted(&mut self, task: &Task) -> anyhow::Result<Rc<Fitted>> {
        if let Some(known) = self.fitted.get(&task.train.name) {
            return Ok(known.clone());
        }
        let (train, test) = (self.features(&task.train)?, self.features(&task.test)?);
        let config = logistic(self.id.seed);
        let logistic = config.fit(train.matrix(), &task.train.labels, task.classes)?;
        let fitted = Rc::new(Fitted {
            name: self.id.row(),
            logits: logistic.classifier.scores(test.matrix())?,
            logistic,
            labels: task.test.labels.clone(),
            classes: task.classes,
        });
        self.fitted.insert(task.train.name.clone(), fitted.clone());
        Ok(fitted)
    }

    /// The logits of the [fitted](Self::fitted) regression for test images that are harmed: each corruption of
    /// ImageNet-C at each of these strengths.
    pub(crate) fn harmed(
        &mut self,
        task: &Task,
        count: usize,
        strengths: &[usize],
    ) -> anyhow::Result<Rc<Vec<HarmedLogits>>> {
        if let Some(known) = &self.harmed {
            return Ok(known.clone());
        }
        let fitted = self.fitted(task)?;
        let originals = &task.test.images;
        let side = originals.side;
        let originals = originals.planes.iter().take(count);
        let originals: Vec<FloatImage> = originals
            .map(|planes| FloatImage::from_planes(side, side, planes))
            .collect::<Result<_, _>>()?;
        let mut all = Vec::new();
        for (corruption, kind) in Corruption::ALL.into_iter().enumerate() {
            for &strength in strengths {
                let images = harm(kind, &originals, strength, self.id.seed)
                    .with_context(|| format!("{kind} at {strength}"))?;
                let features = self.features_of(&images)?;
                let logits = fitted.logistic.classifier.scores(features.matrix())?;
                all.push(HarmedLogits { corruption, strength, logits });
            }
        }
        let all = Rc::new(all);
        self.harmed = Some(all.clone());
        Ok(all)
    }
}

/// Images after a corruption.
pub(crate) fn harm(
    kind: Corruption,
    originals: &[FloatImage],
    strength: usize,
    seed: u64,
) -> anyhow::Result<Images> {
    use rayon::prelude::*;

    let harm = |(i, image): (usize, &FloatImage)| {
        let seed = seed.wrapping_mul(31).wrapping_add((i * 8 + strength) as u64);
        Ok(kind.apply(image, strength, seed)?.to_planes())
    };
    let planes = originals.par_iter().enumerate().map(harm).collect::<anyhow::Result<Vec<_>>>()?;
    let side = originals.first().map_or(0, |image| image.width());
    Ok(Images { side, planes })
}

/// The regression of all sections. Three penalties are told apart as well as many, in less time.
pub(crate) fn logistic(seed: u64) -> LogisticConfig {
    LogisticConfig { l2s: vec![1e-4, 1e-3, 1e-2], iterations: 300, seed, ..Default::default() }
}

/// A classifier of features as a matrix and a bias, to be a part of a model: `[d, c]` and `[1, c]`.
pub(crate) fn as_tensors(
    classifier: &LinearClassifier,
    width: usize,
    device: &burn::tensor::Device,
) -> anyhow::Result<(Tensor<2>, Tensor<2>)> {
    use burn::tensor::TensorData;

    // What it makes of nothing is its bias, and what each feature adds to that its row of weights.
    let mut probes = vec![0.0f64; (width + 1) * width];
    (0..width).for_each(|i| probes[(i + 1) * width + i] = 1.0);
    let scores = classifier.scores(vit22b::eval::Matrix::new(&probes, width)?)?;
    let classes = scores.len() / (width + 1);
    let (bias, rest) = scores.split_at(classes);
    let weights =
        rest.chunks_exact(classes).flat_map(|row| row.iter().zip(bias).map(|(s, b)| s - b));
    let weights: Vec<f32> = weights.map(|weight| weight as f32).collect();
    let bias: Vec<f32> = bias.iter().map(|bias| *bias as f32).collect();
    Ok((
        Tensor::from_data(TensorData::new(weights, [width, classes]), device),
        Tensor::from_data(TensorData::new(bias, [1, classes]), device),
    ))
}
