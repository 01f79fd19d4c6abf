//! How often a published classifier is right.

use crate::data::{BrokenImages, ImageSet};
use crate::vit::FeatureRequest;

use super::embedder::Embedder;
use super::error::EmbedError;

/// How often a classifier is right about a set of images, by [`evaluate`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClassifierAccuracy {
    /// Images with a label that were read and classified.
    pub images: usize,
    /// The share of them whose most probable class is a label.
    pub top1: f64,
    /// The share of them with a label among the five most probable classes.
    pub top5: f64,
    /// Images with real labels, where these were given.
    pub real_images: usize,
    /// The share of those whose most probable class is one of their real labels; none without any.
    pub real: Option<f64>,
}

/// Counts how often a model with a classifier is right about images. Each image counts once: rows that
/// fill the last batch up are left out by its mask, and so are images that cannot be read, which are
/// returned, and images without a label.
///
/// The classes of the set are those of the classifier, in its order
/// ([`ImageSet::with_classes`] brings them there by their names). `real` has other labels for the
/// images of the set, in its order, such as ImageNet's reassessed ones
/// ([`read_real_labels`](crate::eval::read_real_labels)); images without any are not counted there. Of
/// equal logits the first class wins. After each image, `progress` gets the number of images that are
/// done.
///
/// # Errors
///
/// [`EmbedError::Feature`] for a model without a classifier, [`EmbedError::Classes`] if set and
/// classifier have other numbers of classes, or real labels are not one list for each image,
/// [`EmbedError::NotFinite`] for logits that are no numbers, [`EmbedError::Unlabelled`] if no image has
/// a label, and those of [`Embedder::visit`].
///
/// ```
/// # use std::path::Path;
/// use vit22b::{Runtime, data::ImageSet, probe::{Embedder, evaluate}, vit::Variant};
///
/// # let root = std::env::temp_dir().join(format!("evaluate-{}", std::process::id()));
/// # for class in ["cat", "dog"] {
/// #     std::fs::create_dir_all(root.join(class))?;
/// #     std::fs::copy("tests/fixtures/images/photo.jpg", root.join(class).join("1.jpg"))?;
/// # }
/// let runtime = Runtime::flex();
/// let model = Variant::parse("mu/16")?.config(2).with_image([32, 32]).init(&runtime.device())?;
/// let embedder = Embedder::new(&runtime, model, "resize(32)|value_range(-1, 1)".parse()?)?;
/// let (accuracy, broken) = evaluate(&embedder, &ImageSet::class_folders(&root)?, None, |_| ())?;
/// // The same photograph as a cat and as a dog.
/// assert_eq!((accuracy.images, accuracy.top1, accuracy.top5), (2, 0.5, 1.0));
/// assert!(broken.images.is_empty());
/// # std::fs::remove_dir_all(root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn evaluate(
    embedder: &Embedder,
    set: &ImageSet,
    real: Option<&[Vec<usize>]>,
    mut progress: impl FnMut(usize),
) -> Result<(ClassifierAccuracy, BrokenImages), EmbedError> {
    let classes = embedder.config().num_classes;
    let counts = [("classes of the images", set.classes().len(), classes)]
        .into_iter()
        .chain(real.map(|real| ("lists of real labels", real.len(), set.len())));
    for (what, got, expected) in counts {
        if classes > 0 && got != expected {
            return Err(EmbedError::Classes { what, got, expected });
        }
    }
    let mut counted = Counted::default();
    let request = FeatureRequest::new().logits();
    let broken = embedder.visit(set, &request, |index, features| {
        let item = set.item(index);
        let logits = features.values("logits").unwrap_or_default();
        if logits.iter().any(|logit| !logit.is_finite()) {
            return Err(EmbedError::NotFinite { name: item.name.clone() });
        }
        counted.add(logits, &item.labels, real.map(|real| &*real[index]));
        progress(index + 1);
        Ok(())
    })?;
    Ok((counted.accuracy().ok_or(EmbedError::Unlabelled)?, broken))
}

#[derive(Debug, Default)]
struct Counted {
    images: usize,
    top1: usize,
    top5: usize,
    real_images: usize,
    real: usize,
}

impl Counted {
    fn add(&mut self, logits: &[f32], labels: &[usize], real: Option<&[usize]>) {
        // How many classes are more probable; of equal ones, those before.
        let rank = |label: usize| {
            let own = logits.get(label).copied().unwrap_or(f32::NEG_INFINITY);
            let before =
                |(class, logit): (usize, &f32)| *logit > own || *logit == own && class < label;
            logits.iter().enumerate().filter(|(class, logit)| before((*class, logit))).count()
        };
        let best = |labels: &[usize]| labels.iter().map(|label| rank(*label)).min();
        if let Some(best) = best(labels) {
            self.images += 1;
            self.top1 += usize::from(best < 1);
            self.top5 += usize::from(best < 5);
        }
        if let Some(best) = real.and_then(best) {
            self.real_images += 1;
            self.real += usize::from(best < 1);
        }
    }

    fn accuracy(&self) -> Option<ClassifierAccuracy> {
        let share = |right: usize, of: usize| (of > 0).then(|| right as f64 / of as f64);
        Some(ClassifierAccuracy {
            images: self.images,
            top1: share(self.top1, self.images)?,
            top5: share(self.top5, self.images)?,
            real_images: self.real_images,
            real: share(self.real, self.real_images),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_ties_labels_and_real_labels_are_counted() {
        let mut counted = Counted::default();
        // The first of two equal logits wins.
        counted.add(&[1.0, 1.0, 0.0], &[1], Some(&[0, 2]));
        counted.add(&[1.0, 1.0, 0.0], &[0], Some(&[]));
        // The sixth class of seven, and one of two labels.
        counted.add(&[6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0], &[5], None);
        counted.add(&[6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0], &[6, 4], None);
        // Without a label it counts for the real labels alone.
        counted.add(&[0.0, 1.0], &[], Some(&[0]));
        let expected = ClassifierAccuracy {
            images: 4,
            top1: 0.25,
            top5: 0.75,
            real_images: 2,
            real: Some(0.5),
        };
        assert_eq!(counted.accuracy(), Some(expected));
        assert_eq!(Counted::default().accuracy(), None);
    }
}
