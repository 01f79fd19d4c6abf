//! Cutting values into the parts that devices hold, and joining them again.

use burn_backend::TensorData;

/// The box of a tensor that one device holds.
struct Part {
    offsets: Vec<usize>,
    sizes: Vec<usize>,
}

impl Part {
    fn at(at: &[usize], shard: &[usize]) -> Self {
        let offsets = at.iter().zip(shard).map(|(part, size)| part * size).collect();
        Self { offsets, sizes: shard.to_vec() }
    }

    /// Start and length in bytes, within the whole, of each run of the part that is in one piece.
    fn runs(&self, shape: &[usize], element: usize) -> (Vec<usize>, usize) {
        // The trailing dimensions that are whole, and the one before them, are in one piece.
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

/// The part of `data` whose shape is `shard`; `at` tells which one, by [`Mesh::part`].
///
/// [`Mesh::part`]: super::Mesh::part
pub fn cut(data: &TensorData, shard: &[usize], at: &[usize]) -> TensorData {
    let part = Part::at(at, shard);
    let shape = data.shape().to_vec();
    let (starts, length) = part.runs(&shape, data.dtype().size());
    let bytes = data.as_bytes();
    let mut out = Vec::with_capacity(starts.len() * length);
    if length > 0 {
        for start in starts {
            out.extend_from_slice(&bytes[start..start + length]);
        }
    }
    TensorData::from_bytes_vec(out, shard.to_vec(), data.dtype())
}

/// Writes the part that `at` tells into the bytes of the whole, whose shape is `shape`.
pub fn paste(whole: &mut [u8], shape: &[usize], shard: &TensorData, at: &[usize]) {
    let part = Part::at(at, &shard.shape().to_vec());
    let (starts, length) = part.runs(shape, shard.dtype().size());
    if length > 0 {
        for (piece, start) in shard.as_bytes().chunks_exact(length).zip(starts) {
            whole[start..start + length].copy_from_slice(piece);
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
                let at = mesh.part(&spec, 3, device);
                let part = cut(&whole, &shard, &at);
                assert_eq!(part.shape().to_vec(), shard);
                paste(&mut joined, &shape, &part, &at);
            }
            assert_eq!(joined, whole.as_bytes(), "{spec}");
        }
        let spec: Spec = "-,-,model".parse().unwrap();
        let part = cut(&whole, &[8, 4, 2], &mesh.part(&spec, 3, 5));
        assert_eq!(part.try_to_vec::<i32>().unwrap()[..4], [2, 3, 10, 11]);
    }
}
