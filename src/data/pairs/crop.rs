//! Random crops of an image and of what is known of its pixels.

use std::borrow::Cow;

use fastrand::Rng;
use serde::{Deserialize, Serialize};

use super::photometric::distort;
use super::truth::Truth;
use crate::data::error::DataError;
use crate::data::image::Image;
use crate::data::preprocess::{Filter, resized_part};

/// How crops are drawn from images for training: the image in a random size, a random part of it, mirrored or not, in
/// changed colours. Where the image is smaller than the crop, the rest is unknown, and grey.
///
/// # Reference
///
/// The augmentation that mmsegmentation, Segmenter and InternVL train on ADE20k with: sizes of 0.5 to 2, parts of which no
/// class has more than 75 %, mirroring, and photometric distortion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointCrop {
    /// Height and width of crops.
    pub size: [usize; 2],
    /// The shorter side of an image that is neither enlarged nor made smaller. Evaluate in this size.
    pub shorter: usize,
    /// The smallest and the largest factor on that, above 0. Depths are divided by it: what is enlarged seems nearer.
    pub scale: [f64; 2],
    /// The share of its known pixels that one class may have; ten parts are drawn until one has less.
    pub most_of_one: f64,
    /// Whether half of the crops are mirrored.
    pub flip: bool,
    /// Whether colours are changed.
    pub photometric: bool,
}

/// Parts that are drawn until one has classes enough.
const TRIES: usize = 10;

impl JointCrop {
    /// Crops of this size, as ADE20k is trained on.
    pub fn new(size: [usize; 2]) -> Self {
        Self {
            size,
            shorter: size[0].min(size[1]),
            scale: [0.5, 2.0],
            most_of_one: 0.75,
            flip: true,
            photometric: true,
        }
    }

    /// Whole images in one size, without anything random: those of an evaluation in training.
    pub fn plain(size: [usize; 2]) -> Self {
        let scale = [1.0, 1.0];
        Self { scale, most_of_one: 1.0, flip: false, photometric: false, ..Self::new(size) }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`DataError::Setting`] that names the field.
    pub fn validate(&self) -> Result<(), DataError> {
        let sides = [self.size[0], self.size[1], self.shorter];
        let [low, high] = self.scale;
        let checks = [
            (
                "size",
                format!("{:?}", self.size),
                sides.iter().all(|side| (1..=1 << 16).contains(side)),
                "sides from 1 to 65,536",
            ),
            (
                "scale",
                format!("{low},{high}"),
                low > 0.0 && low <= high && high <= 16.0,
                "two factors above 0 and at most 16, the smaller one first",
            ),
            (
                "most_of_one",
                self.most_of_one.to_string(),
                self.most_of_one > 0.0 && self.most_of_one <= 1.0,
                "a share above 0 and at most 1",
            ),
        ];
        for (field, value, valid, expected) in checks {
            if !valid {
                return Err(DataError::Setting { field, value, expected });
            }
        }
        Ok(())
    }

    /// A crop of an image and of its truth: values of `[3, height, width]`, where 0 is what a pixel of `mean` gives, and
    /// height × width pixels.
    pub(super) fn draw<T: Truth>(
        &self,
        (image, pixels): (&Image, &[T::Pixel]),
        truth: &T,
        [mean, std]: [[f32; 3]; 2],
        rng: &mut Rng,
        values: &mut [f32],
    ) -> Vec<T::Pixel> {
        let own = [image.height(), image.width()];
        let [low, high] = self.scale;
        let scale = low + (high - low) * rng.f64();
        let factor = scale * self.shorter as f64 / own[0].min(own[1]) as f64;
        let resized = own.map(|side| ((side as f64 * factor).round() as usize).clamp(1, 1 << 16));
        let part = [0, 1].map(|axis| self.size[axis].min(resized[axis]));
        let nearest = |[top, left]: [usize; 2]| -> Vec<T::Pixel> {
            let at = |axis: usize, place: usize| {
                ((2 * place + 1) * own[axis] / (2 * resized[axis])).min(own[axis] - 1)
            };
            let columns: Vec<usize> = (0..part[1]).map(|column| at(1, left + column)).collect();
            let rows = (0..part[0]).map(|row| at(0, top + row) * own[1]);
            rows.flat_map(|row| columns.iter().map(move |column| pixels[row + column])).collect()
        };
        let mut corner = [0, 0];
        let mut known = Vec::new();
        for _ in 0..TRIES {
            corner = [0, 1].map(|axis| rng.usize(..=resized[axis] - part[axis]));
            known = nearest(corner);
            if self.most_of_one >= 1.0 || truth.share_of_one(&known) <= self.most_of_one {
                break;
            }
        }
        let region = [corner[0], corner[1], part[0], part[1]];
        let mut seen = resized_part(Cow::Borrowed(image), resized, region, Filter::Bilinear);
        if self.photometric {
            distort(&mut seen, rng);
        }
        let mirrored = self.flip && rng.bool();
        let [height, width] = self.size;
        let mut crop = vec![T::UNKNOWN; height * width];
        for row in 0..part[0] {
            for column in 0..part[1] {
                let from = row * part[1] + if mirrored { part[1] - 1 - column } else { column };
                let to = row * width + column;
                crop[to] = truth.enlarged(known[from], scale);
                for channel in 0..3 {
                    let value = f32::from(seen.pixels()[3 * from + channel]) / 255.0;
                    values[channel * height * width + to] = (value - mean[channel]) / std[channel];
                }
            }
        }
        crop
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::class_list::ClassList;
    use crate::data::pairs::{DepthTruth, MaskTruth};

    const PLAIN: [[f32; 3]; 2] = [[0.0; 3], [1.0; 3]];

    /// An image whose red is its class: what happens to one happens to the other.
    fn painted(height: usize, width: usize) -> (Image, Vec<u8>) {
        let class =
            |place: usize| ((place % width) / 4 + 5 * ((place / width) / 4) % 20) as u8 % 20;
        let classes: Vec<u8> = (0..height * width).map(class).collect();
        let bytes = classes.iter().flat_map(|class| [12 * class + 5, 0, 0]).collect();
        (Image::new(width, height, bytes).unwrap(), classes)
    }

    #[test]
    fn image_and_mask_stay_together() {
        let (image, classes) = painted(24, 32);
        let truth = MaskTruth::new(ClassList::pascal_voc());
        let crop = JointCrop { photometric: false, ..JointCrop::new([20, 20]) };
        let (mut together, mut unknown, mut all) = (0, 0, 0);
        for seed in 0..40 {
            let mut values = vec![0.0; 3 * 400];
            let mut rng = Rng::with_seed(seed);
            let pixels = crop.draw((&image, &classes), &truth, PLAIN, &mut rng, &mut values);
            for (class, red) in pixels.iter().zip(&values) {
                match *class {
                    255 => {
                        assert_eq!(*red, 0.0);
                        unknown += 1;
                    }
                    class => {
                        all += 1;
                        let expected = (12.0 * f32::from(class) + 5.0) / 255.0;
                        together += usize::from((expected - red).abs() < 0.03);
                    }
                }
            }
        }
        // Classes are squares of four pixels, and a bilinear edge is neither.
        assert!(together as f64 > 0.6 * all as f64, "{together} of {all}");
        // Where the scale is below 20/24, which it is with 2/9 of all, the crop is not full.
        assert!(unknown > 500 && unknown < 6_000, "{unknown}");
    }

    #[test]
    fn crops_of_one_class_are_avoided() {
        // A narrow stripe of class 1 in class 0.
        let (height, width) = (40, 120);
        let class = |place: usize| u8::from((40..56).contains(&(place % width)));
        let classes: Vec<u8> = (0..height * width).map(class).collect();
        let image = Image::new(width, height, vec![9; 3 * height * width]).unwrap();
        let truth = MaskTruth::new(ClassList::pascal_voc());
        let share = |most_of_one: f64| {
            let scale = [1.0, 1.0];
            let crop = JointCrop { scale, most_of_one, shorter: 40, ..JointCrop::new([40, 40]) };
            let hits = (0..60u64).filter(|seed| {
                let mut values = vec![0.0; 3 * 1600];
                let mut rng = Rng::with_seed(*seed);
                let pixels = crop.draw((&image, &classes), &truth, PLAIN, &mut rng, &mut values);
                truth.share_of_one(&pixels) <= 0.75
            });
            hits.count()
        };
        assert!(share(0.75) > 55 && share(1.0) < 45, "{} {}", share(0.75), share(1.0));
    }

    #[test]
    fn depths_are_divided_by_the_scale_and_never_mixed() {
        let image = Image::new(8, 8, vec![100; 192]).unwrap();
        let depths: Vec<f32> =
            (0..64).map(|place| if place % 3 == 0 { 0.0 } else { 6.0 }).collect();
        let truth = DepthTruth::new(256.0).unwrap();
        let crop = JointCrop { scale: [1.5, 1.5], ..JointCrop::new([8, 8]) };
        let mut values = vec![0.0; 192];
        let pixels =
            crop.draw((&image, &depths), &truth, PLAIN, &mut Rng::with_seed(1), &mut values);
        assert!(pixels.iter().all(|depth| *depth == 0.0 || *depth == 4.0));
        assert!(pixels.contains(&0.0) && pixels.contains(&4.0));
    }

    #[test]
    fn settings_are_checked() {
        JointCrop::new([32, 48]).validate().unwrap();
        let message = |crop: JointCrop| crop.validate().unwrap_err().to_string();
        let crop = || JointCrop::new([32, 32]);
        assert_eq!(
            message(JointCrop { scale: [2.0, 0.5], ..crop() }),
            "scale = 2,0.5: expected two factors above 0 and at most 16, the smaller one first"
        );
        assert!(message(JointCrop { most_of_one: f64::NAN, ..crop() }).starts_with("most_of_one"));
        assert!(message(JointCrop::new([0, 8])).starts_with("size"));
    }
}
