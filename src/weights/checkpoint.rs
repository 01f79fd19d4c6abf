//! A file, open: described without reading its data, loaded as a model.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use burn::tensor::{DType, Device, TensorData};

use crate::params::{self, AnyTensor, NamedTensors};
use crate::vit::{ViT22B, ViT22BConfig, resample};

use super::big_vision;
use super::container::{Container, Entry};
use super::description::Description;
use super::element::{Float, with_float};
use super::error::{Damage, WeightsError};
use super::hugging_face;
use super::names::Names;
use super::native;
use super::nearest::nearest;
use super::options::{HeadChoice, LoadOptions};
use super::origin::Origin;
use super::report::{Loaded, Mismatched, Missing, Report, Resampled, Unused};
use super::sidecar::Sidecar;
use super::tensors::Tensors;
use super::term::Term;
use super::timm;

/// The path of the learned positions.
const POSITIONS: &str = "pos_embedding";

/// Weights in a file: its header has been read and checked, its tensors not yet.
///
/// ```
/// use burn::tensor::Device;
/// use vit22b::weights::{Checkpoint, HeadChoice, LoadOptions};
///
/// let checkpoint = Checkpoint::open("tests/fixtures/timm_map/model.safetensors")?;
/// let options = LoadOptions::new().with_head(HeadChoice::Replace(5));
/// assert_eq!(checkpoint.describe(&options)?.config.width, 48);
///
/// let loaded = checkpoint.load(&options, &Device::flex())?;
/// assert_eq!(loaded.model.config().num_classes, 5);
/// assert_eq!(loaded.report.new, ["head.weight", "head.bias"]);
/// # Ok::<(), vit22b::weights::WeightsError>(())
/// ```
#[derive(Debug)]
pub struct Checkpoint {
    container: Container,
    sidecar: Sidecar,
}

/// A model from a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct LoadedModel {
    /// The model.
    pub model: ViT22B,
    /// What became of each tensor.
    pub report: Report,
    /// What the file holds, and how that is known.
    pub description: Description,
}

impl Checkpoint {
    /// Opens a `.safetensors` file, a `.index.json` with its shards beside it, or a folder with
    /// either under the name that transformers and timm give it (`model`).
    ///
    /// The file is mapped into memory, not read: it must not be shortened or rewritten while the
    /// checkpoint is open. Programs that replace it by a new file do no harm.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Io`], and [`WeightsError::Damaged`] for what is wrong with the header.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref();
        Ok(Self { container: Container::open(path)?, sidecar: Sidecar::beside(path)? })
    }

    /// The same for the bytes of one file; `name` stands for it in error texts.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Damaged`].
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self, WeightsError> {
        let container = Container::from_bytes(name, bytes)?;
        Ok(Self { container, sidecar: Sidecar::default() })
    }

    /// What the file holds, from its header and the JSON beside it.
    ///
    /// # Errors
    ///
    /// [`WeightsError::UnknownOrigin`], [`NotInferred`](WeightsError::NotInferred),
    /// [`Ambiguous`](WeightsError::Ambiguous), [`Unsupported`](WeightsError::Unsupported) and
    /// [`Config`](WeightsError::Config).
    pub fn describe(&self, options: &LoadOptions) -> Result<Description, WeightsError> {
        Ok(self.resolve(options)?.1)
    }

    /// The model of the file on `device`.
    ///
    /// # Errors
    ///
    /// Those of [`describe`](Self::describe); [`WeightsError::DoesNotFit`] with the report if
    /// `options.strict`; [`WeightsError::Damaged`] for elements that are no floats, or that cannot
    /// be unpacked.
    pub fn load(
        &self,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<LoadedModel, WeightsError> {
        let (mut tensors, description, names) = self.resolve(options)?;
        let target = target(&description.config, options);
        let model = target.init(device)?;
        if options.head != HeadChoice::Keep {
            tensors.leave("the head is dropped or replaced", |name| names.is_of_head(name));
        }
        let (parts, mut report) = plan(&model, &tensors, &description.config, options, names);
        if options.strict && !report.fits() {
            return Err(WeightsError::DoesNotFit(Box::new(report)));
        }
        let mut values = self.gather(&tensors, parts, options, device)?;
        let (from, to) = (description.config.grid(), target.grid());
        if let Some(positions) = values.get::<2>(POSITIONS).filter(|_| from != to) {
            let dtype = positions.dtype();
            let by = target.interpolation;
            let positions = resample(positions.cast(DType::F32), from, to, by);
            let (positions, zeroed) = match description.origin {
                Origin::BigVision => big_vision::lose_edges(positions, from, to),
                _ => (positions, [false; 2]),
            };
            values.insert(POSITIONS, positions.cast(dtype));
            report.resampled = Some(Resampled { from, to, by, zeroed });
        }
        let model = params::overwrite(model, values).expect("each view has its parameter's shape");
        Ok(LoadedModel { model, report, description })
    }

    /// All float tensors of the file under their own names, a single number as one of shape `[1]`.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Damaged`] for what cannot be unpacked.
    pub fn tensors(&self, device: &Device) -> Result<NamedTensors, WeightsError> {
        let mut tensors = Vec::new();
        for (name, entry) in &self.container.entries {
            let shape = if entry.shape.is_empty() { vec![1] } else { entry.shape.clone() };
            let Some(dtype) = entry.element.float.filter(|_| shape.len() <= 6) else { continue };
            let whole = Term::whole(name, &shape);
            let data = read(&self.container.read(entry)?, dtype, dtype, &whole);
            tensors.push((name.clone(), AnyTensor::from_data(data, device)));
        }
        Ok(tensors.into_iter().collect())
    }

    fn resolve(
        &self,
        options: &LoadOptions,
    ) -> Result<(Tensors<'_>, Description, Names), WeightsError> {
        if let Some(tensors) = native::tensors(&self.container) {
            let description = native::describe(&self.container)?;
            return Ok((tensors, description, Names::Native));
        }
        if let Some(tensors) = timm::tensors(&self.container) {
            let (description, names) = timm::describe(&tensors, &self.sidecar, options)?;
            return Ok((tensors, description, Names::Timm(names)));
        }
        if let Some(tensors) = big_vision::tensors(&self.container) {
            let (description, names) = big_vision::describe(&tensors, &self.sidecar, options)?;
            return Ok((tensors, description, Names::BigVision(names)));
        }
        if let Some(mut tensors) = hugging_face::tensors(&self.container) {
            let description = hugging_face::describe(&mut tensors, &self.sidecar, options)?;
            let names = Names::HuggingFace(description.origin);
            return Ok((tensors, description, names));
        }
        let names: Vec<_> = self.container.entries.keys().take(5).map(String::as_str).collect();
        Err(WeightsError::UnknownOrigin {
            count: self.container.entries.len(),
            first: names.join(", "),
        })
    }

    /// Reads each tensor once, in the order of the disk, and makes all that it is a part of.
    fn gather(
        &self,
        tensors: &Tensors,
        parts: Vec<Planned>,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<NamedTensors, WeightsError> {
        let mut by_place: BTreeMap<_, Vec<(usize, &Term)>> = BTreeMap::new();
        for (index, part) in parts.iter().enumerate() {
            for term in &part.terms {
                if let Some(entry) = tensors.entry(&term.name) {
                    let uses = by_place.entry((entry.place(), term.name.as_str()));
                    uses.or_default().push((index, term));
                }
            }
        }
        let mut values = Vec::with_capacity(parts.len());
        let mut sums: BTreeMap<usize, (usize, TensorData)> = BTreeMap::new();
        for ((_, name), uses) in by_place {
            let Some(entry) = tensors.entry(name) else { continue };
            let stored = self.stored(tensors.actual(name).unwrap_or(name), entry)?;
            let bytes = self.container.read(entry)?;
            for (index, term) in uses {
                let Planned { path, terms } = &parts[index];
                let wanted = options.elements.of(stored);
                let data = match terms.len() {
                    1 => read(&bytes, stored, wanted, term),
                    count => {
                        let data = read(&bytes, stored, DType::F64, term);
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

    fn stored(&self, name: &str, entry: &Entry) -> Result<DType, WeightsError> {
        entry.element.float.ok_or_else(|| {
            let damage = Damage::ElementType {
                tensor: name.into(),
                got: entry.element.name.into(),
                expected: "parameters are F64, F32, F16 or BF16",
            };
            damage.in_file(self.container.file(entry))
        })
    }
}

/// The config of the model that is asked for.
fn target(file: &ViT22BConfig, options: &LoadOptions) -> ViT22BConfig {
    let mut target = file.clone();
    target.image = options.image.unwrap_or(file.image);
    match options.head {
        HeadChoice::Keep => {}
        HeadChoice::Drop => target.num_classes = 0,
        HeadChoice::Replace(classes) => target.num_classes = classes,
    }
    target
}

/// A parameter that the file has all parts of.
struct Planned {
    path: String,
    terms: Vec<Term>,
}

/// Finds each parameter's parts in the file, and reports what has none.
fn plan(
    model: &ViT22B,
    tensors: &Tensors,
    file: &ViT22BConfig,
    options: &LoadOptions,
    names: Names,
) -> (Vec<Planned>, Report) {
    let mut report = Report::default();
    let (mut planned, mut used) = (Vec::new(), BTreeSet::new());
    for (path, shape) in params::shapes(model) {
        if path.starts_with("head.") && options.head != HeadChoice::Keep {
            report.new.push(path);
            continue;
        }
        let mut shape = shape.as_slice().to_vec();
        if path == POSITIONS {
            shape[0] = file.patches();
        }
        let terms = names.terms(&path, &shape, file);
        let mut fits = !terms.is_empty();
        for Term { name, shape, .. } in &terms {
            used.insert(name.clone());
            let (tensor, expected) = (tensors.actual(name), shape.clone());
            match (tensor, tensors.shape(name)) {
                (Some(_), Some(got)) if got == expected => continue,
                (Some(tensor), Some(got)) => report.mismatched.push(Mismatched {
                    path: path.clone(),
                    tensor: tensor.into(),
                    expected,
                    got: got.to_vec(),
                }),
                _ => report.missing.push(Missing {
                    path: path.clone(),
                    tensor: name.clone(),
                    shape: expected,
                    nearest: None,
                }),
            }
            fits = false;
        }
        if fits {
            let from = terms.iter().filter_map(|term| tensors.actual(&term.name));
            let from = from.map(str::to_string).collect();
            report.loaded.push(Loaded { path: path.clone(), from });
            planned.push(Planned { path, terms });
        }
    }
    for name in tensors.names().filter(|name| !used.contains(*name)) {
        report.unused.push(Unused {
            tensor: tensors.actual(name).unwrap_or(name).into(),
            shape: tensors.shape(name).unwrap_or_default().to_vec(),
            nearest: None,
        });
    }
    let missing: Vec<_> = report.missing.iter().map(|missing| missing.tensor.clone()).collect();
    let unused: Vec<_> = report.unused.iter().map(|unused| unused.tensor.clone()).collect();
    // Only those that are shown: each comparison is a product of two lengths.
    for missing in report.missing.iter_mut().take(Report::SHOWN) {
        missing.nearest =
            nearest(&missing.tensor, unused.iter().map(String::as_str)).map(Into::into);
    }
    for unused in report.unused.iter_mut().take(Report::SHOWN) {
        unused.nearest =
            nearest(&unused.tensor, missing.iter().map(String::as_str)).map(Into::into);
    }
    report.set_aside = tensors.set_aside.clone();
    (planned, report)
}

/// A part of a tensor from its bytes.
fn read(bytes: &[u8], stored: DType, wanted: DType, term: &Term) -> TensorData {
    fn typed<S: Float, T: Float>(bytes: &[u8], term: &Term) -> TensorData {
        TensorData::new(term.view.gather::<S, T>(bytes), term.view.shape())
    }
    with_float!(
        stored,
        S => with_float!(wanted, T => typed::<S, T>(bytes, term), else unreachable!()),
        else unreachable!()
    )
}

fn add(a: &TensorData, b: &TensorData) -> TensorData {
    let sum: Vec<f64> = a.iter::<f64>().zip(b.iter::<f64>()).map(|(a, b)| a + b).collect();
    TensorData::new(sum, a.shape().clone())
}
