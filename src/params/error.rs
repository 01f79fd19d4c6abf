//! What can go wrong with parameters.

use std::collections::BTreeSet;

use burn::tensor::Shape;
use thiserror::Error;

use super::tensors::NamedTensors;

/// Parameters that do not fit the module they are meant for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Error)]
#[non_exhaustive]
#[error(
    "parameters do not fit the module: missing [{}]; unused [{}]; of another shape [{}]; \
     give exactly the paths and shapes that `params::shapes` lists",
    list(missing),
    list(unused),
    list(mismatched)
)]
pub struct ParamsError {
    /// Paths of the module for which there was no tensor.
    pub missing: Vec<String>,
    /// Names that are no path of the module.
    pub unused: Vec<String>,
    /// Paths with the expected and the given shape.
    pub mismatched: Vec<String>,
}

/// The first eight names, and the number of the others.
fn list(names: &[String]) -> String {
    let shown = names.len().min(8);
    let rest = match names.len() - shown {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    names[..shown].join(", ") + &rest
}

impl ParamsError {
    /// An error if any list has an entry.
    pub(crate) fn into_result(self) -> Result<(), Self> {
        if self == Self::default() { Ok(()) } else { Err(self) }
    }

    /// Adds the tensors that are missing, unused or of another shape, with `kind` before their names.
    pub(crate) fn compare(
        &mut self,
        kind: &str,
        expected: Vec<(String, Shape)>,
        tensors: &NamedTensors,
    ) {
        for (name, shape) in &expected {
            match tensors.shape(name) {
                None => self.missing.push(format!("{kind}{name}")),
                Some(got) if got != *shape => {
                    let (expected, got) = (shape.as_slice(), got.as_slice());
                    let text = format!("{kind}{name}: expected {expected:?}, got {got:?}");
                    self.mismatched.push(text);
                }
                Some(_) => {}
            }
        }
        let known: BTreeSet<_> = expected.iter().map(|(name, _)| name.as_str()).collect();
        let unused = tensors.iter().map(|(name, _)| name).filter(|name| !known.contains(name));
        self.unused.extend(unused.map(|name| format!("{kind}{name}")));
    }
}
