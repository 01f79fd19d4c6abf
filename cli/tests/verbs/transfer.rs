//! From a folder of images to a model that was trained, fine-tuned and distilled.

use std::path::Path;

use crate::folder::Folder;
use crate::{Run, vit22b};

const FLEX: [&str; 2] = ["--device", "flex"];

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Sixty images of six classes.
fn draw(folder: &Folder) -> String {
    let images = folder.path().join("images");
    let options = ["draw", "--cues", "agree", "--count", "60", "--side", "20", "--out"];
    vit22b(options.iter().chain(&[text(&images)])).succeeded();
    text(&images).into()
}

fn trained(folder: &Folder, images: &str) -> String {
    let out = folder.path().join("run");
    let options =
        ["train", "--steps", "2", "--batch", "4", "--peak-tflops", "0.05", "--images", images];
    vit22b(options.iter().chain(&FLEX).chain(&["--out", text(&out)])).succeeded();
    text(&out).into()
}

#[test]
fn a_folder_becomes_a_model_and_the_model_a_smaller_one() {
    let folder = Folder::new("transfer");
    let images = draw(&folder);
    let run = trained(&folder, &images);
    let manifest = format!("{run}/checkpoints/step-000000002/manifest.json");
    let manifest: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(manifest).unwrap()).unwrap();
    assert_eq!(manifest["data"]["images"].as_str().map(str::len), Some(64));

    let at = |name: &str| text(&folder.path().join(name)).to_owned();
    let tuned = at("tuned");
    let options =
        ["finetune", "--weights", &run, "--images", &images, "--side", "18", "--steps", "3"];
    let more = [
        "--batch",
        "4",
        "--layer-decay",
        "0.75",
        "--average",
        "--freeze",
        "embedding.*",
        "--out",
        &tuned,
    ];
    let done = vit22b(options.iter().chain(&FLEX).chain(&more));
    let told = "--side 18 is no multiple of the patch, 4: the last 2 rows and columns of pixels are not seen, as in \
                big_vision; 16 and 20 are multiples";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    let said = done.succeeded();
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("rate 0.0") && last.contains("% of 12 test images right"), "{said}");
    assert!(said.contains("learning rates on 9 images of the training part"), "{said}");

    // The file is taken as it is, with its own preprocessing.
    let weights = at("tuned/model.safetensors");
    let found = vit22b(["inspect", "--weights", &weights, "--json"]).succeeded();
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    let steps = found["preprocessing"].as_str().unwrap();
    assert_eq!(
        steps,
        "resize_small(21, bilinear)|central_crop(18, 18)|corner_crop(16, 16)|value_range(-1, 1)"
    );
    // The frozen embedding is that of the run.
    let answers = at("answers");
    let teacher = ["--teacher", &weights, "--images", &images];
    let cache = |more: &[&str]| -> Run {
        let options = ["distil", "cache", "--views", "2", "--out", &answers];
        vit22b(options.iter().chain(&teacher).chain(&FLEX).chain(more))
    };
    let said = cache(&[]).succeeded();
    assert!(said.contains("96 answers in "), "{said}");
    // What is there is kept.
    cache(&[]).succeeded();
    let error = cache(&["--best", "3"]).failed();
    assert!(error.starts_with("--out: ") && error.contains("were made otherwise"), "{error}");

    let student = at("student");
    let options = ["distil", "train", "--answers", &answers, "--variant", "mu/4", "--side", "16"];
    let more = ["--epochs", "0.5", "--batch", "8", "--temperature", "2", "--out", &student];
    let done = vit22b(options.iter().chain(&teacher).chain(&FLEX).chain(&more));
    assert!(done.stderr.contains("agreement at 1 "), "{}", done.stderr);
    done.succeeded();
    let student = at("student/model.safetensors");
    let options = ["distil", "check", "--answers", &answers, "--rows", "7", "--student", &student];
    let said = vit22b(options.iter().chain(&teacher).chain(&FLEX)).succeeded();
    assert!(
        said.starts_with("7 of 96 answers asked again: probabilities differ by at most 0.0e0"),
        "{said}"
    );
    assert!(said.contains("on 12 examples") && said.contains("agreement at 1"), "{said}");
    let options = ["distil", "check", "--answers", &answers, "--seed", "1"];
    let error = vit22b(options.iter().chain(&teacher).chain(&FLEX)).failed();
    assert!(error.contains("were made otherwise: images is"), "{error}");
}

#[test]
fn what_cannot_be_tuned_is_named_by_its_option() {
    let folder = Folder::new("transfer-errors");
    let images = draw(&folder);
    let run = trained(&folder, &images);
    let out = folder.path().join("tuned");
    let error = |more: &[&str]| -> String {
        let options = ["finetune", "--weights", &run, "--images", &images, "--out", text(&out)];
        vit22b(options.iter().chain(&FLEX).chain(more)).failed()
    };
    for (more, expected) in [
        (&["--side", "3"][..], "--side 3: expected at least the patch, 4"),
        (&["--layer-decay", "1.5"], "--layer-decay 1.5: expected a number above 0 and at most 1"),
        (&["--freeze", "block"], "--freeze block: no parameter has such a path; "),
        (&["--freeze", ".*"], "--freeze .*: matches every parameter, and nothing is left to train"),
        (&["--freeze", "("], "--freeze (: the rule \"(\" is no regular expression: "),
        (&["--lr", "-1"], "--lr: learning_rate.peak = -1 is not valid"),
        (&["--held-out", "80"], "--held-out 80: expected a percentage above 0 and at most 50"),
    ] {
        let error = error(more);
        assert!(error.starts_with(expected), "{more:?}: {error}");
    }
    let options = ["distil", "cache", "--teacher", &run, "--images", &images, "--best", "0"];
    let answers = folder.path().join("answers");
    let error = vit22b(options.iter().chain(&FLEX).chain(&["--out", text(&answers)])).failed();
    assert!(error.contains("classes that are kept: expected 1 to 6, got 0"), "{error}");
}

#[test]
fn a_run_on_other_images_says_so() {
    let folder = Folder::new("transfer-data");
    let images = draw(&folder);
    let run = trained(&folder, &images);
    let first = std::fs::read_dir(Path::new(&images)).unwrap().find_map(|entry| {
        let entry = entry.unwrap().path();
        entry.is_dir().then_some(entry)
    });
    let image = std::fs::read_dir(first.unwrap()).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(image).unwrap();
    let options =
        ["train", "--steps", "3", "--batch", "4", "--peak-tflops", "0.05", "--images", &images];
    let done = vit22b(options.iter().chain(&FLEX).chain(&["--resume", "--out", &run]));
    assert!(done.stderr.contains("the data changed: images was "), "{}", done.stderr);
    done.succeeded();
}
