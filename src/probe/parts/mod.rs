//! Features of any number of images in a folder, in parts.
//!
//! The manifest is the one thing that says which parts count. Files of a part are written first, each under
//! another name until it is complete and on the disk, and the manifest is replaced by one that names them; a run that
//! is killed leaves at most files that the manifest does not name, which the next run removes. In the same way an
//! update writes the part that replaces others, then the manifest, and removes the others last. So at any moment the
//! folder holds each image once or not at all.

mod error;
mod folder;
mod manifest;
mod plan;
mod records;
mod run;

pub use error::PartsError;
pub use folder::FeatureFolder;
pub use manifest::{MadeBy, SkippedImages};
pub use run::{PartsConfig, PartsProgress, PartsReport};

use crate::eval::EvalError;
use crate::probe::error::EmbedError;

fn table_error(error: EvalError) -> PartsError {
    PartsError::Embed(EmbedError::Table(error))
}
