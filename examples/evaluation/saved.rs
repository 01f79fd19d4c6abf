//! Reading the small model back.

use std::path::Path;

use anyhow::{Context, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors};
use vit22b::params;
use vit22b::vit::ViT22B;

/// The model with the parameters of a file that `small_model::save` wrote.
pub(crate) fn load(model: ViT22B, path: &Path, device: &Device) -> anyhow::Result<ViT22B> {
    let load = || -> anyhow::Result<ViT22B> {
        let bytes = std::fs::read(path)?;
        let file = SafeTensors::deserialize(&bytes)?;
        let mut tensors = params::NamedTensors::default();
        for (name, view) in file.tensors() {
            let (values, rest) = view.data().as_chunks();
            ensure!(view.dtype() == Dtype::F32 && rest.is_empty(), "{name} is not f32");
            let values: Vec<f32> = values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            let data = TensorData::new(values, view.shape().to_vec());
            match view.shape().len() {
                1 => tensors.insert(name, Tensor::<1>::from_data(data, device)),
                2 => tensors.insert(name, Tensor::<2>::from_data(data, device)),
                3 => tensors.insert(name, Tensor::<3>::from_data(data, device)),
                4 => tensors.insert(name, Tensor::<4>::from_data(data, device)),
                rank => anyhow::bail!("{name} has rank {rank}"),
            }
        }
        Ok(params::replace(model, tensors)?)
    };
    load().with_context(|| format!("{}: delete it, and it is made anew", path.display()))
}
