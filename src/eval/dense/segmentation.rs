//! Classes of pixels, compared with the true ones.

use crate::eval::arrays::{EvalError, check_length};

/// How often each true class was taken for each predicted class, over the pixels of a whole set. All
/// measurements of segmentation follow from this table; the mean of measurements of single images is
/// another number.
///
/// ```
/// use vit22b::eval::SegmentationTable;
///
/// let mut table = SegmentationTable::new(3, Some(255));
/// table.add(&[0u8, 0, 1, 255], &[0u8, 1, 1, 2])?;
/// assert_eq!(table.iou(), [Some(0.5), Some(0.5), None]);
/// assert_eq!(table.mean_iou(), Some(0.5));
/// assert_eq!(table.pixel_accuracy(), Some(2.0 / 3.0));
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentationTable {
    classes: usize,
    ignore: Option<usize>,
    counts: Vec<u64>,
}

impl SegmentationTable {
    /// A table of no pixels. Pixels with the label `ignore` are left out.
    pub fn new(classes: usize, ignore: Option<usize>) -> Self {
        Self { classes, ignore, counts: vec![0; classes * classes] }
    }

    /// Adds the pixels of an image, or of several.
    ///
    /// # Errors
    ///
    /// [`EvalError::Length`] if there is not a prediction for each pixel, [`EvalError::Label`] for a true
    /// or predicted class out of range where a pixel counts. Nothing is added then.
    pub fn add<T, P>(&mut self, truth: &[T], predicted: &[P]) -> Result<(), EvalError>
    where
        T: Copy + Into<usize>,
        P: Copy + Into<usize>,
    {
        check_length("predicted classes", truth.len(), predicted.len())?;
        let classes = self.classes;
        let kept = || {
            let pairs = truth.iter().zip(predicted).map(|(t, p)| ((*t).into(), (*p).into()));
            pairs.enumerate().filter(|(_, (truth, _))| Some(*truth) != self.ignore)
        };
        for (row, (truth, predicted)) in kept() {
            for label in [truth, predicted] {
                if label >= classes {
                    return Err(EvalError::Label { row, label, classes });
                }
            }
        }
        let cells: Vec<usize> = kept().map(|(_, (truth, other))| truth * classes + other).collect();
        cells.into_iter().for_each(|cell| self.counts[cell] += 1);
        Ok(())
    }

    /// Adds the pixels of another table of the same classes, for images that are counted apart.
    ///
    /// # Errors
    ///
    /// [`EvalError::Length`] if the other table has another number of classes.
    pub fn merge(&mut self, other: &Self) -> Result<(), EvalError> {
        check_length("the classes of the other table", self.classes, other.classes)?;
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, count)| *sum += count);
        Ok(())
    }

    /// How many pixels of a true class were taken for a predicted one.
    ///
    /// # Panics
    ///
    /// If a class is out of range.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        assert!(
            truth < self.classes && predicted < self.classes,
            "classes {truth} and {predicted} are out of range: there are {}",
            self.classes
        );
        self.counts[truth * self.classes + predicted]
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The number of pixels.
    pub fn pixels(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// For each class the pixels that are of it both in truth and in prediction, divided by those that are
    /// of it in either; none for a class in neither.
    pub fn iou(&self) -> Vec<Option<f64>> {
        let of = |class| {
            let union = self.of_truth(class) + self.of_prediction(class) - self.hits(class);
            ratio(self.hits(class), union)
        };
        (0..self.classes).map(of).collect()
    }

    /// The mean of [`iou`](Self::iou) over the classes that have one. A class that was predicted and is
    /// not there counts as 0.
    pub fn mean_iou(&self) -> Option<f64> {
        mean(&self.iou())
    }

    /// The share of pixels whose class is right.
    pub fn pixel_accuracy(&self) -> Option<f64> {
        ratio((0..self.classes).map(|class| self.hits(class)).sum(), self.pixels())
    }

    /// For each class the share of its pixels that were recognised; none for a class without pixels.
    pub fn class_accuracy(&self) -> Vec<Option<f64>> {
        (0..self.classes).map(|class| ratio(self.hits(class), self.of_truth(class))).collect()
    }

    /// The mean of [`class_accuracy`](Self::class_accuracy) over the classes that have one.
    pub fn mean_class_accuracy(&self) -> Option<f64> {
        mean(&self.class_accuracy())
    }

    /// The mean of [`iou`](Self::iou), each class weighted by its share of pixels.
    pub fn frequency_weighted_iou(&self) -> Option<f64> {
        let pixels = self.pixels();
        let weighted = self.iou().into_iter().enumerate().map(|(class, iou)| {
            let share = self.of_truth(class) as f64 / pixels as f64;
            share * iou.unwrap_or(0.0)
        });
        (pixels > 0).then(|| weighted.sum())
    }

    fn hits(&self, class: usize) -> u64 {
        self.counts[class * self.classes + class]
    }

    fn of_truth(&self, class: usize) -> u64 {
        self.counts[class * self.classes..][..self.classes].iter().sum()
    }

    fn of_prediction(&self, class: usize) -> u64 {
        self.counts.iter().skip(class).step_by(self.classes).sum()
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The mean of the values that are there.
fn mean(values: &[Option<f64>]) -> Option<f64> {
    let there: Vec<f64> = values.iter().flatten().copied().collect();
    (!there.is_empty()).then(|| there.iter().sum::<f64>() / there.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_parts_is_the_table_of_the_whole() {
        let mut rng = fastrand::Rng::with_seed(2);
        let truth: Vec<usize> = (0..200).map(|_| rng.usize(0..5)).collect();
        let predicted: Vec<usize> = (0..200).map(|_| rng.usize(0..4)).collect();
        let table = |range: core::ops::Range<usize>| {
            let mut table = SegmentationTable::new(4, Some(4));
            table.add(&truth[range.clone()], &predicted[range]).unwrap();
            table
        };
        let mut parts = table(0..77);
        parts.merge(&table(77..200)).unwrap();
        assert_eq!(parts, table(0..200));
        assert_eq!(parts.pixels() as usize, truth.iter().filter(|label| **label != 4).count());
        assert!(parts.merge(&SegmentationTable::new(5, None)).is_err());
    }

    #[test]
    fn what_cannot_be_counted_is_refused_and_leaves_no_trace() {
        let mut table = SegmentationTable::new(2, Some(255));
        let error = table.add(&[0u8, 2], &[0u8, 1]).unwrap_err().to_string();
        assert_eq!(error, "class 2 of example 1 is out of range: the classes are 0 to 1");
        assert!(table.add(&[0u8], &[2u8]).is_err());
        assert!(table.add(&[0u8, 1], &[0u8]).is_err());
        // Whatever is predicted where nothing is known.
        table.add(&[255u8, 255], &[9u8, 255]).unwrap();
        assert_eq!((table.pixels(), table.mean_iou(), table.pixel_accuracy()), (0, None, None));
        assert_eq!((table.mean_class_accuracy(), table.frequency_weighted_iou()), (None, None));
    }
}
