//! Images that are missing or cannot be decoded.

use std::fmt;

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
