//! Where functions run: compiled by XLA where there is a plugin, on Burn's CPU backend elsewhere.

use core::fmt;
use std::sync::Arc;

use burn::tensor::Device;
use burn_trace::TensorTree;
use burn_xla::Xla;
use burn_xla::plugin::PluginError;
use burn_xla::program::{DeviceTree, Jit, ProgramError};
use thiserror::Error;

/// What executes a function of tensors.
///
/// The function is the same Burn code in either case. On XLA it is recorded once for each shape of
/// its arguments and compiled as one program; on Burn's CPU backend, Flex, it simply runs.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::Runtime;
///
/// let runtime = Runtime::flex(); // or Runtime::auto(), which prefers XLA
/// let norm = runtime.jit(|x: Tensor<2>| x.square().sum().sqrt());
/// let x = Tensor::<2>::ones([2, 8], &runtime.device());
/// assert_eq!(norm.call(x)?.into_scalar::<f32>(), 4.0);
/// # Ok::<(), vit22b::RuntimeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Runtime {
    xla: Option<Xla>,
    description: String,
}

/// A runtime that is not to be had, or a function that it cannot run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// No runtime has this name.
    #[error("device \"{got}\" is not known: it is auto, flex or xla")]
    Unknown {
        /// What was asked for.
        got: String,
    },
    /// XLA has no plugin, or could not compile or run the function.
    #[error(transparent)]
    Xla(#[from] ProgramError),
}

impl From<PluginError> for RuntimeError {
    fn from(error: PluginError) -> Self {
        Self::Xla(error.into())
    }
}

impl Runtime {
    /// XLA on the best platform that works here, of TPU, CUDA and CPU; else Burn's CPU backend.
    /// Its text says which, and why. It installs nothing.
    pub fn auto() -> Self {
        Self::xla_as_found().unwrap_or_else(|error| Self {
            description: format!("Flex, Burn's CPU backend ({error})"),
            ..Self::flex()
        })
    }

    /// Burn's CPU backend.
    pub fn flex() -> Self {
        Self { xla: None, description: "Flex, Burn's CPU backend".into() }
    }

    /// XLA on the best platform that works here. Where no plugin is, the one for the CPU is
    /// installed.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Xla`] if that fails.
    pub fn xla() -> Result<Self, RuntimeError> {
        Self::xla_as_found().or_else(|_| Ok(Self::on(Xla::cpu()?)))
    }

    /// XLA on this device.
    pub fn on(xla: Xla) -> Self {
        let description = format!("XLA on {}", xla.client().platform());
        Self { xla: Some(xla), description }
    }

    /// The runtime of a name: `auto`, `flex` or `xla`.
    ///
    /// # Errors
    ///
    /// [`RuntimeError`] if there is none of this name, or it is not to be had.
    pub fn named(name: &str) -> Result<Self, RuntimeError> {
        match name {
            "auto" => Ok(Self::auto()),
            "flex" => Ok(Self::flex()),
            "xla" => Self::xla(),
            _ => Err(RuntimeError::Unknown { got: name.into() }),
        }
    }

    fn xla_as_found() -> Result<Self, RuntimeError> {
        Ok(Self::on(Xla::auto()?))
    }

    /// `flex` or `xla`.
    pub fn name(&self) -> &'static str {
        if self.xla.is_some() { "xla" } else { "flex" }
    }

    /// XLA's device, if it runs there.
    pub fn as_xla(&self) -> Option<&Xla> {
        self.xla.as_ref()
    }

    /// The device on which arguments are made and results arrive: Burn's CPU backend.
    pub fn device(&self) -> Device {
        Device::flex()
    }

    /// A function that runs here. It must be a function of its arguments alone: what it reads
    /// besides them is frozen into a compiled program.
    pub fn jit<A: TensorTree, R: TensorTree>(
        &self,
        function: impl Fn(A) -> R + Send + Sync + 'static,
    ) -> Function<A, R> {
        Function(match &self.xla {
            Some(xla) => Engine::Compiled(Box::new(xla.jit(function))),
            None => Engine::Eager(Arc::new(function)),
        })
    }

    /// A function of a state that stays where the function runs, such as a frozen model, and of
    /// arguments that change from call to call.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Xla`] if the state has no room on the device.
    pub fn bind<S: TensorTree + Sync, A: TensorTree, R: TensorTree>(
        &self,
        state: S,
        function: impl Fn(&S, A) -> R + Send + Sync + 'static,
    ) -> Result<Bound<S, A, R>, RuntimeError> {
        Ok(Bound(match &self.xla {
            Some(xla) => {
                let state = xla.upload(&state)?;
                let program = xla.jit(move |(state, input): (S, A)| function(&state, input));
                BoundTo::Device(Box::new(OnDevice { xla: xla.clone(), program, state }))
            }
            None => BoundTo::Host(Box::new(move |input| function(&state, input))),
        }))
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)
    }
}

/// A function that a [`Runtime`] runs. Made by [`Runtime::jit`].
#[derive(Debug)]
pub struct Function<A, R>(Engine<A, R>);

enum Engine<A, R> {
    Compiled(Box<Jit<A, R>>),
    Eager(Arc<dyn Fn(A) -> R + Send + Sync>),
}

impl<A, R> fmt::Debug for Engine<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compiled(jit) => jit.fmt(f),
            Self::Eager(_) => f.write_str("Eager"),
        }
    }
}

impl<A: TensorTree, R: TensorTree> Function<A, R> {
    /// Calls the function.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Xla`] if it cannot be compiled or run.
    ///
    /// # Panics
    ///
    /// Where the function does, if it is not compiled.
    pub fn call(&self, arguments: A) -> Result<R, RuntimeError> {
        match &self.0 {
            Engine::Compiled(jit) => Ok(jit.call(arguments)?),
            Engine::Eager(function) => Ok(function(arguments)),
        }
    }
}

/// A function of a state that it keeps. Made by [`Runtime::bind`].
pub struct Bound<S, A, R>(BoundTo<S, A, R>);

enum BoundTo<S, A, R> {
    Device(Box<OnDevice<S, A, R>>),
    Host(Box<dyn Fn(A) -> R + Send + Sync>),
}

struct OnDevice<S, A, R> {
    xla: Xla,
    program: Jit<(S, A), R>,
    state: DeviceTree<S>,
}

impl<S, A, R> fmt::Debug for Bound<S, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            BoundTo::Device(bound) => {
                f.debug_tuple("Bound").field(&bound.xla).field(&bound.program).finish()
            }
            BoundTo::Host(_) => f.write_str("Bound"),
        }
    }
}

impl<S: TensorTree, A: TensorTree, R: TensorTree> Bound<S, A, R> {
    /// Calls the function on its state and an input.
    ///
    /// # Errors
    ///
    /// As [`Function::call`].
    ///
    /// # Panics
    ///
    /// As [`Function::call`].
    pub fn call(&self, input: A) -> Result<R, RuntimeError> {
        match &self.0 {
            BoundTo::Device(bound) => {
                let input = bound.xla.upload(&input)?;
                Ok(bound.program.call_on_device((bound.state.clone(), input))?.to_host()?)
            }
            BoundTo::Host(function) => Ok(function(input)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_says_which_are_known() {
        let error = Runtime::named("gpu").unwrap_err();
        assert_eq!(error.to_string(), "device \"gpu\" is not known: it is auto, flex or xla");
        assert_eq!(Runtime::named("flex").unwrap().name(), "flex");
    }
}
