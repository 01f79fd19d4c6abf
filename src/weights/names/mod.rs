//! The origins' names: which origin a file is of, and which tensors make a parameter there. A file
//! for each origin holds its marks, its config and its table of names.

pub(crate) mod big_vision;
pub(crate) mod hugging_face;
pub(crate) mod native;
pub(crate) mod native_dense;
pub(crate) mod open_clip;
mod pieces;
mod prefix;
pub(crate) mod tensors;
pub(crate) mod term;
pub(crate) mod text;
pub(crate) mod timm;

use crate::vit::ViT22BConfig;
use crate::weights::container::Container;
use crate::weights::description::Description;
use crate::weights::error::WeightsError;
use crate::weights::options::LoadOptions;
use crate::weights::sidecar::Sidecar;
use tensors::Tensors;
use term::Term;

/// A file whose origin and config are known.
pub(crate) struct Recognised<'a> {
    pub(crate) tensors: Tensors<'a>,
    pub(crate) description: Description,
    pub(crate) names: Names,
}

impl Recognised<'_> {
    /// Classes of the classifier in the file; 0 if it has none.
    pub(crate) fn classes(&self) -> usize {
        let (name, axis) = match self.names {
            Names::Native | Names::Timm(_) => ("head.weight", 0),
            Names::BigVision(_) => ("head/kernel", 1),
            Names::HuggingFace(_) if self.tensors.has("cls_classifier.weight") => {
                ("cls_classifier.weight", 0)
            }
            Names::HuggingFace(_) | Names::OpenClip => ("classifier.weight", 0),
        };
        match self.names {
            Names::Native => self.description.config.num_classes,
            _ => self.tensors.shape(name).and_then(|shape| shape.get(axis)).copied().unwrap_or(0),
        }
    }

    /// Sets the classifier's tensors aside.
    pub(crate) fn leave_head(&mut self, reason: &'static str) {
        let names = self.names;
        self.tensors.leave(reason, |name| names.is_of_head(name));
    }
}

/// Finds the origin by the names, and the config by the shapes.
pub(crate) fn recognise<'a>(
    container: &'a Container,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<Recognised<'a>, WeightsError> {
    if let Some(tensors) = native::tensors(container) {
        let description = native::describe(container, options)?;
        return Ok(Recognised { tensors, description, names: Names::Native });
    }
    if let Some(tensors) = timm::tensors(container, options)? {
        let (description, names) = timm::describe(&tensors, sidecar, options)?;
        return Ok(Recognised { tensors, description, names: Names::Timm(names) });
    }
    if let Some(tensors) = big_vision::tensors(container) {
        let (description, names) = big_vision::describe(&tensors, sidecar, options)?;
        return Ok(Recognised { tensors, description, names: Names::BigVision(names) });
    }
    if let Some(mut tensors) = hugging_face::tensors(container, sidecar, options)? {
        let (description, names) = hugging_face::describe(&mut tensors, sidecar, options)?;
        return Ok(Recognised { tensors, description, names: Names::HuggingFace(names) });
    }
    if let Some(tensors) = open_clip::tensors(container, options)? {
        let description = open_clip::describe(&tensors, sidecar, options)?;
        return Ok(Recognised { tensors, description, names: Names::OpenClip });
    }
    let names: Vec<_> = container.entries.keys().take(5).map(String::as_str).collect();
    Err(WeightsError::UnknownOrigin { count: container.entries.len(), first: names.join(", ") })
}

/// An origin, and which of its layouts a file has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Names {
    Native,
    Timm(timm::Names),
    BigVision(big_vision::Names),
    HuggingFace(hugging_face::Names),
    OpenClip,
}

impl Names {
    /// The tensors that make the parameter at `path`; none if the origin has no name for it.
    pub(crate) fn terms(self, path: &str, shape: &[usize], config: &ViT22BConfig) -> Vec<Term> {
        match self {
            Self::Native => native::terms(path, shape),
            Self::Timm(names) => timm::terms(path, shape, config, names),
            Self::BigVision(names) => big_vision::terms(path, shape, config, names),
            Self::HuggingFace(names) => hugging_face::terms(path, shape, config, names),
            Self::OpenClip => open_clip::terms(path, shape, config),
        }
    }

    /// Whether a tensor with this canonical name belongs to the classifier.
    pub(crate) fn is_of_head(self, name: &str) -> bool {
        let modules: &[&str] = match self {
            Self::Native => &["head.", "distillation_head."],
            Self::Timm(_) => &["head.", "head_dist."],
            Self::BigVision(_) => &["head/", "pre_logits/"],
            Self::HuggingFace(_) => &["classifier.", "cls_classifier.", "distillation_classifier."],
            Self::OpenClip => &[],
        };
        modules.iter().any(|module| name.starts_with(module))
    }
}
