//! Files to be changed and written.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::bf16;
use safetensors::serialize;
use safetensors::tensor::{Dtype, TensorView};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::golden::{own_path, path, read, values};

/// A file, unpacked.
#[derive(Debug, Clone, Default)]
pub(crate) struct File(BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>);

/// The weights of a fixture, `params/` left out.
pub(crate) fn fixture(file: &str) -> File {
    weights(&path(file))
}

/// The weights of a fixture whose shapes the test knows.
pub(crate) fn own_fixture(file: &str) -> File {
    weights(&own_path(file))
}

fn weights(file: &Path) -> File {
    let mut all = File::default();
    for (name, tensor) in read(file).iter() {
        let name = name.strip_prefix("params/").unwrap_or(name);
        all.put(name, tensor.shape().as_slice(), &values(tensor));
    }
    all
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

    /// Gives every tensor another name.
    pub(crate) fn rename_all(self, rename: impl Fn(&str) -> String) -> Self {
        Self(self.0.into_iter().map(|(name, tensor)| (rename(&name), tensor)).collect())
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// Takes shape and values out.
    pub(crate) fn take(&mut self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let (_, shape, data) = self.0.remove(name).unwrap();
        let values = data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        (shape, values.collect())
    }

    /// Puts zeros of this shape in.
    pub(crate) fn set(&mut self, name: &str, shape: &[usize]) {
        self.put(name, shape, &vec![0.0; shape.iter().product()]);
    }

    /// Puts these values in.
    pub(crate) fn put(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.0.insert(name.into(), (Dtype::F32, shape.to_vec(), bytes));
    }

    /// A model of big_vision of one block and one head of this width, patches of 2 pixels, and
    /// no classifier; its positions are still to be put in.
    pub(crate) fn big_vision(width: usize) -> Self {
        let mut file = Self::default();
        let d = width;
        file.set("embedding/kernel", &[2, 2, 3, d]);
        file.set("embedding/bias", &[d]);
        for norm in ["encoder_norm", "encoderblock_0/LayerNorm_0", "encoderblock_0/LayerNorm_1"] {
            file.set(&format!("Transformer/{norm}/scale"), &[d]);
            file.set(&format!("Transformer/{norm}/bias"), &[d]);
        }
        let block = "Transformer/encoderblock_0";
        for name in ["query", "key", "value", "out"] {
            let layer = format!("{block}/MultiHeadDotProductAttention_0/{name}");
            let (kernel, bias) = match name {
                "out" => (vec![1, d, d], vec![d]),
                _ => (vec![d, 1, d], vec![1, d]),
            };
            file.set(&format!("{layer}/kernel"), &kernel);
            file.set(&format!("{layer}/bias"), &bias);
        }
        for layer in ["Dense_0", "Dense_1"] {
            file.set(&format!("{block}/MlpBlock_0/{layer}/kernel"), &[d, d]);
            file.set(&format!("{block}/MlpBlock_0/{layer}/bias"), &[d]);
        }
        file
    }

    /// As NumPy's `savez` writes it.
    pub(crate) fn npz(&self) -> Vec<u8> {
        self.npz_by(CompressionMethod::Stored, |_, data| data.to_vec(), "'<f4'", false)
    }

    /// As NumPy's `savez_compressed` writes it.
    pub(crate) fn npz_compressed(&self) -> Vec<u8> {
        self.npz_by(CompressionMethod::Deflated, |_, data| data.to_vec(), "'<f4'", false)
    }

    /// With the first axis running fastest.
    pub(crate) fn npz_column_major(&self) -> Vec<u8> {
        let turn = |shape: &[usize], data: &[u8]| {
            let mut turned = vec![0; data.len()];
            for (row_major, element) in data.chunks_exact(4).enumerate() {
                let (mut rest, mut place, mut end) = (row_major, 0, data.len() / 4);
                for length in shape.iter().rev() {
                    end /= length;
                    place += rest % length * end;
                    rest /= length;
                }
                turned[4 * place..][..4].copy_from_slice(element);
            }
            turned
        };
        self.npz_by(CompressionMethod::Stored, turn, "'<f4'", true)
    }

    /// With the elements as JAX's bfloat16, which NumPy takes for two bytes of nothing.
    pub(crate) fn npz_bf16(&self) -> Vec<u8> {
        let mut halved = self.clone();
        halved.halve();
        halved.npz_by(CompressionMethod::Stored, |_, data| data.to_vec(), "'|V2'", false)
    }

    fn npz_by(
        &self,
        method: CompressionMethod,
        data_of: impl Fn(&[usize], &[u8]) -> Vec<u8>,
        descr: &str,
        column_major: bool,
    ) -> Vec<u8> {
        let arrays = self.0.iter().map(|(name, (_, shape, data))| {
            let lengths: Vec<_> = shape.iter().map(|length| format!("{length},")).collect();
            let order = if column_major { "True" } else { "False" };
            let shape_text = lengths.join(" ");
            let header = format!(
                "{{'descr': {descr}, 'fortran_order': {order}, 'shape': ({shape_text}), }}\n"
            );
            (format!("{name}.npy"), array(&header, &data_of(shape, data)))
        });
        npz(method, arrays)
    }

    /// Every length that the table knows replaced, the values zero.
    pub(crate) fn shrink(&self, lengths: &[(usize, usize)]) -> Self {
        let shrunk = |length: &usize| {
            let found = lengths.iter().find(|(from, _)| from == length);
            found.map_or(*length, |(_, to)| *to)
        };
        let mut all = Self::default();
        for (name, (_, shape, _)) in &self.0 {
            all.set(name, &shape.iter().map(shrunk).collect::<Vec<_>>());
        }
        all
    }

    /// With a grid of 2 x 2.
    pub(crate) fn with_positions(mut self) -> Self {
        let width = self.0["embedding/bias"].1[0];
        self.set("pos_embedding", &[1, 4, width]);
        self
    }

    /// Takes the elements of a tensor for integers.
    pub(crate) fn integers(&mut self, name: &str) {
        self.0.get_mut(name).unwrap().0 = Dtype::I32;
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

/// A NumPy array with this header.
pub(crate) fn array(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

/// An archive of these files.
pub(crate) fn npz(
    method: CompressionMethod,
    files: impl IntoIterator<Item = (String, Vec<u8>)>,
) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(vec![]));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(name, options).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A safetensors file with this header, right or wrong.
pub(crate) fn raw_safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// A place that goes with the test.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(format!("vit22b_{process}_{count}_{name}"));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
