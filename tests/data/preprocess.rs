//! Preprocessing.

use vit22b::data::{DecodeOptions, ExampleKey, Image, Preprocess};

use crate::pillow::{expected, file, read};

fn photo() -> Image {
    Image::decode(&file("photo.png"), DecodeOptions::default()).unwrap()
}

fn apply(steps: &str, image: &Image, key: ExampleKey) -> Vec<f32> {
    let preprocess: Preprocess = steps.parse().unwrap();
    let values = preprocess.apply(image, key);
    assert_eq!(values.shape()[1..], preprocess.size());
    values.try_to_vec().unwrap()
}

fn key() -> ExampleKey {
    ExampleKey::new(0, 0, 0)
}

/// The same bytes.
#[test]
fn resizing_gives_what_pillow_gives() {
    for (step, shape, pixels) in expected(|name| name.starts_with("resize(")) {
        let values = apply(&format!("{step}|value_range(0, 255)"), &photo(), key());
        let [height, width, _] = shape[..] else { panic!("{shape:?}") };
        for (i, byte) in pixels.iter().enumerate() {
            let (pixel, channel) = (i / 3, i % 3);
            assert_eq!(values[channel * height * width + pixel], f32::from(*byte), "{step}: {i}");
        }
    }
}

/// The same bytes, whose values are computed in another order: a rounding of f32 at about 2.
#[test]
fn evaluation_steps_give_what_torchvision_gives() {
    for (steps, shape, bytes) in expected(|name| name.contains('|')) {
        let values = apply(&steps, &photo(), key());
        let (expected, _) = bytes.as_chunks::<4>();
        assert_eq!((values.len(), &shape[..]), (expected.len(), &[3, 32, 32][..]));
        for (value, expected) in values.iter().zip(expected) {
            let expected = f32::from_le_bytes(*expected);
            assert!((value - expected).abs() < 1e-6, "{steps}: {value}, expected {expected}");
        }
    }
}

/// torchvision resizes tensors in floats.
#[test]
fn floats_are_not_rounded_to_bytes() {
    let ramp = Image::new(4, 1, (0..12).map(|i| 40 * (i / 3) as u8 + 1).collect()).unwrap();
    let values = apply("resize_float(1, 3)|value_range(0, 255)", &ramp, key());
    // torchvision's numbers.
    for (got, expected) in values.iter().zip([13.0, 61.0, 109.0]) {
        assert!((got - expected).abs() < 1e-4, "{got}, not {expected}");
    }
}

/// Sizes of images, and those that transformers 5.24 gives them.
const FITTED: [([usize; 2], [usize; 2]); 8] = [
    ([62, 80], [224, 288]),
    ([480, 640], [224, 288]),
    ([1, 1000], [16, 4096]),
    ([333, 500], [208, 304]),
    ([2000, 17], [2048, 32]),
    ([256, 256], [256, 256]),
    ([224, 225], [256, 256]),
    ([37, 1024], [48, 1344]),
];

/// The sizes are those of transformers, near the edges too.
#[test]
fn patches_are_fitted_as_transformers_does() {
    let steps: Preprocess = "fit_patches(16, 256)|value_range(-1, 1)".parse().unwrap();
    assert!(!steps.is_fixed());
    for (image, expected) in FITTED {
        assert_eq!(steps.size_for(image), expected, "{image:?}");
    }
    let values = steps.apply(&photo(), key());
    let [height, width] = steps.size_for([photo().height(), photo().width()]);
    assert_eq!(values.shape()[..], [3, height, width]);
}

/// The same bytes but for one in a thousand, which is off by one: kernels that take several pixels at a time round
/// sums in other places.
#[test]
fn resizes_of_big_vision_give_what_tensorflow_gives() {
    let cases = read("tensorflow.safetensors", |_| true);
    assert!(cases.len() > 15);
    for (step, shape, pixels) in cases {
        let values = apply(&format!("{step}|value_range(0, 255)"), &photo(), key());
        let [height, width, _] = shape[..] else { panic!("{shape:?}") };
        let mut off = 0;
        for (i, byte) in pixels.iter().enumerate() {
            let (pixel, channel) = (i / 3, i % 3);
            let got = values[channel * height * width + pixel];
            assert!((got - f32::from(*byte)).abs() <= 1.0, "{step}, {i}: {got} not {byte}");
            off += usize::from(got != f32::from(*byte));
        }
        assert!(off * 1000 <= pixels.len(), "{step}: {off} of {} differ", pixels.len());
    }
}

/// What is not named has big_vision's defaults, and is not what Pillow makes.
#[test]
fn bare_resizes_are_those_of_big_vision() {
    let both = |one: &str, other: &str| {
        [one, other]
            .map(|step| apply(&format!("{step}|central_crop(16)|value_range"), &photo(), key()))
    };
    for (bare, full) in [
        ("resize(20)", "resize((20, 20), method=\"bilinear\", antialias=False)"),
        ("resize_small(20)", "resize_small(20, method=\"area\", antialias=True)"),
    ] {
        let [bare, full] = both(bare, full);
        assert_eq!(bare, full);
    }
    let [bare, pillow] = both("resize(20)", "resize(20, 20, bilinear)");
    assert_ne!(bare, pillow);
}

/// A crop after a resize is computed from the source alone, and equals the crop of the whole.
#[test]
fn crops_are_parts_of_the_whole() {
    let whole = apply("resize(40, 60, bicubic)|value_range(0, 255)", &photo(), key());
    let part =
        apply("resize(40, 60, bicubic)|central_crop(31, 20)|value_range(0, 255)", &photo(), key());
    for channel in 0..3 {
        for row in 0..31 {
            for column in 0..20 {
                let whole = whole[(channel * 40 + row + 4) * 60 + column + 20];
                assert_eq!(part[(channel * 31 + row) * 20 + column], whole);
            }
        }
    }
}

#[test]
fn values_are_in_their_range() {
    let white = Image::new(2, 1, vec![255, 255, 255, 0, 51, 102]).unwrap();
    let values = apply("resize(1, 2)|value_range(-1, 1)", &white, key());
    assert_eq!(values, [1.0, -1.0, 1.0, -0.6, 1.0, -0.2]);
    let values = apply("resize(1, 2)|normalize(0, 0.2, 0.4, 1, 0.5, 0.25)", &white, key());
    for (value, expected) in values.iter().zip([1.0, 0.0, 1.6, 0.0, 2.4, 0.0]) {
        assert!((value - expected).abs() < 1e-6, "{value}, not {expected}");
    }
}

#[test]
fn what_is_random_follows_from_the_key() {
    let image = photo();
    for random in ["inception_crop(16)", "flip_lr", "randaug(2, 9)", "random_erasing(1)"] {
        let steps = match random {
            "random_erasing(1)" => format!("resize(16)|value_range(-1, 1)|{random}"),
            _ => format!("resize(16)|{random}|value_range(-1, 1)"),
        };
        assert!(steps.parse::<Preprocess>().unwrap().is_random());
        let draw = |epoch, index| apply(&steps, &image, ExampleKey::new(9, epoch, index));
        assert_eq!(draw(2, 5), draw(2, 5));
        assert!((3..9).any(|epoch| draw(epoch, 5) != draw(2, 5)), "{steps}");
        assert!((6..12).any(|index| draw(2, index) != draw(2, 5)), "{steps}");
    }
}

#[test]
fn texts_round_trip() {
    for (text, full) in [
        ("resize(224)|value_range(-1,1)", "resize(224, \"bilinear\")|value_range(-1, 1)"),
        ("resize(224, 224)|value_range", "resize(224, 224, bilinear)|value_range(-1, 1)"),
        (
            "decode|resize_small(256)|central_crop(crop_size=(224, 192))|value_range(-1, 1, clip_values=True)",
            "resize_small(256, \"area\")|central_crop(224, 192)|value_range(-1, 1)",
        ),
        (
            "decode(precise=True)|resize(method='lanczos3', antialias=True, size=[224, 192])|vgg_value_range",
            "resize((224, 192), \"lanczos3\", antialias=True)|normalize(imagenet)",
        ),
        (
            "inception_crop(224, area_max=90)|flip_lr()|randaug(num_layers=3)|clip_value_range()",
            "inception_crop(224, 5, 90, \"bilinear\")|flip_lr|randaug(3, 10)|normalize(clip)",
        ),
        (
            " resize_small( 256,bicubic )|central_crop(224, 192) | normalize(imagenet)",
            "resize_small(256, bicubic)|central_crop(224, 192)|normalize(imagenet)",
        ),
        (
            "inception_crop(224)|flip_lr|normalize(0, 0, 0, 0.5, 0.5, 1)",
            "inception_crop(224, 5, 100, \"bilinear\")|flip_lr|normalize(0, 0, 0, 0.5, 0.5, 1)",
        ),
        (
            "inception_crop(64, 48, 8, 90.5, lanczos)|randaug|randaug(1,7.5)|normalize(clip)|random_erasing(0.25)",
            "inception_crop(64, 48, 8, 90.5, lanczos)|randaug(2, 10)|randaug(1, 7.5)|normalize(clip)|random_erasing(0.25)",
        ),
    ] {
        let preprocess: Preprocess = text.parse().unwrap();
        assert_eq!(preprocess.to_string(), full);
        assert_eq!(full.parse::<Preprocess>().unwrap(), preprocess);
        let json = serde_json::to_string(&preprocess).unwrap();
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), full);
        assert_eq!(serde_json::from_str::<Preprocess>(&json).unwrap(), preprocess);
    }
}

#[test]
fn steps_without_meaning_are_errors() {
    for (steps, message) in [
        (
            "resize(0)|value_range(0, 1)",
            "step 1, \"resize(0, \"bilinear\")\", of \"resize(0, \"bilinear\")|value_range(0, 1)\": \
             sides go from 1 to 65,536",
        ),
        (
            "resize_small(200)|central_crop(224)|value_range(0, 1)",
            "step 2, \"central_crop(224, 224)\", of \"resize_small(200, \"area\")|\
             central_crop(224, 224)|value_range(0, 1)\": an image may be as small as 200 × 200 \
             here; resize to at least 224 × 224 before",
        ),
        (
            "resize(32)",
            "step 2, \"the end\", of \"resize(32, \"bilinear\")\": values are missing; add \
             value_range(-1, 1) or normalize(imagenet)",
        ),
        (
            "resize_small(32)|value_range(0, 1)",
            "step 3, \"the end\", of \"resize_small(32, \"area\")|value_range(0, 1)\": the size \
             depends on the image; resize or crop to one size",
        ),
        (
            "value_range(0, 1)|resize(32)",
            "step 2, \"resize(32, \"bilinear\")\", of \"value_range(0, 1)|resize(32, \
             \"bilinear\")\": the values are made already; let it come before them",
        ),
        (
            "resize_small(32)|flip_lr|central_crop(32)|value_range(0, 1)",
            "step 2, \"flip_lr\", of \"resize_small(32, \"area\")|flip_lr|central_crop(32, 32)|\
             value_range(0, 1)\": the size depends on the image here; crop to one size before",
        ),
        (
            "resize(a)",
            "step \"resize(a)\": expected resize(h, w, bicubic), or big_vision's resize(224, \"bilinear\", \
             antialias=True)",
        ),
        (
            "resize(8, \"cubic\")",
            "step \"resize(8, \"cubic\")\": expected resize(h, w, bicubic), or big_vision's resize(224, \"bilinear\", \
             antialias=True)",
        ),
        (
            "onehot(1000, key='label')",
            "step \"onehot(1000, key='label')\": expected steps on images alone; it works on labels: leave it out",
        ),
        (
            "value_range(-1, 1, 0, 1)",
            "step \"value_range(-1, 1, 0, 1)\": expected value_range(-1, 1) or another range, of bytes",
        ),
        (
            "flip_lr(x=1)",
            "step \"flip_lr(x=1)\": expected numbers and words without quotes, brackets or names",
        ),
        (
            "",
            "step \"\": expected resize, resize_small, resize_shorter, resize_float, fit_patches, central_crop, center_crop, \
              corner_crop, side_crop, inception_crop, flip_lr, randaug, value_range, normalize or random_erasing",
        ),
    ] {
        assert_eq!(steps.parse::<Preprocess>().unwrap_err().to_string(), message);
    }
}
