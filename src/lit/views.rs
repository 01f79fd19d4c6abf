//! What a locked model makes of a few views of each image.

use burn::tensor::Tensor;
use serde_json::{Value, json};

use crate::contrast::embedding;
use crate::data::ImageSet;
use crate::params::NamedTensors;
use crate::probe::{EmbedError, Embedder, FeatureCache, FeatureFunction, FeatureKey, FeatureTable};

use super::error::LitError;

/// The vectors that a locked image model makes of `K` views of each image of a set. A view is what the random steps of
/// preprocessing make of an image; without such steps one view is all there is.
///
/// Views stay the same in all epochs. More of them keep a text tower from learning a single crop by heart.
#[derive(Debug, Clone)]
pub struct ImageViews {
    tables: Vec<FeatureTable>,
    /// The images that could be read, in the order of the rows.
    indices: Vec<usize>,
    set_len: usize,
    described: Value,
}

impl ImageViews {
    /// Vectors in memory: a table for each view, whose rows are the images of a set in their order.
    ///
    /// # Errors
    ///
    /// [`LitError::Fit`] without a table, and for tables of different sizes.
    pub fn new(tables: Vec<FeatureTable>) -> Result<Self, LitError> {
        let Some(first) = tables.first() else {
            return Err(LitError::fit("views", "at least one", 0));
        };
        let (rows, columns) = (first.rows(), first.columns());
        let size = |table: &FeatureTable| format!("{} × {}", table.rows(), table.columns());
        let same = |table: &&FeatureTable| table.rows() == rows && table.columns() == columns;
        if let Some(other) = tables.iter().find(|table| !same(table)) {
            return Err(LitError::fit("views", size(first), size(other)));
        }
        let key = FeatureKey::new("views in memory");
        let key = tables.iter().fold(key, |key, table| {
            let values = table.matrix().values();
            key.bytes(&values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())
        });
        let described = json!({ "vectors": key.digest() });
        Ok(Self { indices: (0..rows).collect(), set_len: rows, tables, described })
    }

    /// The vectors of views of a set, from a cache where they are there. Each view is kept as soon as it is whole, so that a call
    /// that was interrupted goes on. `key` stands for the model; the embedder's preprocessing draws the views, and `progress` gets
    /// the number of views and images that are done. Images that cannot be read are left out.
    ///
    /// # Errors
    ///
    /// [`LitError::Embed`] for a set without images that can be read, features that are no numbers, or a model that cannot be run;
    /// [`LitError::Cache`] for a folder that cannot be written.
    pub fn embed(
        embedder: Embedder,
        set: &ImageSet,
        (views, seed): (u64, u64),
        (cache, key): (&FeatureCache, &FeatureKey),
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Self, LitError> {
        let mut key = key
            .clone()
            .text("vector compared with texts")
            .text(&set.fingerprint())
            .text(&embedder.preprocess().to_string())
            .text(&format!("{:?} {:?}", embedder.decoding(), embedder.precision()));
        for index in 0..set.len() {
            // Of a file that is gone the embedder tells.
            if let Ok(stamp) = set.stamp(index) {
                key = key.text(&format!("{stamp:?}"));
            }
        }
        let function = FeatureFunction::new(|model, images: Tensor<4>| {
            let mut out = NamedTensors::default();
            out.insert("embedding", embedding(model, images));
            out
        });
        let (mut embedder, mut tables, mut indices) = (embedder, Vec::new(), Vec::new());
        for view in 0..views.max(1) {
            // Another seed for each view; the factor keeps views of neighbouring seeds apart.
            embedder =
                embedder.with_seed(seed.wrapping_add(view.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            let of_view = key.clone().text(&format!("seed {seed}, view {view}"));
            let table = cache.get_or_compute(&of_view, || {
                of_set(&embedder, set, &function, |images| progress(view as usize, images))
            })?;
            indices = table.names().iter().filter_map(|name| name.parse().ok()).collect();
            tables.push(table);
        }
        let described = json!({ "vectors": key.digest(), "seed": seed });
        Ok(Self { tables, indices, set_len: set.len(), described })
    }

    /// A table for each view.
    pub fn tables(&self) -> &[FeatureTable] {
        &self.tables
    }

    /// The image of each row, by its index in the set: those that could be read.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    /// The number of images of the set.
    pub fn set_len(&self) -> usize {
        self.set_len
    }

    /// What the vectors follow from.
    pub(super) fn describe(&self) -> Value {
        self.described.clone()
    }
}

/// The vectors of one view; the name of a row is the image's index.
fn of_set(
    embedder: &Embedder,
    set: &ImageSet,
    function: &FeatureFunction,
    mut progress: impl FnMut(usize),
) -> Result<FeatureTable, LitError> {
    let (mut values, mut names, mut width) = (Vec::new(), Vec::new(), 1);
    embedder.visit_with(set, function, |index, features| {
        let vector = features.values("embedding").unwrap_or_default();
        if vector.iter().any(|x| !x.is_finite()) {
            return Err(EmbedError::Features { name: set.name(index) });
        }
        width = vector.len().max(1);
        values.extend(vector);
        names.push(index.to_string());
        progress(index + 1);
        Ok(())
    })?;
    if names.is_empty() {
        return Err(LitError::fit("images", "one that can be read", "none"));
    }
    Ok(FeatureTable::new(values, width)?.with_names(names)?)
}
