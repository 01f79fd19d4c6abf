//! Writes models for dense prediction in this crate's own format.

use std::collections::HashMap;
use std::path::Path;

use burn::module::Module;
use serde::Serialize;

use crate::data::class_list::ClassList;
use crate::dense::{DepthModel, SegmentationModel};
use crate::params;
use crate::weights::container::element::{ElementType, Float, with_float};
use crate::weights::container::write::{self, NewTensor};
use crate::weights::error::WeightsError;
use crate::weights::names::native::{FORMAT, MANIFEST};
use crate::weights::names::native_dense::{DenseManifest, DenseTask};
use crate::weights::preprocessing::Seen;

/// How a model for dense prediction sees images: resized to this shorter side, by the bilinear filter, with both sides rounded to
/// multiples of the patch; and the mean and standard deviation of each channel, of values in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeenImages {
    /// The shorter side of images in pixels.
    pub shorter: usize,
    /// Mean and standard deviation.
    pub statistics: [[f32; 3]; 2],
}

/// Writes a model for segmentation with its classes, to be opened by
/// [`WeightsFile::load_segmentation`](crate::weights::WeightsFile::load_segmentation). A file that is there already is
/// replaced when the new one is complete. Its tower alone is opened by
/// [`WeightsFile::load`](crate::weights::WeightsFile::load).
///
/// # Errors
///
/// [`WeightsError::Io`].
///
/// ```
/// use burn::tensor::Device;
/// use vit22b::data::{ClassList, Scenes};
/// use vit22b::dense::{BlockChoice, SegmentationConfig};
/// use vit22b::heads::LinearDecoderConfig;
/// use vit22b::vit::Variant;
/// use vit22b::weights::{LoadOptions, SeenImages, WeightsFile, save_segmentation};
///
/// let device = Device::flex();
/// let tower = Variant::parse("mu/16")?.config(0).with_image([32, 32]).with_depth(2);
/// let classes = ClassList::new(Scenes::CLASSES.map(String::from).to_vec(), 0)?;
/// let head = LinearDecoderConfig::new(32, classes.len()).into();
/// let model = SegmentationConfig::new(tower, BlockChoice::new(vec![1]), head).init(&device)?;
/// let file = std::env::temp_dir().join("vit22b_segmentation.safetensors");
/// save_segmentation(&model, SeenImages { shorter: 32, statistics: [[0.5; 3]; 2] }, &classes, &file)?;
///
/// let loaded = WeightsFile::open(&file)?.load_segmentation(&LoadOptions::new(), &device)?;
/// assert_eq!((loaded.model.config(), loaded.classes), (model.config(), Some(classes)));
/// # std::fs::remove_file(file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save_segmentation(
    model: &SegmentationModel,
    images: SeenImages,
    classes: &ClassList,
    path: impl AsRef<Path>,
) -> Result<(), WeightsError> {
    let (task, classes) = (DenseTask::Segmentation, Some(classes.clone()));
    let config = model.config().clone();
    write(model, DenseManifest { format: FORMAT, task, config, seen: images.into(), classes }, path)
}

/// Writes a model for depth, to be opened by [`WeightsFile::load_depth`](crate::weights::WeightsFile::load_depth), as
/// [`save_segmentation`] does.
///
/// # Errors
///
/// [`WeightsError::Io`].
pub fn save_depth(
    model: &DepthModel,
    images: SeenImages,
    path: impl AsRef<Path>,
) -> Result<(), WeightsError> {
    let (task, config) = (DenseTask::Depth, model.config().clone());
    let seen = images.into();
    write(model, DenseManifest { format: FORMAT, task, config, seen, classes: None }, path)
}

impl From<SeenImages> for Seen {
    fn from(SeenImages { shorter, statistics }: SeenImages) -> Self {
        let [mean, std] = statistics.map(|numbers| numbers.map(f64::from));
        Self { shorter, mean, std }
    }
}

fn write<M: Module, C: Serialize>(
    model: &M,
    manifest: DenseManifest<C>,
    path: impl AsRef<Path>,
) -> Result<(), WeightsError> {
    let tensors: Vec<_> = params::collect(model)
        .into_iter()
        .map(|(name, parameter)| {
            let dtype = parameter.dtype();
            let element = ElementType::of(dtype).unwrap_or(ElementType::F32);
            let shape = parameter.shape().to_vec();
            let bytes = Box::new(move || {
                with_float!(dtype, T => bytes::<T>(&parameter), else bytes::<f32>(&parameter))
            });
            NewTensor { name, element, shape, bytes }
        })
        .collect();
    let manifest = serde_json::to_string(&manifest).expect("plain data has a JSON form");
    let metadata = HashMap::from([(MANIFEST.to_string(), manifest)]);
    let path = path.as_ref();
    write::safetensors(path, &tensors, metadata)
        .map_err(|reason| WeightsError::Io { file: path.display().to_string(), reason })
}

fn bytes<T: Float>(parameter: &params::AnyTensor) -> Vec<u8> {
    let data = parameter.to_data();
    let mut bytes = vec![0; data.num_elements() * T::SIZE];
    let places = bytes.chunks_exact_mut(T::SIZE);
    data.iter::<T>().zip(places).for_each(|(value, place)| value.write(place));
    bytes
}
