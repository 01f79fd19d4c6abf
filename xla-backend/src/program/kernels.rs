//! The kernels that programs on the CPU call.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use burn_xla_kernels::{Attention, Gradient, Heads, Set, Tensors};
use half::bf16;

use crate::lower::kernel::{ATTENTION, ATTENTION_BACKWARD};
use crate::pjrt::{Argument, CallResult, Client, Element, HostFunction, Workers};
use crate::types::ElementType;

/// Lets the programs of a client's plugin call the kernels. Says whether they can: on the CPU, where the plugin has the
/// interface.
pub(crate) fn register(client: &Client) -> bool {
    static REGISTERED: Mutex<BTreeMap<PathBuf, bool>> = Mutex::new(BTreeMap::new());
    if client.platform() != "cpu" {
        return false;
    }
    let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    let plugin = client.plugin().path();
    if let Some(&can) = registered.get(plugin) {
        return can;
    }
    let done = client
        .register_function(ATTENTION, Kernel(attention))
        .and_then(|()| client.register_function(ATTENTION_BACKWARD, Kernel(attention_backward)));
    if let Err(error) = &done {
        tracing::info!(%error, "programs call no kernels");
    }
    registered.insert(plugin.into(), done.is_ok());
    done.is_ok()
}

type Function = fn(&[Argument<'_>], &mut [CallResult<'_>], Workers<'_>) -> Result<(), String>;

struct Kernel(Function);

impl HostFunction for Kernel {
    fn call(&self, _: &[Argument<'_>], _: &mut [CallResult<'_>]) -> Result<(), String> {
        Err("a kernel is called with the threads of its program".into())
    }

    fn call_with(
        &self,
        arguments: &[Argument<'_>],
        results: &mut [CallResult<'_>],
        workers: Workers<'_>,
    ) -> Result<(), String> {
        (self.0)(arguments, results, workers)
    }
}

/// A number of tensors that kernels know.
trait KernelNumber: Heads + Element {}

impl KernelNumber for f32 {}
impl KernelNumber for bf16 {}

fn attention(
    arguments: &[Argument<'_>],
    results: &mut [CallResult<'_>],
    workers: Workers<'_>,
) -> Result<(), String> {
    match arguments {
        [_, query, ..] if query.ty().element == ElementType::BF16 => {
            attention_of::<bf16>(arguments, results, workers)
        }
        _ => attention_of::<f32>(arguments, results, workers),
    }
}

fn attention_of<T: KernelNumber>(
    arguments: &[Argument<'_>],
    results: &mut [CallResult<'_>],
    workers: Workers<'_>,
) -> Result<(), String> {
    let ([scale, query, key, value], [out]) = (arguments, results) else {
        return Err("expected four arguments and a result".into());
    };
    let sizes = sizes(scale, query, key)?;
    let tensors =
        Tensors { query: query.values::<T>()?, key: key.values()?, value: value.values()? };
    let spread = |tasks, task: &(dyn Fn(usize) + Sync)| workers.each(tasks, task);
    sizes.forward(Set::best(T::IS_NARROW), tensors, out.values_mut()?, spread);
    Ok(())
}

fn attention_backward(
    arguments: &[Argument<'_>],
    results: &mut [CallResult<'_>],
    workers: Workers<'_>,
) -> Result<(), String> {
    match arguments {
        [_, query, ..] if query.ty().element == ElementType::BF16 => {
            attention_backward_of::<bf16>(arguments, results, workers)
        }
        _ => attention_backward_of::<f32>(arguments, results, workers),
    }
}

fn attention_backward_of<T: KernelNumber>(
    arguments: &[Argument<'_>],
    results: &mut [CallResult<'_>],
    workers: Workers<'_>,
) -> Result<(), String> {
    let [scale, query, key, value, by_out] = arguments else {
        return Err("expected five arguments".into());
    };
    let [by_query, by_key, by_value] = results else { return Err("expected three results".into()) };
    let sizes = sizes(scale, query, key)?;
    let tensors =
        Tensors { query: query.values::<T>()?, key: key.values()?, value: value.values()? };
    let gradient = Gradient {
        query: by_query.values_mut()?,
        key: by_key.values_mut()?,
        value: by_value.values_mut()?,
    };
    let spread = |tasks, task: &(dyn Fn(usize) + Sync)| workers.each(tasks, task);
    sizes.backward(Set::best(T::IS_NARROW), tensors, by_out.values()?, gradient, spread);
    Ok(())
}

fn sizes(
    scale: &Argument<'_>,
    query: &Argument<'_>,
    key: &Argument<'_>,
) -> Result<Attention, String> {
    let scale = scale.values::<f32>()?.first().copied().ok_or("expected a scale")?;
    let (&[batch, queries, heads, size], &[_, keys, ..]) =
        (&query.ty().dims[..], &key.ty().dims[..])
    else {
        return Err(format!("expected tensors of four dimensions, got {}", query.ty()));
    };
    Ok(Attention { batch, queries, keys, heads, size, scale })
}
