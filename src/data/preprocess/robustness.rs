//! The paper's preprocessing of test sets that measure robustness.

use super::Preprocess;
use super::error::PreprocessError;

/// A test set that measures a classifier of ImageNet on other images, for the paper's preprocessing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RobustnessSet {
    /// ImageNet-v2: all classes, in folders named by their index.
    ImageNetV2,
    /// ImageNet-R: renditions of 200 classes.
    ImageNetR,
    /// ImageNet-A: natural adversarial examples of 200 classes.
    ImageNetA,
    /// ImageNet-Sketch: all classes.
    ImageNetSketch,
    /// ObjectNet, 113 of whose classes are also classes of ImageNet.
    ObjectNet,
    /// ImageNet's validation images, with the labels of ImageNet or ReaL.
    ImageNetVal,
}

impl RobustnessSet {
    /// The steps to images of `side` × `side` values in [−1, 1]. Images of ObjectNet and ImageNet-A keep
    /// their aspect ratio, and the crop is the central 75 % of the shorter side; images of the other sets
    /// are resized to squares, and the crop is the central 87.5 %.
    ///
    /// # Errors
    ///
    /// [`PreprocessError`] for a side of 0, or one for which an image would be resized to more than 65,536
    /// pixels a side.
    ///
    /// # Reference
    ///
    /// The paper's evaluation out of distribution (section 4.2.3).
    ///
    /// ```
    /// use vit22b::data::RobustnessSet;
    ///
    /// let steps = RobustnessSet::ImageNetA.preprocess(224)?.to_string();
    /// assert_eq!(steps, "resize_small(299, bilinear)|central_crop(224, 224)|value_range(-1, 1)");
    /// let steps = RobustnessSet::ImageNetR.preprocess(224)?.to_string();
    /// assert_eq!(steps, "resize(256, 256, bilinear)|central_crop(224, 224)|value_range(-1, 1)");
    /// # Ok::<(), vit22b::data::PreprocessError>(())
    /// ```
    pub fn preprocess(self, side: usize) -> Result<Preprocess, PreprocessError> {
        let before = |share: f64| (side as f64 / share).round() as usize;
        let resize = match self {
            Self::ObjectNet | Self::ImageNetA => {
                format!("resize_small({}, bilinear)", before(0.75))
            }
            _ => format!("resize({0}, {0}, bilinear)", before(0.875)),
        };
        format!("{resize}|central_crop({side})|value_range(-1, 1)").parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_of_0_is_an_error() {
        assert!(RobustnessSet::ObjectNet.preprocess(0).is_err());
    }
}
