//! Safetensors files to be changed and written.

use std::collections::BTreeMap;

use burn::tensor::bf16;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use crate::golden::path;

/// A file, unpacked.
#[derive(Debug, Clone)]
pub(crate) struct File(BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>);

/// The weights of a fixture.
pub(crate) fn fixture(name: &str) -> File {
    let bytes = std::fs::read(path(name).join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file
        .tensors()
        .into_iter()
        .map(|(name, view)| (name, (view.dtype(), view.shape().to_vec(), view.data().to_vec())));
    File(tensors.collect())
}

impl File {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let views = self.0.iter().map(|(name, (dtype, shape, data))| {
            (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
        });
        serialize(views, None).unwrap()
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        let tensor = self.0.remove(from).unwrap();
        self.0.insert(to.into(), tensor);
    }

    /// Puts zeros of this shape in.
    pub(crate) fn set(&mut self, name: &str, shape: &[usize]) {
        let bytes = vec![0; 4 * shape.iter().product::<usize>()];
        self.0.insert(name.into(), (Dtype::F32, shape.to_vec(), bytes));
    }

    /// Rounds all to bfloat16.
    pub(crate) fn halve(&mut self) {
        for (dtype, _, data) in self.0.values_mut() {
            let values = data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
            *data = values.flat_map(|value| bf16::from_f32(value).to_le_bytes()).collect();
            *dtype = Dtype::BF16;
        }
    }
}
