//! The kernels that programs on the CPU call.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use burn_xla_kernels::{Attention, Gradient, Heads, Layers, Linear, Set, Tensors, Then};
use half::bf16;

use crate::lower::kernel::{
    ATTENTION, ATTENTION_BACKWARD, Kernels, LINEAR, LINEAR_GELU, LINEAR_TURNED,
};
use crate::pjrt::{Argument, CallResult, Client, Element, Workers};
use crate::types::ElementType;

/// Lets the programs of a client's plugin call the kernels. Says which they may: on the CPU, where the plugin has the
/// interface.
pub(crate) fn register(client: &Client) -> Kernels {
    static REGISTERED: Mutex<BTreeMap<PathBuf, bool>> = Mutex::new(BTreeMap::new());
    if client.platform() != "cpu" {
        return Kernels::default();
    }
    let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    let plugin = client.plugin().path();
    let can = registered.get(plugin).copied().unwrap_or_else(|| {
        let all = kernels().into_iter();
        let done = all.map(|(name, kernel)| {
            client.register_function(name, move |arguments, results, workers| {
                kernel.call(arguments, results, workers)
            })
        });
        let done = done.collect::<Result<(), _>>();
        if let Err(error) = &done {
            tracing::info!(%error, "programs call no kernels");
        }
        registered.insert(plugin.into(), done.is_ok());
        done.is_ok()
    });
    // Other sets of instructions were not compared with the compiler's products.
    Kernels {
        attention: can,
        linear_f32: can && Set::best(false) == Set::Avx512,
        linear_bf16: can && Set::best(true) == Set::Avx512Bf16,
    }
}

fn kernels() -> [(&'static str, Kernel); 5] {
    [
        (ATTENTION, Kernel { f32: attention::<f32>, bf16: attention::<bf16> }),
        (
            ATTENTION_BACKWARD,
            Kernel { f32: attention_backward::<f32>, bf16: attention_backward::<bf16> },
        ),
        (LINEAR, Kernel { f32: linear::<f32>, bf16: linear::<bf16> }),
        (LINEAR_TURNED, Kernel { f32: linear_turned::<f32>, bf16: linear_turned::<bf16> }),
        (LINEAR_GELU, Kernel { f32: linear_gelu::<f32>, bf16: linear_gelu::<bf16> }),
    ]
}

type Function = fn(&[Argument<'_>], &mut [CallResult<'_>], Workers<'_>) -> Result<(), String>;

/// A kernel for the numbers that its second argument may have; the first may be a scale.
struct Kernel {
    f32: Function,
    bf16: Function,
}

impl Kernel {
    fn call(
        &self,
        arguments: &[Argument<'_>],
        results: &mut [CallResult<'_>],
        workers: Workers<'_>,
    ) -> Result<(), String> {
        let function = match arguments {
            [_, first, ..] if first.ty().element == ElementType::BF16 => self.bf16,
            _ => self.f32,
        };
        function(arguments, results, workers)
    }
}

/// A number of tensors that kernels know.
trait KernelNumber: Heads + Layers + Element {}

impl KernelNumber for f32 {}
impl KernelNumber for bf16 {}

fn attention<T: KernelNumber>(
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

fn attention_backward<T: KernelNumber>(
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

fn linear<T: KernelNumber>(
    arguments: &[Argument<'_>],
    results: &mut [CallResult<'_>],
    workers: Workers<'_>,
) -> Result<(), String> {
    layer::<T>(arguments, results, workers, (false, Then::Nothing))
}

fn linear_turned<T: KernelNumber>(
    arguments: &[Argument<'_>],
    results: &mut [CallResult<'_>],
    workers: Workers<'_>,
) -> Result<(), String> {
    layer::<T>(arguments, results, workers, (true, Then::Nothing))
}

fn linear_gelu<T: KernelNumber>(
    arguments: &[Argument<'_>],
    results: &mut [CallResult<'_>],
    workers: Workers<'_>,
) -> Result<(), String> {
    layer::<T>(arguments, results, workers, (false, Then::Gelu))
}

fn layer<T: KernelNumber>(
    arguments: &[Argument<'_>],
    results: &mut [CallResult<'_>],
    workers: Workers<'_>,
    (is_turned, then): (bool, Then),
) -> Result<(), String> {
    let ([input, weight, bias @ ..], [out]) = (arguments, results) else {
        return Err("expected two or three arguments and a result".into());
    };
    let &[rows, depth] = &input.ty().dims[..] else {
        return Err(format!("expected a matrix, got {}", input.ty()));
    };
    let columns = out.ty().dims.last().copied().unwrap_or(0);
    let layer = Linear { rows, depth, columns, is_turned, then };
    let bias = bias.first().map(Argument::values::<T>).transpose()?;
    let spread = |tasks, task: &(dyn Fn(usize) + Sync)| workers.each(tasks, task);
    let (input, weight) = (input.values::<T>()?, weight.values()?);
    layer.run(Set::best(T::IS_NARROW), input, weight, bias, out.values_mut()?, spread);
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
