//! From a file of two towers to a model of both, or to its text tower alone.

use burn::module::Param;
use burn::tensor::{Device, Tensor};

use crate::contrast::TwoTower;
use crate::params;
use crate::text::TextTower;

use super::description::{Description, TextDescription};
use super::error::WeightsError;
use super::file::WeightsFile;
use super::gather::{gather, resample_positions};
use super::inspection::TextInspection;
use super::names::recognise;
use super::names::text::{self, RecognisedText};
use super::options::{HeadChoice, LoadOptions};
use super::plan::{plan, target};
use super::remarks::remarks;
use super::report::LoadReport;
use super::text_plan::{joined, plan_alone, plan_text};

/// A model of two towers from a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct LoadedTwoTower {
    /// The model.
    pub model: TwoTower,
    /// What was done with each tensor; paths begin with `image.` and `text.`.
    pub report: LoadReport,
    /// The image model, and how its config is known.
    pub image: Description,
    /// The text tower, and how its config is known.
    pub text: TextDescription,
}

/// A text tower from a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct LoadedText {
    /// The tower.
    pub model: TextTower,
    /// What was done with each tensor. Those of the image model are set aside.
    pub report: LoadReport,
    /// The tower, and how its config is known.
    pub description: TextDescription,
}

impl LoadedTwoTower {
    /// What was guessed, left out, missing or changed: a line for each.
    pub fn remarks(&self) -> Vec<String> {
        let mut all = self.image.clone();
        all.notes.extend(self.text.notes.iter().cloned());
        remarks(&all, &self.report)
    }
}

impl WeightsFile {
    /// What the text tower in the file is, from its header and the JSON beside it.
    ///
    /// # Errors
    ///
    /// [`WeightsError::NoText`] for a file without a text tower, and those of [`describe`](Self::describe).
    pub fn describe_text(&self, options: &LoadOptions) -> Result<TextDescription, WeightsError> {
        Ok(text::recognise(&self.container, &self.sidecar, options)?.description)
    }

    /// What the file's text tower is, of a file with nothing but one, and what [`load_text`](Self::load_text) would do with each tensor.
    ///
    /// # Errors
    ///
    /// Those of [`describe_text`](Self::describe_text).
    pub fn inspect_text(&self, options: &LoadOptions) -> Result<TextInspection, WeightsError> {
        let text = self.alone(options)?;
        let model = text.description.config.init(&Device::default())?;
        let (_, report) = plan_alone(&model, &text);
        Ok(TextInspection::new(text.description, report))
    }

    /// The text tower without what compares it with images.
    fn alone(&self, options: &LoadOptions) -> Result<RecognisedText<'_>, WeightsError> {
        let mut text = text::recognise(&self.container, &self.sidecar, options)?;
        text.tensors.leave("it compares images with texts", |name| {
            matches!(name, "logit_scale" | "logit_bias" | "t" | "b" | "log_scale" | "bias")
        });
        Ok(text)
    }

    /// Both towers of the file on `device`. What compares their vectors is a part of the model: a projection of images,
    /// or a head where the origin has one, whatever `options.head` says.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use vit22b::weights::{LoadOptions, WeightsFile};
    ///
    /// let file = WeightsFile::open("tests/fixtures/parts/siglip")?;
    /// let loaded = file.load_two_towers(&LoadOptions::new(), &Device::flex())?;
    /// assert!(loaded.report.fits());
    /// assert_eq!((loaded.text.config.vocabulary, loaded.text.config.length), (64, 16));
    /// # Ok::<(), vit22b::weights::WeightsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load) and [`describe_text`](Self::describe_text);
    /// [`WeightsError::Config`] for towers whose vectors have different lengths.
    pub fn load_two_towers(
        &self,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<LoadedTwoTower, WeightsError> {
        let options = options.clone().with_head(HeadChoice::Keep);
        let image = recognise(&self.container, &self.sidecar, &options)?;
        let text = text::recognise(&self.container, &self.sidecar, &options)?;
        let target = target(&image.description.config, &options);
        let start = text.bias().map(|_| 0.0);
        let mut model = TwoTower::new(&target, &text.description.config, start, device)?;

        let (planned_image, of_image) = plan(&model.image, &image, &options);
        let (planned_text, of_text) = plan_text(&model.text, &text);
        let mut report = joined(of_image, of_text, &image, &text);
        if options.strict && !report.fits() {
            return Err(WeightsError::DoesNotFit(Box::new(report)));
        }

        let mut values = gather(&self.container, &image.tensors, &planned_image, &options, device)?;
        let (origin, config) = (image.description.origin, &image.description.config);
        report.resampled = resample_positions(&mut values, origin, config, &target);
        let fits = "each view has its parameter's shape";
        model.image = params::overwrite(model.image, values).expect(fits);
        let mut values = gather(&self.container, &text.tensors, &planned_text, &options, device)?;
        let number = |old: Param<Tensor<1>>, new: Option<Tensor<1>>| match new {
            Some(value) => Param::initialized(old.id, value),
            None => old,
        };
        model.log_scale = number(model.log_scale, values.take("log_scale"));
        model.bias = model.bias.map(|bias| number(bias, values.take("bias")));
        let values = values.into_iter().map(|(path, value)| {
            let path = path.strip_prefix("text.").unwrap_or(&path).to_string();
            (path, value)
        });
        model.text = params::overwrite(model.text, values.collect()).expect(fits);
        let (image, text) = (image.description, text.description);
        Ok(LoadedTwoTower { model, report, image, text })
    }

    /// The text tower of the file on `device`; the file may hold a text tower alone.
    ///
    /// # Errors
    ///
    /// Those of [`describe_text`](Self::describe_text); [`WeightsError::DoesNotFit`] with the report if
    /// `options.strict`.
    pub fn load_text(
        &self,
        options: &LoadOptions,
        device: &Device,
    ) -> Result<LoadedText, WeightsError> {
        let text = self.alone(options)?;
        let model = text.description.config.init(device)?;
        let (planned, report) = plan_alone(&model, &text);
        if options.strict && !report.fits() {
            return Err(WeightsError::DoesNotFit(Box::new(report)));
        }
        let values = gather(&self.container, &text.tensors, &planned, options, device)?;
        let model = params::overwrite(model, values).expect("each view has its parameter's shape");
        Ok(LoadedText { model, report, description: text.description })
    }
}
