//! What decoders hand on.

use std::sync::mpsc::SyncSender;

use crate::data::image::{Image, ImageError};

/// What an error advises where a file is not read.
pub(super) const REMEDY: &str =
    "make frames of it, a folder for each video: `ffmpeg -i VIDEO -q:v 2 FOLDER/%06d.jpg`";

/// Where decoded frames go.
pub(super) struct Sender<'a>(pub(super) &'a SyncSender<Result<Image, ImageError>>);

impl Sender<'_> {
    /// Hands on a frame. False where nobody takes more.
    pub(super) fn send(&self, frame: Image) -> bool {
        self.0.send(Ok(frame)).is_ok()
    }
}
