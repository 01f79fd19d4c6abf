//! What all sections have in common: the device, the settings, and the images.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use vit22b::Runtime;
use vit22b::data::ImageSet;

use super::images::Tasks;
use super::settings::Settings;
use super::subject::Subject;

pub(crate) struct Bench {
    pub(crate) runtime: Runtime,
    pub(crate) settings: Settings,
    /// The user's images, where models are given.
    pub(crate) images: Option<PathBuf>,
    /// Set when the report shall stop.
    pub(crate) stop: Arc<AtomicBool>,
    /// How many models are trained or measured at once.
    pub(crate) workers: usize,
    /// The tasks that were made: models of one seed see the same images.
    tasks: Mutex<HashMap<String, Arc<Tasks>>>,
}

impl Bench {
    pub(crate) fn new(
        runtime: Runtime,
        settings: Settings,
        images: Option<PathBuf>,
        stop: Arc<AtomicBool>,
        workers: usize,
    ) -> Self {
        Self { runtime, settings, images, stop, workers, tasks: Mutex::default() }
    }

    /// The images on which a model is measured.
    pub(crate) fn tasks(&self, subject: &Subject) -> anyhow::Result<Arc<Tasks>> {
        let seed = subject.id.seed;
        let key = format!("{} {seed}", subject.preprocess);
        // Others that want the same wait until it is made.
        let mut made = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tasks) = made.get(&key) {
            return Ok(tasks.clone());
        }
        let tasks = match &self.images {
            None => Tasks::drawn(subject.side(), &self.settings, seed)?,
            Some(path) => {
                let told = || format!("images {}", path.display());
                let parts = ImageSet::open_labelled(path, seed).with_context(told)?;
                Tasks::given(&parts, &subject.preprocess, &self.settings, seed)
                    .with_context(told)?
            }
        };
        let tasks = Arc::new(tasks);
        // Photographs of another model's size would fill the memory.
        if self.settings.is_given() {
            made.clear();
        }
        made.insert(key, tasks.clone());
        Ok(tasks)
    }
}
