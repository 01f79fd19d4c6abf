//! XLA as a runtime finds it, and functions that it compiles.

use core::fmt;

use burn_trace::TensorTree;
use burn_trace::mesh::{Layout, Mesh};
use burn_xla::plugin::Platform;
use burn_xla::program::{DeviceTree, Jit, XlaOptions};

pub(super) use burn_xla::Xla;
pub(super) use burn_xla::program::ProgramError;

/// XLA on the best platform that works here. It installs nothing.
pub(super) fn as_found() -> Result<Xla, ProgramError> {
    Xla::auto()
}

/// XLA on a platform, by its name; by no name on the best that works here. The CPU's plugin is installed where none
/// is, the others are not. None for another name.
pub(super) fn named(platform: Option<&str>) -> Option<Result<Xla, ProgramError>> {
    Some(match platform.map(Platform::from_name) {
        None => as_found().or_else(|_| Xla::cpu()),
        Some(platform) => Xla::open(Some(platform?), &XlaOptions::new()),
    })
}

/// As [`named`], where the CPU has so many devices.
pub(super) fn named_with(
    platform: Option<&str>,
    devices: usize,
) -> Option<Result<Xla, ProgramError>> {
    let count = u32::try_from(devices).unwrap_or(u32::MAX);
    let many = XlaOptions::new().with_client(|client| client.with_cpu_devices(count));
    let open = |platform| match platform {
        // The option is the CPU's alone.
        Some(Platform::Cpu) => Xla::open(platform, &many),
        _ => Xla::open(platform, &XlaOptions::new()),
    };
    Some(match platform.map(Platform::from_name) {
        None => match as_found() {
            Ok(xla) if self::platform(&xla) != "cpu" => Ok(xla),
            _ => open(Some(Platform::Cpu)),
        },
        Some(platform) => open(Some(platform?)),
    })
}

/// The devices of the client of these as a mesh.
pub(super) fn over(xla: &Xla, mesh: &Mesh, layout: &Layout) -> Result<Xla, ProgramError> {
    Ok(Xla::over(xla.client(), mesh.clone())?.with_layout(layout.clone()))
}

/// What this process asks of the memory that tensors come from.
pub(super) fn keep_memory() {
    burn_xla::pjrt::keep_memory();
}

/// The name of the platform.
pub(super) fn platform(xla: &Xla) -> &str {
    xla.client().platform()
}

/// A function that is compiled for each shape of its arguments.
pub(super) struct CompiledFunction<A, R>(Jit<A, R>);

impl<A: TensorTree, R: TensorTree> CompiledFunction<A, R> {
    pub(super) fn new(xla: &Xla, function: impl Fn(A) -> R + Send + Sync + 'static) -> Self {
        Self(xla.jit(function))
    }

    pub(super) fn call(&self, arguments: A) -> Result<R, ProgramError> {
        self.0.call(arguments)
    }
}

impl<A, R> fmt::Debug for CompiledFunction<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A compiled function, and a state on its device.
pub(super) struct CompiledFunctionWithState<S, A, R> {
    xla: Xla,
    program: Jit<(S, A), R>,
    state: DeviceTree<S>,
}

impl<S: TensorTree, A: TensorTree, R: TensorTree> CompiledFunctionWithState<S, A, R> {
    pub(super) fn new(
        xla: &Xla,
        state: &S,
        function: impl Fn(&S, A) -> R + Send + Sync + 'static,
    ) -> Result<Self, ProgramError> {
        let state = xla.upload(state)?;
        let program = xla.jit(move |(state, input): (S, A)| function(&state, input));
        Ok(Self { xla: xla.clone(), program, state })
    }

    pub(super) fn set_state(&mut self, state: &S) -> Result<(), ProgramError> {
        self.state = self.xla.upload(state)?;
        Ok(())
    }

    pub(super) fn call(&self, input: A) -> Result<R, ProgramError> {
        let input = self.xla.upload(&input)?;
        self.program.call_on_device((self.state.clone(), input))?.to_host()
    }
}

impl<S, A, R> fmt::Debug for CompiledFunctionWithState<S, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnDevice").field(&self.xla).field(&self.program).finish()
    }
}
