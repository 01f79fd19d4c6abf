//! A train state as named values.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::params::{self, AnyTensor, NamedTensors, ParamsError};
use crate::train::TrainState;

use crate::train::error::CheckpointError;

/// Values by name: `model/`, `optimizer/` or `ema/` and a path, `step`, `seed`, and `skipped` where such steps are counted.
pub(super) type Values = BTreeMap<String, TensorData>;

const MODEL: &str = "model/";
const OPTIMIZER: &str = "optimizer/";
const EMA: &str = "ema/";
const STEP: &str = "step";
const SKIPPED: &str = "skipped";
const SEED: &str = "seed";

/// Ranks that [`AnyTensor`] has.
const RANKS: std::ops::RangeInclusive<usize> = 1..=6;

/// A tensor of a state.
#[derive(Debug, Clone)]
pub(super) enum Leaf {
    Float(AnyTensor),
    Int(Tensor<1, Int>),
}

impl Leaf {
    pub(super) fn bytes(&self) -> u64 {
        let (elements, dtype) = match self {
            Self::Float(any) => (any.shape().num_elements(), any.dtype()),
            Self::Int(tensor) => (tensor.shape().num_elements(), tensor.dtype()),
        };
        (elements * dtype.size()) as u64
    }

    pub(super) fn data(&self) -> TensorData {
        match self {
            Self::Float(any) => any.to_data(),
            Self::Int(tensor) => tensor.to_data(),
        }
    }
}

/// The tensors of a state under their names.
pub(super) fn leaves<M: Module>(state: &TrainState<M>) -> Vec<(String, Leaf)> {
    let named = |prefix: &'static str, tensors: NamedTensors| {
        tensors.into_iter().map(move |(path, any)| (format!("{prefix}{path}"), Leaf::Float(any)))
    };
    named(MODEL, params::collect(&state.model))
        .chain(named(OPTIMIZER, state.optimizer.clone()))
        .chain(named(EMA, state.ema.clone().unwrap_or_default()))
        .chain([
            (STEP.into(), Leaf::Int(state.step.clone())),
            (SEED.into(), Leaf::Int(state.seed.clone())),
        ])
        .chain(state.skipped.clone().map(|skipped| (SKIPPED.into(), Leaf::Int(skipped))))
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
