//! transformers' `preprocessor_config.json`: flags and numbers of an image processor, whose class
//! has defaults for those that are not there.

use serde_json::Value;

use crate::data::preprocess::{Filter, Rounding, Transform};
use crate::weights::description::Notes;
use crate::weights::error::WeightsError;
use crate::weights::origin::Origin;
use crate::weights::sidecar::Sidecar;

use super::entries::{Entries, FILE};
use super::numbers::{CLIP, IMAGENET, Target, values};

/// Entries that are read.
const READ: [&str; 15] = [
    "crop_pct",
    "crop_size",
    "default_to_square",
    "feature_extractor_type",
    "image_mean",
    "image_processor_type",
    "image_std",
    "max_num_patches",
    "offset",
    "patch_size",
    "resample",
    "rescale_factor",
    "rescale_offset",
    "size",
    "size_divisor",
];
/// Entries that change no pixel.
const IDLE: [&str; 9] = [
    "data_format",
    "device",
    "disable_grouping",
    "image_seq_length",
    "input_data_format",
    "processor_class",
    "return_tensors",
    "transformers_version",
    "valid_processor_keys",
];

/// How an image gets to the model's size, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Resize {
    /// To this height and width.
    Exact([usize; 2]),
    /// To this shorter side, the proportions kept.
    Shorter(usize),
    /// To at most this many patches of this side, the proportions nearly kept.
    Patches([usize; 2]),
}

/// What a processor does where its config does not say otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Processor {
    resize: Resize,
    filter: Filter,
    /// Whether pixels are not rounded to bytes when they are resized.
    is_float: bool,
    crop: Option<[usize; 2]>,
    /// Mean and standard deviation of colours in [0, 1].
    statistics: [[f64; 3]; 2],
}

impl Processor {
    /// The processor with which an origin's models are published.
    pub(super) fn usual(origin: Origin, image: [usize; 2]) -> Self {
        let exact = |filter| Self {
            resize: Resize::Exact(image),
            filter,
            is_float: false,
            crop: None,
            statistics: [[0.5; 3]; 2],
        };
        match origin {
            Origin::HfDinov2 => Self {
                resize: Resize::Shorter(256),
                filter: Filter::Bicubic,
                is_float: false,
                crop: Some([224, 224]),
                statistics: IMAGENET.map(|numbers| numbers.map(f64::from)),
            },
            Origin::HfSiglip | Origin::HfBeit => exact(Filter::Bicubic),
            Origin::HfDinov3 => {
                let statistics = IMAGENET.map(|numbers| numbers.map(f64::from));
                Self { statistics, is_float: true, ..exact(Filter::Bilinear) }
            }
            Origin::HfClip | Origin::HfAimv2 | Origin::OpenClip => Self {
                resize: Resize::Shorter(image[0].max(image[1])),
                filter: Filter::Bicubic,
                is_float: false,
                crop: Some(image),
                statistics: CLIP.map(|numbers| numbers.map(f64::from)),
            },
            _ => exact(Filter::Bilinear),
        }
    }

    /// The defaults of a class.
    fn of(class: &str) -> Option<Self> {
        let halves = [[0.5; 3]; 2];
        let square = |side, filter, crop| Self {
            resize: Resize::Exact([side, side]),
            filter,
            is_float: false,
            crop,
            statistics: halves,
        };
        Some(match class {
            "ViTImageProcessor" => square(224, Filter::Bilinear, None),
            "SiglipImageProcessor" => square(224, Filter::Bicubic, None),
            "DINOv3ViTImageProcessor" => Self {
                statistics: IMAGENET.map(|numbers| numbers.map(f64::from)),
                is_float: true,
                ..square(224, Filter::Bilinear, None)
            },
            "Siglip2ImageProcessor" => {
                Self { resize: Resize::Patches([16, 256]), ..square(224, Filter::Bilinear, None) }
            }
            "DeiTImageProcessor" | "BeitImageProcessor" => {
                square(256, Filter::Bicubic, Some([224, 224]))
            }
            "BitImageProcessor" | "CLIPImageProcessor" => Self {
                resize: Resize::Shorter(224),
                filter: Filter::Bicubic,
                is_float: false,
                crop: Some([224, 224]),
                statistics: CLIP.map(|numbers| numbers.map(f64::from)),
            },
            "ConvNextImageProcessor" => Self {
                resize: Resize::Shorter(384),
                filter: Filter::Bilinear,
                is_float: false,
                crop: None,
                statistics: halves,
            },
            _ => return None,
        })
    }

    /// Whether a size of one number is the shorter side.
    fn keeps_proportions(&self) -> bool {
        matches!(self.resize, Resize::Shorter(_))
    }

    /// The steps for images of the size that is asked for, or of the crop's, or of the model's.
    /// Sides that are asked for scale the resize as they scale the crop.
    pub(super) fn steps(self, chosen: Option<[usize; 2]>) -> Vec<Transform> {
        let Self { resize, filter, is_float, crop, statistics: [mean, std] } = self;
        if let (Resize::Patches([patch, most]), None) = (resize, chosen) {
            return vec![Transform::FitPatches { patch, most, filter }, values(mean, std)];
        }
        let last = match (crop, resize) {
            (Some(size), _) | (None, Resize::Exact(size)) => size,
            (None, Resize::Shorter(side)) => [side, side],
            // Whoever asks for a size gets it.
            (None, Resize::Patches(_)) => chosen.unwrap_or([1, 1]),
        };
        let exact = |size| match is_float {
            true => Transform::ResizeFloat { size, filter },
            false => Transform::Resize { size, filter },
        };
        let size = chosen.unwrap_or(last);
        let square = size[0] == size[1] && last[0] == last[1];
        let scaled = |side: usize| (side as f64 * size[0] as f64 / last[0] as f64).round() as usize;
        let rounding = Rounding::Down;
        let crop = crop.map(|_| Transform::CenterCrop { size, rounding });
        let mut steps = match (resize, crop) {
            // Whoever asks for a rectangle gets all of the image.
            _ if chosen.is_some() && !square => vec![exact(size)],
            (Resize::Exact(_) | Resize::Patches(_), None) => vec![exact(size)],
            (Resize::Exact(before), Some(crop)) => vec![exact(before.map(scaled)), crop],
            (Resize::Patches(_), Some(crop)) => vec![exact(size), crop],
            (Resize::Shorter(side), crop) => {
                let side = scaled(side);
                let resize = Transform::ResizeShorter { side, filter, rounding };
                [Some(resize), crop].into_iter().flatten().collect()
            }
        };
        steps.push(values(mean, std));
        steps
    }
}

/// The processor that the JSON describes, if there is one.
///
/// # Errors
///
/// [`WeightsError::NotUnderstood`] for a flag, a size, a filter or a class that these steps cannot
/// follow.
pub(super) fn processor(
    sidecar: &Sidecar,
    origin: Origin,
    target: &Target,
    notes: &mut Notes,
) -> Result<Option<Processor>, WeightsError> {
    let Some(all) = Entries::of(sidecar) else { return Ok(None) };
    let known = ["do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_convert_rgb"];
    for (key, _) in all.iter().filter(|(_, value)| **value != Value::Bool(false)) {
        let flag = key.starts_with("do_") && key != "do_reduce_labels";
        let others = ["rescale_offset", "offset", "size_divisor"];
        if flag && !known.contains(&key) || others.contains(&key) {
            return Err(all.refuse(key, "resizing, cropping, rescaling and normalising alone"));
        }
    }
    for (key, _) in all.iter() {
        let known = READ.contains(&key) || IDLE.contains(&key);
        if !known && !key.starts_with("do_") && !key.starts_with('_') {
            return Err(all.refuse(key, "an entry that is known, since it may change the pixels"));
        }
    }
    let (class, name) = all.class();
    let usual_class = match origin {
        Origin::HfDinov2 => "BitImageProcessor",
        Origin::HfSiglip if all.said("max_num_patches").is_some() => "Siglip2ImageProcessor",
        Origin::HfSiglip => "SiglipImageProcessor",
        Origin::HfDinov3 => "DINOv3ViTImageProcessor",
        Origin::HfClip | Origin::HfAimv2 => "CLIPImageProcessor",
        Origin::HfBeit => "BeitImageProcessor",
        _ => "ViTImageProcessor",
    };
    let name = name.as_deref().unwrap_or(usual_class);
    let usual = Processor::of(name).ok_or_else(|| {
        all.refuse(
            class.unwrap_or("image_processor_type"),
            "a processor of ViT, DeiT, BEiT, BiT, CLIP, SigLIP, SigLIP 2, DINOv3 or ConvNeXt",
        )
    })?;

    if !all.flag("do_resize", true)? {
        return Err(all.refuse("do_resize", "images are resized to one size"));
    }
    let keeps_proportions = match all.said("default_to_square") {
        Some(_) => !all.flag("default_to_square", true)?,
        None => usual.keeps_proportions(),
    };
    let resize = match (usual.resize, all.said("size")) {
        (Resize::Patches([patch, most]), _) => {
            let mut count = |key: &'static str, usual: usize| match all.said(key) {
                Some(value) => {
                    value.as_u64().filter(|count| *count > 0).map(|count| count as usize)
                }
                None => Some(notes.usual(key, usual)),
            };
            let expected = "a whole number above 0";
            let patch =
                count("patch_size", patch).ok_or_else(|| all.refuse("patch_size", expected))?;
            let most = count("max_num_patches", most);
            Resize::Patches([patch, most.ok_or_else(|| all.refuse("max_num_patches", expected))?])
        }
        (_, Some(size)) => resize(size, keeps_proportions).ok_or_else(|| {
            all.refuse("size", "a number, a height and a width, or the shortest_edge alone")
        })?,
        (_, None) => notes.usual("size", usual.resize),
    };
    let filter = match all.filter()? {
        Some(filter) => filter,
        None => notes.usual("resample", usual.filter),
    };
    let (resize, crop) = if name == "ConvNextImageProcessor" {
        conv_next(resize, all.said("crop_pct").and_then(Value::as_f64))
            .ok_or_else(|| all.refuse("size", "a square, or the shortest_edge alone"))?
    } else if all.said("crop_pct").is_some() {
        return Err(all.refuse("crop_pct", "the processor's class has no such crop"));
    } else if all.flag("do_center_crop", usual.crop.is_some())? {
        let size = match all.said("crop_size") {
            Some(size) => exact(size)
                .ok_or_else(|| all.refuse("crop_size", "a number, or a height and a width"))?,
            None => notes.usual("crop_size", usual.crop.unwrap_or([224, 224])),
        };
        (resize, Some(size))
    } else {
        (resize, None)
    };
    let before = match resize {
        Resize::Exact(size) => size,
        Resize::Shorter(side) | Resize::Patches([side, _]) => [side, side],
    };
    if let Some([height, width]) = crop.filter(|[h, w]| *h > before[0] || *w > before[1]) {
        let expected = format!("a crop within the resized image; {height} x {width} is not");
        return Err(all.refuse("crop_size", &expected));
    }
    if crop.is_none() && matches!(resize, Resize::Shorter(_)) {
        return Err(all.refuse("do_center_crop", "a crop, where only the shorter side is given"));
    }
    let (key, last) = crop.map_or(("size", before), |crop| ("crop_size", crop));
    if target.chosen.is_none() {
        target.check_patch(FILE, key, last)?;
    }

    let scale = all.scale()?;
    let statistics = all.statistics(usual.statistics, |key, usual| {
        notes.usual(key, usual.map(|x| x as f32)).map(f64::from)
    })?;
    let statistics = statistics.map(|numbers| numbers.map(|x| x / scale));
    Ok(Some(Processor { resize, filter, is_float: usual.is_float, crop, statistics }))
}

/// ConvNeXt's crop: below 384 pixels a part of a larger image, from 384 on the whole one, squashed.
fn conv_next(resize: Resize, crop_pct: Option<f64>) -> Option<(Resize, Option<[usize; 2]>)> {
    let side = match resize {
        Resize::Shorter(side) => side,
        Resize::Exact([height, width]) => (height == width).then_some(height)?,
        Resize::Patches(_) => return None,
    };
    let fraction = crop_pct.unwrap_or(224.0 / 256.0);
    Some(match side {
        0..384 => (Resize::Shorter((side as f64 / fraction) as usize), Some([side, side])),
        _ => (Resize::Exact([side, side]), None),
    })
}

fn resize(size: &Value, keeps_proportions: bool) -> Option<Resize> {
    match size.as_u64() {
        Some(side) if keeps_proportions => Some(Resize::Shorter(side as usize)),
        _ => match sides(size)?[..] {
            [("shortest_edge", side)] => Some(Resize::Shorter(side)),
            _ => exact(size).map(Resize::Exact),
        },
    }
}

/// A height and a width, or one number for both.
fn exact(size: &Value) -> Option<[usize; 2]> {
    match sides(size)?[..] {
        [("", side)] => Some([side, side]),
        [("height", height), ("width", width)] => Some([height, width]),
        _ => None,
    }
}

/// The sides of a size by their names, in the order of these; one number has the empty name.
fn sides(size: &Value) -> Option<Vec<(&str, usize)>> {
    let side = |value: &Value| value.as_u64().map(|side| side as usize);
    match size.as_object() {
        None => Some(vec![("", side(size)?)]),
        Some(sides) => {
            let said = sides.iter().filter(|(_, value)| !value.is_null());
            let mut sides: Vec<_> = said
                .map(|(name, value)| Some((name.as_str(), side(value)?)))
                .collect::<Option<_>>()?;
            sides.sort_unstable();
            Some(sides)
        }
    }
}
