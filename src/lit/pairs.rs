//! Vectors of images with the ids of their texts, as batches.

use std::ops::Range;

use burn::tensor::{Tensor, TensorData};
use serde_json::{Value, json};

use crate::data::batch::permuted;
use crate::data::{BatchError, BatchSource, Captions, ExampleKey, HeldOut, Masked};
use crate::probe::FeatureTable;
use crate::runtime::host;
use crate::text::{TextEncoder, TextIds};

use super::error::LitError;
use super::task::LitBatch;
use super::views::ImageViews;

/// Set in the key from which the text of an example is drawn, so that it differs from keys of other draws.
const TEXT: u64 = 1 << 33;

/// Images with their texts, to train a text tower with.
///
/// As a [`BatchSource`] it gives epoch after epoch each image once, in an order of its own. Epoch `e` sees view `e mod K` of each,
/// with one of its texts, which follows from the seed, the image and the epoch. As [`HeldOut`] examples it gives each image once,
/// by its first view and its first text.
#[derive(Debug, Clone)]
pub struct Pairs {
    /// A table for each view.
    views: Vec<FeatureTable>,
    ids: TextIds,
    /// Which texts are of each row of the tables.
    of_row: Vec<Range<usize>>,
    seed: u64,
    source: Value,
}

impl Pairs {
    /// The images of some views with their captions. Images without a text are left out.
    ///
    /// # Errors
    ///
    /// [`LitError::Fit`] for captions of another set of images, and where no image has a text.
    pub fn new(
        views: &ImageViews,
        captions: &Captions,
        encoder: &TextEncoder,
        seed: u64,
    ) -> Result<Self, LitError> {
        if captions.images() != views.set_len() {
            let expected = format!("those of {} images", views.set_len());
            return Err(LitError::fit("captions", expected, captions.images()));
        }
        let rows = views.indices().iter().enumerate();
        let with: Vec<(usize, usize)> = rows
            .filter(|(_, index)| !captions.of(**index).is_empty())
            .map(|(row, index)| (row, *index))
            .collect();
        if with.is_empty() {
            return Err(LitError::fit("captions", "a text of an image that can be read", "none"));
        }
        let (mut texts, mut of_row) = (Vec::new(), Vec::new());
        for (_, index) in &with {
            let first = texts.len();
            texts.extend(captions.of(*index).iter().map(String::as_str));
            of_row.push(first..texts.len());
        }
        let tables = views.tables().iter();
        let tables = tables.map(|table| table.select(with.iter().map(|(row, _)| *row)));
        Ok(Self {
            views: tables.collect(),
            ids: encoder.encode(&texts),
            of_row,
            seed,
            source: views.describe(),
        })
    }

    /// The number of images.
    pub fn images(&self) -> usize {
        self.of_row.len()
    }

    /// The number of texts of these images.
    pub fn texts(&self) -> usize {
        self.of_row.iter().map(ExactSizeIterator::len).sum()
    }

    /// The ids of all texts, those of images that were taken away among them.
    pub fn ids(&self) -> &TextIds {
        &self.ids
    }

    /// The length of an image's vector.
    pub fn width(&self) -> usize {
        self.views.first().map_or(0, FeatureTable::columns)
    }

    /// Takes a share of the images away, each `every`-th, as pairs of their own: to train with the rest and evaluate on these.
    /// `every` is at least 2.
    pub fn held_out(&self, every: usize) -> [Self; 2] {
        let every = every.max(2);
        let part = |held_out: bool| {
            let rows = (0..self.images()).filter(|row| (row % every == 0) == held_out);
            let rows: Vec<usize> = rows.collect();
            Self {
                views: self.views.iter().map(|table| table.select(rows.iter().copied())).collect(),
                of_row: rows.iter().map(|row| self.of_row[*row].clone()).collect(),
                source: json!({ "of": self.source, "each": every, "held_out": held_out }),
                ..self.clone()
            }
        };
        [part(false), part(true)]
    }

    /// The image, the view and the text at a position of an endless run.
    fn at(&self, position: u64) -> [usize; 3] {
        let count = self.images() as u64;
        let epoch = position / count;
        let order = ExampleKey::new(self.seed, epoch, u64::MAX);
        let row = permuted(position % count, count, order) as usize;
        let texts = self.of_row[row].clone();
        let mut rng = ExampleKey::new(self.seed, epoch, row as u64).rng(TEXT);
        [row, (epoch % self.views.len() as u64) as usize, rng.usize(texts)]
    }

    fn batch_of(&self, examples: impl Iterator<Item = [usize; 3]>) -> LitBatch {
        let device = host();
        let (mut values, mut ids, mut count) = (Vec::<f32>::new(), Vec::<i32>::new(), 0);
        for [row, view, text] in examples {
            values.extend(self.views[view].matrix().row(row));
            ids.extend(self.ids.row(text).iter().map(|id| *id as i32));
            count += 1;
        }
        let length = ids.len() / count.max(1);
        LitBatch {
            images: Tensor::from_data(TensorData::new(values, [count, self.width()]), &device),
            ids: Tensor::from_data(TensorData::new(ids, [count, length]), &device),
        }
    }
}

impl BatchSource<LitBatch> for Pairs {
    fn batch(&self, position: u64, size: usize) -> Result<LitBatch, BatchError> {
        Ok(self.batch_of((position..position + size as u64).map(|at| self.at(at))))
    }

    fn examples_per_epoch(&self) -> Option<u64> {
        Some(self.images() as u64)
    }

    fn describe(&self) -> Value {
        json!({
            "images": self.source, "views": self.views.len(), "texts": self.ids.digest(),
            "seed": self.seed,
        })
    }
}

impl HeldOut<LitBatch> for Pairs {
    fn len(&self) -> usize {
        self.images()
    }

    fn batch(&self, first: usize, size: usize) -> Result<Masked<LitBatch>, BatchError> {
        let rows = first..first + size;
        let mask = rows.clone().map(|row| row < self.images()).collect();
        let last = self.images() - 1;
        let examples = rows.map(|row| row.min(last));
        let batch = self.batch_of(examples.map(|row| [row, 0, self.of_row[row].start]));
        Ok(Masked { batch, mask, first })
    }
}
