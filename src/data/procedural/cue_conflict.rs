//! Drawings with conflicting cues: the shape of one class with the texture of another.

use fastrand::Rng;

use super::paint::shape_in_texture;

/// The shape and the texture of each class.
const CATEGORIES: [(&str, &str); 6] = [
    ("disc", "striped"),
    ("square", "ringed"),
    ("triangle", "spotted"),
    ("star", "checked"),
    ("bar", "plain"),
    ("half disc", "diagonal"),
];

/// Drawings of six classes, each with a shape and a texture of its own, to find out whether a classifier
/// goes by shape or by texture.
///
/// In training images the two cues agree, and a classifier may learn either. Images whose cues disagree
/// then show which one it learnt, as stylised photographs do for classifiers of ImageNet (arXiv
/// 1811.12231), with nothing to download. Colour, position and background are random and independent of
/// the class.
///
/// ```
/// use vit22b::data::CueConflict;
///
/// let cues = CueConflict::new(32, 0);
/// let agreeing = cues.agreeing(4);
/// assert_eq!((agreeing.shape, agreeing.texture), (4, 4));
/// let conflicting = cues.conflicting(4);
/// assert_ne!(conflicting.shape, conflicting.texture);
/// assert_eq!(CueConflict::class_names()[0], "striped disc");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CueConflict {
    side: usize,
    seed: u64,
}

/// An image with the classes of its two cues.
#[derive(Debug, Clone, PartialEq)]
pub struct CueImage {
    /// `[3, height, width]` row by row, values in [−1, 1].
    pub pixels: Vec<f32>,
    /// The class of the shape.
    pub shape: usize,
    /// The class of the texture.
    pub texture: usize,
}

impl CueConflict {
    /// The number of classes.
    pub const CLASSES: usize = CATEGORIES.len();

    /// Square images of `side` pixels. Another seed gives other images.
    pub fn new(side: usize, seed: u64) -> Self {
        Self { side, seed }
    }

    /// The names of the classes, such as "striped disc".
    pub fn class_names() -> [String; Self::CLASSES] {
        CATEGORIES.map(|(shape, texture)| format!("{texture} {shape}"))
    }

    /// The shapes of the classes.
    pub fn shape_names() -> [&'static str; Self::CLASSES] {
        CATEGORIES.map(|(shape, _)| shape)
    }

    /// The textures of the classes.
    pub fn texture_names() -> [&'static str; Self::CLASSES] {
        CATEGORIES.map(|(_, texture)| texture)
    }

    /// The `index`-th image whose cues agree. The classes take turns.
    pub fn agreeing(&self, index: u64) -> CueImage {
        let class = (index % Self::CLASSES as u64) as usize;
        self.image(class, class, index)
    }

    /// The `index`-th image whose cues disagree. All pairs of classes take turns.
    pub fn conflicting(&self, index: u64) -> CueImage {
        let classes = Self::CLASSES as u64;
        let shape = index % classes;
        let texture = (shape + 1 + index / classes % (classes - 1)) % classes;
        self.image(shape as usize, texture as usize, index)
    }

    fn image(&self, shape: usize, texture: usize, index: u64) -> CueImage {
        // The pair of classes is a part of the seed, so that images of one index are independent.
        let pair = (shape * Self::CLASSES + texture) as u64;
        let seed = (index << 8 | pair).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.seed;
        let rng = &mut Rng::with_seed(seed);
        let pixels = shape_in_texture(self.side, CATEGORIES[shape].0, CATEGORIES[texture].1, rng);
        CueImage { pixels, shape, texture }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn pairs_take_turns_and_images_repeat() {
        let cues = CueConflict::new(8, 3);
        let pairs: BTreeSet<_> = (0..30)
            .map(|index| cues.conflicting(index))
            .map(|image| (image.shape, image.texture))
            .collect();
        assert_eq!(pairs.len(), 30);
        assert!(pairs.iter().all(|(shape, texture)| shape != texture));
        assert_eq!(cues.conflicting(5), CueConflict::new(8, 3).conflicting(5));
        assert_ne!(cues.conflicting(5), CueConflict::new(8, 4).conflicting(5));
        assert_ne!(cues.agreeing(0).pixels, cues.agreeing(6).pixels);
    }

    #[test]
    fn each_shape_and_each_texture_is_of_one_class() {
        let names = |of: fn((&'static str, &'static str)) -> &'static str| {
            CATEGORIES.map(of).into_iter().collect::<BTreeSet<_>>().len()
        };
        assert_eq!((names(|c| c.0), names(|c| c.1)), (6, 6));
    }
}
