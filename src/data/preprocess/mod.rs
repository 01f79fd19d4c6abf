//! From a decoded image to the values that a model takes, as a list of steps with a text form.

mod affine;
mod arguments;
mod big_vision;
mod crop;
mod error;
mod image_op;
mod rand_augment;
mod random_erasing;
mod resample;
mod resize;
mod robustness;
mod tensorflow;
mod text;
mod transform;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use burn::tensor::TensorData;
use fastrand::Rng;
use serde::{Deserialize, Serialize};

use crate::data::batch::ExampleKey;
use crate::data::image::Image;
use crop::{flip_lr, inception_region};
use rand_augment::rand_augment;
use random_erasing::random_erasing;
use resize::{Resampling, View};
use transform::KnownSize;

pub use error::PreprocessError;
pub use image_op::ImageOp;
pub use resample::Filter;
pub use robustness::RobustnessSet;
pub use tensorflow::ResizeMethod;
pub use transform::{BigVisionResize, Rounding, Transform};

/// Steps from a decoded image to values, of one size for all images unless `fit_patches` is among them, written as big_vision does:
///
/// ```
/// use vit22b::data::{ExampleKey, Image, Preprocess};
///
/// let preprocess: Preprocess = "resize_small(256, bicubic)|central_crop(224)|value_range(-1, 1)".parse()?;
/// assert_eq!(preprocess.size(), [224, 224]);
/// let image = Image::new(300, 280, vec![255; 300 * 280 * 3])?;
/// let values = preprocess.apply(&image, ExampleKey::new(0, 0, 0));
/// assert_eq!(values.shape()[..], [3, 224, 224]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// | step | what it does |
/// | --- | --- |
/// | `resize(h, w, filter)` | resizes to `h` × `w`, whatever the proportions |
/// | `resize_small(s, filter)` | resizes the shorter side to `s`, the other in proportion, rounded to the nearest whole number |
/// | `resize_shorter(s, filter)` | the same, the other side rounded down, as in torchvision, timm and transformers |
/// | `resize_float(h, w, filter)` | as `resize`, with pixels that are not rounded to bytes, as torchvision resizes tensors; crops and values may follow |
/// | `fit_patches(p, n, filter)` | resizes to sides that are multiples of `p` and hold at most `n` squares of it, the proportions nearly kept, as transformers does for SigLIP 2: each image gets a size of its own |
/// | `central_crop(h, w)` | crops the centre; of an odd number of dropped rows or columns, more are dropped below and on the right, as in big_vision and transformers |
/// | `center_crop(h, w)` | crops the centre; the distance from top and left, if it ends in a half, is rounded to an even number, as in torchvision and timm |
/// | `corner_crop(h, w)` | drops rows below and columns on the right, as a patch embedding without padding does with what is less than a patch |
/// | `side_crop(s, i, n)` | crops a square, the `i`-th of `n`, from 0: along the longer side they are spread from edge to edge, a single one is in the middle; for views of videos |
/// | `inception_crop(h, w, min, max, filter)` | crops a random region of `min` to `max` percent of the area, its width 3/4 to 4/3 of its height, and resizes it |
/// | `flip_lr` | mirrors left to right with probability 1/2 |
/// | `randaug(layers, magnitude)` | RandAugment: this many of sixteen operations (2), at a strength from 0 to 10 (10) |
/// | `value_range(low, high)` | turns bytes into values in this range, [−1, 1] if none is given |
/// | `normalize(mean, std)` | turns bytes into values in [0, 1], subtracts the mean and divides by the standard deviation: `imagenet`, `clip`, or six numbers |
/// | `random_erasing(p)` | after the values are made: sets a random rectangle to 0 with probability `p`, as in torchvision and timm |
///
/// A filter is one of Pillow's: `bilinear`, `bicubic`, `lanczos` or `box`, all antialiased, with Pillow's bytes. A resize
/// after another one works on its 8-bit result. Pixels that a crop after a resize drops are never computed.
///
/// # big_vision
///
/// What a config of big_vision says means what it means there. Its resizes have a method in quotes, or none, in place of a
/// filter, and sizes of one number or of a pair in brackets:
///
/// | step | with the defaults of big_vision |
/// | --- | --- |
/// | `resize(224)` | `resize(224, method="bilinear", antialias=False)` |
/// | `resize_small(256)` | `resize_small(256, method="area", antialias=False)` |
/// | `inception_crop(224)` | `inception_crop(224, area_min=5, area_max=100, method="bilinear", antialias=False)`; which region is drawn follows this crate's generator |
///
/// They are computed as TensorFlow's kernels do: methods are `nearest`, `bilinear`, `bicubic`, `area`, `lanczos3` and
/// `lanczos5`, and values are cut to bytes, not rounded. So `resize(224)` is not antialiased, and
/// `resize(224, 224, bilinear)` is. `decode` in front is passed over, since images are decoded already;
/// `vgg_value_range` and `clip_value_range` are `normalize(imagenet)` and `normalize(clip)`. Steps that work on labels
/// are errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Preprocess {
    steps: Vec<Transform>,
    size: [usize; 2],
    /// Whether all images get that size.
    is_fixed: bool,
    /// The value of each byte in each channel.
    table: Box<[[f32; 256]; 3]>,
}

impl Preprocess {
    /// Preprocessing by these steps. Each step must be possible after the steps before it, and the last
    /// must leave values of one size.
    ///
    /// # Errors
    ///
    /// [`PreprocessError::Order`] with the first step that is not possible.
    pub fn new(steps: Vec<Transform>) -> Result<Self, PreprocessError> {
        let text = join(&steps);
        let order = |position: usize, rule: String| PreprocessError::Order {
            position: position + 1,
            step: steps.get(position).map_or_else(|| "the end".into(), Transform::to_string),
            steps: text.clone(),
            rule,
        };
        let (mut known, mut table) = (KnownSize { least: [1, 1], exact: false }, None);
        for (position, step) in steps.iter().enumerate() {
            let before = &steps[..position];
            follows(step, before).map_err(|rule| order(position, rule.into()))?;
            known = step.size_after(known).map_err(|rule| order(position, rule))?;
            let erases = matches!(step, Transform::RandomErasing { .. });
            match (&table, erases) {
                (Some(_), false) => {
                    let rule = "the values are made already; let it come before them";
                    return Err(order(position, rule.into()));
                }
                (None, true) => {
                    let rule = "it erases values; let value_range or normalize come before it";
                    return Err(order(position, rule.into()));
                }
                (Some(_), true) => {}
                (None, false) => table = step.table(),
            }
        }
        let Some(table) = table else {
            let rule = "values are missing; add value_range(-1, 1) or normalize(imagenet)";
            return Err(order(steps.len(), rule.into()));
        };
        let fits = steps.iter().any(|step| matches!(step, Transform::FitPatches { .. }));
        if !known.exact && !fits {
            let rule = "the size depends on the image; resize or crop to one size";
            return Err(order(steps.len(), rule.into()));
        }
        let is_fixed = known.exact;
        let mut new = Self { steps, size: known.least, is_fixed, table };
        if !is_fixed {
            new.size = new.size_for([1 << 12; 2]);
        }
        Ok(new)
    }

    /// The steps.
    pub fn steps(&self) -> &[Transform] {
        &self.steps
    }

    /// The last step that makes values of bytes, if there is one.
    pub fn values(&self) -> Option<&Transform> {
        let is_values = |step: &&Transform| {
            matches!(step, Transform::ValueRange { .. } | Transform::Normalize { .. })
        };
        self.steps.iter().rev().find(is_values)
    }

    /// Height and width of the result; where [`is_fixed`](Self::is_fixed) is false, that for a large
    /// square image.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Whether all images get the same size: not with `fit_patches`.
    pub fn is_fixed(&self) -> bool {
        self.is_fixed
    }

    /// Height and width of the result for an image of this height and width.
    pub fn size_for(&self, image: [usize; 2]) -> [usize; 2] {
        let fitted = |step: &Transform| match *step {
            Transform::FitPatches { patch, most, .. } => Some(fitted_size(image, patch, most)),
            _ => None,
        };
        match self.is_fixed {
            true => self.size,
            false => self.steps.iter().find_map(fitted).unwrap_or(self.size),
        }
    }

    /// Whether a step draws random numbers, so that another key gives another result.
    pub fn is_random(&self) -> bool {
        self.steps.iter().any(Transform::is_random)
    }

    /// Mean and standard deviation of each channel that turn a value `x` in [0, 1] into what a model takes:
    /// `(x − mean) / std`.
    pub fn normalisation(&self) -> [[f32; 3]; 2] {
        let of_step = |step: &Transform| match *step {
            Transform::Normalize { mean, std } => Some([mean, std]),
            Transform::ValueRange { low, high } => {
                let std = 1.0 / (high - low);
                Some([[-low * std; 3], [std; 3]])
            }
            _ => None,
        };
        self.steps.iter().find_map(of_step).unwrap_or([[0.0; 3], [1.0; 3]])
    }

    /// The same steps with values in another range, for example [0, 1] to show a person what the model
    /// sees.
    ///
    /// ```
    /// use vit22b::data::Preprocess;
    ///
    /// let steps: Preprocess = "resize(224, 224, bilinear)|normalize(imagenet)".parse()?;
    /// let seen = steps.with_value_range(0.0, 1.0);
    /// assert_eq!(seen.to_string(), "resize(224, 224, bilinear)|value_range(0, 1)");
    /// # Ok::<(), vit22b::data::PreprocessError>(())
    /// ```
    pub fn with_value_range(&self, low: f32, high: f32) -> Self {
        let range = Transform::ValueRange { low, high };
        let mut new = self.clone();
        for step in &mut new.steps {
            if let (Some(_), Some(table)) = (step.table(), range.table()) {
                (*step, new.table) = (range, table);
            }
        }
        new
    }

    /// Preprocesses an image.
    ///
    /// # Shapes
    ///
    /// - returns: `[3, height, width]`, f32
    pub fn apply(&self, image: &Image, key: ExampleKey) -> TensorData {
        let [height, width] = self.size_for([image.height(), image.width()]);
        let mut values = vec![0.0; 3 * height * width];
        self.write(image, key, &mut values);
        TensorData::new(values, [3, height, width])
    }

    /// Preprocesses an image and writes the values into a slice, such as a row of a batch.
    ///
    /// # Panics
    ///
    /// Unless `values` has the length 3 × height × width, as [`size_for`](Self::size_for) says them.
    pub fn write(&self, image: &Image, key: ExampleKey, values: &mut [f32]) {
        let mut view = View::new(Cow::Borrowed(image));
        for (usage, step) in (0..).zip(&self.steps) {
            take(step, &mut view, key.rng(usage));
        }
        let size = view.size();
        let plane = size[0] * size[1];
        assert_eq!(values.len(), 3 * plane, "values of one image");
        if let Some(pixels) = view.floats() {
            let [mean, std] = self.normalisation();
            for (channel, values) in values.chunks_mut(plane).enumerate() {
                let pixels = pixels.iter().skip(channel).step_by(3);
                let value = |pixel: &f32| (pixel - mean[channel]) / std[channel];
                values.iter_mut().zip(pixels).for_each(|(to, pixel)| *to = value(pixel));
            }
        } else {
            let image = view.render();
            for (channel, (values, table)) in values.chunks_mut(plane).zip(&*self.table).enumerate()
            {
                let bytes = image.pixels().iter().skip(channel).step_by(3);
                values.iter_mut().zip(bytes).for_each(|(to, byte)| *to = table[*byte as usize]);
            }
        }
        for (usage, step) in (0..).zip(&self.steps) {
            if let Transform::RandomErasing { probability } = *step {
                random_erasing(values, size, probability, &mut key.rng(usage));
            }
        }
    }
}

/// A part of an image that was resized: top, left, height and width in pixels of the result. Other pixels are not
/// computed.
pub(in crate::data) fn resized_part(
    image: Cow<'_, Image>,
    size: [usize; 2],
    part: [usize; 4],
    filter: Filter,
) -> Image {
    let mut view = View::new(image);
    view.resize(size, Resampling::Pillow(filter));
    view.crop(part);
    view.render().clone()
}

/// Applies a step to a view. Steps that work on values do nothing here.
fn take(step: &Transform, view: &mut View<'_>, mut rng: Rng) {
    let [height, width] = view.size();
    match *step {
        Transform::Resize { size, filter } => view.resize(size, Resampling::Pillow(filter)),
        Transform::ResizeFloat { size, filter } => view.resize_float(size, filter),
        Transform::FitPatches { patch, most, filter } => {
            let size = fitted_size([height, width], patch, most);
            view.resize(size, Resampling::Pillow(filter));
        }
        Transform::ResizeShorter { side, filter, rounding } => {
            let size = shorter_to([height, width], side, rounding);
            view.resize(size, Resampling::Pillow(filter));
        }
        Transform::BigVision { resize, method, antialias } => {
            let size = match resize {
                BigVisionResize::To(size) => size,
                BigVisionResize::ShorterTo(side) => {
                    shorter_to([height, width], side, Rounding::HalfToEven)
                }
                BigVisionResize::CropTo { size, area } => {
                    view.crop(inception_region([height, width], area, &mut rng));
                    size
                }
            };
            view.resize(size, Resampling::TensorFlow(method, antialias));
        }
        Transform::CenterCrop { size: [h, w], rounding } => {
            let half = |rest: usize| match rounding {
                Rounding::Down => rest / 2,
                Rounding::HalfToEven => (rest as f64 / 2.0).round_ties_even() as usize,
            };
            view.crop([half(height - h), half(width - w), h, w]);
        }
        Transform::CornerCrop { size: [h, w] } => view.crop([0, 0, h, w]),
        Transform::SideCrop { side, index, of } => {
            let place = |length: usize, is_longer: bool| match of {
                2.. if is_longer => index * (length - side) / (of - 1),
                _ => (length - side) / 2,
            };
            let is_tall = height > width;
            view.crop([place(height, is_tall), place(width, !is_tall), side, side]);
        }
        Transform::InceptionCrop { size, area, filter } => {
            view.crop(inception_region([height, width], area, &mut rng));
            view.resize(size, Resampling::Pillow(filter));
        }
        Transform::FlipLr if rng.bool() => flip_lr(view.render()),
        Transform::RandAugment { layers, magnitude } => {
            rand_augment(view.render(), layers, magnitude, &mut rng);
        }
        Transform::FlipLr
        | Transform::ValueRange { .. }
        | Transform::Normalize { .. }
        | Transform::RandomErasing { .. } => {}
    }
}

/// The size of an image whose shorter side becomes `side`.
fn shorter_to(image: [usize; 2], side: usize, rounding: Rounding) -> [usize; 2] {
    let shorter = image[0].min(image[1]);
    image.map(|length| match rounding {
        Rounding::Down => side * length / shorter,
        // In single precision, as big_vision computes it.
        Rounding::HalfToEven => {
            (length as f32 * (side as f32 / shorter as f32)).round_ties_even() as usize
        }
    })
}

/// Whether a step may stand behind others; if not, the rule that it breaks.
fn follows(step: &Transform, before: &[Transform]) -> Result<(), &'static str> {
    let has = |which: fn(&Transform) -> bool| before.iter().any(which);
    let on_values = matches!(
        step,
        Transform::ValueRange { .. }
            | Transform::Normalize { .. }
            | Transform::RandomErasing { .. }
    );
    if has(|step| matches!(step, Transform::ResizeFloat { .. }))
        && !on_values
        && !matches!(
            step,
            Transform::CenterCrop { .. }
                | Transform::CornerCrop { .. }
                | Transform::SideCrop { .. }
        )
    {
        return Err("it works on bytes; let it come before resize_float");
    }
    if has(|step| matches!(step, Transform::FitPatches { .. })) && !on_values {
        return Err("sizes differ from image to image behind fit_patches; only values may follow");
    }
    if matches!(step, Transform::FitPatches { .. }) && !before.is_empty() {
        return Err("it comes first");
    }
    Ok(())
}

/// Height and width for an image of this size: multiples of the patch that hold at most `most` patches,
/// by the largest scale that does. Both sides are rounded up.
///
/// # Reference
///
/// transformers' `get_image_size_for_max_num_patches`, whose steps of bisection decide near the edges.
fn fitted_size(image: [usize; 2], patch: usize, most: usize) -> [usize; 2] {
    const EPSILON: f64 = 1e-5;
    let scaled = |scale: f64| {
        image.map(|side| ((side as f64 * scale / patch as f64).ceil() as usize).max(1))
    };
    let (mut low, mut high) = (EPSILON / 10.0, 100.0);
    while high - low >= EPSILON {
        let middle = (low + high) / 2.0;
        let [rows, columns] = scaled(middle);
        if rows.saturating_mul(columns) <= most { low = middle } else { high = middle }
    }
    scaled(low).map(|patches| patches * patch)
}

fn join(steps: &[Transform]) -> String {
    steps.iter().map(Transform::to_string).collect::<Vec<_>>().join("|")
}

impl fmt::Display for Preprocess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&join(&self.steps))
    }
}

impl FromStr for Preprocess {
    type Err = PreprocessError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let decodes = |step: &&str| {
            let step = step.trim();
            step == "decode" || step.starts_with("decode(") && step.ends_with(')')
        };
        let steps = text.split('|').skip_while(decodes);
        Self::new(steps.map(str::parse).collect::<Result<_, _>>()?)
    }
}

impl TryFrom<String> for Preprocess {
    type Error = PreprocessError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Preprocess> for String {
    fn from(preprocess: Preprocess) -> Self {
        preprocess.to_string()
    }
}
