//! Operations of augmentations.

use vit22b::data::{DecodeOptions, Image, ImageOp};

use crate::pillow::{difference, expected, file};

fn operation(name: &str) -> ImageOp {
    let (name, argument) = name.split_once(' ').unwrap_or((name, "0"));
    let by: f64 = argument.parse().unwrap();
    let factor = by as f32;
    match name {
        "auto_contrast" => ImageOp::AutoContrast,
        "equalize" => ImageOp::Equalize,
        "invert" => ImageOp::Invert,
        "rotate" => ImageOp::Rotate { degrees: by },
        "posterize" => ImageOp::Posterize { bits: by as u32 },
        "solarize" => ImageOp::Solarize { threshold: by as u16 },
        "color" => ImageOp::Color { factor },
        "contrast" => ImageOp::Contrast { factor },
        "brightness" => ImageOp::Brightness { factor },
        "sharpness" => ImageOp::Sharpness { factor },
        "shear_x" => ImageOp::ShearX { by },
        "shear_y" => ImageOp::ShearY { by },
        "translate_x" => ImageOp::TranslateX { by },
        "translate_y" => ImageOp::TranslateY { by },
        "cutout" => ImageOp::Cutout { centre: [24, 4], half: 6 },
        _ => panic!("{name}"),
    }
}

/// The same bytes, but for maps that are not along an axis, which Pillow computes in fixed point: of
/// 1,200 pixels a few lie on an edge between two.
#[test]
fn operations_give_what_pillow_gives() {
    let all = expected(|name| name.starts_with("op "));
    assert_eq!(all.len(), 19);
    for (name, _, pixels) in all {
        let name = name.strip_prefix("op ").unwrap();
        let source = if name == "auto_contrast" { "dark.png" } else { "scene.png" };
        let mut image = Image::decode(&file(source), DecodeOptions::default()).unwrap();
        operation(name).apply(&mut image);
        if name.starts_with("rotate") || name.starts_with("shear") {
            let (a, b) = (image.pixels().chunks(3), pixels.chunks(3));
            let differing = a.zip(b).filter(|(a, b)| a != b).count();
            assert!(differing <= 12, "{name}: {differing} pixels");
        } else {
            let (most, mean) = difference(image.pixels(), &pixels);
            assert_eq!(most, 0, "{name}: {mean} on average");
        }
    }
}

/// Pillow has no such operation.
#[test]
fn solarize_add_lightens_what_is_dark() {
    let mut image = Image::new(1, 1, vec![20, 127, 128]).unwrap();
    ImageOp::SolarizeAdd { addition: 110 }.apply(&mut image);
    assert_eq!(image.pixels(), [130, 237, 128]);
}

/// Also where they have no neighbours or only one value.
#[test]
fn the_smallest_images_survive_every_operation() {
    for [width, height] in [[1, 1], [1, 5], [2, 2], [5, 1]] {
        for (name, ..) in expected(|name| name.starts_with("op ")) {
            let mut image = Image::new(width, height, vec![7; 3 * width * height]).unwrap();
            operation(name.strip_prefix("op ").unwrap()).apply(&mut image);
            assert_eq!([image.width(), image.height()], [width, height]);
        }
    }
}
