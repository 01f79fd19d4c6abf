//! From a file to a model for dense prediction.

use burn::module::Module;
use burn::tensor::Device;

use serde::de::DeserializeOwned;

use crate::data::class_list::ClassList;
use crate::dense::{DepthConfig, DepthModel, SegmentationConfig, SegmentationModel};
use crate::error::ConfigError;
use crate::params::{self, NamedTensors};
use crate::vit::ViT22BConfig;

use super::description::Description;
use super::error::WeightsError;
use super::file::WeightsFile;
use super::gather::{gather, resample_positions};
use super::names::hugging_face::dense::{depth, segmentation};
use super::names::native_dense::{self, DenseManifest, DenseTask};
use super::names::tensors::{Fate, Tensors};
use super::names::term::Term;
use super::options::LoadOptions;
use super::origin::Origin;
use super::plan::{plan_parameters, shape_in_file};
use super::preprocessing::DenseProcessor;
use super::remarks::remarks;
use super::report::LoadReport;

/// A model for depth or segmentation from a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct LoadedDense<M> {
    /// The model.
    pub model: M,
    /// What was done with each tensor.
    pub report: LoadReport,
    /// What the file holds of the tower, how that is known, and the names of the classes. How images are
    /// prepared says `processor`.
    pub description: Description,
    /// How an image becomes the model's input.
    pub processor: DenseProcessor,
    /// The classes with their colours and their numbers in masks, in files of this crate for segmentation.
    pub classes: Option<ClassList>,
}

impl<M> LoadedDense<M> {
    /// What was guessed, left out, missing or changed: a line for each.
    pub fn remarks(&self) -> Vec<String> {
        remarks(&self.description, &self.report)
    }
}

impl WeightsFile {
    /// A model for depth: one that [`save_depth`](super::save_depth) has written, or transformers' `DPTForDepthEstimation` and `DepthAnythingForDepthEstimation` (also
    /// Depth Anything V2) on a tower that is computed here. What no tensor shows is read from `config.json`
    /// beside the file.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use vit22b::weights::{LoadOptions, WeightsFile};
    ///
    /// let file = WeightsFile::open("tests/fixtures/parts/depth_anything")?;
    /// let device = Device::flex();
    /// let loaded = file.load_depth(&LoadOptions::new(), &device)?;
    /// let depth = loaded.model.forward(Tensor::zeros([1, 3, 21, 21], &device));
    /// assert_eq!(depth.dims(), [1, 21, 21]);
    /// # Ok::<(), vit22b::weights::WeightsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WeightsError::Dense`] for a `config.json` that is missing, of another kind, or says something that is
    /// not followed; and those of [`load`](Self::load).
    pub fn load_depth(
        &self,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<LoadedDense<DepthModel>, WeightsError> {
        if let Some(manifest) = native_dense::read(&self.container, DenseTask::Depth)? {
            let init = DepthConfig::init;
            return self.load_own(manifest, |config| &mut config.tower, init, options, device);
        }
        let file = depth(&self.container, &self.sidecar, options)?;
        let mut config = file.config.clone();
        config.tower.image = options.image.unwrap_or(config.tower.image);
        let model = config.init(device)?;
        let (of_file, sidecar) = (&file.description.config, &self.sidecar);
        let processor = DenseProcessor::of(sidecar, of_file.image, of_file.patch, options)?;
        let terms = |path: &str, shape: &[usize]| file.terms(path, shape);
        let parts = (&file.tensors, file.description.clone(), processor);
        self.fill(model, parts, terms, &config.tower, options, device)
    }

    /// A model for segmentation: one that [`save_segmentation`](super::save_segmentation) has written, or transformers'
    /// `UperNetForSemanticSegmentation` on a tower that is computed here, as [`load_depth`](Self::load_depth).
    ///
    /// # Errors
    ///
    /// As [`load_depth`](Self::load_depth).
    pub fn load_segmentation(
        &self,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<LoadedDense<SegmentationModel>, WeightsError> {
        if let Some(manifest) = native_dense::read(&self.container, DenseTask::Segmentation)? {
            let init = SegmentationConfig::init;
            return self.load_own(manifest, |config| &mut config.tower, init, options, device);
        }
        let file = segmentation(&self.container, &self.sidecar, options)?;
        let mut config = file.config.clone();
        config.tower.image = options.image.unwrap_or(config.tower.image);
        let model = config.init(device)?;
        let (of_file, sidecar) = (&file.description.config, &self.sidecar);
        let processor = DenseProcessor::of(sidecar, of_file.image, of_file.patch, options)?;
        let terms = |path: &str, shape: &[usize]| file.terms(path, shape);
        let parts = (&file.tensors, file.description.clone(), processor);
        self.fill(model, parts, terms, &config.tower, options, device)
    }

    /// A model of a file of this crate.
    fn load_own<M: Module, C: DeserializeOwned>(
        &self,
        manifest: DenseManifest<C>,
        tower: impl Fn(&mut C) -> &mut ViT22BConfig,
        init: impl Fn(&C, &Device) -> Result<M, ConfigError>,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<LoadedDense<M>, WeightsError> {
        let DenseManifest { mut config, seen, classes, .. } = manifest;
        let of_file = tower(&mut config).clone();
        tower(&mut config).image = options.image.unwrap_or(of_file.image);
        let model = init(&config, device)?;
        let processor = DenseProcessor::own(&seen, of_file.patch, options)?;
        let description = Description {
            origin: Origin::Native,
            preprocessing: processor.steps_for(of_file.image),
            config: of_file,
            notes: vec![],
            class_names: classes.as_ref().map(|list| list.names().to_vec()).unwrap_or_default(),
        };
        let known = |name: &str| Fate::Known(name.into());
        let tensors = Tensors::sort(Origin::Native, &self.container, known);
        let terms = |path: &str, shape: &[usize]| Some(vec![Term::whole(path, shape)]);
        let parts = (&tensors, description.check()?, processor);
        let target = tower(&mut config).clone();
        let loaded = self.fill(model, parts, terms, &target, options, device)?;
        Ok(LoadedDense { classes, ..loaded })
    }

    /// Fills a model whose tower is for images of `target`'s size.
    fn fill<M: Module>(
        &self,
        model: M,
        (tensors, mut description, processor): (&Tensors<'_>, Description, DenseProcessor),
        terms: impl Fn(&str, &[usize]) -> Option<Vec<Term>>,
        target: &ViT22BConfig,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<LoadedDense<M>, WeightsError> {
        let (of_file, image) = (&description.config, description.config.image);
        let (planned, mut report) =
            plan_parameters(params::shapes(&model), tensors, |path, shape| {
                let shape = match path.strip_prefix("tower.") {
                    Some(path) => shape_in_file(path, shape, of_file),
                    None => shape.to_vec(),
                };
                terms(path, &shape)
            });
        if options.strict && !report.fits() {
            return Err(WeightsError::DoesNotFit(Box::new(report)));
        }
        let values = gather(&self.container, tensors, &planned, options, device)?;
        // Positions are known by their paths in the tower.
        let (tower, head): (Vec<_>, Vec<_>) =
            values.into_iter().partition(|(path, _)| path.starts_with("tower."));
        let inside = |(path, value): (String, _)| (path["tower.".len()..].to_string(), value);
        let mut tower: NamedTensors = tower.into_iter().map(inside).collect();
        report.resampled = resample_positions(&mut tower, description.origin, of_file, target);
        let tower = tower.into_iter().map(|(path, value)| (format!("tower.{path}"), value));
        let values = tower.chain(head).collect();
        let model = params::overwrite(model, values).expect("each view has its parameter's shape");
        // That of the tower alone, which is not what the whole model was made with.
        description.notes.retain(|note| note.field != "preprocessing");
        description.preprocessing = processor.steps_for(image);
        Ok(LoadedDense { model, report, description, processor, classes: None })
    }
}
