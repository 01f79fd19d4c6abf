//! Makes parameters from the bytes of a file.

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, TensorData};

use crate::layers::resample_relative_bias;
use crate::params::{AnyTensor, NamedTensors};
use crate::vit::{Interpolation, ViT22BConfig, resample};

use super::container::element::{Float, with_float};
use super::container::error::Damage;
use super::container::{Container, Entry};
use super::error::WeightsError;
use super::names::big_vision;
use super::names::tensors::Tensors;
use super::names::term::{Planned, Term};
use super::options::LoadOptions;
use super::origin::Origin;
use super::positions::{POSITIONS, RELATIVE_BIAS};
use super::report::Resampled;

/// Makes the planned parameters. Each tensor is read once, in the order of the disk, and all
/// parameters that use it are made from its bytes then: peak memory is the model and one tensor.
pub(super) fn gather(
    container: &Container,
    tensors: &Tensors,
    planned: &[Planned],
    options: &LoadOptions,
    device: &Device,
) -> Result<NamedTensors, WeightsError> {
    let mut by_place: BTreeMap<_, Vec<(usize, &Term)>> = BTreeMap::new();
    for (index, parameter) in planned.iter().enumerate() {
        for term in &parameter.terms {
            if let Some(entry) = tensors.entry(&term.name) {
                let uses = by_place.entry((entry.place(), term.name.as_str()));
                uses.or_default().push((index, term));
            }
        }
    }
    let mut values = Vec::with_capacity(planned.len());
    let mut sums: BTreeMap<usize, (usize, TensorData)> = BTreeMap::new();
    for ((_, name), uses) in by_place {
        let Some(entry) = tensors.entry(name) else { continue };
        let stored = stored(container, tensors.actual(name).unwrap_or(name), entry)?;
        let bytes = container.read(entry)?;
        for (index, term) in uses {
            let Planned { path, terms } = &planned[index];
            let wanted = options.elements.of(stored);
            let data = match terms.len() {
                1 => read(&bytes, stored, wanted, term),
                count => {
                    let data = in_rows(read(&bytes, stored, DType::F64, term), term);
                    let (seen, sum) = match sums.remove(&index) {
                        None => (1, data),
                        Some((seen, sum)) => (seen + 1, add(&sum, &data)),
                    };
                    if seen < count {
                        sums.insert(index, (seen, sum));
                        continue;
                    }
                    sum.convert_dtype(wanted)
                }
            };
            values.push((path.clone(), AnyTensor::from_data(data, device)));
        }
    }
    Ok(values.into_iter().collect())
}

/// Resamples the positions, if there are any and the model has another grid than the file.
pub(super) fn resample_positions(
    values: &mut NamedTensors,
    origin: Origin,
    file: &ViT22BConfig,
    target: &ViT22BConfig,
) -> Option<Resampled> {
    let (from, to) = (file.grid(), target.grid());
    if from == to {
        return None;
    }
    let tables: Vec<String> = values
        .iter()
        .map(|(path, _)| path.to_string())
        .filter(|path| path.ends_with(RELATIVE_BIAS))
        .collect();
    for path in &tables {
        let table = values.get::<2>(path)?;
        values.insert(path, resample_relative_bias(table, from, to));
    }
    let by = target.interpolation;
    let Some(positions) = values.get::<2>(POSITIONS) else {
        // Relative position biases are always resampled linearly.
        let by = Interpolation::Bilinear;
        return (!tables.is_empty()).then_some(Resampled { from, to, by, zeroed: [false; 2] });
    };
    let dtype = positions.dtype();
    let positions = resample(positions.cast(DType::F32), from, to, by);
    let (positions, zeroed) = match origin {
        Origin::BigVision => big_vision::lose_edges(positions, from, to),
        _ => (positions, [false; 2]),
    };
    values.insert(POSITIONS, positions.cast(dtype));
    Some(Resampled { from, to, by, zeroed })
}

fn stored(container: &Container, name: &str, entry: &Entry) -> Result<DType, WeightsError> {
    entry.element.float.ok_or_else(|| {
        let damage = Damage::ElementType {
            tensor: name.into(),
            got: entry.element.name.into(),
            expected: "parameters are F64, F32, F16 or BF16",
        };
        damage.in_file(container.file(entry)).into()
    })
}

/// The values of a term, from the bytes of its tensor.
pub(super) fn read(bytes: &[u8], stored: DType, wanted: DType, term: &Term) -> TensorData {
    fn typed<S: Float, T: Float>(bytes: &[u8], term: &Term) -> TensorData {
        TensorData::new(term.view.gather::<S, T>(bytes), term.view.shape())
    }
    with_float!(
        stored,
        S => with_float!(wanted, T => typed::<S, T>(bytes, term), else unreachable!()),
        else unreachable!()
    )
}

/// The values of a term in the rows that it fills, among zeros.
fn in_rows(data: TensorData, term: &Term) -> TensorData {
    let Some([start, count]) = term.rows else { return data };
    let width = data.shape().as_slice().get(1).copied().unwrap_or(1);
    let mut all = vec![0f64; count * width];
    for (place, value) in all[start * width..].iter_mut().zip(data.iter::<f64>()) {
        *place = value;
    }
    TensorData::new(all, [count, width])
}

fn add(a: &TensorData, b: &TensorData) -> TensorData {
    let sum: Vec<f64> = a.iter::<f64>().zip(b.iter::<f64>()).map(|(a, b)| a + b).collect();
    TensorData::new(sum, a.shape().clone())
}
