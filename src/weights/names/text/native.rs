//! The text tower of this crate's own files of two towers.

use crate::weights::container::Container;
use crate::weights::description::TextDescription;
use crate::weights::error::WeightsError;
use crate::weights::names::native::{MANIFEST, manifest};
use crate::weights::names::tensors::{ANOTHER_PART, Fate, Tensors};
use crate::weights::names::term::Term;
use crate::weights::origin::Origin;

/// What stands before the tower's names.
const TEXT: &str = "text.";

/// The tensors of the tower and their description; none for a file of another origin, or without a text tower.
pub(super) fn tower(
    container: &Container,
) -> Result<Option<(Tensors<'_>, TextDescription)>, WeightsError> {
    if !container.metadata.contains_key(MANIFEST) {
        return Ok(None);
    }
    let Some(config) = manifest(container)?.text else { return Ok(None) };
    config.validate()?;
    let tensors = Tensors::sort(Origin::Native, container, |name| match name {
        "log_scale" | "bias" => Fate::Known(name.into()),
        _ => match name.strip_prefix(TEXT) {
            Some(name) => Fate::Known(name.into()),
            None => Fate::Aside(ANOTHER_PART),
        },
    });
    Ok(Some((tensors, TextDescription { origin: "vit22b", config, notes: vec![] })))
}

pub(super) fn terms(path: &str, shape: &[usize]) -> Vec<Term> {
    vec![Term::whole(path, shape)]
}
