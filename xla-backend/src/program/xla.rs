//! Where programs run.

use std::ops::Range;
use std::sync::Arc;

use burn_backend::TensorData;
use burn_trace::compile::{Structure, cut};
use burn_trace::mesh::{Layout, Mesh, MeshError, Spec};
use burn_trace::{LeafSpec, TensorTree};
use smallvec::smallvec;

use super::device_tree::{DeviceTree, Value, like};
use super::devices::{Devices, Share, specs};
use super::disk::ProgramCache;
use super::error::{PlacementError, ProgramError};
use super::form::Form;
use super::jit::Jit;
use super::kernels;
use super::options::XlaOptions;
use crate::lower::CustomOps;
use crate::pjrt::{Client, Device, PjrtError};
use crate::plugin::Platform;
use crate::types::MatmulPrecision;

/// A device of XLA, or several that a [`Mesh`] puts in order; a clone is another handle to them.
#[derive(Debug, Clone)]
pub struct Xla {
    devices: Arc<Devices>,
    layout: Layout,
    cache: Option<ProgramCache>,
    matmul_precision: MatmulPrecision,
    kept_programs: Option<usize>,
    limit: Option<usize>,
    custom: Arc<CustomOps>,
    kernels: bool,
}

impl Xla {
    /// The first device of the best platform that works here: TPU, CUDA or CPU. It installs
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Plugin`] with the reason of each platform, if none works.
    pub fn auto() -> Result<Self, ProgramError> {
        Self::open(None, &XlaOptions::new())
    }

    /// The first device of a platform, or of the best that works here, started with options. Of platforms the CPU's
    /// plugin is installed if it is not there, the others are not.
    ///
    /// # Errors
    ///
    /// As [`XlaOptions::start`].
    pub fn open(platform: Option<Platform>, options: &XlaOptions) -> Result<Self, ProgramError> {
        let client = options.start(platform)?;
        tracing::info!(platform = client.platform(), plugin = %client.plugin().path().display(), "XLA");
        Ok(Self::new(&client)?)
    }

    /// The CPU. Its plugin is installed if it is not there.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Plugin`] if it cannot be installed.
    pub fn cpu() -> Result<Self, ProgramError> {
        Self::open(Some(Platform::Cpu), &XlaOptions::new())
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
        Self::at(Devices::of(device))
    }

    fn at(devices: Devices) -> Self {
        let options = XlaOptions::of(devices.first.client());
        Self {
            cache: options.cache().cloned(),
            devices: Arc::new(devices),
            layout: Layout::replicated(),
            matmul_precision: options.matmul_precision(),
            kept_programs: options.kept_programs(),
            limit: options.limit(),
            custom: Arc::default(),
            kernels: options.kernels(),
        }
    }

    /// Keeps compiled programs in this cache, or in none. By default programs are kept in the user's cache
    /// folder, except those of the CPU; `BURN_XLA_PROGRAM_CACHE` names another folder, for the CPU too, or
    /// says `off`.
    #[must_use]
    pub fn with_cache(mut self, cache: Option<ProgramCache>) -> Self {
        self.cache = cache;
        self
    }

    /// Computes products of f32 so accurately, in all functions that do not say it themselves
    /// ([`Jit::matmul_precision`]). By default they have the accuracy of f32, whatever the device.
    #[must_use]
    pub fn with_matmul_precision(mut self, precision: MatmulPrecision) -> Self {
        self.matmul_precision = precision;
        self
    }

    /// How accurately products of f32 are computed.
    pub fn matmul_precision(&self) -> MatmulPrecision {
        self.matmul_precision
    }

    /// Lowers operations that are not Burn's, which functions record by [`custom`](burn_trace::custom).
    ///
    /// ```no_run
    /// use burn::tensor::{Device, Tensor};
    /// use burn_trace::custom;
    /// use burn_xla::lower::CustomOps;
    /// use burn_xla::program::Xla;
    ///
    /// let operations = CustomOps::new().with("my.double", |cx, op| {
    ///     let x = cx.get(&op.inputs[0])?;
    ///     cx.set(&op.outputs[0], cx.builder().add(x, x)?)
    /// });
    /// let xla = Xla::auto()?.with_custom(operations);
    /// let double = xla.jit(|x: Tensor<1>| custom("my.double", x, |x| x * 2));
    /// println!("{}", double.call(Tensor::ones([3], &Device::default()))?);
    /// # Ok::<(), burn_xla::program::ProgramError>(())
    /// ```
    #[must_use]
    pub fn with_custom(mut self, operations: CustomOps) -> Self {
        self.custom = Arc::new(operations);
        self
    }

    /// See [`XlaOptions::with_kernels`].
    #[must_use]
    pub fn with_kernels(mut self, kernels: bool) -> Self {
        self.kernels = kernels;
        self
    }

    /// Whether programs run faster in bf16 here, as far as it was measured: on a CPU that multiplies pairs of bf16.
    pub fn is_faster_in_bf16(&self) -> bool {
        self.kernels_of().is_some_and(|client| kernels::register(client).linear_bf16)
    }

    /// The client, if its programs may call kernels.
    pub(super) fn kernels_of(&self) -> Option<&Client> {
        self.kernels.then(|| self.client())
    }

    pub(super) fn custom(&self) -> &CustomOps {
        &self.custom
    }

    /// How many programs of a function are kept, and how often it is compiled at most, where it does not say so.
    pub(super) fn bounds(&self) -> (Option<usize>, Option<usize>) {
        (self.kept_programs, self.limit)
    }

    pub(super) fn cache(&self) -> Option<&ProgramCache> {
        self.cache.as_ref()
    }

    /// All devices of a client, those of other processes too, in its order, as a mesh. Without a
    /// [layout](Self::with_layout) every device holds everything.
    ///
    /// # Errors
    ///
    /// [`PlacementError::Devices`] if the mesh is for another number of devices.
    pub fn over(client: &Client, mesh: Mesh) -> Result<Self, ProgramError> {
        let ids: Vec<_> = client.all_devices().iter().map(|device| device.id).collect();
        Self::over_ids(client, &ids, mesh)
    }

    /// The devices that have these [ids](crate::pjrt::DeviceDescription::id), of all processes, as
    /// a mesh. Every process names the same ones in the same order.
    ///
    /// # Errors
    ///
    /// [`PlacementError::Devices`] if the mesh is for another number of devices, [`PlacementError::NoDevice`] for
    /// an id that no device has, [`PlacementError::NotHere`] if this process has none of the devices.
    pub fn over_ids(client: &Client, ids: &[i32], mesh: Mesh) -> Result<Self, ProgramError> {
        Ok(Self::at(Devices::over(client, ids.to_vec(), mesh)?))
    }

    /// These devices, of one client, as a mesh.
    ///
    /// # Errors
    ///
    /// [`PlacementError::Devices`] if the mesh is for another number of devices,
    /// [`PjrtError::ForeignObject`] if the devices have several clients.
    pub fn over_devices(devices: Vec<Device>, mesh: Mesh) -> Result<Self, ProgramError> {
        let ids: Vec<_> = devices.iter().map(Device::id).collect();
        let Some(first) = devices.first() else {
            let (mesh, expected) = (mesh.to_string(), mesh.num_devices());
            return Err(PlacementError::Devices { mesh, expected, got: 0 }.into());
        };
        if devices.iter().any(|device| !device.client().is_same(first.client())) {
            return Err(PjrtError::ForeignObject { what: "device" }.into());
        }
        Self::over_ids(first.client(), &ids, mesh)
    }

    /// The same devices, with a rule that says how arguments and results are sharded.
    #[must_use]
    pub fn with_layout(&self, layout: Layout) -> Self {
        Self { layout, ..self.clone() }
    }

    /// The device; of several the first that this process has.
    pub fn device(&self) -> &Device {
        &self.devices.first
    }

    /// The mesh, if there is one.
    pub fn mesh(&self) -> Option<&Mesh> {
        self.devices.mesh.as_ref()
    }

    /// The rule that says how arguments and results are sharded.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The client of the devices.
    pub fn client(&self) -> &Client {
        self.devices.first.client()
    }

    pub(super) fn devices(&self) -> &Arc<Devices> {
        &self.devices
    }

    /// A function that is compiled when it is called.
    ///
    /// The function must be a function of its arguments alone: it runs on tensors without values, when it is
    /// recorded, and what it reads besides its arguments is frozen into the program.
    pub fn jit<A: TensorTree, R: TensorTree>(
        &self,
        function: impl Fn(A) -> R + Send + Sync + 'static,
    ) -> Jit<A, R> {
        Jit::new(self.clone(), function)
    }

    /// Copies a tree to the device, or its shards to the devices of the mesh. Parameters that were not drawn yet
    /// are drawn.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Pjrt`] if a device has no room, [`ProgramError::Mesh`] if the layout does
    /// not fit, [`ProgramError::Tree`].
    pub fn upload<T: TensorTree>(&self, tree: &T) -> Result<DeviceTree<T>, ProgramError> {
        self.send(tree, |leaf, _| Ok((leaf.ty.shape.clone(), None)))
    }

    /// As [`upload`](Self::upload), for a batch of which each process has some rows: the first dimension of each
    /// leaf holds the [`rows`](Self::rows) of this process's devices. A process that has all devices has all
    /// rows.
    ///
    /// # Errors
    ///
    /// As [`upload`](Self::upload).
    pub fn upload_share<T: TensorTree>(&self, tree: &T) -> Result<DeviceTree<T>, ProgramError> {
        self.send(tree, |leaf, spec| {
            let mut shape = leaf.ty.shape.clone();
            let (Some(mesh), Some(&own)) = (self.mesh(), shape.first()) else {
                return Ok((shape, None));
            };
            let share = Share::new(mesh, spec, self.devices.positions());
            let parts = share.num_shards();
            if !own.is_multiple_of(parts) {
                return Err(MeshError::Indivisible {
                    tensor: leaf.path.clone(),
                    spec: spec.to_string(),
                    shape,
                    dim: 0,
                    parts,
                    nearest: own.next_multiple_of(parts),
                });
            }
            shape[0] = share.all_rows(own);
            Ok((shape, (!share.is_everything()).then_some(share)))
        })
    }

    /// The rows of a batch that belong to this process, for tensors that are sharded by `spec`.
    ///
    /// # Errors
    ///
    /// [`MeshError::Indivisible`] if the devices cannot share the rows, [`PlacementError::Scattered`] if the rows of
    /// this process do not follow one another.
    pub fn rows(&self, spec: &Spec, rows: usize) -> Result<Range<usize>, ProgramError> {
        let Some(mesh) = self.mesh() else { return Ok(0..rows) };
        mesh.shard_shape("the rows of a batch", &spec.first(1), &[rows])?;
        Ok(Share::new(mesh, spec, self.devices.positions()).rows(spec, rows)?)
    }

    /// How many shards the rows of this process are cut into, for tensors that are sharded by `spec`.
    pub fn row_parts(&self, spec: &Spec) -> usize {
        self.mesh().map_or(1, |mesh| Share::new(mesh, spec, self.devices.positions()).num_shards())
    }

    /// Copies a tree. `all` gives the shape of a leaf on all processes, and the share of its rows that this one
    /// has.
    fn send<T: TensorTree>(
        &self,
        tree: &T,
        all: impl Fn(&LeafSpec, &Spec) -> Result<(Vec<usize>, Option<Share>), MeshError>,
    ) -> Result<DeviceTree<T>, ProgramError> {
        let mut values = Vec::new();
        let mut structure = Structure::read(tree, |leaf| values.push(leaf.data()))?;
        let leaves = &mut structure.leaves;
        let mut shares = Vec::with_capacity(leaves.len());
        if self.mesh().is_some() {
            for leaf in leaves.iter_mut() {
                let (shape, share) = all(leaf, &self.layout.spec(leaf)?)?;
                leaf.ty.shape = shape;
                shares.push(share);
            }
        }
        let values = self.scattered(values, leaves, shares)?;
        let host = structure.device.clone();
        Ok(DeviceTree::from_parts(values, Form::of(structure), like(tree.clone()), host))
    }

    /// Copies the leaves of a tree, which has them all.
    pub(super) fn place(
        &self,
        tree: &impl TensorTree,
        structure: &Structure,
    ) -> Result<Vec<Arc<Value>>, ProgramError> {
        self.scattered(structure.values(tree), &structure.leaves, vec![])
    }

    /// `shares` are those of the first leaves; of the others this process has all rows.
    fn scattered(
        &self,
        values: Vec<TensorData>,
        leaves: &[LeafSpec],
        shares: Vec<Option<Share>>,
    ) -> Result<Vec<Arc<Value>>, ProgramError> {
        let specs = self.specs(leaves)?;
        let shares = shares.into_iter().chain(std::iter::repeat(None));
        let parts = values.into_iter().zip(leaves).zip(specs).zip(shares);
        let value =
            |(((data, leaf), spec), share): (((TensorData, &LeafSpec), Spec), Option<Share>)| {
                Ok(Arc::new(self.scatter(data, leaf, spec, share.as_ref())?))
            };
        parts.map(value).collect()
    }

    /// The specs of leaves, checked against their shapes.
    pub(super) fn specs(&self, leaves: &[LeafSpec]) -> Result<Vec<Spec>, MeshError> {
        specs(self.mesh(), &self.layout, leaves)
    }

    /// A buffer for each device of this process, of all data or of this process's share of the rows.
    fn scatter(
        &self,
        data: TensorData,
        leaf: &LeafSpec,
        spec: Spec,
        share: Option<&Share>,
    ) -> Result<Value, ProgramError> {
        let client = self.client();
        let devices = Arc::clone(&self.devices);
        let Some(mesh) = self.mesh() else {
            let shards = smallvec![client.buffer_from_data(data, self.device())?];
            return Ok(Value { shards, spec, devices });
        };
        let shard = mesh.shard_shape(&leaf.path, &spec, &leaf.ty.shape)?;
        let shard_of = |(&position, device)| {
            let mut at = mesh.shard_index(&spec, shard.len(), position);
            if let Some(share) = share {
                at[0] = share.position_of(at[0]);
            }
            client.buffer_from_data(cut(&data, &shard, &at), device)
        };
        let own = self.devices.positions().iter().zip(self.devices.devices());
        let shards = own.map(shard_of).collect::<Result<_, _>>()?;
        Ok(Value { shards, spec, devices })
    }
}
