//! Every figure of metrics.json against the library: numbers that scikit-learn and NumPy computed.
//!
//! `VIT22B_FIXTURES=DIR` takes another file of the same form. Figures agree to 1e-6: logits are
//! double precision on both sides, and sums differ in their order alone.

mod measurements;

use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device, Tensor, TensorData};
use serde_json::Value;
use vit22b::eval::{
    Agreement, Binning, CueDecisions, GroupTable, LogisticConfig, Matrix, Predictions, Reliability,
    Ridge, RiskCoverage, RocCurve, accuracy, brier_score, fit_temperature, negative_log_likelihood,
};
use vit22b::train::loss::{distillation, sigmoid_contrastive, softmax_contrastive};

fn copies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn section(name: &str) -> Value {
    let folder = std::env::var_os("VIT22B_FIXTURES").map(PathBuf::from);
    let folder = folder.filter(|folder| folder.join("metrics.json").exists());
    read(&folder.unwrap_or_else(copies).join("metrics.json"))[name].clone()
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[track_caller]
fn assert_close(name: &str, got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{name}: {got}, expected {expected}");
}

#[test]
fn calibration() {
    let case = section("calibration");
    let rows: Vec<Vec<f64>> = list(&case["logits"]);
    let values = rows.concat();
    let logits = Matrix::new(&values, rows[0].len()).unwrap();
    let labels: Vec<usize> = list(&case["labels"]);
    let ece = |temperature: f64| {
        let predictions = Predictions::new(logits, temperature).unwrap();
        let correct = predictions.correct(&labels).unwrap();
        let diagram =
            Reliability::new(&predictions.confidence, &correct, Binning::EqualWidth(15)).unwrap();
        (diagram.expected_error(), accuracy(&predictions.classes, &labels))
    };
    let (raw, right) = ece(1.0);
    assert_close("ece", raw, number(&case["ece_15_equal_width_bins"]), 1e-6);
    assert_close("accuracy", right, number(&case["accuracy"]), 1e-6);
    let nll = negative_log_likelihood(logits, &labels, 1.0).unwrap();
    assert_close("nll", nll, number(&case["nll"]), 1e-6);
    assert_close("brier", brier_score(logits, &labels).unwrap(), number(&case["brier"]), 1e-6);
    let temperature = fit_temperature(logits, &labels).unwrap();
    let expected = number(&case["best_temperature"]);
    // The file's temperature is the best of a grid with steps of 3e-4.
    assert_close("temperature", temperature, expected, 1e-3 * expected);
    assert_close("ece after", ece(expected).0, number(&case["ece_after_temperature"]), 1e-6);
    let fitted = negative_log_likelihood(logits, &labels, temperature).unwrap();
    let of_grid = negative_log_likelihood(logits, &labels, expected).unwrap();
    assert!(fitted <= of_grid, "the grid found a better temperature");
}

#[test]
fn out_of_distribution() {
    let case = section("out_of_distribution");
    let curve =
        RocCurve::new(&list::<f64>(&case["in_scores"]), &list::<f64>(&case["out_scores"])).unwrap();
    assert_close("auroc", curve.area(), number(&case["auroc"]), 1e-6);
    assert_close("auprc", curve.average_precision(), number(&case["auprc_in"]), 1e-6);
    let fpr = curve.false_positives_at(0.95).unwrap();
    assert_close("fpr at 95 % tpr", fpr, number(&case["fpr_at_95_tpr"]), 1e-6);
}

#[test]
fn selective_prediction() {
    let case = section("selective_prediction");
    let curve =
        RiskCoverage::new(&list::<f64>(&case["confidence"]), &list::<bool>(&case["correct"]));
    let area = curve.unwrap().area();
    assert_close("aurc", area, number(&case["area_under_risk_coverage"]), 1e-6);
}

#[test]
fn human_alignment() {
    let case = section("error_consistency");
    let agreement = Agreement::new(&list::<bool>(&case["a"]), &list::<bool>(&case["b"])).unwrap();
    assert_close("kappa", agreement.error_consistency(), number(&case["kappa"]), 1e-6);
    let case = section("shape_bias");
    let count = |key: &str| number(&case[key]) as usize;
    let (shape, texture) = (count("shape_decisions"), count("texture_decisions"));
    let answers = [vec![0; shape], vec![1; texture]].concat();
    let (shapes, textures) = (vec![0; answers.len()], vec![1; answers.len()]);
    let bias = CueDecisions::new(&answers, &shapes, &textures).unwrap().shape_bias().unwrap();
    assert_close("shape bias", bias, number(&case["shape_bias"]), 1e-6);
}

#[test]
fn few_shot() {
    let case = section("few_shot");
    assert_eq!(number(&case["bias_constant"]), vit22b::eval::BIAS_CONSTANT);
    let rows = |key: &str| -> Vec<Vec<f64>> { list(&case[key]) };
    let (train, test) = (rows("x_train"), rows("x_test"));
    let width = train[0].len();
    let (train, test) = (train.concat(), test.concat());
    let test = Matrix::new(&test, width).unwrap();
    let labels = |key: &str| -> Vec<usize> { list(&case[key]) };
    let (train_labels, test_labels) = (labels("y_train"), labels("y_test"));
    let ridge = Ridge::new(Matrix::new(&train, width).unwrap(), &train_labels, 5).unwrap();
    for (l2, expected) in case["accuracy"].as_object().unwrap() {
        let classifier = ridge.solve(l2.parse().unwrap()).unwrap();
        let right = accuracy(&classifier.predict(test).unwrap(), &test_labels);
        assert_close(&format!("accuracy at {l2}"), right, number(expected), 1e-6);
    }
    let scores = ridge.solve(8.0).unwrap().scores(test).unwrap();
    for (got, expected) in scores.iter().zip(list::<f64>(&case["scores_l2_8_first_row"])) {
        assert_close("score", *got, expected, 1e-6);
    }
}

/// logistic.json: the logits, less their mean, of scikit-learn's `LogisticRegression` with
/// `C = 1 / (n λ)` and tolerance 1e-10 on the standardised few-shot features of the copy of
/// metrics.json, for the first two test rows.
///
/// Ours ends at a gradient of 1e-8; the loss is flat along its minimum, so that logits may differ
/// by this divided by the penalty.
#[test]
fn logistic_regression() {
    let data = &read(&copies().join("metrics.json"))["few_shot"];
    let rows = |key: &str| -> Vec<Vec<f64>> { list(&data[key]) };
    let (train, test) = (rows("x_train"), rows("x_test"));
    let (width, train, test) = (train[0].len(), train.concat(), test[..2].concat());
    let labels: Vec<usize> = list(&data["y_train"]);
    for case in read(&copies().join("logistic.json")).as_array().unwrap() {
        let l2 = number(&case["l2"]);
        let config = LogisticConfig { l2s: vec![l2], tolerance: 1e-8, ..Default::default() };
        let fit = config.fit(Matrix::new(&train, width).unwrap(), &labels, 5).unwrap();
        let scores = fit.classifier.scores(Matrix::new(&test, width).unwrap()).unwrap();
        let expected: Vec<Vec<f64>> = list(&case["scores"]);
        for (got, expected) in scores.chunks(5).zip(expected) {
            let mean = got.iter().sum::<f64>() / 5.0;
            for (got, expected) in got.iter().zip(expected) {
                assert_close("logit", got - mean, expected, 1e-7 / l2);
            }
        }
    }
}

#[test]
fn fairness() {
    let case = section("fairness");
    let flags = |key: &str| -> Vec<bool> { list(&case[key]) };
    let group: Vec<usize> = list(&case["group"]);
    let table = GroupTable::new(&flags("prediction"), &flags("truth"), &group, 2).unwrap();
    let parity = table.demographic_parity_gap().unwrap();
    assert_close("demographic parity", parity, number(&case["demographic_parity_gap"]), 1e-6);
    let opportunity = table.equal_opportunity_gap().unwrap();
    assert_close("equal opportunity", opportunity, number(&case["equal_opportunity_gap"]), 1e-6);
}

#[test]
fn losses() {
    let tensor = |value: &Value| -> Tensor<2> {
        let rows: Vec<Vec<f64>> = list(value);
        let shape = [rows.len(), rows[0].len()];
        Tensor::from_data(TensorData::new(rows.concat(), shape), (&Device::flex(), DType::F64))
    };
    let scalar = |value: f64| {
        Tensor::<1>::from_data(TensorData::from([value]), (&Device::flex(), DType::F64))
    };
    let case = section("distillation");
    let temperature = number(&case["temperature"]);
    let kl = distillation(tensor(&case["student"]), tensor(&case["teacher"]), temperature);
    assert_close("distillation", kl.into_scalar(), number(&case["kl"]), 1e-6);

    let case = section("contrastive");
    let (image, text) = (tensor(&case["image"]), tensor(&case["text"]));
    let scale = scalar(number(&case["temperature"]));
    let softmax = softmax_contrastive(image.clone(), text.clone(), scale.clone());
    assert_close("softmax", softmax.into_scalar(), number(&case["softmax_loss"]), 1e-6);
    let sigmoid = sigmoid_contrastive(image, text, scale, scalar(number(&case["bias"])));
    assert_close("sigmoid", sigmoid.into_scalar(), number(&case["sigmoid_loss"]), 1e-6);
}
