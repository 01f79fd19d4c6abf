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
    // Neither threads nor how many images are made ahead change what is trained on.
    let losses = |metrics: &str| -> Vec<Value> {
        let lines = metrics.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| line.get("loss").cloned()).collect()
    };
    let other = Folder::new("train-ahead");
    let to = other.path().to_str().expect("UTF-8");
    train(to, &["--steps", "2", "--threads", "3", "--images-ahead", "2"]).succeeded();
    let again = std::fs::read_to_string(other.path().join("metrics.jsonl")).unwrap();
    assert!(losses(&first).len() >= 2, "{first}");
    assert_eq!(losses(&again), losses(&first));
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
    for (option, value, text) in [
        ("--keep", "0", "keep = 0 is not valid: at least 1"),
        ("--evaluate-every", "0", "evaluate_every = 0 is not valid: at least 1"),
        ("--save-every", "0", "save_every = 0 is not valid: at least 1"),
        ("--threads", "0", "threads = 0 is not valid: at least 1"),
        ("--peak-tflops", "0", "peak_flops = 0 is not valid: a finite number above 0"),
        (
            "--peak-tflops",
            "-2",
            "peak_flops = -2000000000000 is not valid: a finite number above 0",
        ),
        ("--peak-tflops", "nan", "peak_flops = NaN is not valid: a finite number above 0"),
    ] {
        let folder = Folder::new("not-valid");
        let out = folder.path().to_str().expect("UTF-8");
        let arguments = ["train", "--device", "flex", "--out", out, option, value];
        let error = vit22b(arguments).failed();
        assert_eq!(error, format!("{option}: {text}"));
    }
}

#[test]
fn a_run_that_goes_on_names_every_setting_that_changed() {
    let folder = Folder::new("train-changed");
    let out = folder.path().to_str().expect("UTF-8");
    train(out, &["--steps", "3"]).succeeded();
    let more = ["--batch", "4", "--steps", "5", "--lr", "0.01", "--seed", "7", "--resume"];
    let options = ["train", "--device", "flex", "--peak-tflops", "0.05", "--out", out];
    let told = |run: crate::Run| {
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stderr
    };
    let changed = told(vit22b(options.iter().chain(&more)));
    for line in [
        "the recipe changed: batch_size was 2 and is 4",
        "the recipe changed: total.steps was 3 and is 5",
        "the recipe changed: update.3.learning_rate.peak was 0.003 and is 0.01",
        "the seed changed: it was 0 and is 7; steps go on drawing from 0, but data that is drawn from \
         the seed changes",
    ] {
        assert!(changed.lines().any(|told| told == line), "{line}\n{changed}");
    }
    let shorter = told(train(out, &["--steps", "2", "--seed", "7", "--resume"]));
    let line = "the run has 2 steps and has done 5: there is nothing left to do";
    assert!(shorter.lines().any(|told| told == line), "{shorter}");
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

/// Eight devices of the CPU; the blocks of the model are one loop.
#[test]
fn a_run_goes_on_on_another_mesh_and_is_taken_as_weights() {
    let (folder, images) = (Folder::new("train-mesh"), fixture("images"));
    let run = folder.path().join("run");
    let run = run.to_str().expect("UTF-8");
    let train = |device: &str, more: &[&str]| {
        let options = ["train", "--device", device, "--peak-tflops", "0.05", "--out", run];
        let every = ["--evaluate-every", "100", "--save-every", "2"];
        vit22b(options.iter().chain(&every).chain(more))
    };
    let mesh = ["--mesh", "data=4,model=2", "--save", "products", "--batch", "8", "--steps", "2"];
    train("xla:cpu", &mesh).succeeded();
    let more = ["--mesh", "data=8", "--batch", "8", "--steps", "4", "--resume"];
    let told = train("xla:cpu", &more);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let changed = "the mesh changed: it was data=4,model=2 and is data=8,model=1";
    assert!(told.stderr.lines().any(|line| line == changed), "{}", told.stderr);
    let embed = |weights: &str, name: &str| {
        let out = folder.path().join(name);
        let to = out.to_str().expect("UTF-8");
        vit22b(["embed", "--weights", weights, "--images", &images, "--out", to]).succeeded();
        std::fs::read_to_string(out).unwrap()
    };
    let index = format!("{run}/checkpoints/step-000000004/model.safetensors.index.json");
    assert_eq!(embed(run, "run.jsonl"), embed(&index, "index.jsonl"));

    let error = |device: &str, more: &[&str]| train(device, more).failed();
    let text = error("flex", &["--mesh", "data=2", "--resume"]);
    assert!(
        text.starts_with("--mesh data=2,model=1: a mesh is of devices of XLA, and flex is none"),
        "{text}"
    );
    let text = error("flex", &["--save", "product", "--resume"]);
    assert!(
        text.starts_with("--save product: blocks keep nothing that is called product"),
        "{text}"
    );
    let resumed = ["--mesh", "data=4", "--batch", "6", "--steps", "6", "--resume"];
    let text = error("xla:cpu", &resumed);
    assert!(
        text.contains("--batch: the rows of a batch: dimension 0 of [6] is cut into 4"),
        "{text}"
    );
    assert_eq!(train("flex", &["--mesh", "data=0"]).code, 2);
    assert_eq!(train("flex", &["--activations", "images"]).code, 2);
}
