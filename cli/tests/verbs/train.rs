use serde_json::Value;

use crate::folder::Folder;
use crate::{fixture, vit22b};

/// Two steps of the smallest model.
fn train(out: &str, more: &[&str]) -> crate::Run {
    let small =
        ["train", "--device", "flex", "--peak-tflops", "0.05", "--batch", "2", "--out", out];
    let every = ["--evaluate-every", "100", "--save-every", "1"];
    vit22b(small.iter().chain(&every).chain(more))
}

#[test]
fn a_run_leaves_metrics_and_checkpoints_and_goes_on() {
    let folder = Folder::new("train");
    let out = folder.path().to_str().expect("UTF-8");
    let said = train(out, &["--steps", "2"]).succeeded();
    assert!(said.lines().last().expect("a line").starts_with("2 steps; "), "{said}");
    let metrics = || std::fs::read_to_string(folder.path().join("metrics.jsonl")).unwrap();
    let first = metrics();
    assert!(folder.path().join("curves.svg").exists());
    train(out, &["--steps", "2", "--resume"]).succeeded();
    assert_eq!(metrics(), first, "there was nothing left to do");
}

#[test]
fn values_that_are_not_valid_name_the_option() {
    assert_eq!(train("unused", &["--lr", "high"]).code, 2);
    let error = train("unused", &["--image", "30"]).failed();
    assert!(error.starts_with("--image: image[0] = 30 is not valid"), "{error}");
    let error = train("unused", &["--lr", "-1"]).failed();
    assert!(error.starts_with("--lr: learning_rate.peak = -1 is not valid"), "{error}");
    let error = train("unused", &["--micro-batches", "3"]).failed();
    assert!(error.starts_with("--micro-batches: "), "{error}");
}

#[test]
fn what_a_run_leaves_is_taken_as_weights() {
    let folder = Folder::new("train-weights");
    let (run, images) = (folder.path().join("run"), fixture("images"));
    let run = run.to_str().expect("UTF-8");
    train(run, &["--steps", "2"]).succeeded();
    let inspect = |weights: &str| -> Value {
        let run = vit22b(["inspect", "--weights", weights, "--json"]);
        assert!(
            run.stderr.contains("guessed: preprocessing = resize_shorter(32, bilinear)"),
            "{}",
            run.stderr
        );
        serde_json::from_str(&run.succeeded()).expect("one line of JSON")
    };
    let step = format!("{run}/checkpoints/step-000000002");
    let found = inspect(run);
    assert_eq!((&found["origin"], &found["width"]), (&"vit22b".into(), &32.into()));
    assert_eq!(
        (&found["unused"], &found["missing"]),
        (&Value::Array(vec![]), &Value::Array(vec![]))
    );
    assert_eq!(found, inspect(&step));
    let embed = |weights: &str, name: &str| {
        let out = folder.path().join(name);
        let to = out.to_str().expect("UTF-8");
        vit22b(["embed", "--weights", weights, "--images", &images, "--out", to]).succeeded();
        std::fs::read_to_string(out).unwrap()
    };
    let last = embed(run, "last.jsonl");
    assert_eq!(last, embed(&step, "step.jsonl"));
    assert_ne!(last, embed(&format!("{run}/checkpoints/step-000000001"), "before.jsonl"));
}
