//! An open weights file, and the way from it to a model.

use std::path::Path;

use burn::tensor::Device;

use crate::params::{self, AnyTensor, NamedTensors};
use crate::vit::ViT22B;

use super::container::{self, Container};
use super::description::Description;
use super::error::WeightsError;
use super::gather::{gather, read, resample_positions};
use super::inspection::Inspection;
use super::names::term::Term;
use super::names::text;
use super::names::{Recognised, recognise};
use super::options::{HeadChoice, LoadOptions};
use super::plan::{plan, target};
use super::remarks::remarks;
use super::report::LoadReport;
use super::sidecar::Sidecar;
use super::text_plan::{joined, plan_text};

/// An open file of weights. Its header has been read and checked; its tensors are read when they
/// are loaded.
///
/// ```
/// use burn::tensor::Device;
/// use vit22b::weights::{HeadChoice, LoadOptions, WeightsFile};
///
/// let file = WeightsFile::open("tests/fixtures/timm_map/model.safetensors")?;
/// let options = LoadOptions::new().with_head(HeadChoice::Replace(5));
/// assert_eq!(file.describe(&options)?.config.width, 48);
///
/// let loaded = file.load(&options, &Device::flex())?;
/// assert_eq!(loaded.model.config().num_classes, 5);
/// assert_eq!(loaded.report.new, ["head.weight", "head.bias"]);
/// # Ok::<(), vit22b::weights::WeightsError>(())
/// ```
#[derive(Debug)]
pub struct WeightsFile {
    pub(super) container: Container,
    pub(super) sidecar: Sidecar,
}

/// A model from a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct LoadedModel {
    /// The model.
    pub model: ViT22B,
    /// What was done with each tensor.
    pub report: LoadReport,
    /// What the file holds, and how its config is known.
    pub description: Description,
}

impl LoadedModel {
    /// What was guessed, left out, missing or changed: a line for each.
    pub fn remarks(&self) -> Vec<String> {
        remarks(&self.description, &self.report)
    }
}

impl WeightsFile {
    /// Opens a `.safetensors` or `.npz` file, a `.index.json` with its shards beside it, or a folder: with
    /// either under the name that transformers and timm give it (`model`), with one file under another
    /// name, or with checkpoints of training, of which the last is taken. The model of a checkpoint has
    /// the parameters of its step, not their averages.
    ///
    /// The file is mapped into memory, not read: it must not be shortened or rewritten while the
    /// value lives. Programs that replace it by a new file do no harm.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Io`], [`WeightsError::Folder`], and [`WeightsError::Damaged`] for what is wrong with
    /// the header.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref();
        Ok(Self { container: container::open(path)?, sidecar: Sidecar::beside(path)? })
    }

    /// Opens the weights of a model on a hub, `ORGANISATION/NAME` or `ORGANISATION/NAME@REVISION`. Its files are fetched into
    /// the cache that `huggingface_hub` has too, where they are not there yet; [`Hub::from_env`](vit22b_hub::Hub::from_env) lists the variables that
    /// are followed, and [`Hub::fetch`](vit22b_hub::Hub::fetch) what is fetched.
    ///
    /// ```no_run
    /// use vit22b::weights::WeightsFile;
    ///
    /// let file = WeightsFile::from_hub("timm/vit_small_patch16_224.augreg_in21k_ft_in1k")?;
    /// # Ok::<(), vit22b::weights::WeightsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WeightsError::Hub`], and those of [`open`](Self::open).
    #[cfg(feature = "hub")]
    pub fn from_hub(name: &str) -> Result<Self, WeightsError> {
        Self::open(vit22b_hub::Hub::from_env()?.fetch(&name.parse()?)?)
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
        Ok(recognise(&self.container, &self.sidecar, options)?.description)
    }

    /// What the file is, and what a load would do with each tensor; the data is not read. Unlike
    /// [`load`](Self::load) it also answers for a file with missing or unused tensors.
    ///
    /// # Errors
    ///
    /// Those of [`describe`](Self::describe).
    pub fn inspect(&self, options: &LoadOptions) -> Result<Inspection, WeightsError> {
        let recognised = recognise(&self.container, &self.sidecar, options);
        let (options, mut file) = match recognised {
            // The model may be one of this family where its classifier is not.
            Err(error @ WeightsError::Unsupported { .. }) if options.head == HeadChoice::Keep => {
                let headless = options.clone().with_head(HeadChoice::Drop);
                let file = recognise(&self.container, &self.sidecar, &headless);
                (headless, file.map_err(|_| error)?)
            }
            recognised => (options.clone(), recognised?),
        };
        let classes = file.classes();
        if options.head != HeadChoice::Keep {
            file.leave_head(
                "the classifier is dropped, replaced or of a form that is not computed",
            );
        }
        let config = target(&file.description.config, &options);
        // Parameters are not drawn before they are used: the model is only its shapes here.
        let model = config.init(&Device::default())?;
        let (_, report) = plan(&model, &file, &options);
        let architecture = self.sidecar.architecture().map(str::to_string);
        let text = match text::recognise(&self.container, &self.sidecar, &options) {
            Ok(text) => Some(text),
            Err(WeightsError::NoText { .. }) => None,
            Err(error) => {
                let whole = Inspection::new(architecture, classes, file.description, report);
                return Ok(Inspection { text_problem: Some(error.to_string()), ..whole });
            }
        };
        let of_both = match &text {
            Some(text) => {
                let tower = text.description.config.init(&Device::default())?;
                let (_, of_text) = plan_text(&tower, text);
                Some(joined(report.clone(), of_text, &file, text))
            }
            None => None,
        };
        let whole = Inspection::new(architecture, classes, file.description, report);
        Ok(match text.zip(of_both) {
            Some((text, report)) => whole.with_text(text.description, report),
            None => whole,
        })
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
        // Step 1 was `open`. Step 2: the origin and the config.
        let mut file = recognise(&self.container, &self.sidecar, options)?;
        let target = target(&file.description.config, options);
        let model = target.init(device)?;
        if options.head != HeadChoice::Keep {
            file.leave_head("the head is dropped or replaced");
        }
        // Step 3: the terms of each parameter.
        let (planned, mut report) = plan(&model, &file, options);
        if options.strict && !report.fits() {
            return Err(WeightsError::DoesNotFit(Box::new(report)));
        }
        // Step 4: their values.
        let Recognised { tensors, description, .. } = file;
        let mut values = gather(&self.container, &tensors, &planned, options, device)?;
        let (origin, config) = (description.origin, &description.config);
        report.resampled = resample_positions(&mut values, origin, config, &target);
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
}
