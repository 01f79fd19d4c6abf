//! Images that are missing or cannot be decoded.

use std::fmt;
use std::io::ErrorKind;

use crate::data::error::DataError;
use crate::data::image::ImageError;

/// What happens at an image that is missing or cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBroken {
    /// It is skipped, and [`ImageLoader::broken`](super::ImageLoader::broken) names it.
    #[default]
    Skip,
    /// The call ends with an error.
    Fail,
}

/// The images that were skipped, each with the reason.
///
/// As text it is a line with their number, and a line for each of the first ten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenImages {
    /// The number of images in the set.
    pub of: usize,
    /// Name of each skipped image and the reason, in the order of the set.
    pub images: Vec<(String, String)>,
}

impl fmt::Display for BrokenImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        write!(f, "{} of {} images skipped", self.images.len(), self.of)?;
        for (name, reason) in self.images.iter().take(SHOWN) {
            write!(f, "\n  {name}: {reason}")?;
        }
        match self.images.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// What an image that cannot be read is one of.
pub(super) fn kind(error: &DataError) -> String {
    match error {
        DataError::Image { reason, .. } => match reason {
            ImageError::Format { .. } => "files of no format that is read".into(),
            ImageError::Broken { format, .. } => format!("broken {format} files"),
            ImageError::Unsupported { format, .. } => {
                format!("{format} files of an unsupported kind")
            }
            ImageError::Video { .. } => "videos of a kind that is not read".into(),
            ImageError::TooLarge { .. } => "images of more pixels than the limit".into(),
            ImageError::Size { .. } | ImageError::NotANumber => "images without pixels".into(),
        },
        DataError::Io { reason, .. } => match reason.kind() {
            ErrorKind::NotFound => "files that are not there".into(),
            ErrorKind::PermissionDenied => "files that may not be read".into(),
            _ => "files that cannot be read".into(),
        },
        _ => "images that cannot be read".into(),
    }
}
