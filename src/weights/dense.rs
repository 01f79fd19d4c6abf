//! From a file to a model for dense prediction.

use burn::module::Module;
use burn::tensor::Device;

use crate::dense::{DepthModel, SegmentationModel};
use crate::params::{self, NamedTensors};
use crate::vit::ViT22BConfig;

use super::description::Description;
use super::error::WeightsError;
use super::file::WeightsFile;
use super::gather::{gather, resample_positions};
use super::names::hugging_face::dense::{DenseFile, depth, segmentation};
use super::options::LoadOptions;
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
}

impl<M> LoadedDense<M> {
    /// What was guessed, left out, missing or changed: a line for each.
    pub fn remarks(&self) -> Vec<String> {
        remarks(&self.description, &self.report)
    }
}

impl WeightsFile {
    /// A model for depth: transformers' `DPTForDepthEstimation` and `DepthAnythingForDepthEstimation` (also
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
        let file = depth(&self.container, &self.sidecar, options)?;
        let mut config = file.config.clone();
        config.tower.image = options.image.unwrap_or(config.tower.image);
        let model = config.init(device)?;
        self.fill(model, file, &config.tower, options, device)
    }

    /// A model for segmentation: transformers' `UperNetForSemanticSegmentation` on a tower that is computed
    /// here, as [`load_depth`](Self::load_depth).
    ///
    /// # Errors
    ///
    /// As [`load_depth`](Self::load_depth).
    pub fn load_segmentation(
        &self,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<LoadedDense<SegmentationModel>, WeightsError> {
        let file = segmentation(&self.container, &self.sidecar, options)?;
        let mut config = file.config.clone();
        config.tower.image = options.image.unwrap_or(config.tower.image);
        let model = config.init(device)?;
        self.fill(model, file, &config.tower, options, device)
    }

    /// Fills a model whose tower is for images of `target`'s size.
    fn fill<M: Module, C>(
        &self,
        model: M,
        file: DenseFile<'_, C>,
        target: &ViT22BConfig,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<LoadedDense<M>, WeightsError> {
        let of_file = &file.description.config;
        let (planned, mut report) =
            plan_parameters(params::shapes(&model), &file.tensors, |path, shape| {
                let shape = match path.strip_prefix("tower.") {
                    Some(path) => shape_in_file(path, shape, of_file),
                    None => shape.to_vec(),
                };
                file.terms(path, &shape)
            });
        if options.strict && !report.fits() {
            return Err(WeightsError::DoesNotFit(Box::new(report)));
        }
        let (patch, image) = (of_file.patch, of_file.image);
        let processor = DenseProcessor::of(&self.sidecar, image, patch, options)?;
        let values = gather(&self.container, &file.tensors, &planned, options, device)?;
        // Positions are known by their paths in the tower.
        let (tower, head): (Vec<_>, Vec<_>) =
            values.into_iter().partition(|(path, _)| path.starts_with("tower."));
        let inside = |(path, value): (String, _)| (path["tower.".len()..].to_string(), value);
        let mut tower: NamedTensors = tower.into_iter().map(inside).collect();
        report.resampled = resample_positions(&mut tower, file.description.origin, of_file, target);
        let tower = tower.into_iter().map(|(path, value)| (format!("tower.{path}"), value));
        let values = tower.chain(head).collect();
        let model = params::overwrite(model, values).expect("each view has its parameter's shape");
        let mut description = file.description;
        // That of the tower alone, which is not what the whole model was made with.
        description.notes.retain(|note| note.field != "preprocessing");
        description.preprocessing = processor.steps_for(image);
        Ok(LoadedDense { model, report, description, processor })
    }
}
