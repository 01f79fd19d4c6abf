//! Where functions run: on a device of Burn, or compiled by XLA.
//!
//! A function of tensors is the same Burn code everywhere. On a device of Burn it runs operation by
//! operation; on XLA it is recorded once for each shape of its arguments and compiled as one program.

mod error;
mod function;
mod names;
#[cfg(feature = "xla")]
mod xla;

use core::fmt;

use burn::tensor::Device;
use burn_trace::mesh::{Layout, Mesh};
use burn_trace::{TensorTree, to_device};

pub use error::RuntimeError;
pub use function::{Bound, Function};
pub(crate) use names::host;

use function::{Runs, RunsBound};

/// What executes functions of tensors.
///
/// ```
/// use burn::tensor::Tensor;
/// use vit22b::Runtime;
///
/// let runtime = Runtime::named("flex")?; // or Runtime::auto(), the best that works here
/// let norm = runtime.jit(|x: Tensor<2>| x.square().sum().sqrt());
/// let x = Tensor::<2>::ones([2, 8], &runtime.device());
/// assert_eq!(norm.call(x)?.into_scalar::<f32>(), 4.0);
/// # Ok::<(), vit22b::RuntimeError>(())
/// ```
///
/// With the feature `xla` the first one tells glibc to keep the memory of tensors, as `burn_xla::pjrt::keep_memory` says:
/// so make it before other threads.
#[derive(Debug, Clone)]
pub struct Runtime {
    target: Target,
    name: String,
    description: String,
}

/// What this process asks of the memory that tensors come from.
fn keep_memory() {
    #[cfg(feature = "xla")]
    xla::keep_memory();
}

#[derive(Debug, Clone)]
enum Target {
    Burn(Device),
    #[cfg(feature = "xla")]
    Xla(xla::Xla),
}

impl Runtime {
    /// The best that works here, and installs nothing: a GPU backend of Burn if one is built in and
    /// finds a GPU, else XLA on a TPU, a GPU or the CPU, else Flex, Burn's CPU backend. The
    /// runtime's text says which it is, and of Flex why.
    pub fn auto() -> Self {
        keep_memory();
        if let Some((name, device)) = names::gpu() {
            return Self::of_burn(name, device);
        }
        #[cfg(feature = "xla")]
        return xla::as_found().map_or_else(
            |error| {
                let flex = Self::flex();
                Self { description: format!("{} ({error})", flex.description), ..flex }
            },
            Self::xla,
        );
        #[cfg(not(feature = "xla"))]
        Self::flex()
    }

    /// Flex, Burn's CPU backend.
    pub fn flex() -> Self {
        keep_memory();
        Self {
            target: Target::Burn(host()),
            name: "flex".into(),
            description: "Flex, Burn's CPU backend".into(),
        }
    }

    /// A device of Burn.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use vit22b::Runtime;
    ///
    /// let runtime = Runtime::on(Device::flex()); // Device::cuda(0) with the feature `cuda`
    /// assert_eq!(runtime.name(), "flex");
    /// ```
    pub fn on(device: Device) -> Self {
        let name = format!("{device:?}");
        Self::of_burn(&name, device)
    }

    /// A device of XLA, or several as a mesh.
    #[cfg(feature = "xla")]
    pub fn xla(xla: xla::Xla) -> Self {
        let description = format!("XLA on {}", xla::platform(&xla));
        Self { target: Target::Xla(xla), name: "xla".into(), description }
    }

    /// The runtime of a name:
    ///
    /// | name | runtime |
    /// | --- | --- |
    /// | `auto` | as [`auto`](Self::auto) |
    /// | `flex` | Burn's CPU backend |
    /// | `cuda`, `cuda:1`, `rocm`, `rocm:1` | a GPU by number, the first without one |
    /// | `wgpu`, `vulkan`, `metal` | the best device that Burn's backend finds |
    /// | `tch`, `tch:1` | LibTorch on the CPU, or on a CUDA device by number; deprecated in Burn 0.22 |
    /// | `xla` | XLA on the best platform that works here; where no plugin is, the CPU's is installed |
    /// | `xla:cpu`, `xla:cuda`, `xla:tpu` | XLA on a platform; the CPU's plugin is installed where it is missing |
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Unknown`] for another name, [`RuntimeError::NotBuilt`] for one that is behind
    /// a feature of the crate that this build lacks, [`RuntimeError::Absent`] for a GPU that is not here, `RuntimeError::Xla` if XLA
    /// has no plugin.
    pub fn named(name: &str) -> Result<Self, RuntimeError> {
        keep_memory();
        if name == "auto" {
            return Ok(Self::auto());
        }
        if names::is_absent(name) {
            return Err(RuntimeError::Absent { got: name.to_owned() });
        }
        if let Some(device) = names::burn_device(name) {
            return Ok(Self::of_burn(name, device));
        }
        #[cfg(feature = "xla")]
        if let Some(xla) = names::xla_platform(name).and_then(xla::named) {
            return Ok(Self::xla(xla?));
        }
        let got = name.to_owned();
        Err(match names::missing_feature(name) {
            Some(feature) => RuntimeError::NotBuilt { got, feature },
            None => RuntimeError::Unknown { got },
        })
    }

    /// As [`named`](Self::named), for a mesh: a name of XLA, whose CPU gets so many devices. `auto` is the best that XLA has.
    ///
    /// ```no_run
    /// use vit22b::Runtime;
    /// use vit22b::shard::{Activations, Mesh, Sharding};
    ///
    /// let mesh: Mesh = "data=4,model=2".parse()?;
    /// let runtime = Runtime::with_devices("xla:cpu", mesh.num_devices())?;
    /// let runtime = runtime.over(&mesh, &Sharding::vit22b(Activations::Width).layout()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`named`](Self::named).
    #[cfg_attr(not(feature = "xla"), allow(unused_variables, reason = "Burn's are one device"))]
    pub fn with_devices(name: &str, devices: usize) -> Result<Self, RuntimeError> {
        keep_memory();
        #[cfg(feature = "xla")]
        if let Some(xla) = names::xla_platform(if name == "auto" { "xla" } else { name })
            .and_then(|platform| xla::named_with(platform, devices))
        {
            return Ok(Self::xla(xla?));
        }
        Self::named(name)
    }

    /// The devices of this runtime as a mesh, over which `layout` shards tensors: all of them, those of other processes too.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::NoMesh`] if this is not XLA, `RuntimeError::Xla` if the mesh is for another number of devices.
    #[cfg_attr(not(feature = "xla"), allow(unused_variables, reason = "Burn's are one device"))]
    pub fn over(&self, mesh: &Mesh, layout: &Layout) -> Result<Self, RuntimeError> {
        match &self.target {
            Target::Burn(_) => Err(RuntimeError::NoMesh { name: self.name.clone() }),
            #[cfg(feature = "xla")]
            Target::Xla(xla) => {
                let over = Self::xla(xla::over(xla, mesh, layout)?);
                let description = format!("{}, as the mesh {mesh}", self.description);
                Ok(Self { description, ..over })
            }
        }
    }

    fn of_burn(name: &str, device: Device) -> Self {
        if device == host() {
            return Self::flex();
        }
        let description = format!("{device:?}");
        Self { target: Target::Burn(device), name: name.to_owned(), description }
    }

    /// The name: `flex`, `xla`, or a device of Burn such as `cuda:1`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether models run faster in bf16 here, as far as it was measured: in programs of XLA on a CPU that multiplies
    /// pairs of bf16.
    pub fn is_faster_in_bf16(&self) -> bool {
        #[cfg(feature = "xla")]
        if let Target::Xla(xla) = &self.target {
            return xla.is_faster_in_bf16();
        }
        false
    }

    /// XLA's device, if it runs there.
    #[cfg(feature = "xla")]
    pub fn as_xla(&self) -> Option<&xla::Xla> {
        match &self.target {
            Target::Burn(_) => None,
            Target::Xla(xla) => Some(xla),
        }
    }

    /// The device on which arguments are made and results arrive: Burn's device, or for XLA the
    /// host, Burn's CPU backend.
    pub fn device(&self) -> Device {
        match &self.target {
            Target::Burn(device) => device.clone(),
            #[cfg(feature = "xla")]
            Target::Xla(_) => host(),
        }
    }

    /// A function that runs here. It must be a function of its arguments alone: a compiled program
    /// keeps everything else that it reads as it was at the first call.
    pub fn jit<A: TensorTree, R: TensorTree>(
        &self,
        function: impl Fn(A) -> R + Send + Sync + 'static,
    ) -> Function<A, R> {
        Function(match &self.target {
            Target::Burn(device) => Runs::Itself(device.clone(), Box::new(function)),
            #[cfg(feature = "xla")]
            Target::Xla(xla) => Runs::Compiled(Box::new(xla::CompiledFunction::new(xla, function))),
        })
    }

    /// A function of a state that stays where the function runs, such as a frozen model, and of an
    /// input that changes from call to call.
    ///
    /// # Errors
    ///
    /// `RuntimeError::Xla` if the state has no room on XLA's device, [`RuntimeError::Tree`] if it
    /// cannot be brought to the device.
    pub fn bind<S: TensorTree + Sync, A: TensorTree, R: TensorTree>(
        &self,
        state: S,
        function: impl Fn(&S, A) -> R + Send + Sync + 'static,
    ) -> Result<Bound<S, A, R>, RuntimeError> {
        Ok(Bound(match &self.target {
            Target::Burn(device) => {
                let state = to_device(&state, device)?;
                RunsBound::Itself(device.clone(), state, Box::new(function))
            }
            #[cfg(feature = "xla")]
            Target::Xla(xla) => {
                let compiled = xla::CompiledFunctionWithState::new(xla, &state, function)?;
                RunsBound::Compiled(Box::new(compiled))
            }
        }))
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_says_which_are_known() {
        for name in ["gpu", "flex:1", "cuda:first", "xla:gpu", ""] {
            let error = Runtime::named(name).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "device {name:?} is not known: it is auto, flex, cuda[:n], rocm[:n], wgpu, vulkan, \
                     metal, tch[:n] or xla[:cpu|cuda|tpu]"
                )
            );
        }
        assert_eq!(Runtime::named("flex").unwrap().name(), "flex");
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_name_that_is_not_built_in_says_what_to_build() {
        assert_eq!(
            Runtime::named("cuda:1").unwrap_err().to_string(),
            "device \"cuda:1\" is not in this build: build with the feature `cuda`, as in \
             `cargo run --release --features cuda`"
        );
    }

    #[cfg(not(feature = "xla"))]
    #[test]
    fn without_xla_its_names_say_what_to_build() {
        let error = Runtime::named("xla:tpu").unwrap_err();
        assert!(matches!(error, RuntimeError::NotBuilt { feature: "xla", .. }), "{error}");
        assert_eq!(Runtime::auto().device(), host());
    }
}
