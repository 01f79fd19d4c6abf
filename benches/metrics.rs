//! Measurements on 50,000 × 1,000 logits beside NumPy and scikit-learn, in one run:
//!
//!     PYTHON=python3 cargo bench --bench metrics
//!
//! Both sides take the same logits, in f32, and the best of five runs each; the values must agree.
//! Error consistency of two models comes twice: of their likeliest classes, and as in model-vs-human of
//! decisions among sixteen classes by the mean probability of their members.

use std::process::Command;
use std::time::Instant;

use serde_json::Value;
use vit22b::eval::{
    Agreement, Binning, EvalError, Matrix, Predictions, Reliability, RocCurve, Vote,
    sixteen_classes,
};

const EXAMPLES: usize = 50_000;
const CLASSES: usize = 1_000;
const REPEATS: usize = 5;

fn main() {
    let rng = &mut fastrand::Rng::with_seed(0);
    let labels: Vec<usize> = (0..EXAMPLES).map(|_| rng.usize(..CLASSES)).collect();
    let mut draw = || -> Vec<f32> {
        let mut logits: Vec<f32> =
            (0..EXAMPLES * CLASSES).map(|_| rng.f32() + rng.f32() + rng.f32()).collect();
        for (row, label) in labels.iter().enumerate() {
            logits[row * CLASSES + label] += 8.0 * rng.f32();
        }
        logits
    };
    let (first, second) = (draw(), draw());
    let measured = ours(&first, &second, &labels).expect("valid logits");
    let theirs = python(&first, &second, &labels);
    println!("{:<30} {:>10} {:>10} {:>7}", "", "vit22b", "Python", "ratio");
    for (name, seconds, value) in measured {
        let Some(theirs) = &theirs else {
            println!("{name:<30} {seconds:>8.4} s");
            continue;
        };
        let theirs = &theirs[name];
        let number = |key: &str| theirs[key].as_f64().expect("a number");
        let difference = (number("value") - value).abs();
        assert!(difference < 1e-5, "{name}: {value} here, {} there", number("value"));
        let ratio = number("seconds") / seconds;
        println!("{name:<30} {seconds:>8.4} s {:>8.4} s {ratio:>6.1}×", number("seconds"));
    }
}

/// Name, seconds and value of each measurement.
fn ours(
    first: &[f32],
    second: &[f32],
    labels: &[usize],
) -> Result<Vec<(&'static str, f64, f64)>, EvalError> {
    let (first, second) = (Matrix::new(first, CLASSES)?, Matrix::new(second, CLASSES)?);
    let ece = || -> Result<f64, EvalError> {
        let predictions = Predictions::new(first, 1.0)?;
        let correct = predictions.correct(labels)?;
        let bins = Binning::EqualWidth(15);
        Ok(Reliability::new(&predictions.confidence, &correct, bins)?.expected_error())
    };
    let auroc = || -> Result<f64, EvalError> {
        let predictions = Predictions::new(first, 1.0)?;
        let pairs = || predictions.confidence.iter().zip(predictions.classes.iter().zip(labels));
        let of = |right: bool| -> Vec<f64> {
            let own = pairs().filter(|(_, (class, label))| (class == label) == right);
            own.map(|(confidence, _)| *confidence).collect()
        };
        Ok(RocCurve::new(&of(true), &of(false))?.area())
    };
    let top_1 = || -> Result<f64, EvalError> {
        let correct = |logits: Matrix<'_>| -> Result<Vec<bool>, EvalError> {
            Ok(logits.argmax()?.iter().zip(labels).map(|(own, label)| own == label).collect())
        };
        Ok(Agreement::new(&correct(first)?, &correct(second)?)?.error_consistency())
    };
    let categories = sixteen_classes();
    let of_sixteen = || -> Result<f64, EvalError> {
        let correct = |logits| -> Result<Vec<bool>, EvalError> {
            let decisions = categories.predict(logits, Vote::MeanProbability)?;
            Ok(decisions.iter().zip(labels).map(|(own, label)| *own == label % 16).collect())
        };
        Ok(Agreement::new(&correct(first)?, &correct(second)?)?.error_consistency())
    };
    let best = |name, function: &dyn Fn() -> Result<f64, EvalError>| {
        let mut best = (f64::INFINITY, 0.0);
        for _ in 0..REPEATS {
            let start = Instant::now();
            let value = function()?;
            best = (start.elapsed().as_secs_f64().min(best.0), value);
        }
        Ok((name, best.0, best.1))
    };
    Ok(vec![
        best("ECE", &ece)?,
        best("AUROC", &auroc)?,
        best("error consistency, top-1", &top_1)?,
        best("error consistency, 16 classes", &of_sixteen)?,
    ])
}

/// The same in Python, if there is one with scikit-learn; it is named by `PYTHON`.
fn python(first: &[f32], second: &[f32], labels: &[usize]) -> Option<Value> {
    let program = std::env::var_os("PYTHON").unwrap_or("python3".into());
    let path = std::env::temp_dir().join(format!("vit22b-logits-{}", std::process::id()));
    let labels = labels.iter().map(|label| *label as f32);
    let values = first.iter().chain(second).copied().chain(labels);
    let bytes: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
    std::fs::write(&path, bytes).expect("room for the logits");
    let map = sixteen_classes();
    let categories: Vec<&[usize]> = map.members().collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/metrics.py");
    let output = Command::new(program)
        .arg(script)
        .arg(&path)
        .args([EXAMPLES, CLASSES, REPEATS].map(|number| number.to_string()))
        .arg(serde_json::to_string(&categories).expect("numbers"))
        .output();
    std::fs::remove_file(&path).expect("it was written");
    let output = output.inspect_err(|error| eprintln!("no Python: {error}")).ok()?;
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).ok()
}
