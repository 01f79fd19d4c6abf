//! Functions that a runtime runs.

use core::fmt;

use burn::tensor::Device;
use burn_trace::{TensorTree, to_device};

use super::error::RuntimeError;
#[cfg(feature = "xla")]
use super::xla::{CompiledFunction, CompiledFunctionWithState};

/// A function of tensors on a [`Runtime`](crate::Runtime). Made by
/// [`Runtime::jit`](crate::Runtime::jit).
pub struct Function<A, R>(pub(super) Runs<A, R>);

pub(super) enum Runs<A, R> {
    /// The function itself, on a device of Burn.
    Itself(Device, Box<dyn Fn(A) -> R + Send + Sync>),
    #[cfg(feature = "xla")]
    Compiled(Box<CompiledFunction<A, R>>),
}

impl<A: TensorTree, R: TensorTree> Function<A, R> {
    /// Calls the function. Its arguments may be on any device: they are brought to the runtime's.
    ///
    /// # Errors
    ///
    /// `RuntimeError::Xla` if the function cannot be compiled or run, [`RuntimeError::Tree`] if
    /// the arguments cannot be brought to the device.
    ///
    /// # Panics
    ///
    /// Where the function does, if it is not compiled.
    pub fn call(&self, arguments: A) -> Result<R, RuntimeError> {
        match &self.0 {
            Runs::Itself(device, function) => Ok(function(to_device(&arguments, device)?)),
            #[cfg(feature = "xla")]
            Runs::Compiled(compiled) => Ok(compiled.call(arguments)?),
        }
    }
}

impl<A, R> fmt::Debug for Function<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Runs::Itself(device, _) => f.debug_tuple("Function").field(device).finish(),
            #[cfg(feature = "xla")]
            Runs::Compiled(compiled) => f.debug_tuple("Function").field(compiled).finish(),
        }
    }
}

type OfState<S, A, R> = dyn Fn(&S, A) -> R + Send + Sync;

/// A function of a state that it keeps, such as a model, and of an input. Made by
/// [`Runtime::bind`](crate::Runtime::bind).
pub struct Bound<S, A, R>(pub(super) RunsBound<S, A, R>);

pub(super) enum RunsBound<S, A, R> {
    Itself(Device, S, Box<OfState<S, A, R>>),
    #[cfg(feature = "xla")]
    Compiled(Box<CompiledFunctionWithState<S, A, R>>),
}

impl<S: TensorTree, A: TensorTree, R: TensorTree> Bound<S, A, R> {
    /// Calls the function on its state and an input, which may be on any device.
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
            RunsBound::Itself(device, state, function) => {
                Ok(function(state, to_device(&input, device)?))
            }
            #[cfg(feature = "xla")]
            RunsBound::Compiled(compiled) => Ok(compiled.call(input)?),
        }
    }

    /// Takes another state of the same form, such as the same model after more training. What is compiled is kept.
    ///
    /// # Errors
    ///
    /// As [`Runtime::bind`](crate::Runtime::bind).
    pub fn set_state(&mut self, new: S) -> Result<(), RuntimeError>
    where
        S: Sync,
    {
        match &mut self.0 {
            RunsBound::Itself(device, state, _) => *state = to_device(&new, device)?,
            #[cfg(feature = "xla")]
            RunsBound::Compiled(compiled) => compiled.set_state(&new)?,
        }
        Ok(())
    }
}

impl<S, A, R> fmt::Debug for Bound<S, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            RunsBound::Itself(device, ..) => f.debug_tuple("Bound").field(device).finish(),
            #[cfg(feature = "xla")]
            RunsBound::Compiled(compiled) => f.debug_tuple("Bound").field(compiled).finish(),
        }
    }
}
