//! Cutting values into shards, and joining them again.

use burn_backend::TensorData;

/// The box of a tensor that a shard is.
struct Shard {
    offsets: Vec<usize>,
    sizes: Vec<usize>,
}

impl Shard {
    fn new(index: &[usize], sizes: &[usize]) -> Self {
        let offsets = index.iter().zip(sizes).map(|(number, size)| number * size).collect();
        Self { offsets, sizes: sizes.to_vec() }
    }

    /// The starts, and the length, of the runs of bytes that the shard has in the tensor.
    fn runs(&self, shape: &[usize], element: usize) -> (Vec<usize>, usize) {
        // A run spans the trailing dimensions that are not cut, and the last one that is.
        let mut inner = shape.len();
        let mut length = element;
        while inner > 0 {
            inner -= 1;
            length *= self.sizes[inner];
            if self.sizes[inner] != shape[inner] {
                break;
            }
        }
        let strides: Vec<usize> = (0..shape.len())
            .map(|dim| shape[dim + 1..].iter().product::<usize>() * element)
            .collect();
        let base: usize = self.offsets.iter().zip(&strides).map(|(at, stride)| at * stride).sum();
        let mut starts = vec![base];
        for (size, stride) in self.sizes[..inner].iter().zip(&strides) {
            let steps = (0..*size).map(|i| i * stride);
            starts = starts
                .iter()
                .flat_map(|start| steps.clone().map(move |step| start + step))
                .collect();
        }
        (starts, length)
    }
}

/// The shard of a tensor, of the shape `shard`, that has this [index](super::Mesh::shard_index).
pub fn cut(data: &TensorData, shard: &[usize], index: &[usize]) -> TensorData {
    let window = Shard::new(index, shard);
    let shape = data.shape().to_vec();
    let (starts, length) = window.runs(&shape, data.dtype().size());
    let bytes = data.as_bytes();
    let mut out = Vec::with_capacity(starts.len() * length);
    if length > 0 {
        for start in starts {
            out.extend_from_slice(&bytes[start..start + length]);
        }
    }
    TensorData::from_bytes_vec(out, shard.to_vec(), data.dtype())
}

/// Writes the shard that has this [index](super::Mesh::shard_index) into the bytes of a tensor of the
/// shape `shape`.
pub fn paste(bytes: &mut [u8], shape: &[usize], shard: &TensorData, index: &[usize]) {
    let window = Shard::new(index, &shard.shape().to_vec());
    let (starts, length) = window.runs(shape, shard.dtype().size());
    if length > 0 {
        for (piece, start) in shard.as_bytes().chunks_exact(length).zip(starts) {
            bytes[start..start + length].copy_from_slice(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{Mesh, Spec};

    #[test]
    fn parts_are_cut_and_joined() {
        let mesh: Mesh = "data=2,model=4".parse().unwrap();
        let values: Vec<i32> = (0..8 * 4 * 8).collect();
        let shape = [8, 4, 8];
        let whole = TensorData::new(values, shape);
        for spec in
            ["-", "data", "-,-,model", "model,data", "-,model,data", "model+data", "data,-,model"]
        {
            let spec: Spec = spec.parse().unwrap();
            let shard = mesh.shard_shape("x", &spec, &shape).unwrap();
            let mut joined = vec![0u8; whole.as_bytes().len()];
            for device in 0..8 {
                let at = mesh.shard_index(&spec, 3, device);
                let part = cut(&whole, &shard, &at);
                assert_eq!(part.shape().to_vec(), shard);
                paste(&mut joined, &shape, &part, &at);
            }
            assert_eq!(joined, whole.as_bytes(), "{spec}");
        }
        let spec: Spec = "-,-,model".parse().unwrap();
        let part = cut(&whole, &[8, 4, 2], &mesh.shard_index(&spec, 3, 5));
        assert_eq!(part.try_to_vec::<i32>().unwrap()[..4], [2, 3, 10, 11]);
    }
}
