//! From a folder of images to a model that was trained, fine-tuned and distilled.

use std::path::Path;

use burn::tensor::Device;
use vit22b::weights::{LoadOptions, WeightsFile};

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

/// Four devices of the CPU beside one of Burn.
#[test]
fn a_mesh_fine_tunes_and_distils_with_the_losses_of_one_device() {
    let folder = Folder::new("transfer-mesh");
    let images = draw(&folder);
    let run = trained(&folder, &images);
    let mesh = ["--device", "xla:cpu", "--mesh", "data=2,model=2", "--save", "products"];
    let at = |name: &str| text(&folder.path().join(name)).to_owned();
    let [alone, over] = [("alone", &FLEX[..]), ("over", &mesh[..])].map(|(name, how)| {
        let (tuned, answers, student) =
            (at(&format!("{name}/tuned")), at("answers"), at(&format!("{name}/student")));
        let done = |verb: &[&str], how: &[&str]| {
            let all = ["--images", &images];
            vit22b(verb.iter().chain(&all).chain(how).copied()).succeeded()
        };
        let tune = ["finetune", "--weights", &run, "--steps", "2", "--batch", "8", "--out", &tuned];
        let said = done(&tune, how);
        assert!(said.lines().last().unwrap().contains("% of 12 test images right"), "{said}");
        // Both students have the teacher of the one device.
        let teacher = at("alone/tuned/model.safetensors");
        let cache = ["distil", "cache", "--views", "1", "--teacher", &teacher, "--out", &answers];
        done(&cache, &FLEX);
        let learn = ["distil", "train", "--epochs", "0.3", "--batch", "8", "--student", &run];
        let about = ["--teacher", &teacher, "--answers", &answers, "--out", &student];
        done(&[&learn[..], &about].concat(), how);
        [format!("{tuned}/lr-0.03"), format!("{tuned}/lr-0.01"), student].map(|run| {
            let metrics = std::fs::read_to_string(format!("{run}/metrics.jsonl")).unwrap();
            let lines = metrics.lines().map(|line| serde_json::from_str(line).unwrap());
            let losses = lines.filter_map(|line: serde_json::Value| line["loss"].as_f64());
            losses.collect::<Vec<_>>()
        })
    });
    for (alone, over) in alone.iter().zip(&over) {
        assert!(alone.len() >= 3 && alone.len() == over.len(), "{alone:?} and {over:?}");
        // Sums in f32 in another order, through two steps.
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-5 * a.abs() + 1e-6;
        assert!(alone.iter().zip(over).all(close), "{alone:?} and {over:?}");
    }
    let verbs: [&[&str]; 2] =
        [&["finetune", "--weights"], &["distil", "train", "--variant", "mu/4", "--teacher"]];
    for (verb, file) in verbs.into_iter().zip([&run, &at("alone/tuned/model.safetensors")]) {
        let (out, answers) = (at("refused"), at("answers"));
        let asked = [file.as_str(), "--images", &images, "--mesh", "data=2", "--out", &out];
        let answers = ["--answers", &answers];
        let answers = answers.iter().filter(|_| verb[0] == "distil");
        let error = vit22b(verb.iter().chain(&asked).chain(answers).chain(&FLEX)).failed();
        let told = "--mesh data=2,model=1: a mesh is of devices of XLA, and flex is none";
        assert!(error.starts_with(told), "{error}");
    }
}

#[test]
fn images_with_several_labels_have_the_sigmoid_loss() {
    let folder = Folder::new("transfer-labels");
    let images = draw(&folder);
    let run = trained(&folder, &images);
    let list = format!("{images}/labels.csv");
    let out = text(&folder.path().join("tuned")).to_owned();
    let tune = |more: &[&str]| {
        let options = ["finetune", "--weights", &run, "--images", &list, "--steps", "2"];
        let few = ["--batch", "4", "--lr", "0.03", "--out", &out];
        vit22b(options.iter().chain(&FLEX).chain(&few).chain(more))
    };
    let error = tune(&["--loss", "softmax"]).failed();
    let told = "--loss softmax: expected one label for each image, got several for 60 of 60; take --loss sigmoid, \
                or leave it out";
    assert_eq!(error, told);
    let said = tune(&[]).succeeded();
    let told =
        "60 of 60 images have several labels: the loss is the sigmoid's, of each class on its own";
    assert!(said.lines().any(|line| line == told), "{said}");
    let manifest = format!("{out}/lr-0.03/checkpoints/step-000000002/manifest.json");
    let manifest: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(manifest).unwrap()).unwrap();
    assert_eq!(manifest["task"]["loss"], "sigmoid_cross_entropy");
    // At the first step all logits are 0, and each class costs ln 2.
    let metrics = std::fs::read_to_string(format!("{out}/lr-0.03/metrics.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(metrics.lines().next().unwrap()).unwrap();
    let classes = manifest["task"]["model"]["num_classes"].as_f64().unwrap();
    let loss = first["loss"].as_f64().unwrap();
    assert!((loss - classes * 2f64.ln()).abs() < 1e-5 * loss, "{loss} of {classes} classes");
}

/// Each kind of source that images come from.
#[test]
fn a_list_and_shards_are_trained_on_like_a_folder() {
    let folder = Folder::new("transfer-sources");
    let images = draw(&folder);
    let rows = std::fs::read_to_string(format!("{images}/labels.csv")).unwrap();
    let rows: Vec<(&str, &str)> =
        rows.lines().skip(1).map(|row| row.split_once(',').unwrap()).collect();
    let label = |labels: &str| labels.split(';').next().unwrap().to_owned();
    let list = rows.iter().map(|(path, labels)| format!("{path},{}\n", label(labels)));
    let list: String = ["path,label\n".to_owned()].into_iter().chain(list).collect();
    std::fs::write(format!("{images}/list.csv"), list).unwrap();
    for shard in 0..2 {
        let file = std::fs::File::create(format!("{images}/{shard}.tar")).unwrap();
        let mut tar = tar::Builder::new(file);
        for (number, (path, labels)) in rows.iter().enumerate().filter(|(n, _)| n % 2 == shard) {
            let image = std::fs::read(format!("{images}/{path}")).unwrap();
            for (ending, bytes) in [("png", &image[..]), ("cls", label(labels).as_bytes())] {
                let mut header = tar::Header::new_ustar();
                header.set_size(bytes.len() as u64);
                tar.append_data(&mut header, format!("{number:03}.{ending}"), bytes).unwrap();
            }
        }
        tar.finish().unwrap();
    }
    for (name, images) in
        [("list", format!("{images}/list.csv")), ("shards", format!("{images}/{{0..1}}.tar"))]
    {
        let at = |part: &str| text(&folder.path().join(name).join(part)).to_owned();
        let (run, tuned, answers, student) = (at("run"), at("tuned"), at("answers"), at("student"));
        let done = |options: &[&str]| {
            let images = ["--images", &images, "--device", "flex"];
            vit22b(options.iter().copied().chain(images)).succeeded()
        };
        let few = ["--batch", "4", "--evaluate", "probe,few-shot", "--measure-every", "2"];
        let train = ["train", "--steps", "3", "--peak-tflops", "0.05", "--out", &run];
        done(&[&train[..], &few].concat());
        let metrics = std::fs::read_to_string(format!("{run}/metrics.jsonl")).unwrap();
        let scores: Vec<serde_json::Value> =
            metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let scores: Vec<&serde_json::Value> =
            scores.iter().filter(|line| line["kind"] == "evaluation").collect();
        // After two steps the features alone, at the end all.
        assert_eq!(
            scores.iter().map(|line| line["step"].as_u64()).collect::<Vec<_>>(),
            [Some(2), Some(3)]
        );
        assert!(scores[0]["loss"].is_null() && scores[1]["loss"].is_number(), "{metrics}");
        for line in scores {
            for score in ["probe_accuracy", "few_shot_1_accuracy", "few_shot_5_accuracy"] {
                assert!((0.0..=1.0).contains(&line[score].as_f64().unwrap()), "{line}");
            }
        }

        let tune = ["finetune", "--weights", &run, "--steps", "2", "--lr", "0.03", "--out", &tuned];
        let said = done(&[&tune[..], &few[..4]].concat());
        assert!(
            said.contains("48 images to train with, 12 images to test with, 6 classes"),
            "{said}"
        );
        let teacher = format!("{tuned}/model.safetensors");
        // What is tuned knows its classes by name.
        let (class, heat) = (label(rows[0].1), at("heat"));
        let asked = ["--class", &class, "--path-steps", "1", "--heat", &heat];
        let said = done(&[&["explain", "--weights", &teacher][..], &asked].concat());
        assert!(said.contains(&format!(", {class}: logit ")), "{said}");
        let about = ["--teacher", &teacher];
        let cache = ["distil", "cache", "--views", "1", "--best", "4", "--out", &answers];
        assert!(done(&[&cache[..], &about].concat()).contains("48 answers in "));
        // The student begins with the parameters of the first run, and with this rate has them at the end.
        let learn =
            ["distil", "train", "--student", &run, "--epochs", "0.2", "--lr", "1e-9", "--answers"];
        done(&[&learn[..], &[answers.as_str()], &about, &few[..4], &["--out", &student]].concat());
        let embedding = |path: &str| -> Vec<f32> {
            let file = WeightsFile::open(Path::new(path)).unwrap();
            let model = file.load(&LoadOptions::new(), &Device::flex()).unwrap().model;
            model.embedding.weight.val().into_data().iter().collect()
        };
        let (before, after) = (embedding(&run), embedding(&format!("{student}/model.safetensors")));
        // Each of the three steps takes a hundred-thousandth off, whatever the rate.
        assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() <= 1e-4 * a.abs() + 1e-7));
        let metrics = std::fs::read_to_string(format!("{student}/metrics.jsonl")).unwrap();
        assert!(
            metrics.contains("agreement_at_1") && metrics.contains("probe_accuracy"),
            "{metrics}"
        );
        let check = ["distil", "check", "--answers", &answers, "--student"];
        let said = done(&[&check[..], &[&format!("{student}/model.safetensors")], &about].concat());
        assert!(said.contains("48 of 48 answers asked again"), "{said}");
    }
    let out = text(&folder.path().join("drawings")).to_owned();
    let options = ["train", "--steps", "2", "--evaluate", "probe", "--device", "flex", "--out"];
    let error = vit22b(options.iter().chain(&[out.as_str()])).failed();
    assert_eq!(error, "--evaluate: measures the features of images; give --images");
}
