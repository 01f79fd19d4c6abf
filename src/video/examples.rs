//! Clips of kept features as batches.

use std::sync::Arc;

use burn::tensor::{Device, TensorData};
use serde_json::{Value, json};

use super::features::VideoFeatures;
use super::task::ClipBatch;
use crate::data::batch::permuted;
use crate::data::{BatchError, BatchSource, ExampleKey, HeldOut, Masked};

/// What the view of a video in an epoch is drawn from.
const VIEW: u64 = 1;

/// The videos of kept features as examples for [`ClassifyClips`](super::ClassifyClips).
///
/// As a [`BatchSource`] it gives epoch after epoch each video once, in an order of its own, by one of its views that is drawn. As
/// [`HeldOut`] it gives each video once, by the view in the middle of its views.
#[derive(Debug, Clone)]
pub struct ClipExamples {
    features: Arc<VideoFeatures>,
    seed: u64,
    device: Device,
}

impl ClipExamples {
    /// The videos with labels, on the device of a runtime or the host. The seed chooses order and views.
    pub fn new(features: &VideoFeatures, seed: u64, device: &Device) -> Self {
        let labelled = (0..features.len()).filter(|video| !features.labels(*video).is_empty());
        let features = Arc::new(features.select(labelled.collect::<Vec<_>>()));
        Self { features, seed, device: device.clone() }
    }

    /// The number of videos with labels.
    pub fn videos(&self) -> usize {
        self.features.len()
    }

    /// A batch of views of videos.
    fn batch_of(&self, views: &[Option<(usize, usize)>]) -> ClipBatch {
        let features = &self.features;
        let (frames, width) = (features.clips().frames, features.width());
        let classes = features.classes().len();
        let mut values = vec![0.0; views.len() * frames * width];
        let mut targets = vec![0.0; views.len() * classes];
        for (row, (video, view)) in
            views.iter().enumerate().filter_map(|(row, at)| Some((row, (*at)?)))
        {
            features.view(video, view, &mut values[row * frames * width..][..frames * width]);
            for label in features.labels(video) {
                targets[row * classes + label] = 1.0;
            }
        }
        let values = TensorData::new(values, [views.len(), frames, width]);
        ClipBatch::new(values, TensorData::new(targets, [views.len(), classes]), &self.device)
    }
}

impl BatchSource<ClipBatch> for ClipExamples {
    fn batch(&self, position: u64, size: usize) -> Result<ClipBatch, BatchError> {
        let count = self.videos() as u64;
        if count == 0 {
            return Err(BatchError::new(position, "no video has a label"));
        }
        let example = |position: u64| {
            let epoch = position / count;
            let order = ExampleKey::new(self.seed, epoch, u64::MAX);
            let video = permuted(position % count, count, order);
            let mut rng = ExampleKey::new(self.seed, epoch, video).rng(VIEW);
            Some((video as usize, rng.usize(..self.features.clips().views())))
        };
        let views: Vec<_> = (position..position + size as u64).map(example).collect();
        Ok(self.batch_of(&views))
    }

    fn examples_per_epoch(&self) -> Option<u64> {
        Some(self.videos() as u64)
    }

    fn describe(&self) -> Value {
        let features = &self.features;
        let mut names = crate::probe::FeatureKey::new("videos");
        for video in 0..features.len() {
            names = names.text(features.name(video)).text(&format!("{:?}", features.labels(video)));
        }
        json!({
            "clips": features.clips(),
            "made_by": features.made_by(),
            "videos": names.digest(),
            "seed": self.seed,
        })
    }
}

impl HeldOut<ClipBatch> for ClipExamples {
    fn len(&self) -> usize {
        self.videos()
    }

    fn batch(&self, first: usize, size: usize) -> Result<Masked<ClipBatch>, BatchError> {
        let middle = self.features.clips().views() / 2;
        let example = |video: usize| (video < self.videos()).then_some((video, middle));
        let views: Vec<_> = (first..first + size).map(example).collect();
        let mask = views.iter().map(Option::is_some).collect();
        Ok(Masked { batch: self.batch_of(&views), mask, first })
    }
}
