//! Scores over all held-out examples.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Engine;
use crate::data::batch::{Epoch, HeldOut};
use crate::train::error::TrainError;
use crate::train::task::Task;

impl<T: Task> Engine<T> {
    /// The task's mean scores by name over held-out examples, each of which counts once. Batches of
    /// `size` examples are made on `threads` threads.
    ///
    /// # Errors
    ///
    /// [`TrainError::Data`] for a batch that cannot be made, [`TrainError::Batch`] where no example can
    /// be read; else as [`sum_scores`](Self::sum_scores).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use vit22b::Runtime;
    /// use vit22b::data::{FirstOf, Drawings};
    /// use vit22b::train::{Classify, Engine, Loss, Recipe, Start, TrainStep};
    /// use vit22b::vit::ViT22BConfig;
    ///
    /// let data = Drawings::new(8, 0);
    /// let config = ViT22BConfig::new(data.hierarchy().names().len())
    ///     .with_image([8, 8]).with_patch(4)
    ///     .with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
    /// let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
    /// let step = TrainStep::new(task, &Recipe::vit22b_scaled(4, 100, 1e-3), None)?;
    /// let engine = Engine::start(&Runtime::flex(), step, Start::Drawn(0))?;
    ///
    /// let scores = engine.mean_scores(Arc::new(FirstOf::new(data, 10)), 4, 1)?;
    /// assert!(scores["loss"] > 0.0);
    /// assert!((0.0..=1.0).contains(&scores["precision_at_1"]));
    /// # Ok::<(), vit22b::train::TrainError>(())
    /// ```
    pub fn mean_scores(
        &self,
        held_out: Arc<dyn HeldOut<T::Batch>>,
        size: usize,
        threads: usize,
    ) -> Result<BTreeMap<String, f64>, TrainError> {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        let mut examples = 0;
        // Of several processes each brings its rows.
        let rows = self.rows(size.max(1))?;
        for masked in Epoch::new(held_out, size, threads) {
            let masked = masked?;
            examples += masked.indices().count();
            let weights = masked.weights();
            let mut scored = (weights, masked.batch);
            if rows.len() < size {
                scored = burn_trace::rows(&scored, rows.start, rows.len())?;
            }
            let (weights, batch) = scored;
            for (name, sum) in self.sum_scores(batch, weights)? {
                *sums.entry(name).or_default() += sum;
            }
        }
        if examples == 0 {
            return Err(TrainError::batch("held-out examples", "at least one that can be read", 0));
        }
        Ok(sums.into_iter().map(|(name, sum)| (name, sum / examples as f64)).collect())
    }
}
