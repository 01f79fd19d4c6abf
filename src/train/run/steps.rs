//! The steps of a recipe without a folder.

use std::sync::Arc;

use super::progress::{Pace, Progress};
use crate::data::batch::{BatchSource, Prefetch, ShareOf};
use crate::train::duration::Budget;
use crate::train::engine::Engine;
use crate::train::error::TrainError;
use crate::train::task::Task;

impl<T: Task> Engine<T> {
    /// What this process brings of batches of this size: all of each where there is no other process.
    pub(super) fn share(
        &self,
        data: Arc<dyn BatchSource<T::Batch>>,
        size: usize,
    ) -> Result<Arc<dyn BatchSource<T::Batch>>, TrainError> {
        let rows = self.rows(size)?;
        Ok(match rows.len() == size {
            true => data,
            false => Arc::new(ShareOf::new(data, rows)),
        })
    }

    /// Takes the steps of the recipe that are not done yet, and shows the progress after each. The batches
    /// of the source are made ahead on a thread.
    ///
    /// [`Trainer`](crate::train::Trainer) also evaluates, keeps checkpoints, and goes on where a run was
    /// interrupted.
    ///
    /// # Errors
    ///
    /// [`TrainError`]: data that fails, a step that is not finite, XLA.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use vit22b::Runtime;
    /// use vit22b::data::Drawings;
    /// use vit22b::train::{Classify, Engine, Loss, Recipe, Start, TrainStep};
    /// use vit22b::vit::ViT22BConfig;
    ///
    /// let data = Drawings::new(8, 0);
    /// let config = ViT22BConfig::new(data.hierarchy().names().len())
    ///     .with_image([8, 8]).with_patch(4)
    ///     .with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
    /// let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
    /// let step = TrainStep::new(task, &Recipe::vit22b_scaled(4, 3, 1e-3), None)?;
    /// let mut engine = Engine::start(&Runtime::flex(), step, Start::Drawn(0))?;
    /// engine.train(Arc::new(data), |progress| println!("{progress}"))?;
    /// assert_eq!(engine.steps_done(), 3);
    /// # Ok::<(), vit22b::train::TrainError>(())
    /// ```
    pub fn train(
        &mut self,
        data: Arc<dyn BatchSource<T::Batch>>,
        mut observe: impl FnMut(Progress),
    ) -> Result<(), TrainError> {
        let recipe = self.train_step().recipe();
        let (total, size) = (recipe.total, recipe.batch_size);
        let total = Budget::new(total, size, data.examples_per_epoch())?.total_steps;
        let mut pace = Pace::new(total, size).with_unit(self.train_step().task().unit());
        let done = self.steps_done();
        let left = total.saturating_sub(done);
        let data = self.share(data, size as usize)?;
        for batch in Prefetch::new(data, done * size, size as usize, left, 1) {
            let pending = self.step(batch?)?;
            observe(pace.step_done(pending.step(), pending.read()?));
        }
        Ok(())
    }
}
