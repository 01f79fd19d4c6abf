//! Lowering for devices that need not be on this machine.

use burn::tensor::Device;
use burn_trace::TensorTree;
use burn_trace::compile::{Structure, placeholders, placeholders_like};
use burn_trace::mesh::{Layout, Mesh};

use super::compiled::{Job, Lowered};
use super::error::ProgramError;
use super::function_options::{FunctionOptions, function_options};
use crate::lower::CustomOps;
use crate::types::MatmulPrecision;

/// How a function is lowered for devices that need not be on this machine: to compile it for a topology, or to look at
/// the program. The options of the function are those of a [`Jit`](super::Jit).
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_trace::mesh::{Layout, Mesh};
/// use burn_xla::program::{Lowering, MatmulPrecision};
///
/// let (mesh, layout) = ("data=1".parse::<Mesh>()?, Layout::replicated());
/// let lowering = Lowering::new().over(&mesh, &layout).on("tpu");
/// let lowering = lowering.named("scores").matmul_precision(MatmulPrecision::Fast);
/// // 4 TB of f32, which are never made.
/// let make = |device: &_| Tensor::zeros([1_000_000, 1_000_000], device);
/// let lowered = lowering.lower_made(|x: Tensor<2>| x.clone().matmul(x.transpose()), make)?;
/// assert_eq!(lowered.results[0].ty.shape, [1_000_000, 1_000_000]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Lowering<'a> {
    function: FunctionOptions,
    mesh: Option<&'a Mesh>,
    layout: Layout,
    platform: &'a str,
    custom: CustomOps,
}

impl std::fmt::Debug for Lowering<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lowering")
            .field("name", &self.function.name)
            .field("mesh", &self.mesh)
            .field("platform", &self.platform)
            .field("matmul_precision", &self.function.matmul_precision)
            .finish_non_exhaustive()
    }
}

impl Default for Lowering<'_> {
    fn default() -> Self {
        Self {
            function: FunctionOptions::new(MatmulPrecision::default()),
            mesh: None,
            layout: Layout::replicated(),
            platform: "",
            custom: CustomOps::new(),
        }
    }
}

impl<'a> Lowering<'a> {
    /// For one device of a platform that is not known.
    pub fn new() -> Self {
        Self::default()
    }

    /// For the devices of a mesh, over which a layout shards arguments and results.
    #[must_use]
    pub fn over(mut self, mesh: &'a Mesh, layout: &Layout) -> Self {
        (self.mesh, self.layout) = (Some(mesh), layout.clone());
        self
    }

    /// For the compiler of a platform, such as `tpu`: [`Topology::platform`](crate::pjrt::Topology::platform).
    #[must_use]
    pub fn on(mut self, platform: &'a str) -> Self {
        self.platform = platform;
        self
    }

    function_options!();

    /// As [`Xla::with_custom`](super::Xla::with_custom).
    #[must_use]
    pub fn custom(mut self, operations: CustomOps) -> Self {
        self.custom = operations;
        self
    }

    /// Lowers a function for arguments like these. Their values do not matter, and parameters that were not drawn are
    /// not drawn.
    ///
    /// # Errors
    ///
    /// [`ProgramError`] if the function cannot be recorded or lowered, or the layout does not fit the mesh.
    pub fn lower<A: TensorTree, R: TensorTree>(
        &self,
        function: impl Fn(A) -> R,
        arguments: &A,
    ) -> Result<Lowered, ProgramError> {
        let structure = Structure::of(arguments)?;
        let make = |device: &Device| placeholders(arguments, &structure, device);
        let job = self.job();
        job.lowered(job.record(&structure.device, make, function)?)
    }

    /// As [`lower`](Self::lower), for arguments that are never computed: `make` is called on the device that records,
    /// and so they may be larger than the memory of this machine.
    ///
    /// # Errors
    ///
    /// As [`lower`](Self::lower).
    pub fn lower_made<A: TensorTree, R: TensorTree>(
        &self,
        function: impl Fn(A) -> R,
        make: impl Fn(&Device) -> A,
    ) -> Result<Lowered, ProgramError> {
        let make = |device: &Device| placeholders_like(&make, device);
        let job = self.job();
        job.lowered(job.record(&Device::default(), make, function)?)
    }

    fn job(&self) -> Job<'_> {
        Job {
            function: &self.function,
            mesh: self.mesh,
            layout: &self.layout,
            platform: self.platform,
            custom: &self.custom,
            // The program may run in another process.
            kernels_of: None,
        }
    }
}
