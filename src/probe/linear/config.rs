//! Settings of a linear probe.

use serde::{Deserialize, Serialize};

/// Settings of a linear probe: softmax regression on standardised features by SGD with momentum and a cosine
/// schedule. The learning rate is chosen on held-out examples.
///
/// The paper trains for 10 epochs on ImageNet; smaller data sets need more. Its learning rate is not
/// published, hence the sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinearProbeConfig {
    /// Passes over the examples.
    pub epochs: f64,
    /// The number of examples of a step.
    pub batch_size: usize,
    /// Momentum of SGD.
    pub momentum: f64,
    /// Decay of the weights, not of the bias, relative to the learning rate. It is decoupled: it does not pass
    /// through the momentum, as it does in PyTorch's `SGD`, where
    /// [`Stage::WeightDecay`](crate::train::Stage::WeightDecay) would come first.
    pub weight_decay: f64,
    /// The peak learning rates to choose from.
    pub learning_rates: Vec<f64>,
    /// The share of the examples, in [0, 1), on which the learning rate is chosen. The probe is then fitted
    /// to all examples.
    pub held_out: f64,
    /// The seed of the order of the examples.
    pub seed: u64,
}

impl Default for LinearProbeConfig {
    fn default() -> Self {
        Self {
            epochs: 30.0,
            batch_size: 64,
            momentum: 0.9,
            weight_decay: 1e-3,
            learning_rates: vec![0.01, 0.03, 0.1, 0.3],
            held_out: 0.2,
            seed: 0,
        }
    }
}

impl LinearProbeConfig {
    /// The settings of the paper, as far as it gives them: ten epochs, momentum, no decay, the rate chosen on 2 % of the training
    /// images. The rates among which it chose and the batch are not published.
    ///
    /// # Reference
    ///
    /// "Scaling Vision Transformers to 22 Billion Parameters", section 4.1.1.
    pub fn paper() -> Self {
        Self {
            epochs: 10.0,
            weight_decay: 0.0,
            learning_rates: vec![0.003, 0.01, 0.03, 0.1, 0.3],
            held_out: 0.02,
            ..Self::default()
        }
    }
}
