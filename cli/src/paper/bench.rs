//! What all sections have in common: the device, the settings, and the images.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

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
    /// The last tasks that were made: models of one seed see the same images.
    tasks: RefCell<Option<(String, Rc<Tasks>)>>,
}

impl Bench {
    pub(crate) fn new(
        runtime: Runtime,
        settings: Settings,
        images: Option<PathBuf>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self { runtime, settings, images, stop, tasks: RefCell::default() }
    }

    /// The images on which a model is measured.
    pub(crate) fn tasks(&self, subject: &Subject) -> anyhow::Result<Rc<Tasks>> {
        let seed = subject.id.seed;
        let key = format!("{} {seed}", subject.preprocess);
        if let Some((known, tasks)) = &*self.tasks.borrow()
            && *known == key
        {
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
        let tasks = Rc::new(tasks);
        *self.tasks.borrow_mut() = Some((key, tasks.clone()));
        Ok(tasks)
    }
}
