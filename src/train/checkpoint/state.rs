//! A train state as named values.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Int, Shape, Tensor, TensorData};

use super::part::{EMA, MODEL, OPTIMIZER, Part};
use crate::params::pieces::Piece;
use crate::params::{self, AnyTensor, NamedTensors, ParamsError};
use crate::train::TrainState;
use crate::train::error::CheckpointError;

/// Values by name: `model/`, `optimizer/` or `ema/` and a path, `step`, `seed`, and `skipped` where such steps are counted.
pub(super) type Values = BTreeMap<String, TensorData>;

pub(super) const STEP: &str = "step";
pub(super) const SKIPPED: &str = "skipped";
pub(super) const SEED: &str = "seed";

/// Ranks that [`AnyTensor`] has.
const RANKS: std::ops::RangeInclusive<usize> = 1..=6;

/// The tensors of a state.
pub(super) fn parts<M: Module>(state: &TrainState<M>) -> Vec<Part<'static, CheckpointError>> {
    let part = |name: String, shape: Shape, dtype, values: Box<dyn Fn() -> TensorData>| Part {
        names: vec![name],
        piece: Piece::whole(&shape),
        dtype,
        values: Box::new(move || Ok(values())),
    };
    let floats = |prefix: &'static str, tensors: NamedTensors| {
        tensors.into_iter().map(move |(path, any)| {
            let (shape, dtype) = (any.shape(), any.dtype());
            part(format!("{prefix}{path}"), shape, dtype, Box::new(move || any.to_data()))
        })
    };
    let int = |name: &str, tensor: Tensor<1, Int>| {
        let (shape, dtype) = (tensor.shape(), tensor.dtype());
        part(name.into(), shape, dtype, Box::new(move || tensor.to_data()))
    };
    floats(MODEL, params::collect(&state.model))
        .chain(floats(OPTIMIZER, state.optimizer.clone()))
        .chain(floats(EMA, state.ema.clone().unwrap_or_default()))
        .chain([int(STEP, state.step.clone()), int(SEED, state.seed.clone())])
        .chain(state.skipped.clone().map(|skipped| int(SKIPPED, skipped)))
        .collect()
}

/// The state of these values, on a device.
pub(super) fn state<M: Module>(
    mut values: Values,
    model: M,
    device: &Device,
    saved_step: u64,
) -> Result<TrainState<M>, CheckpointError> {
    let fit = |reason| CheckpointError::Fit { step: saved_step, reason };
    let mut number = |name: &str| {
        let data = values.remove(name).filter(|data| data.shape().as_slice() == [1]);
        let data = data.filter(|data| data.dtype().is_int());
        let missing = || fit(ParamsError { missing: vec![name.into()], ..Default::default() });
        let data = data.ok_or_else(missing)?;
        let dtype = data.dtype();
        Ok(Tensor::<1, Int>::from_data(data, (device, dtype)))
    };
    let (step, seed, skipped) = (number(STEP)?, number(SEED)?, number(SKIPPED).ok());
    let (mut parameters, mut optimizer, mut ema) = Default::default();
    let mut unused = Vec::new();
    for (name, data) in values {
        let places: [(&str, &mut NamedTensors); 3] =
            [(MODEL, &mut parameters), (OPTIMIZER, &mut optimizer), (EMA, &mut ema)];
        let place = places.into_iter().find_map(|(prefix, tensors)| {
            name.strip_prefix(prefix).map(|path| (path.to_owned(), tensors))
        });
        match place {
            None => unused.push(name),
            Some((path, tensors)) if data.dtype().is_float() && RANKS.contains(&data.rank()) => {
                tensors.insert_any(path, AnyTensor::from_data(data, device));
            }
            Some(_) => {
                let expected = "float tensors of rank 1 to 6";
                let got = format!("{:?}{:?}", data.dtype(), data.shape().as_slice());
                return Err(CheckpointError::Tensor { name, expected, got });
            }
        }
    }
    ParamsError { unused, ..Default::default() }.into_result().map_err(fit)?;
    Ok(TrainState {
        model: params::replace(model, parameters).map_err(fit)?,
        optimizer,
        ema: Some(ema).filter(|ema| !ema.is_empty()),
        step,
        skipped,
        seed,
    })
}
