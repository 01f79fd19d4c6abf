//! What a split into training and test images leaves open.

use std::collections::BTreeSet;

/// With fewer test images than these, a measured accuracy is uncertain by more than ten percentage points.
const FEW: usize = 100;

/// How many classes of a split are only in one of its parts. A class that has no image at all counts for neither.
///
/// ```
/// use vit22b::probe::TestSplit;
///
/// let classes = ["bird", "cat", "dog"].map(String::from);
/// let split = TestSplit::new(&classes, &[0, 1, 1], &[1]);
/// assert_eq!((split.untested, split.test_images), (vec!["bird".to_string()], 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestSplit {
    /// Classes with images to train with and none to test with, of which an accuracy says nothing.
    pub untested: Vec<String>,
    /// Classes with images to test with and none to train with, all of which a classifier gets wrong.
    pub untrained: Vec<String>,
    /// The number of classes with images.
    pub classes: usize,
    /// The number of images to test with.
    pub test_images: usize,
}

impl TestSplit {
    /// Compares the classes of images to train with and of images to test with, of which `classes` are the names.
    pub fn new(classes: &[String], train: &[usize], test: &[usize]) -> Self {
        let [in_train, in_test] =
            [train, test].map(|labels| labels.iter().copied().collect::<BTreeSet<_>>());
        let name =
            |class: &usize| classes.get(*class).cloned().unwrap_or_else(|| class.to_string());
        Self {
            untested: in_train.difference(&in_test).map(name).collect(),
            untrained: in_test.difference(&in_train).map(name).collect(),
            classes: in_train.union(&in_test).count(),
            test_images: test.len(),
        }
    }

    /// The number of classes with images to train and to test with. Without any, an accuracy says nothing at all.
    pub fn measured_classes(&self) -> usize {
        self.classes - self.untested.len() - self.untrained.len()
    }

    /// What a reader of the accuracy has to know, a sentence for each: classes that are in one part alone, and
    /// [`few_test_images`].
    pub fn cautions(&self) -> Vec<String> {
        let of =
            |names: &[String]| format!("{} of {} ({})", names.len(), self.classes, first(names));
        let mut cautions = Vec::new();
        if !self.untested.is_empty() {
            let what = "classes without an image to test with, of which the accuracy says nothing";
            cautions.push(format!("{what}: {}", of(&self.untested)));
        }
        if !self.untrained.is_empty() {
            let what = "classes without an image to train with, whose test images count as wrong";
            cautions.push(format!("{what}: {}", of(&self.untrained)));
        }
        cautions.extend(few_test_images(self.test_images));
        cautions
    }
}

/// A caution where an accuracy is measured on fewer than 100 images. Of `n` images, the 95 % interval of an accuracy near
/// one half is `± 0.98 / √n`.
pub fn few_test_images(images: usize) -> Option<String> {
    (1..FEW).contains(&images).then(|| {
        let points = 98.0 / (images as f64).sqrt();
        let noun = if images == 1 { "image" } else { "images" };
        format!(
            "{images} {noun} to test with: an accuracy on so few is uncertain by up to {points:.0} percentage points"
        )
    })
}

/// The first ten names.
fn first(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_one_part_and_few_images_are_told() {
        let classes = ["a", "b", "c", "none"].map(String::from);
        let split = TestSplit::new(&classes, &[0, 0, 1], &[0, 2]);
        assert_eq!(
            split.cautions(),
            [
                "classes without an image to test with, of which the accuracy says nothing: 1 of 3 (b)",
                "classes without an image to train with, whose test images count as wrong: 1 of 3 (c)",
                "2 images to test with: an accuracy on so few is uncertain by up to 69 percentage points",
            ]
        );
        let split = TestSplit::new(&classes, &[0, 1], &[[0, 1]; 50].concat());
        assert!(split.cautions().is_empty());
        let split = TestSplit::new(&[], &[7, 8], &[8]);
        assert_eq!((split.measured_classes(), split.untested), (1, vec!["7".to_string()]));
        assert_eq!(few_test_images(99).unwrap().split(": ").next(), Some("99 images to test with"));
        assert_eq!((few_test_images(0), few_test_images(100)), (None, None));
    }
}
