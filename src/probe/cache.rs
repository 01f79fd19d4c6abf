//! Features kept on disk, so that they are computed once.

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::TensorData;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::file::{from_safetensors, to_safetensors};
use super::table::FeatureTable;
use crate::files::hex;
use crate::params;

/// A key of features in a [`FeatureCache`]: a digest of all that the features follow from, in the order in
/// which it was added.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::probe::FeatureKey;
/// use vit22b::vit::Variant;
///
/// let config = Variant::parse("mu/16")?.config(5).with_image([32, 32]);
/// let model = config.init(&Device::flex())?;
/// let images = Tensor::<4>::zeros([2, 3, 32, 32], &Device::flex());
/// let key = FeatureKey::new("pooled").text(&serde_json::to_string(&config)?).params(&model);
/// assert_eq!(key.clone().data(&images.to_data()).digest().len(), 64);
/// assert_ne!(key.clone().text("train").digest(), key.text("test").digest());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FeatureKey(Sha256);

impl FeatureKey {
    /// A key with nothing but the name of a kind of features.
    pub fn new(kind: &str) -> Self {
        Self(Sha256::new()).text(kind)
    }

    /// Adds a text: a config as JSON, the name of a split.
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Adds bytes: a file, pixels.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        // With the length, so that "ab" and "c" give another key than "a" and "bc".
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds a tensor: its type, its shape and its values.
    pub fn data(self, data: &TensorData) -> Self {
        self.text(&format!("{:?} {:?}", data.dtype(), data.shape())).bytes(data.as_bytes())
    }

    /// Adds all parameters of a model with their paths. They are read from the device.
    pub fn params<M: Module>(self, model: &M) -> Self {
        let parameters = params::collect(model);
        parameters.iter().fold(self, |key, (path, tensor)| key.text(path).data(&tensor.to_data()))
    }

    /// The key as 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        hex(self.0.clone().finalize())
    }
}

/// Features that cannot be written to the cache.
#[derive(Debug, Error)]
#[error("{}: cannot keep features: {reason}; choose another folder", path.display())]
#[non_exhaustive]
pub struct FeatureCacheError {
    /// The file.
    pub path: PathBuf,
    /// The system's error.
    pub reason: std::io::Error,
}

/// A folder of feature tables with a file for each key, so that features are computed once.
///
/// If a file is missing, of another key, or has other bytes than were written, its features are computed again.
///
/// ```
/// use vit22b::probe::{FeatureCache, FeatureCacheError, FeatureKey, FeatureTable};
///
/// # let folder = std::env::temp_dir().join(format!("vit22b-features-{}", std::process::id()));
/// let cache = FeatureCache::new(&folder);
/// let key = FeatureKey::new("pooled").text("the model").text("the images");
/// let features = FeatureTable::new(vec![1.0, 2.0], 2)?;
/// let kept = cache.get_or_compute(&key, || Ok::<_, FeatureCacheError>(features.clone()))?;
/// let again = cache.get_or_compute::<FeatureCacheError>(&key, || unreachable!("it is kept"))?;
/// assert_eq!((&kept, &again), (&features, &features));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FeatureCache {
    folder: PathBuf,
}

impl FeatureCache {
    /// A cache in a folder, which is created with the first file.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The features of a key: read from the folder, or computed and written to the folder.
    ///
    /// # Errors
    ///
    /// The error of the computation, or [`FeatureCacheError`] if the result cannot be written.
    pub fn get_or_compute<E: From<FeatureCacheError>>(
        &self,
        key: &FeatureKey,
        compute: impl FnOnce() -> Result<FeatureTable, E>,
    ) -> Result<FeatureTable, E> {
        let digest = key.digest();
        let path = self.folder.join(&digest).with_extension("safetensors");
        if let Some(features) = read(&path, &digest) {
            return Ok(features);
        }
        let features = compute()?;
        self.write(&path, &digest, &features)
            .map_err(|reason| FeatureCacheError { path, reason })?;
        Ok(features)
    }

    fn write(&self, path: &Path, digest: &str, features: &FeatureTable) -> std::io::Result<()> {
        let contents = contents(features);
        let file = to_safetensors(features, [("key", digest), ("sha256", &contents)])?;
        std::fs::create_dir_all(&self.folder)?;
        // Renamed when it is complete, so that nobody reads half a file. Each process writes its own.
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        std::fs::write(&partial, file)?;
        std::fs::rename(partial, path)
    }
}

/// The features of a file; none if it is missing, broken, changed or of another key.
fn read(path: &Path, digest: &str) -> Option<FeatureTable> {
    let (features, header) = from_safetensors(&std::fs::read(path).ok()?)?;
    let is_it = header.get("key")? == digest && *header.get("sha256")? == contents(&features);
    is_it.then_some(features)
}

/// A digest of a table.
fn contents(features: &FeatureTable) -> String {
    let mut key = FeatureKey::new("table").text(&features.columns().to_string());
    for value in features.matrix().values() {
        key.0.update(value.to_le_bytes());
    }
    let texts = features.names().iter().chain(features.classes());
    let key = texts.fold(key, |key, text| key.text(text));
    key.text(&format!("{:?}", features.labels())).digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_and_another_key_are_computed_again() {
        let folder = std::env::temp_dir().join(format!("vit22b-cache-{}", std::process::id()));
        let cache = FeatureCache::new(&folder);
        let key = |text| FeatureKey::new("test").text(text);
        let get = |key: &FeatureKey, value: f32| {
            let compute = || Ok::<_, FeatureCacheError>(FeatureTable::new(vec![value], 1).unwrap());
            cache.get_or_compute(key, compute).unwrap().matrix().values()[0]
        };
        assert_eq!(get(&key("a"), 1.0), 1.0);
        assert_eq!(get(&key("a"), 2.0), 1.0);
        assert_eq!(get(&key("b"), 3.0), 3.0);
        let file = |key: &FeatureKey| folder.join(key.digest()).with_extension("safetensors");
        std::fs::copy(file(&key("b")), file(&key("a"))).unwrap();
        assert_eq!(get(&key("a"), 4.0), 4.0);
        let whole = std::fs::read(file(&key("a"))).unwrap();
        std::fs::write(file(&key("a")), &whole[..whole.len() - 1]).unwrap();
        assert_eq!(get(&key("a"), 5.0), 5.0);
        let mut flipped = std::fs::read(file(&key("a"))).unwrap();
        *flipped.last_mut().unwrap() ^= 1;
        std::fs::write(file(&key("a")), flipped).unwrap();
        assert_eq!(get(&key("a"), 6.0), 6.0);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_folder_that_is_a_file_is_an_error() {
        let file = std::env::temp_dir().join(format!("vit22b-no-folder-{}", std::process::id()));
        std::fs::write(&file, "").unwrap();
        let compute = || Ok::<_, FeatureCacheError>(FeatureTable::new(vec![1.0], 1).unwrap());
        let error =
            FeatureCache::new(&file).get_or_compute(&FeatureKey::new("test"), compute).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("cannot keep features"), "{text}");
        assert!(text.ends_with("; choose another folder"), "{text}");
        std::fs::remove_file(&file).unwrap();
    }
}
