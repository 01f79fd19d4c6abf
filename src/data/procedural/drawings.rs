//! Procedural images: a shape with a texture and a colour on a dark background.
//!
//! They stand in for photographs, which cannot be shared freely. Each image follows from a seed and an
//! index, there is no end of them, and their labels form a hierarchy as JFT's do. Some shapes are filled,
//! some are drawn with a pen. Most images show a sign of an invented script: a few curved strokes, bent a
//! little differently each time, as in handwriting.

use burn::tensor::TensorData;
use fastrand::Rng;

use super::paint::{COLOURS, Outline, Painted, TEXTURES, paint};
use super::script::{SIGNS, Stroke, between, sign};
use super::shapes::SHAPES;
use crate::data::batch::{BatchError, BatchSource, ImageBatch};
use crate::data::labels::{Hierarchy, LabelError};

/// An endless sequence of labelled drawings, to train on without data on disk.
///
/// ```
/// use vit22b::data::Drawings;
///
/// let data = Drawings::new(32, 7);
/// let example = data.example(5);
/// assert_eq!(example.pixels.len(), 3 * 32 * 32);
/// // Shape, texture and colour, and the family of each (signs have two: their strokes, and signs).
/// assert!(data.hierarchy().multi_hot(example.labels)?.iter().sum::<f32>() >= 6.0);
/// # Ok::<(), vit22b::data::LabelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Drawings {
    side: usize,
    seed: u64,
    signs: Vec<(String, Vec<Stroke>)>,
    hierarchy: Hierarchy,
    /// The labels that are targets, as classes of the hierarchy.
    targets: Vec<usize>,
}

/// One image with its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Example<'a> {
    /// `[3, height, width]` row by row, values in [−1, 1].
    pub pixels: Vec<f32>,
    /// The share of each pixel, row by row, that the figure covers.
    pub cover: Vec<f32>,
    /// The labels, without their ancestors: shape, texture, colour.
    pub labels: [&'a str; 3],
}

impl Drawings {
    /// Square images of `side` pixels. The seed chooses the images; the script is always the same.
    pub fn new(side: usize, seed: u64) -> Self {
        let signs: Vec<_> = (0..SIGNS).map(sign).collect();
        let families = ["one stroke", "two strokes", "three strokes"];
        let of_sign = signs.iter().map(|(name, strokes)| (&**name, families[strokes.len() - 1]));
        let edges = (SHAPES.iter().map(|(name, family, _)| (*name, *family)))
            .chain(TEXTURES.iter().map(|(name, family, _)| (*name, *family)))
            .chain(COLOURS.iter().map(|(name, family, _)| (*name, *family)))
            .chain(families.map(|family| (family, "sign")))
            .chain(of_sign);
        let hierarchy = Hierarchy::new(edges).expect("no family is its own ancestor");
        let targets = (0..hierarchy.names().len()).collect();
        Self { side, seed, signs, hierarchy, targets }
    }

    /// The same images with some of the labels as targets, in the order of the hierarchy. Without this all
    /// labels are targets.
    ///
    /// # Errors
    ///
    /// [`LabelError::Unknown`] for a label that is not in the hierarchy.
    ///
    /// ```
    /// use vit22b::data::{BatchSource, Drawings};
    ///
    /// let data = Drawings::new(16, 0).with_targets(&["sign", "polygon"])?;
    /// assert_eq!(data.batch(0, 8)?.targets.dims(), [8, 2]);
    /// assert!(Drawings::new(16, 0).with_targets(&["horse"]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_targets(mut self, labels: &[&str]) -> Result<Self, LabelError> {
        // Ancestors are classes too, of which only those that are named are targets.
        self.hierarchy.indices(labels)?;
        let names = self.hierarchy.names().iter().enumerate();
        let named = names.filter(|(_, name)| labels.contains(&name.as_str()));
        self.targets = named.map(|(class, _)| class).collect();
        Ok(self)
    }

    /// The side of the images in pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The hierarchy of all labels and their families.
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// The `index`-th image with its labels. Every call gives the same.
    pub fn example(&self, index: u64) -> Example<'_> {
        let rng = &mut self.rng(index);
        let (name, outline) = self.outline(rng);
        // More than half of the images are plain: textures hide shapes.
        let texture =
            if rng.f32() < 0.6 { TEXTURES[0] } else { TEXTURES[rng.usize(..TEXTURES.len())] };
        let colour = COLOURS[rng.usize(..COLOURS.len())];
        let Painted { pixels, cover } = paint(self.side, &outline, texture.2, colour.2, rng);
        Example { pixels, cover, labels: [name, texture.0, colour.0] }
    }

    /// The name of the shape or the sign of the `index`-th image, without painting it.
    ///
    /// ```
    /// use vit22b::data::Drawings;
    ///
    /// let data = Drawings::new(32, 7);
    /// assert_eq!(data.figure(5), data.example(5).labels[0]);
    /// ```
    pub fn figure(&self, index: u64) -> &str {
        self.outline(&mut self.rng(index)).0
    }

    /// What the `index`-th image is drawn from. The multiplication gives neighbouring indices distant seeds.
    fn rng(&self, index: u64) -> Rng {
        Rng::with_seed(self.seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Draws a shape or a sign.
    fn outline(&self, rng: &mut Rng) -> (&str, Outline) {
        if rng.f32() < 0.4 {
            let (name, _, distance) = SHAPES[rng.usize(..SHAPES.len())];
            return (name, Outline::Shape(distance));
        }
        let (name, strokes) = &self.signs[rng.usize(..self.signs.len())];
        let lines = strokes.iter().map(|stroke| stroke.bent(rng).polyline()).collect();
        (name, Outline::Strokes(lines, between(rng, 0.1, 0.26)))
    }
}

impl BatchSource<ImageBatch> for Drawings {
    fn batch(&self, position: u64, size: usize) -> Result<ImageBatch, BatchError> {
        let (mut pixels, mut targets) = (Vec::new(), Vec::new());
        for index in position..position + size as u64 {
            let example = self.example(index);
            pixels.extend(example.pixels);
            let all = self.hierarchy().multi_hot(example.labels);
            let all = all.map_err(|error| BatchError::new(position, error))?;
            targets.extend(self.targets.iter().map(|class| all[*class]));
        }
        Ok(ImageBatch::new(
            TensorData::new(pixels, [size, 3, self.side(), self.side()]),
            TensorData::new(targets, [size, self.targets.len()]),
        ))
    }

    fn describe(&self) -> serde_json::Value {
        let targets = self.targets.iter().map(|class| &self.hierarchy.names()[*class]);
        serde_json::json!({
            "drawings": self.side,
            "targets": targets.collect::<Vec<_>>(),
            "seed": self.seed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_follow_from_seed_and_index() {
        let data = Drawings::new(16, 3);
        assert_eq!(data.example(4), Drawings::new(16, 3).example(4));
        assert_ne!(data.example(4), data.example(5));
        assert_ne!(data.example(4), Drawings::new(16, 4).example(4));
    }

    #[test]
    fn every_label_occurs_and_every_pixel_is_in_range() {
        let data = Drawings::new(12, 0);
        let mut counts = vec![0.0; data.hierarchy().names().len()];
        for index in 0..6_000 {
            let example = data.example(index);
            assert!(example.pixels.iter().all(|p| (-1.0..=1.0).contains(p)));
            assert!(example.cover.iter().all(|share| (0.0..=1.0).contains(share)));
            let covered = example.cover.iter().sum::<f32>() / 144.0;
            assert!((0.02..0.95).contains(&covered), "{covered} of {:?}", example.labels);
            let target = data.hierarchy().multi_hot(example.labels).unwrap();
            counts.iter_mut().zip(target).for_each(|(count, t)| *count += t);
        }
        let leaves = SHAPES.len() + SIGNS + TEXTURES.len() + COLOURS.len();
        assert_eq!(counts.len(), leaves + 4 + 4 + 3 + 3);
        // The rarest are signs: 6,000 * 0.6 / 120 = 30 expected, 5.4 standard deviation.
        assert!(counts.iter().all(|count| *count > 5.0), "{counts:?}");
    }
}
