//! What images of any size become for a model of depth or segmentation.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::preprocess::{Filter, Preprocess, Transform};
use crate::weights::error::WeightsError;
use crate::weights::options::LoadOptions;
use crate::weights::sidecar::Sidecar;

use super::entries::{Entries, FILE};
use super::numbers::{IMAGENET, values};

/// Entries that are read.
const READ: [&str; 11] = [
    "crop_size",
    "ensure_multiple_of",
    "feature_extractor_type",
    "image_mean",
    "image_processor_type",
    "image_std",
    "keep_aspect_ratio",
    "resample",
    "rescale_factor",
    "size",
    "size_divisor",
];
/// Entries that change no pixel.
const IDLE: [&str; 8] = [
    "data_format",
    "default_to_square",
    "device",
    "disable_grouping",
    "input_data_format",
    "processor_class",
    "return_tensors",
    "transformers_version",
];

/// How an image becomes the input of a model of depth or segmentation. Models of depth keep the proportions of an
/// image as far as its sides must be multiples of a number, so that the steps depend on the image.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseProcessor {
    size: [usize; 2],
    proportions: Proportions,
    multiple: usize,
    filter: Filter,
    statistics: [[f64; 3]; 2],
    fixed: Option<Preprocess>,
}

/// How images become inputs: resized to a shorter side, both sides rounded to multiples of the patch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) shorter: usize,
    pub(crate) mean: [f64; 3],
    pub(crate) std: [f64; 3],
}

/// What becomes of an image's proportions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proportions {
    /// Both sides get the processor's size.
    Squashed,
    /// The side that changes less gets the processor's size, and the other is in proportion.
    LessChanged,
    /// The shorter side gets the processor's size, and the other is in proportion.
    Shorter,
}

impl DenseProcessor {
    /// The processor of a file of this crate.
    pub(in crate::weights) fn own(
        seen: &Seen,
        patch: usize,
        options: &LoadOptions,
    ) -> Result<Self, WeightsError> {
        Self {
            size: [seen.shorter; 2],
            proportions: Proportions::Shorter,
            multiple: patch,
            filter: Filter::Bilinear,
            statistics: [seen.mean, seen.std],
            fixed: None,
        }
        .with_options(patch, options)
    }

    /// The processor with which models are published that say nothing: of Depth Anything with proportions
    /// kept, and of others without.
    fn usual(class: &str, image: [usize; 2], patch: usize) -> Self {
        let imagenet = IMAGENET.map(|numbers| numbers.map(f64::from));
        let exact = |filter, statistics| Self {
            size: image,
            proportions: Proportions::Squashed,
            multiple: 1,
            filter,
            statistics,
            fixed: None,
        };
        match class {
            "depth_anything" => Self {
                proportions: Proportions::LessChanged,
                multiple: patch,
                ..exact(Filter::Bicubic, imagenet)
            },
            "SegformerImageProcessor" | "upernet" => exact(Filter::Bilinear, imagenet),
            "ViTImageProcessor" => exact(Filter::Bilinear, [[0.5; 3]; 2]),
            _ => exact(Filter::Bicubic, [[0.5; 3]; 2]),
        }
    }

    /// The processor that the JSON beside a file describes, or the usual one of its kind. `image` is the size of
    /// the positions in the file.
    pub(in crate::weights) fn of(
        sidecar: &Sidecar,
        image: [usize; 2],
        patch: usize,
        options: &LoadOptions,
    ) -> Result<Self, WeightsError> {
        let processor = match Entries::of(sidecar) {
            Some(entries) => Self::read(entries, patch)?,
            None => Self::usual(sidecar.text("model_type").unwrap_or_default(), image, patch),
        };
        processor.with_options(patch, options)
    }

    /// The processor with what the options say, whose sides are multiples of the patch.
    fn with_options(mut self, patch: usize, options: &LoadOptions) -> Result<Self, WeightsError> {
        self.size = options.image.unwrap_or(self.size);
        self.fixed = options.preprocess.clone();
        let processor = self;
        let sides = match (&processor.fixed, processor.proportions) {
            (Some(fixed), _) => fixed.size().to_vec(),
            (None, Proportions::LessChanged | Proportions::Shorter) => vec![processor.multiple],
            (None, Proportions::Squashed) => {
                processor.size_for(processor.size).into_iter().chain(processor.size).collect()
            }
        };
        match sides.into_iter().find(|side| *side == 0 || !side.is_multiple_of(patch)) {
            None => Ok(processor),
            Some(side) => Err(WeightsError::not_understood(
                FILE,
                match processor.proportions {
                    Proportions::Squashed => "size",
                    _ => "ensure_multiple_of",
                },
                Some(&side.into()),
                &format!("multiples of the patch, {patch}"),
                "preprocess",
            )),
        }
    }

    fn read(entries: Entries<'_>, patch: usize) -> Result<Self, WeightsError> {
        let steps = ["do_resize", "do_rescale", "do_normalize", "do_convert_rgb"];
        for (key, value) in entries.iter() {
            let is_step = key.starts_with("do_");
            // Labels are of other files, and nothing is cropped or padded where that is off.
            let known = READ.contains(&key)
                || IDLE.contains(&key)
                || key.starts_with('_')
                || key == "do_reduce_labels"
                || is_step && (steps.contains(&key) || *value == Value::Bool(false));
            if !known {
                let expected = "resizing, rescaling and normalising alone";
                return Err(entries.refuse(key, expected));
            }
        }
        if !entries.flag("do_resize", true)? {
            return Err(entries.refuse("do_resize", "images are resized"));
        }
        let (class, name) = entries.class();
        let name = name.as_deref().unwrap_or("DPTImageProcessor");
        let side = match name {
            "DPTImageProcessor" => 384,
            "SegformerImageProcessor" => 512,
            "ViTImageProcessor" => 224,
            _ => {
                let key = class.unwrap_or("image_processor_type");
                return Err(entries.refuse(key, "a processor of DPT, SegFormer or ViT"));
            }
        };
        let usual = Self::usual(name, [side, side], patch);
        let pixels = |value: &Value| {
            value.as_u64().filter(|side| (1..1 << 20).contains(side)).map(|side| side as usize)
        };
        let size = match entries.said("size") {
            None => Some(usual.size),
            Some(Value::Object(sides)) => match sides.len() {
                2 => sides.get("height").and_then(pixels).zip(sides.get("width").and_then(pixels)),
                _ => None,
            }
            .map(|(height, width)| [height, width]),
            Some(value) => pixels(value).map(|side| [side, side]),
        };
        let multiple = entries.said("ensure_multiple_of").map_or(Some(1), pixels);
        let scale = entries.scale()?;
        let statistics = entries.statistics(usual.statistics, |_, usual| usual)?;
        Ok(Self {
            size: size
                .ok_or_else(|| entries.refuse("size", "a number, or a height and a width"))?,
            proportions: match entries.flag("keep_aspect_ratio", false)? {
                true => Proportions::LessChanged,
                false => Proportions::Squashed,
            },
            multiple: multiple
                .ok_or_else(|| entries.refuse("ensure_multiple_of", "a whole number above 0"))?,
            filter: entries.filter()?.unwrap_or(usual.filter),
            statistics: statistics.map(|numbers| numbers.map(|x| x / scale)),
            fixed: None,
        })
    }

    /// Height and width of the input for an image of this height and width. Where proportions are kept, the
    /// side that changes less, or the shorter one in files of this crate, gets the processor's size, and both are rounded to
    /// multiples.
    pub fn size_for(&self, image: [usize; 2]) -> [usize; 2] {
        if let Some(fixed) = &self.fixed {
            return fixed.size_for(image);
        }
        let [height, width] = [0, 1].map(|axis| self.size[axis] as f64 / image[axis].max(1) as f64);
        let scales = match self.proportions {
            Proportions::LessChanged if (1.0 - width).abs() < (1.0 - height).abs() => [width; 2],
            Proportions::LessChanged => [height; 2],
            Proportions::Shorter => [height.max(width); 2],
            Proportions::Squashed => [height, width],
        };
        let multiple = self.multiple as f64;
        let side = |axis: usize| {
            let multiples = (scales[axis] * image[axis] as f64 / multiple).round_ties_even();
            // A very long image keeps at least one.
            multiples.max(1.0) as usize * self.multiple
        };
        [side(0), side(1)]
    }

    /// The steps for an image of this height and width.
    ///
    /// # Panics
    ///
    /// If the image has no pixels.
    pub fn steps_for(&self, image: [usize; 2]) -> Preprocess {
        assert!(
            image.iter().all(|side| *side > 0),
            "an image of {image:?} pixels has nothing to resize"
        );
        if let Some(fixed) = &self.fixed {
            return fixed.clone();
        }
        let [mean, std] = self.statistics;
        let resize = Transform::Resize { size: self.size_for(image), filter: self.filter };
        Preprocess::new(vec![resize, values(mean, std)]).expect("a resize and values fit together")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn processor(preprocessor: Value, patch: usize) -> Result<DenseProcessor, String> {
        let config = json!({"model_type": "depth_anything"});
        let sidecar = Sidecar::of(config, preprocessor);
        let processor = DenseProcessor::of(&sidecar, [518, 518], patch, &LoadOptions::new());
        processor.map_err(|error| error.to_string())
    }

    /// Sizes as transformers' `DPTImageProcessor` computes them.
    #[test]
    fn proportions_are_kept_up_to_multiples() {
        let published = json!({"do_normalize": true, "do_pad": false, "do_rescale": true,
            "do_resize": true, "ensure_multiple_of": 14, "image_mean": [0.485, 0.456, 0.406],
            "image_processor_type": "DPTImageProcessor", "image_std": [0.229, 0.224, 0.225],
            "keep_aspect_ratio": true, "resample": 3, "rescale_factor": 0.00392156862745098,
            "size": {"height": 518, "width": 518}, "size_divisor": null});
        let said = processor(published, 14).unwrap();
        assert_eq!(said, processor(Value::Null, 14).unwrap());
        for (image, expected) in [
            ([480, 640], [518, 686]),
            ([640, 480], [686, 518]),
            ([1080, 1920], [518, 924]),
            ([300, 200], [518, 350]),
            ([518, 518], [518, 518]),
            ([4, 4000], [14, 518]),
        ] {
            assert_eq!(said.size_for(image), expected, "{image:?}");
        }
        assert_eq!(
            said.steps_for([480, 640]).to_string(),
            "resize(518, 686, bicubic)|normalize(imagenet)"
        );
        let square = processor(json!({"size": 384, "keep_aspect_ratio": false}), 16).unwrap();
        assert_eq!(
            square.steps_for([9, 70]).to_string(),
            "resize(384, 384, bicubic)|value_range(-1, 1)"
        );
    }

    #[test]
    fn own_models_see_the_shorter_side() {
        let seen = Seen { shorter: 64, mean: [0.5; 3], std: [0.5; 3] };
        let own = |options: &LoadOptions| DenseProcessor::own(&seen, 16, options).unwrap();
        let plain = own(&LoadOptions::new());
        for (image, expected) in [
            ([64, 64], [64, 64]),
            ([100, 300], [64, 192]),
            ([33, 20], [112, 64]),
            ([9, 900], [64, 6400]),
        ] {
            assert_eq!(plain.size_for(image), expected, "{image:?}");
        }
        let larger = own(&LoadOptions::new().with_image(Some([96, 96])));
        assert_eq!(larger.size_for([50, 100]), [96, 192]);
        assert_eq!(
            larger.steps_for([5, 5]).to_string(),
            "resize(96, 96, bilinear)|value_range(-1, 1)"
        );
    }

    #[test]
    fn what_is_not_followed_is_refused_by_its_key() {
        let refused = |entries: Value| processor(entries, 14).unwrap_err();
        for (entries, key) in [
            (json!({"size": 384}), "size = 384"),
            (json!({"keep_aspect_ratio": true}), "ensure_multiple_of = 1"),
            (json!({"do_pad": true}), "do_pad = true"),
            (json!({"do_center_crop": true}), "do_center_crop = true"),
            (json!({"size": {"shortest_edge": 14}}), "size = {"),
            (json!({"resample": 9}), "resample = 9"),
            (json!({"image_processor_type": "ZoeDepthImageProcessor"}), "image_processor_type"),
            (json!({"a_new_entry": 1}), "a_new_entry = 1"),
            (json!({"ensure_multiple_of": 0}), "ensure_multiple_of = 0"),
        ] {
            let message = refused(entries);
            assert!(message.starts_with(&format!("{FILE} says {key}")), "{message}");
        }
    }
}
