//! RandAugment: a few random changes of an image.

use fastrand::Rng;

use super::image_op::ImageOp;
use crate::data::image::Image;

/// Applies `layers` operations, each drawn from sixteen, at one magnitude.
///
/// # Reference
///
/// "RandAugment: Practical automated data augmentation with a reduced search space"; operations and
/// their strength by magnitude as big_vision and EfficientNet have them, each with Pillow's pixels.
pub(super) fn rand_augment(image: &mut Image, layers: usize, magnitude: f64, rng: &mut Rng) {
    for _ in 0..layers {
        draw([image.height(), image.width()], magnitude, rng).apply(image);
    }
}

/// Draws one of the sixteen operations. Magnitudes usually go from 0 to 10; larger ones are possible.
fn draw([height, width]: [usize; 2], magnitude: f64, rng: &mut Rng) -> ImageOp {
    let level = magnitude / 10.0;
    let mut either = |most: f64| if rng.bool() { level * most } else { -level * most };
    let (angle, shear, shift) = (either(30.0), either(0.3), either(100.0));
    // From 0.1 to 1.9: below 1 weakens the property, above 1 strengthens it.
    let factor = (level * 1.8 + 0.1) as f32;
    match rng.u8(..16) {
        0 => ImageOp::AutoContrast,
        1 => ImageOp::Equalize,
        2 => ImageOp::Invert,
        3 => ImageOp::Rotate { degrees: angle },
        4 => ImageOp::Posterize { bits: (level * 4.0) as u32 },
        5 => ImageOp::Solarize { threshold: (level * 256.0) as u16 },
        6 => ImageOp::Color { factor },
        7 => ImageOp::Contrast { factor },
        8 => ImageOp::Brightness { factor },
        9 => ImageOp::Sharpness { factor },
        10 => ImageOp::ShearX { by: shear },
        11 => ImageOp::ShearY { by: shear },
        12 => ImageOp::TranslateX { by: shift },
        13 => ImageOp::TranslateY { by: shift },
        14 => ImageOp::Cutout {
            centre: [rng.usize(..height), rng.usize(..width)],
            half: (level * 40.0) as usize,
        },
        _ => ImageOp::SolarizeAdd { addition: (level * 110.0) as u8 },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_is_drawn_in_both_directions() {
        let mut rng = Rng::with_seed(0);
        let drawn: BTreeSet<String> = (0..600)
            .map(|_| match draw([20, 30], 5.0, &mut rng) {
                ImageOp::Cutout { centre: [row, column], half } => {
                    assert!(row < 20 && column < 30);
                    format!("Cutout {half}")
                }
                op => format!("{op:?}"),
            })
            .collect();
        // Eleven with one strength, five with two.
        assert_eq!(drawn.len(), 11 + 5 * 2, "{drawn:?}");
        for op in [
            "Rotate { degrees: -15.0 }",
            "Posterize { bits: 2 }",
            "Solarize { threshold: 128 }",
            "Color { factor: 1.0 }",
            "ShearX { by: 0.15 }",
            "TranslateY { by: -50.0 }",
            "Cutout 20",
            "SolarizeAdd { addition: 55 }",
        ] {
            assert!(drawn.contains(op), "{op} is not in {drawn:?}");
        }
    }
}
