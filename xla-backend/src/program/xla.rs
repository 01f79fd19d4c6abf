//! Where programs run.

use std::sync::Arc;

use burn::tensor::Device as BurnDevice;
use burn_backend::TensorData;
use smallvec::smallvec;

use super::device_tree::{DeviceTree, Names, Value};
use super::disk::ProgramCache;
use super::error::ProgramError;
use super::jit::Jit;
use crate::capture::{LeafSpec, TensorTree};
use crate::mesh::{Layout, Mesh, MeshError, Spec, cut};
use crate::pjrt::{Client, ClientOptions, Device, PjrtError};
use crate::plugin::{self, Platform};

/// A device of XLA, or several that a [`Mesh`] puts in order; a clone is another handle to them.
#[derive(Debug, Clone)]
pub struct Xla {
    place: Arc<Place>,
    layout: Layout,
    cache: Option<ProgramCache>,
}

/// Where values are: the devices, in the order of the mesh if there is one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) first: Device,
    pub(super) rest: Vec<Device>,
    pub(super) mesh: Option<Mesh>,
}

impl Place {
    pub(super) fn devices(&self) -> impl Iterator<Item = &Device> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    pub(super) fn num_devices(&self) -> usize {
        1 + self.rest.len()
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.mesh {
            Some(mesh) => write!(f, "the mesh {mesh} from {}", self.first),
            None => self.first.fmt(f),
        }
    }
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
        Self::at(Place { first: device, rest: vec![], mesh: None })
    }

    fn at(place: Place) -> Self {
        Self {
            cache: ProgramCache::default_for(place.first.client()),
            place: Arc::new(place),
            layout: Layout::replicated(),
        }
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

    /// All devices of a client, in its order, as a mesh. Without a [layout](Self::with_layout)
    /// every device holds everything.
    ///
    /// # Errors
    ///
    /// [`MeshError::Devices`] if the mesh has not as many places as the client has devices.
    pub fn over(client: &Client, mesh: Mesh) -> Result<Self, ProgramError> {
        Self::over_devices(client.devices(), mesh)
    }

    /// These devices, of one client, as a mesh.
    ///
    /// # Errors
    ///
    /// [`MeshError::Devices`] if the mesh has not as many places,
    /// [`PjrtError::ForeignObject`] if the devices have several clients.
    pub fn over_devices(devices: Vec<Device>, mesh: Mesh) -> Result<Self, ProgramError> {
        let got = devices.len();
        let mut devices = devices.into_iter();
        let first = devices.next().filter(|_| got == mesh.num_devices());
        let first = first.ok_or_else(|| MeshError::Devices {
            mesh: mesh.to_string(),
            expected: mesh.num_devices(),
            got,
        })?;
        let rest: Vec<_> = devices.collect();
        if rest.iter().any(|device| !device.client().is_same(first.client())) {
            return Err(PjrtError::ForeignObject { what: "device" }.into());
        }
        Ok(Self::at(Place { first, rest, mesh: Some(mesh) }))
    }

    /// The same devices, with this rule for how arguments and results lie on the mesh.
    #[must_use]
    pub fn with_layout(&self, layout: Layout) -> Self {
        Self { layout, ..self.clone() }
    }

    /// The device; of several the first.
    pub fn device(&self) -> &Device {
        &self.place.first
    }

    /// The mesh, if there is one.
    pub fn mesh(&self) -> Option<&Mesh> {
        self.place.mesh.as_ref()
    }

    /// How arguments and results lie on the mesh.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The client of the devices.
    pub fn client(&self) -> &Client {
        self.place.first.client()
    }

    pub(super) fn place(&self) -> &Arc<Place> {
        &self.place
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

    /// Copies a tree to the device, or its parts to the devices of the mesh. Parameters that were
    /// not drawn yet are drawn.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Pjrt`] if a device has no room, [`ProgramError::Mesh`] if the layout does
    /// not fit, [`ProgramError::Tree`].
    pub fn upload<T: TensorTree>(&self, tree: &T) -> Result<DeviceTree<T>, ProgramError> {
        let mut values = Vec::new();
        let mut leaves = Vec::new();
        let mut host = None;
        let structure = crate::capture::walk(tree, |path, leaf| {
            leaves.push(LeafSpec { path: path.to_owned(), ty: leaf.ty() });
            values.push(leaf.data());
            host.get_or_insert_with(|| leaf.device());
        })?;
        let specs = self.specs(&leaves)?;
        let parts = values.into_iter().zip(&leaves).zip(specs);
        let values = parts
            .map(|((data, leaf), spec)| Ok(Arc::new(self.scatter(data, leaf, spec)?)))
            .collect::<Result<_, ProgramError>>()?;
        let host: BurnDevice = host.unwrap_or_default();
        Ok(DeviceTree::new(values, Names::Leaves(leaves.into()), structure, tree.clone(), host))
    }

    /// The specs of leaves, which fit their shapes.
    pub(super) fn specs(&self, leaves: &[LeafSpec]) -> Result<Vec<Spec>, MeshError> {
        specs(self.mesh(), &self.layout, leaves)
    }

    /// A buffer for each device.
    fn scatter(
        &self,
        data: TensorData,
        leaf: &LeafSpec,
        spec: Spec,
    ) -> Result<Value, ProgramError> {
        let client = self.client();
        let place = Arc::clone(&self.place);
        let Some(mesh) = self.mesh() else {
            let shards = smallvec![client.buffer_from_data(data, self.device())?];
            return Ok(Value { shards, spec, place });
        };
        let shard = mesh.shard_shape(&leaf.path, &spec, &leaf.ty.shape)?;
        let part = |(index, device)| {
            client.buffer_from_data(cut(mesh, &spec, &data, &shard, index), device)
        };
        let shards = self.place.devices().enumerate().map(part).collect::<Result<_, _>>()?;
        Ok(Value { shards, spec, place })
    }
}

/// The specs of leaves by a layout, which fit their shapes; all whole where there is no mesh.
pub(super) fn specs(
    mesh: Option<&Mesh>,
    layout: &Layout,
    leaves: &[LeafSpec],
) -> Result<Vec<Spec>, MeshError> {
    let Some(mesh) = mesh else { return Ok(vec![Spec::replicated(); leaves.len()]) };
    let spec = |leaf: &LeafSpec| {
        let spec = layout.spec(leaf)?;
        mesh.shard_shape(&leaf.path, &spec, &leaf.ty.shape)?;
        Ok(spec)
    };
    leaves.iter().map(spec).collect()
}
