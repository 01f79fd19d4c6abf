//! Distances, subgroups, raters and outliers beside scikit-learn, SciPy and NumPy.
//!
//! `VIT22B_FIXTURES=DIR` takes another folder of the same form, of any seed.

#[path = "../parts/mod.rs"]
mod parts;

use serde_json::Value;
use vit22b::eval::{Mahalanobis, Matrix, RocCurve, SoftLabels, SubgroupAccuracy, outlier_scores};

use parts::{assert_number, count, json, list, number};

fn section(name: &str) -> Value {
    json("reliability", "reliability.json")[name].clone()
}

/// Rows of numbers, and how many columns there are.
fn rows(value: &Value) -> (Vec<f64>, usize) {
    let rows: Vec<Vec<f64>> = list(value);
    let columns = rows[0].len();
    (rows.concat(), columns)
}

#[track_caller]
fn assert_all(what: &str, got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_number(&format!("{what}, {at}"), *got, *expected);
    }
}

#[test]
fn mahalanobis() {
    let case = section("mahalanobis");
    let ((features, width), (queries, _)) = (rows(&case["features"]), rows(&case["queries"]));
    let labels: Vec<usize> = list(&case["labels"]);
    let classes = rows(&case["class_means"]).0.len() / width;
    let features = Matrix::new(&features, width).unwrap();
    let queries = Matrix::new(&queries, width).unwrap();
    let fitted = Mahalanobis::fit(features, &labels, classes, 0.0).unwrap();
    let squares = fitted.squared_distances(queries).unwrap();
    assert_all("squared distances", &squares, &rows(&case["squared_distances"]).0);
    assert_all("score", &fitted.distances(queries).unwrap(), &list::<f64>(&case["score"]));
    let background: Vec<f64> = list(&case["background"]);
    assert_all("background", &fitted.background(queries).unwrap(), &background);
    let relative: Vec<f64> = list(&case["relative_score"]);
    assert_all("relative", &fitted.relative(queries).unwrap(), &relative);
}

#[test]
fn subgroups() {
    let case = section("subgroups");
    let correct: Vec<u8> = list(&case["correct"]);
    let correct: Vec<bool> = correct.into_iter().map(|right| right == 1).collect();
    let table = SubgroupAccuracy::new(&correct, &list::<usize>(&case["group"])).unwrap();
    let shares: Vec<f64> = table.groups.iter().map(|(_, share)| *share).collect();
    assert_all("accuracy", &shares, &list::<f64>(&case["accuracy"]));
    let (worst_group, worst) = table.worst();
    assert_eq!(worst_group, count(&case["worst_group"]));
    for (key, got) in [
        ("mean", table.mean()),
        ("median", table.median()),
        ("variance", table.variance()),
        ("worst", worst),
        ("pooled_accuracy", table.pooled),
    ] {
        assert_number(key, got, number(&case[key]));
    }
    for (percent, expected) in case["percentiles"].as_object().unwrap() {
        let got = table.percentile(percent.parse().unwrap()).unwrap();
        assert_number(&format!("percentile {percent}"), got, number(expected));
    }
}

#[test]
fn soft_labels() {
    let case = section("soft_labels");
    let ((votes, classes), (logits, _)) = (rows(&case["votes"]), rows(&case["logits"]));
    let labels = SoftLabels::new(Matrix::new(&votes, classes).unwrap()).unwrap();
    let weights: Vec<f64> = list(&case["weight"]);
    let labels = labels.with_weights(&weights).unwrap();
    let scores = labels.compare(Matrix::new(&logits, classes).unwrap()).unwrap();
    let of = |key: &str| -> Vec<f64> { list(&case[key]) };
    assert_all("cross-entropy", &scores.cross_entropies, &of("cross_entropy"));
    assert_all("divergence", &scores.divergences, &of("kl"));
    assert_number("mean cross-entropy", scores.cross_entropy, number(&case["mean_cross_entropy"]));
    assert_number("mean divergence", scores.kl, number(&case["mean_kl"]));
    let accuracy = number(&case["accuracy_against_arg_max"]);
    assert_number("accuracy", scores.accuracy, accuracy);
    assert_eq!(scores.rated, weights.iter().filter(|weight| **weight > 0.0).count());
}

#[test]
fn few_shot_outliers() {
    let case = section("few_shot_outliers");
    let (logits, columns) = rows(&case["logits"]);
    let logits = Matrix::new(&logits, columns).unwrap();
    let scores = outlier_scores(logits, count(&case["in_classes"])).unwrap();
    assert_all("score", &scores, &list::<f64>(&case["score"]));
    let is_outlier: Vec<u8> = list(&case["is_outlier"]);
    let of = |kind: u8| -> Vec<f64> {
        let chosen = scores.iter().zip(&is_outlier).filter(|(_, outlier)| **outlier == kind);
        chosen.map(|(score, _)| *score).collect()
    };
    let curve = RocCurve::new(&of(1), &of(0)).unwrap();
    assert_number("area", curve.area(), number(&case["auroc"]));
    assert_number("precision", curve.average_precision(), number(&case["average_precision"]));
}
