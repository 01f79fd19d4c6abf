//! From a file of two towers to a model of both, or to its text tower alone.

use std::collections::BTreeSet;

use burn::module::Param;
use burn::tensor::{Device, Tensor};

use crate::contrast::TwoTower;
use crate::params;
use crate::text::TextTower;

use super::description::{Description, TextDescription};
use super::error::WeightsError;
use super::file::WeightsFile;
use super::gather::{gather, resample_positions};
use super::names::tensors::ANOTHER_PART;
use super::names::text::{self, RecognisedText};
use super::names::{Recognised, recognise};
use super::options::{HeadChoice, LoadOptions};
use super::plan::{name_the_nearest, plan, plan_parameters, target};
use super::remarks::remarks;
use super::report::{LoadReport, Unused};

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
        let mut parameters: Vec<_> = params::shapes(&model)
            .into_iter()
            .filter(|(path, _)| !path.starts_with("image."))
            .collect();
        // The towers come first, as in the model.
        parameters.sort_by_key(|(path, _)| !path.starts_with("text."));
        let (planned_text, of_text) = plan_parameters(parameters, &text.tensors, |path, shape| {
            Some(match path.strip_prefix("text.") {
                Some(path) => text.terms(path, shape),
                None if path == "bias" => text.bias().unwrap_or_default(),
                None => text.scale(),
            })
        });
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
        let mut text = text::recognise(&self.container, &self.sidecar, options)?;
        text.tensors.leave("it compares images with texts", |name| {
            matches!(name, "logit_scale" | "logit_bias" | "t" | "b" | "log_scale" | "bias")
        });
        let model = text.description.config.init(device)?;
        let (planned, report) =
            plan_parameters(params::shapes(&model), &text.tensors, |path, shape| {
                Some(text.terms(path, shape))
            });
        if options.strict && !report.fits() {
            return Err(WeightsError::DoesNotFit(Box::new(report)));
        }
        let values = gather(&self.container, &text.tensors, &planned, options, device)?;
        let model = params::overwrite(model, values).expect("each view has its parameter's shape");
        Ok(LoadedText { model, report, description: text.description })
    }
}

/// The report of both towers. A tensor that one of them leaves to the other is none that is left over; one that both leave
/// is unused.
fn joined(
    image: LoadReport,
    text: LoadReport,
    of_image: &Recognised<'_>,
    of_text: &RecognisedText<'_>,
) -> LoadReport {
    let mut report = image;
    let of_image_path = |path: &mut String| *path = format!("image.{path}");
    report.loaded.iter_mut().for_each(|loaded| of_image_path(&mut loaded.path));
    report.missing.iter_mut().for_each(|missing| of_image_path(&mut missing.path));
    report.mismatched.iter_mut().for_each(|other| of_image_path(&mut other.path));
    report.new.iter_mut().for_each(of_image_path);
    report.loaded.extend(text.loaded);
    report.missing.extend(text.missing);
    report.mismatched.extend(text.mismatched);
    let known: [BTreeSet<&str>; 2] = [&of_image.tensors, &of_text.tensors]
        .map(|tensors| tensors.names().filter_map(|name| tensors.actual(name)).collect());
    report.unused.extend(text.unused);
    // Two towers without prefixes of their own may each know the other's tensors.
    let taken: BTreeSet<&String> = report.loaded.iter().flat_map(|loaded| &loaded.from).collect();
    report.unused.retain(|unused| !taken.contains(&unused.tensor));
    let mut aside = std::mem::take(&mut report.set_aside);
    aside.extend(text.set_aside);
    let mut seen = BTreeSet::new();
    for aside in aside.iter().filter(|aside| aside.reason != ANOTHER_PART) {
        if seen.insert(aside.name.clone()) {
            report.set_aside.push(aside.clone());
        }
    }
    let left = aside.into_iter().filter(|aside| aside.reason == ANOTHER_PART);
    for aside in left.filter(|aside| known.iter().all(|known| !known.contains(&*aside.name))) {
        if seen.insert(aside.name.clone()) {
            let shape = of_text.shape_in_file(&aside.name);
            report.unused.push(Unused { tensor: aside.name, shape, nearest: None });
        }
    }
    name_the_nearest(&mut report);
    report
}
