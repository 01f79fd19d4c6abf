//! Batches that say of each image how it was read.

use std::sync::Arc;

use super::broken::kind;
use super::{ImageLoader, OnBroken, is_of_the_image};
use crate::data::batch::{BatchError, HeldOut, ImageBatch, Masked};
use crate::data::error::DataError;
use crate::data::image::Image;
use crate::data::set::{Decoded, Stamp};

/// Some images of a loader's set, in batches that come with a record of each image. Random steps draw by the place of an image in the
/// whole set, so that a part of it gives what all of it gave.
#[derive(Debug)]
pub(crate) struct RecordedImages {
    pub(crate) loader: ImageLoader,
    /// The places of these images in the set.
    pub(crate) places: Arc<[u32]>,
}

/// A batch with a record of each of its images.
#[derive(Debug)]
pub(crate) struct RecordedBatch {
    pub(crate) batch: ImageBatch,
    pub(crate) images: Vec<ReadImage>,
}

/// How an image was read.
#[derive(Debug)]
pub(crate) struct ReadImage {
    /// Size and time of the file, as they were before it was read. None if it has none.
    pub(crate) stamp: Option<Stamp>,
    /// The SHA-256 of the encoded bytes.
    pub(crate) sha256: Option<[u8; 32]>,
    /// Kind and reason, where the image is skipped.
    pub(crate) skipped: Option<(String, String)>,
}

impl RecordedImages {
    fn read(&self, index: usize) -> (ReadImage, Result<Image, DataError>) {
        let loader = &self.loader;
        let Decoded { stamp, sha256, image } = loader.set.decode_recorded(index, loader.decoding);
        (ReadImage { stamp, sha256, skipped: None }, image)
    }

    fn recorded(&self, first: usize, size: usize) -> Result<Masked<RecordedBatch>, DataError> {
        let loader = &self.loader;
        let is_fixed = loader.preprocess.is_fixed();
        if !is_fixed && size != 1 {
            return Err(DataError::Sizes);
        }
        let mut rows = loader.rows(size);
        let (mut mask, mut images) = (vec![false; size], Vec::new());
        for (row, place) in self.places.iter().skip(first).take(size).enumerate() {
            let index = *place as usize;
            let (mut read, image) = self.read(index);
            match image {
                Err(error) if loader.on_broken == OnBroken::Skip && is_of_the_image(&error) => {
                    let reason = match &error {
                        DataError::Image { reason, .. } => reason.to_string(),
                        error => error.to_string(),
                    };
                    read.skipped = Some((kind(&error), reason));
                }
                image => {
                    if !is_fixed {
                        rows = loader.rows_of(image.as_ref().ok());
                    }
                    mask[row] = loader.write(image, index, 0, rows.row(row))?.is_none();
                }
            }
            images.push(read);
        }
        Ok(Masked { batch: RecordedBatch { batch: rows.batch(), images }, mask, first })
    }
}

impl HeldOut<RecordedBatch> for RecordedImages {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn batch(&self, first: usize, size: usize) -> Result<Masked<RecordedBatch>, BatchError> {
        self.recorded(first, size).map_err(|error| BatchError::new(first as u64, error))
    }
}
