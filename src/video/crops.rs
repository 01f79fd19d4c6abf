//! The preprocessing of each crop.

use super::error::VideoError;
use crate::data::{Filter, Preprocess, Rounding, Transform};

/// The steps of one of several crops. A single crop has the model's own steps; several are squares of the side that these
/// give, spread along the longer side of a frame whose shorter side was resized to that.
pub(super) fn steps(own: &Preprocess, index: usize, of: usize) -> Result<Preprocess, VideoError> {
    if of == 1 {
        return Ok(own.clone());
    }
    let fit = |expected: &str| VideoError::Fit {
        what: format!("preprocessing for {of} crops"),
        expected: expected.into(),
        got: own.to_string(),
    };
    let [height, side] = own.size();
    if height != side || !own.is_fixed() {
        return Err(fit("steps that make squares of one size"));
    }
    let is_values = |step: &&Transform| {
        matches!(step, Transform::ValueRange { .. } | Transform::Normalize { .. })
    };
    let values = own.steps().iter().rev().find(is_values);
    let values = *values.ok_or_else(|| fit("steps that end in value_range or normalize"))?;
    let filter = own.steps().iter().find_map(|step| match step {
        Transform::Resize { filter, .. }
        | Transform::ResizeFloat { filter, .. }
        | Transform::ResizeShorter { filter, .. } => Some(*filter),
        _ => None,
    });
    let filter = filter.unwrap_or(Filter::Bilinear);
    let resize = Transform::ResizeShorter { side, filter, rounding: Rounding::Down };
    let crop = Transform::SideCrop { side, index, of };
    Preprocess::new(vec![resize, crop, values]).map_err(|error| fit(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crops_go_from_edge_to_edge() {
        let own: Preprocess =
            "resize_shorter(40, bicubic)|center_crop(32)|normalize(imagenet)".parse().unwrap();
        assert_eq!(steps(&own, 0, 1).unwrap(), own);
        let text = steps(&own, 2, 3).unwrap().to_string();
        assert_eq!(text, "resize_shorter(32, bicubic)|side_crop(32, 2, 3)|normalize(imagenet)");
        let wide: Preprocess = "resize(32, 48)|value_range(-1, 1)".parse().unwrap();
        let error = steps(&wide, 0, 3).unwrap_err().to_string();
        assert!(error.starts_with("preprocessing for 3 crops: expected steps that make squares"));
    }

    #[test]
    fn crops_are_those_of_the_clip_config() {
        use crate::data::{ExampleKey, Image};
        use crate::video::ClipConfig;

        // Each column has a colour of its own.
        let row: Vec<u8> = (0..21).flat_map(|column| [10 * column, 0, 0]).collect();
        for (width, height, pixels) in [
            (21, 8, row.repeat(8)),
            (8, 21, row.chunks(3).flat_map(|pixel| pixel.repeat(8)).collect()),
        ] {
            let image = Image::new(width, height, pixels).unwrap();
            for of in 1..5 {
                let starts = ClipConfig::new(1, 1).with_crops(of).crop_starts(21, 8).unwrap();
                for (index, start) in starts.into_iter().enumerate() {
                    let text = format!(
                        "resize_shorter(8)|side_crop(8, {index}, {of})|value_range(0, 255)"
                    );
                    let steps: Preprocess = text.parse().unwrap();
                    let values: Vec<f32> =
                        steps.apply(&image, ExampleKey::new(0, 0, 0)).iter().collect();
                    assert_eq!(values[0].round() as usize, 10 * start, "{text}");
                }
            }
        }
    }
}
