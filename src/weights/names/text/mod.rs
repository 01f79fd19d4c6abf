//! Text towers in files that hold two towers or one: whose names they have, and which tensors make their parameters.

mod big_vision;
mod hugging_face;
mod native;
mod open_clip;
mod pieces;

use super::tensors::Tensors;
use super::term::Term;
use crate::weights::container::Container;
use crate::weights::description::TextDescription;
use crate::weights::error::WeightsError;
use crate::weights::options::LoadOptions;
use crate::weights::sidecar::Sidecar;

/// A text tower whose origin and config are known.
pub(crate) struct RecognisedText<'a> {
    pub(crate) tensors: Tensors<'a>,
    pub(crate) description: TextDescription,
    pub(crate) names: TextNames,
}

/// An origin, and which of its layouts a tower has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TextNames {
    Native,
    HuggingFace,
    OpenClip,
    BigVision(big_vision::Names),
}

/// Finds the tower for texts.
///
/// # Errors
///
/// [`WeightsError::NoText`] for a file without one, and what is wrong with one.
pub(crate) fn recognise<'a>(
    container: &'a Container,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<RecognisedText<'a>, WeightsError> {
    if let Some((tensors, description)) = native::tower(container)? {
        return Ok(RecognisedText { tensors, description, names: TextNames::Native });
    }
    if let Some(tensors) = big_vision::tensors(container) {
        let (description, names) = big_vision::describe(&tensors, options)?;
        return Ok(RecognisedText { tensors, description, names: TextNames::BigVision(names) });
    }
    if let Some(tensors) = hugging_face::tensors(container, options)? {
        let description = hugging_face::describe(&tensors, sidecar, options)?;
        return Ok(RecognisedText { tensors, description, names: TextNames::HuggingFace });
    }
    if let Some(tensors) = open_clip::tensors(container, options)? {
        let description = open_clip::describe(&tensors, sidecar, options)?;
        return Ok(RecognisedText { tensors, description, names: TextNames::OpenClip });
    }
    let names: Vec<_> = container.entries.keys().take(5).map(String::as_str).collect();
    Err(WeightsError::NoText { count: container.entries.len(), first: names.join(", ") })
}

impl RecognisedText<'_> {
    /// The tensors that make the parameter at `path` of the tower; none if the origin has no name for it.
    pub(crate) fn terms(&self, path: &str, shape: &[usize]) -> Vec<Term> {
        let config = &self.description.config;
        match self.names {
            TextNames::Native => native::terms(path, shape),
            TextNames::HuggingFace => hugging_face::terms(path, shape, &self.tensors),
            TextNames::OpenClip => open_clip::terms(path, shape, config, &self.tensors),
            TextNames::BigVision(names) => big_vision::terms(path, shape, config, names),
        }
    }

    /// The shape of a tensor by its name in the file.
    pub(crate) fn shape_in_file(&self, name: &str) -> Vec<usize> {
        self.tensors.shape_in_file(name)
    }

    /// The logarithm of the scale.
    pub(crate) fn scale(&self) -> Vec<Term> {
        self.number(match self.names {
            TextNames::Native => "log_scale",
            TextNames::BigVision(_) => "t",
            TextNames::HuggingFace | TextNames::OpenClip => "logit_scale",
        })
    }

    /// The bias, if the file has one.
    pub(crate) fn bias(&self) -> Option<Vec<Term>> {
        let name = match self.names {
            TextNames::Native => "bias",
            TextNames::BigVision(_) => "b",
            TextNames::HuggingFace | TextNames::OpenClip => "logit_bias",
        };
        self.tensors.has(name).then(|| self.number(name))
    }

    /// A number, which has one axis in some files and none in others.
    fn number(&self, name: &str) -> Vec<Term> {
        match self.tensors.shape(name) {
            Some([]) => vec![Term::piece(name, &[], |view| view.unsqueeze())],
            _ => vec![Term::whole(name, &[1])],
        }
    }
}
