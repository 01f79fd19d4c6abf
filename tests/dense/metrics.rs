//! Measurements of segmentation and of depth.

use serde_json::Value;
use vit22b::eval::{DepthErrors, DepthScores, SegmentationTable, WindowMean, window_starts};

use crate::parts::{assert_number, count, json, list, number};

const NAME: &str = "dense_metrics";

/// Values in nested lists, in their order.
fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        value => vec![number(value)],
    }
}

#[track_caller]
fn assert_options(what: &str, got: &[Option<f64>], expected: &Value) {
    let expected: Vec<Option<f64>> = list(expected);
    assert_eq!(got.len(), expected.len(), "{what}");
    for (class, (got, expected)) in got.iter().zip(expected).enumerate() {
        match (got, expected) {
            (Some(got), Some(expected)) => {
                assert_number(&format!("{what} {class}"), *got, expected)
            }
            (got, expected) => assert_eq!(*got, expected, "{what} {class}"),
        }
    }
}

#[test]
fn segmentation() {
    let case = json(NAME, "segmentation.json");
    let classes = count(&case["classes"]);
    let mut table = SegmentationTable::new(classes, Some(count(&case["ignore"])));
    let images = |key: &str| case[key].as_array().unwrap().iter();
    for (truth, predicted) in images("truth").zip(images("prediction")) {
        let labels = |map: &Value| -> Vec<usize> {
            flat(map).into_iter().map(|label| label as usize).collect()
        };
        table.add(&labels(truth), &labels(predicted)).unwrap();
    }
    let counts: Vec<Vec<u64>> = list(&case["counts"]);
    for (truth, row) in counts.iter().enumerate() {
        let got: Vec<u64> = (0..classes).map(|predicted| table.count(truth, predicted)).collect();
        assert_eq!(got, *row, "class {truth}");
    }
    assert_options("iou", &table.iou(), &case["iou"]);
    assert_options("class accuracy", &table.class_accuracy(), &case["class_accuracy"]);
    for (key, got) in [
        ("mean_iou", table.mean_iou()),
        ("pixel_accuracy", table.pixel_accuracy()),
        ("mean_class_accuracy", table.mean_class_accuracy()),
        ("frequency_weighted_iou", table.frequency_weighted_iou()),
    ] {
        assert_number(key, got.unwrap(), number(&case[key]));
    }
    // Two common mistakes are other numbers.
    for mistake in ["mean_of_image_means", "absent_class_as_zero"] {
        let mistaken = number(&case["not_this"][mistake]);
        assert!((table.mean_iou().unwrap() - mistaken).abs() > 1e-4, "{mistake}");
    }
}

#[test]
fn windows() {
    let case = json(NAME, "segmentation.json");
    for case in case["window_starts"].as_array().unwrap() {
        let [size, window, stride] = ["size", "window", "stride"].map(|key| count(&case[key]));
        let expected: Vec<usize> = list(&case["starts"]);
        assert_eq!(window_starts(size, window, stride), expected, "{case}");
    }
    let case = &case["sliding"];
    let [height, width, window, stride] =
        ["height", "width", "window", "stride"].map(|key| count(&case[key]));
    let windows = case["windows"].as_array().unwrap();
    let starts = window_starts(height, window, stride).into_iter().flat_map(|top| {
        window_starts(width, window, stride).into_iter().map(move |left| [top, left])
    });
    let channels = case["mean"].as_array().unwrap().len();
    let mut mean = WindowMean::new(channels, [height, width]);
    for (start, window_case) in starts.zip(windows) {
        assert_eq!(start, ["top", "left"].map(|key| count(&window_case[key])));
        mean.add(start, [window; 2], &flat(&window_case["logits"])).unwrap();
    }
    let counts: Vec<f64> = mean.counts().iter().map(|count| f64::from(*count)).collect();
    assert_eq!(counts, flat(&case["counts"]));
    for (got, expected) in mean.finish().unwrap().into_iter().zip(flat(&case["mean"])) {
        assert_number("mean of windows", got, expected);
    }
}

#[track_caller]
fn assert_scores(what: &str, got: Option<&DepthScores>, expected: &Value) {
    let Some(got) = got else { return assert!(expected.is_null(), "{what}") };
    for (name, value) in got.in_order() {
        assert_number(&format!("{what}, {name}"), value, number(&expected[name]));
    }
    assert_eq!(expected.as_object().unwrap().len(), got.in_order().len());
}

#[test]
fn depth() {
    let case = json(NAME, "depth.json");
    for cap in case["caps"].as_array().unwrap() {
        let mut errors = DepthErrors::new(number(&cap["min"]), number(&cap["max"])).unwrap();
        let mut valid = Vec::new();
        for image in case["images"].as_array().unwrap() {
            let [truth, predicted] = ["truth", "prediction"].map(|key| flat(&image[key]));
            valid.push(errors.add(&truth, &predicted).unwrap());
        }
        assert_eq!(valid, list::<usize>(&cap["valid"]));
        for (index, image) in errors.images().iter().enumerate() {
            assert_scores(&format!("image {index}"), image.as_ref(), &cap["of_each_image"][index]);
        }
        assert_scores("mean", errors.mean_of_images().as_ref(), &cap["mean_of_images"]);
        assert_scores("pooled", errors.pooled().as_ref(), &cap["pooled"]);
    }
}
