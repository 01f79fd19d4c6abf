//! A fitted linear probe.

use burn::nn::Linear;
use burn::tensor::Tensor;

use super::rows::{self, FeatureRows, Scale};

/// A fitted probe. Made by [`LinearProbeConfig::fit`](super::LinearProbeConfig::fit).
#[derive(Debug, Clone)]
pub struct LinearProbe {
    /// `[1, d]`: the mean and the inverse standard deviation of the training features.
    pub(super) standardise: Scale,
    /// The classifier on standardised features.
    pub classifier: Linear,
    /// The learning rate that was chosen.
    pub learning_rate: f64,
}

impl LinearProbe {
    /// Logits `[n, c]` of features `[n, d]`.
    pub fn logits(&self, features: Tensor<2>) -> Tensor<2> {
        let (mean, inverse) = self.standardise.clone();
        self.classifier.forward((features - mean) * inverse)
    }

    /// The most probable class for each row of features `[n, d]`.
    pub fn predict(&self, features: Tensor<2>) -> Vec<usize> {
        let classes = self.logits(features).argmax(1).into_data();
        classes.iter::<i64>().map(|class| class as usize).collect()
    }
}

impl LinearProbe {
    /// The most probable class for each row of features that are read row by row.
    pub fn predict_rows(&self, features: &impl FeatureRows) -> Vec<usize> {
        let all: Vec<usize> = (0..features.rows()).collect();
        self.predict_some(features, &all)
    }

    pub(super) fn predict_some(&self, features: &impl FeatureRows, rows: &[usize]) -> Vec<usize> {
        let device = self.classifier.weight.val().device();
        let blocks = rows.chunks(PREDICTED_AT_ONCE);
        blocks.flat_map(|rows| self.predict(rows::tensor(features, rows, &device))).collect()
    }
}

/// Rows that are in memory while they are classified.
const PREDICTED_AT_ONCE: usize = 1_024;
