//! The kernels that programs on the CPU call.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use burn_xla_kernels::{
    Attention, Gradient, Heads, Layer, Layers, Normalised, Norms, Product, RmsNorm, Set, Tensors,
    Then,
};
use half::bf16;

use crate::lower::kernel::{ATTENTION, ATTENTION_BACKWARD, Kernels, LINEAR, LayerForm, RMS_NORM};
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

fn kernels() -> [(&'static str, Kernel); 4] {
    [
        (ATTENTION, Kernel { f32: attention::<f32>, bf16: attention::<bf16> }),
        (
            ATTENTION_BACKWARD,
            Kernel { f32: attention_backward::<f32>, bf16: attention_backward::<bf16> },
        ),
        (RMS_NORM, Kernel { f32: rms_norm::<f32>, bf16: rms_norm::<bf16> }),
        (LINEAR, Kernel { f32: linear::<f32>, bf16: linear::<bf16> }),
    ]
}

type Function = fn(&[Argument<'_>], &mut [CallResult<'_>], Workers<'_>) -> Result<(), String>;

/// A kernel for the numbers that its second argument may have; the first says what is computed.
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
trait KernelNumber: Heads + Layers + Normalised + Element {}

impl KernelNumber for f32 {}
impl KernelNumber for bf16 {}

fn attention<T: KernelNumber>(
    arguments: &[Argument<'_>],
    results: &mut [CallResult<'_>],
    workers: Workers<'_>,
) -> Result<(), String> {
    let ([form, query, key, value, scales @ ..], [out]) = (arguments, results) else {
        return Err("expected four arguments or more, and a result".into());
    };
    let sizes = sizes(form, query, key)?;
    let scales: Vec<_> = scales.iter().map(wide).collect::<Result<_, _>>()?;
    let mut scales = scales.iter();
    let epsilons = form.values::<f32>()?.get(1..).unwrap_or_default();
    let mut norm = |at: usize| {
        let epsilon = epsilons.get(at).copied().filter(|epsilon| *epsilon >= 0.0)?;
        Some(RmsNorm { epsilon, scale: scales.next()? })
    };
    let norms = Norms { query: norm(0), key: norm(1) };
    let tensors =
        Tensors { query: query.values::<T>()?, key: key.values()?, value: value.values()? };
    let spread = |tasks, task: &(dyn Fn(usize) + Sync)| workers.each(tasks, task);
    sizes.forward(Set::best(T::IS_NARROW), (tensors, norms), out.values_mut()?, spread);
    Ok(())
}

fn rms_norm<T: KernelNumber>(
    arguments: &[Argument<'_>],
    results: &mut [CallResult<'_>],
    workers: Workers<'_>,
) -> Result<(), String> {
    let ([epsilon, rows, scale], [out]) = (arguments, results) else {
        return Err("expected three arguments and a result".into());
    };
    let epsilon = epsilon.values::<f32>()?.first().copied().ok_or("expected a number")?;
    let norm = RmsNorm { epsilon, scale: &wide(scale)? };
    let spread = |tasks, task: &(dyn Fn(usize) + Sync)| workers.each(tasks, task);
    norm.run(Set::best(T::IS_NARROW), rows.values::<T>()?, out.values_mut()?, spread);
    Ok(())
}

/// The numbers of an argument as f32.
fn wide(argument: &Argument<'_>) -> Result<Vec<f32>, String> {
    if argument.ty().element == ElementType::BF16 {
        return Ok(argument.values::<bf16>()?.iter().map(|x| x.to_f32()).collect());
    }
    argument.values().map(<[f32]>::to_vec)
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
    let (form, operands) = arguments.split_first().ok_or("expected the forms of layers")?;
    let forms = LayerForm::all(form.values()?).ok_or("expected the forms of layers")?;
    let mut operands = operands.iter();
    let mut next = || operands.next().ok_or("expected more arguments");
    let (mut rows, mut layers) = (0, Vec::new());
    for form in &forms {
        let mut products = Vec::new();
        for &is_turned in &form.turned {
            let (input, weight) = (next()?, next()?);
            let &[count, depth] = &input.ty().dims[..] else {
                return Err(format!("expected a matrix, got {}", input.ty()));
            };
            rows = count;
            let (input, weight) = (input.values::<T>()?, weight.values()?);
            products.push(Product { depth, input, weight, is_turned });
        }
        let biases = (0..form.biases).map(|_| next()?.values());
        let biases = biases.collect::<Result<Vec<&[T]>, _>>()?;
        let residual = form.has_residual.then(|| next()?.values()).transpose()?;
        layers.push((products, biases, residual));
    }
    if layers.len() != results.len() {
        return Err(format!("expected {} results", layers.len()));
    }
    let mut all = Vec::new();
    for (((products, biases, residual), form), out) in layers.iter().zip(&forms).zip(results) {
        let columns = out.ty().dims.last().copied().unwrap_or(0);
        let then = if form.is_gelu { Then::Gelu } else { Then::Nothing };
        let (residual, out) = (*residual, out.values_mut()?);
        all.push(Layer { columns, products, biases, then, residual, out });
    }
    let spread = |tasks, task: &(dyn Fn(usize) + Sync)| workers.each(tasks, task);
    burn_xla_kernels::linear(Set::best(T::IS_NARROW), rows, &mut all, spread);
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
