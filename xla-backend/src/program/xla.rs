//! Where programs run.

use std::sync::Arc;

use burn::tensor::Device as BurnDevice;

use super::device_tree::{DeviceTree, Names};
use super::disk::ProgramCache;
use super::error::ProgramError;
use super::jit::Jit;
use crate::capture::{LeafSpec, TensorTree};
use crate::pjrt::{Client, ClientOptions, Device, PjrtError};
use crate::plugin::{self, Platform};

/// A device of XLA; a clone is another handle to it.
#[derive(Debug, Clone)]
pub struct Xla {
    device: Device,
    cache: Option<ProgramCache>,
}

impl Xla {
    /// The first device of the best platform that works here: TPU, CUDA or CPU. It installs
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Plugin`] with the reason of each platform, if none works.
    pub fn auto() -> Result<Self, ProgramError> {
        let choice = plugin::choose()?;
        tracing::info!(platform = choice.client.platform(), plugin = %choice.plugin.path.display(), "XLA");
        Ok(Self::new(&choice.client)?)
    }

    /// The CPU. Its plugin is installed if it is not there.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Plugin`] if it cannot be installed.
    pub fn cpu() -> Result<Self, ProgramError> {
        let plugin = plugin::load(&plugin::ensure(Platform::Cpu)?)?;
        Ok(Self::new(&Client::new(&plugin, &ClientOptions::new())?)?)
    }

    /// The first device of a client.
    ///
    /// # Errors
    ///
    /// [`PjrtError::NoSuchDevice`] if it has none.
    pub fn new(client: &Client) -> Result<Self, PjrtError> {
        Ok(Self::on(client.device(0)?))
    }

    /// This device.
    pub fn on(device: Device) -> Self {
        Self { cache: ProgramCache::default_for(device.client()), device }
    }

    /// Keeps compiled programs in this cache, or in none. Without being told, programs are kept in
    /// the user's cache folder, except those of the CPU; `BURN_XLA_PROGRAM_CACHE` names another
    /// folder, for the CPU too, or says `off`.
    #[must_use]
    pub fn with_cache(mut self, cache: Option<ProgramCache>) -> Self {
        self.cache = cache;
        self
    }

    pub(super) fn cache(&self) -> Option<&ProgramCache> {
        self.cache.as_ref()
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Its client.
    pub fn client(&self) -> &Client {
        self.device.client()
    }

    /// A function that is compiled when it is called.
    ///
    /// The function must be a function of its arguments alone: it runs once for each combination
    /// of shapes and dtypes, on tensors without values, and what it reads besides its arguments is
    /// frozen into the program.
    pub fn jit<A: TensorTree, R: TensorTree>(
        &self,
        function: impl Fn(A) -> R + Send + Sync + 'static,
    ) -> Jit<A, R> {
        Jit::new(self.clone(), function)
    }

    /// Copies a tree to the device. Parameters that were not drawn yet are drawn.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Pjrt`] if the device has no room, [`ProgramError::Tree`].
    pub fn upload<T: TensorTree>(&self, tree: &T) -> Result<DeviceTree<T>, ProgramError> {
        let mut data = Vec::new();
        let mut specs = Vec::new();
        let mut host = None;
        let structure = crate::capture::walk(tree, |path, leaf| {
            let values = leaf.data();
            specs.push(LeafSpec { path: path.to_owned(), ty: leaf.ty() });
            data.push(values);
            host.get_or_insert_with(|| leaf.device());
        })?;
        let buffers = data
            .into_iter()
            .map(|data| Ok(Arc::new(self.client().buffer_from_data(data, &self.device)?)))
            .collect::<Result<Vec<_>, PjrtError>>()?;
        let host: BurnDevice = host.unwrap_or_default();
        let names = Names::Leaves(specs.into());
        Ok(DeviceTree::new(buffers, names, structure, tree.clone(), host))
    }
}
