//! The preprocessing of a published model. Its accuracy was measured with these steps and numbers;
//! others give other features. So what the JSON beside the weights says is followed to the pixel,
//! or refused by the key that is not understood.

mod dense;
mod entries;
mod numbers;
mod timm;
mod transformers;

use crate::data::preprocess::{Filter, Preprocess, Rounding, Transform};

use super::description::{Evidence, Note, Notes};
use super::error::WeightsError;
use super::options::LoadOptions;
use super::origin::Origin;
use super::sidecar::Sidecar;
use numbers::{Target, values};
use transformers::Processor;

pub use dense::DenseProcessor;
pub(crate) use dense::Seen;
pub(super) use timm::for_timm;

/// The steps of the options, those that the JSON beside the weights describes, or the origin's
/// usual ones. `model` is the size of the file's positions.
pub(super) fn infer(
    origin: Origin,
    sidecar: &Sidecar,
    model: [usize; 2],
    patch: usize,
    options: &LoadOptions,
    notes: &mut Notes,
) -> Result<Preprocess, WeightsError> {
    let mut note = |preprocess: &Preprocess, from| {
        notes.0.push(Note { field: "preprocessing", value: preprocess.to_string(), from });
    };
    if let Some(steps) = &options.preprocess {
        note(steps, Evidence::Options);
        return Ok(steps.clone());
    }
    let target = Target { chosen: options.image, model, patch };
    let mut defaults = Notes::default();
    let said = match origin {
        Origin::Native | Origin::BigVision => None,
        Origin::Timm | Origin::OpenClip => timm::steps(sidecar, &target, &mut defaults)?,
        _ => {
            let processor = transformers::processor(sidecar, origin, &target, &mut defaults)?;
            processor.map(|processor| processor.steps(options.image))
        }
    };
    let from = if said.is_some() { Evidence::Sidecar } else { Evidence::OriginsDefault };
    let usual = || usual(origin, options.image.unwrap_or(model));
    let preprocess = Preprocess::new(said.unwrap_or_else(usual))?;
    note(&preprocess, from);
    notes.0.extend(defaults.0);
    Ok(preprocess)
}

/// The steps with which an origin's models are usually evaluated, for images of this size.
fn usual(origin: Origin, size: [usize; 2]) -> Vec<Transform> {
    let [height, width] = size;
    let filter = Filter::Bicubic;
    if origin == Origin::Timm && height == width {
        let side = (height as f64 / 0.9).floor() as usize;
        return vec![
            Transform::ResizeShorter { side, filter, rounding: Rounding::Down },
            Transform::CenterCrop { size, rounding: Rounding::HalfToEven },
            values([0.5; 3], [0.5; 3]),
        ];
    }
    if origin == Origin::Timm {
        return vec![Transform::Resize { size, filter }, values([0.5; 3], [0.5; 3])];
    }
    Processor::usual(origin, size).steps(Some(size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn result(
        origin: Origin,
        config: Value,
        preprocessor: Value,
        options: &LoadOptions,
    ) -> Result<String, String> {
        let sidecar = Sidecar::of(config, preprocessor);
        let mut notes = Notes::default();
        let steps = infer(origin, &sidecar, [224, 224], 14, options, &mut notes);
        steps.map(|steps| steps.to_string()).map_err(|error| error.to_string())
    }

    fn steps(origin: Origin, config: Value, preprocessor: Value) -> String {
        result(origin, config, preprocessor, &LoadOptions::new()).unwrap()
    }

    /// The steps of a processor for DINOv2; what is refused begins with `refused: `.
    fn dinov2(preprocessor: Value) -> String {
        result(Origin::HfDinov2, Value::Null, preprocessor, &LoadOptions::new())
            .unwrap_or_else(|error| format!("refused: {error}"))
    }

    #[test]
    fn the_files_beside_the_weights_are_followed() {
        let cfg = json!({"pretrained_cfg": {"mean": [0.485, 0.456, 0.406],
            "std": [0.229, 0.224, 0.225], "crop_pct": 0.875, "interpolation": "bilinear"}});
        assert_eq!(
            steps(Origin::Timm, cfg, Value::Null),
            "resize_shorter(256, bilinear)|center_crop(224, 224)|normalize(imagenet)"
        );
        let siglip = json!({"do_normalize": true, "image_mean": [0.5, 0.5, 0.5], "resample": 3,
            "image_std": [0.5, 0.5, 0.5], "size": {"height": 224, "width": 224}});
        assert_eq!(
            steps(Origin::HfSiglip, Value::Null, siglip),
            "resize(224, 224, bicubic)|value_range(-1, 1)"
        );
        let dinov2 = json!({"do_center_crop": true, "crop_size": {"height": 224, "width": 224},
            "resample": 3, "size": {"shortest_edge": 256}, "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225]});
        let expected = "resize_shorter(256, bicubic)|central_crop(224, 224)|normalize(imagenet)";
        assert_eq!(steps(Origin::HfDinov2, Value::Null, dinov2), expected);
        // The origin's usual steps.
        assert_eq!(steps(Origin::HfDinov2, Value::Null, Value::Null), expected);
        assert_eq!(
            steps(Origin::BigVision, Value::Null, Value::Null),
            "resize(224, 224, bilinear)|value_range(-1, 1)"
        );
    }

    #[test]
    fn sizes_of_a_processor_are_pixels_and_not_shares_of_the_models_image() {
        let halves = json!({"image_mean": 0.5, "image_std": 0.5, "resample": 2});
        let with = |more: Value| {
            let mut all = halves.clone();
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        let cropped = with(json!({"size": {"shortest_edge": 128}, "crop_size": 112}));
        for (preprocessor, expected) in [
            (cropped.clone(), "resize_shorter(128, bilinear)|central_crop(112, 112)"),
            (
                with(json!({"size": {"height": 128, "width": 120, "longest_edge": null},
                    "crop_size": {"height": 112, "width": 98}})),
                "resize(128, 120, bilinear)|central_crop(112, 98)",
            ),
            (
                with(json!({"size": {"height": 112, "width": 98}, "do_center_crop": false})),
                "resize(112, 98, bilinear)",
            ),
            (
                with(json!({"size": 112, "image_processor_type": "ViTImageProcessorFast"})),
                "resize(112, 112, bilinear)",
            ),
            (
                with(json!({"image_processor_type": "DeiTFeatureExtractor"})),
                "resize(256, 256, bilinear)|central_crop(224, 224)",
            ),
            (
                with(json!({"image_processor_type": "ConvNextImageProcessor",
                    "size": {"shortest_edge": 224}, "crop_pct": 0.875})),
                "resize_shorter(256, bilinear)|central_crop(224, 224)",
            ),
        ] {
            assert_eq!(dinov2(preprocessor), format!("{expected}|value_range(-1, 1)"));
        }
        // A side that is asked for scales resize and crop alike.
        let options = LoadOptions::new().with_image(Some([56, 56]));
        assert_eq!(
            result(Origin::HfDinov2, Value::Null, cropped, &options).unwrap(),
            "resize_shorter(64, bilinear)|central_crop(56, 56)|value_range(-1, 1)"
        );
    }

    #[test]
    fn values_are_rescaled_and_normalised_as_the_flags_say() {
        let values = |more: Value| {
            let mut all = json!({"size": 28, "do_center_crop": false, "resample": 2,
                "image_processor_type": "ViTImageProcessor"});
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            dinov2(all).replace("resize(28, 28, bilinear)|", "")
        };
        assert_eq!(values(json!({})), "value_range(-1, 1)");
        assert_eq!(values(json!({"do_normalize": false})), "value_range(0, 1)");
        let bytes = json!({"do_normalize": false, "do_rescale": false});
        assert_eq!(values(bytes), "value_range(0, 255)");
        let twice = json!({"do_normalize": false, "rescale_factor": 2.0 / 255.0});
        assert_eq!(values(twice), "value_range(0, 2)");
        let bytes = json!({"do_rescale": false, "image_mean": [51, 102, 127.5],
            "image_std": [51, 51, 51]});
        assert_eq!(values(bytes), "normalize(0.2, 0.4, 0.5, 0.2, 0.2, 0.2)");
    }

    #[test]
    fn what_is_not_followed_is_refused_by_its_key() {
        for (preprocessor, key) in [
            (json!({"do_resize": false}), "do_resize = false"),
            (json!({"resample": 0}), "resample = 0"),
            (json!({"resample": 5}), "resample = 5"),
            (json!({"size": {"longest_edge": 224}}), "size = {\"longest_edge\":224}"),
            (
                json!({"size": {"shortest_edge": 224, "longest_edge": 300}}),
                "size = {\"longest_edge\":300,\"shortest_edge\":224}",
            ),
            (json!({"do_center_crop": false}), "do_center_crop = false"),
            (json!({"crop_pct": 0.9}), "crop_pct = 0.9"),
            (json!({"crop_size": 448}), "crop_size = 448"),
            (json!({"crop_size": 220}), "crop_size = \"220 x 220\""),
            (json!({"do_pad": true}), "do_pad = true"),
            (json!({"rescale_offset": true}), "rescale_offset = true"),
            (json!({"image_mean": [0.5, 0.5]}), "image_mean = [0.5,0.5]"),
            (
                json!({"image_processor_type": "LevitImageProcessor"}),
                "image_processor_type = \"LevitImageProcessor\"",
            ),
        ] {
            let error = dinov2(preprocessor);
            let expected = format!("refused: preprocessor_config.json says {key}, which is not");
            assert!(error.starts_with(&expected), "{error}");
            assert!(error.contains("LoadOptions::preprocess"), "{error}");
        }
        for (config, key) in [
            (json!({"crop_mode": "border"}), "crop_mode = \"border\""),
            (json!({"interpolation": "nearest"}), "interpolation = \"nearest\""),
            (json!({"crop_pct": 1.5}), "crop_pct = 1.5"),
            (json!({"input_size": [3, 224, 448]}), "input_size = [3,224,448]"),
            (json!({"input_size": [3, 225, 225]}), "input_size = \"225 x 225\""),
        ] {
            let config = json!({"pretrained_cfg": config});
            let error = result(Origin::Timm, config, Value::Null, &LoadOptions::new());
            let error = error.unwrap_err();
            assert!(error.starts_with(&format!("config.json says {key}, which is not")), "{error}");
        }
        // Steps that are given take the place of all that.
        let given = "resize(224)|value_range(0, 1)".parse().unwrap();
        let options = LoadOptions::new().with_preprocess(Some(given));
        let config = json!({"crop_mode": "border"});
        assert_eq!(
            result(Origin::Timm, config, Value::Null, &options).unwrap(),
            "resize(224, \"bilinear\")|value_range(0, 1)"
        );
    }

    #[test]
    fn timms_config_is_in_pixels_and_its_gaps_have_timms_defaults() {
        let timm =
            |config: Value| steps(Origin::Timm, json!({"pretrained_cfg": config}), Value::Null);
        assert_eq!(
            timm(json!({"input_size": [3, 112, 112]})),
            "resize_shorter(128, bicubic)|center_crop(112, 112)|normalize(imagenet)"
        );
        let squash = json!({"input_size": [3, 112, 224], "crop_mode": "squash", "crop_pct": 0.875,
            "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]});
        assert_eq!(
            timm(squash),
            "resize(128, 256, bicubic)|center_crop(112, 224)|value_range(-1, 1)"
        );
    }

    #[test]
    fn timm_is_told_what_it_would_say_itself() {
        let steps = "resize_shorter(256, bicubic)|center_crop(224)|value_range(-1, 1)";
        assert_eq!(
            for_timm(&steps.parse().unwrap()),
            json!({"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic",
                "crop_pct": 0.875, "crop_mode": "center"})
        );
    }
}
