//! Images that are not there or cannot be decoded.

use std::fmt;

/// What to do with an image that is not there or cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBroken {
    /// Leave it out and name it in [`ImageLoader::broken`](super::ImageLoader::broken).
    #[default]
    Skip,
    /// Stop with an error.
    Fail,
}

/// Images that were skipped, each with the reason.
///
/// Prints as a sentence and a line for each of the first ten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenImages {
    /// Images in the set.
    pub of: usize,
    /// Name and reason, in the order of the set.
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
