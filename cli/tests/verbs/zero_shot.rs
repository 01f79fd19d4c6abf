//! `vit22b zero-shot` and `vit22b retrieve`: a small SigLIP of random weights and a tokenizer of 200 pieces.

use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

use crate::folder::Folder;
use crate::{Run, vit22b};

fn fixture(name: &str) -> PathBuf {
    crate::fixture(name).into()
}

/// The model of the fixtures with an embedding for each piece of the tokenizer, which lies beside it.
fn model(root: &Path) -> PathBuf {
    let (from, to) = (fixture("parts/siglip"), root.join("model"));
    std::fs::create_dir_all(&to).unwrap();
    let bytes = std::fs::read(from.join("model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let embedding = "text_model.embeddings.token_embedding.weight";
    // Vectors that differ in length and direction.
    let values: Vec<u8> = (0..200 * 12)
        .flat_map(|index: u32| {
            ((index.wrapping_mul(2_654_435_761) >> 16) as f32 / 65_536.0 - 0.5).to_le_bytes()
        })
        .collect();
    let tensors = file.tensors().into_iter().map(|(name, view)| match name == embedding {
        true => (name, TensorView::new(Dtype::F32, vec![200, 12], &values).unwrap()),
        false => (name, view),
    });
    let whole = safetensors::serialize(tensors.collect::<Vec<_>>(), None).unwrap();
    std::fs::write(to.join("model.safetensors"), whole).unwrap();
    let config = std::fs::read_to_string(from.join("config.json")).unwrap();
    let config = config.replace("\"vocab_size\": 64", "\"vocab_size\": 200");
    std::fs::write(to.join("config.json"), config).unwrap();
    let tokenizer = fixture("parts/tokenizers/unigram.model");
    std::fs::copy(tokenizer, to.join("spiece.model")).unwrap();
    to
}

/// Four images of two classes.
fn images(root: &Path) -> PathBuf {
    let files = [
        ("red_cat", "scene.png"),
        ("red_cat", "dark.png"),
        ("Blue Dog", "photo.jpg"),
        ("Blue Dog", "grey.png"),
    ];
    for (class, file) in files {
        let to = root.join("images").join(class);
        std::fs::create_dir_all(&to).unwrap();
        std::fs::copy(fixture("images").join(file), to.join(file)).unwrap();
    }
    root.join("images")
}

/// The verb with a model, images and more arguments.
fn run(verb: &str, root: &Path, more: &[&str]) -> Run {
    let (model, images) = (model(root), images(root));
    let mut arguments =
        vec![verb, "--weights", model.to_str().unwrap(), "--images", images.to_str().unwrap()];
    arguments.extend(["--device", "flex"]);
    arguments.extend(more);
    vit22b(arguments)
}

#[test]
fn classes_are_taken_from_folders_and_counted() {
    let root = Folder::new("zero-shot");
    let shown = run("zero-shot", root.path(), &[]).succeeded();
    assert!(
        shown.starts_with("zero-shot: 4 images, 2 classes, 8 prompts for each (clip_best)\n"),
        "{shown}"
    );
    for line in ["top-1", "mean per class", "of 4 images", "blue dog", "red cat"] {
        assert!(shown.contains(line), "{shown}");
    }
    let json =
        run("zero-shot", root.path(), &["--json", "--prompts", "class_name_only"]).succeeded();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["canonical_classes"], serde_json::json!(["blue dog", "red cat"]));
    let predictions = json["predictions"].as_array().unwrap();
    let right = predictions
        .iter()
        .filter(|one| one["image"].as_str().unwrap().starts_with(one["class"].as_str().unwrap()));
    assert_eq!(json["top_1"].as_f64().unwrap(), right.count() as f64 / 4.0);
}

#[test]
fn classes_are_named_and_outliers_told() {
    let root = Folder::new("zero-shot-names");
    let named = ["--classes", "red cat, tree,lamp", "--outliers", "blue dog", "--json"];
    let json: Value =
        serde_json::from_str(&run("zero-shot", root.path(), &named).succeeded()).unwrap();
    assert_eq!(json["counted"], 2);
    assert!((0.0..=1.0).contains(&json["outlier_auroc"].as_f64().unwrap()));
    let shown = run("zero-shot", root.path(), &["--classes", "red cat,tree"]);
    assert!(
        shown.stderr.contains(
            "note: 2 images of \"Blue Dog\" (\"blue dog\") are of no class that is asked for, and not counted"
        ),
        "{}",
        shown.stderr
    );
    // Names of no folder: what is seen in each image.
    let shown = run("zero-shot", root.path(), &["--classes", "tree,lamp"]).succeeded();
    assert!(shown.contains("red_cat/scene.png"), "{shown}");
}

#[test]
fn what_cannot_be_asked_is_an_error() {
    let root = Folder::new("zero-shot-bad");
    let failed = |more: &[&str]| run("zero-shot", root.path(), more).failed();
    let error = failed(&["--prompts", "clip"]);
    assert!(error.starts_with("--prompts: no prompts are called \"clip\""), "{error}");
    let error = failed(&["--classes", "red cat,,lamp"]);
    assert!(error.starts_with("--classes: the class \"\" (number 2) has no name"), "{error}");
    let error = failed(&["--classes", "lamp,Lamp!"]);
    assert!(error.contains("\"lamp\" and \"Lamp!\" have one name for the model"), "{error}");
    let other = fixture("parts/tokenizers/bpe.model");
    let error = failed(&["--tokenizer", other.to_str().unwrap()]);
    assert!(error.contains("its vocabulary is 420 ids, expected 200 ids"), "{error}");
    let error = failed(&["--tokenizer", fixture("parts/clip").to_str().unwrap()]);
    assert!(
        error.starts_with("--tokenizer:") && error.contains("expected a tokenizer ("),
        "{error}"
    );
    let error = failed(&["--classes", ""]);
    assert!(error.starts_with("--classes: there is no name in it"), "{error}");
    let file = root.path().join("bytes.txt");
    std::fs::write(&file, b"a photo of a {}\xff").unwrap();
    let error = failed(&["--prompts", file.to_str().unwrap()]);
    assert!(
        error.ends_with("expected text in UTF-8, got other bytes; save the file as UTF-8"),
        "{error}"
    );
    // Attention pooling that the file does not have is not drawn.
    let run_of = run("zero-shot", root.path(), &["--text-pool", "map"]);
    assert!(run_of.stderr.contains("text.map.probe"), "{}", run_of.stderr);
    assert_eq!(run_of.code, 1);
    let error = failed(&["--text-heads", "5"]);
    assert!(error.starts_with("--text-heads: num_heads = 5 is not valid"), "{error}");
    let weights = fixture("timm_map");
    let images = images(root.path());
    let [weights, images] = [&weights, &images].map(|path| path.to_str().unwrap());
    let arguments = ["zero-shot", "--weights", weights, "--images", images];
    let error = vit22b(arguments.into_iter().chain(["--classes", "a,b"])).failed();
    assert!(error.contains("the file has no text tower"), "{error}");
}

/// Vectors in bf16 are those in f32 but for rounding.
#[test]
fn both_towers_compute_in_bf16() {
    let root = Folder::new("zero-shot-bf16");
    let cosines = |more: &[&str]| -> Vec<f64> {
        let more = [&["--json", "--classes", "red cat,blue dog"], more].concat();
        let json = run("zero-shot", root.path(), &more).succeeded();
        let json: Value = serde_json::from_str(&json).unwrap();
        let of = json["predictions"].as_array().unwrap().iter();
        of.map(|one| one["cosine"].as_f64().unwrap()).collect()
    };
    let (wide, narrow) = (cosines(&[]), cosines(&["--precision", "bf16"]));
    assert_ne!(wide, narrow);
    for (wide, narrow) in wide.iter().zip(&narrow) {
        // A vector is off by up to three hundredths of its length, and so is a cosine of two by twice that at most.
        assert!((wide - narrow).abs() < 0.06, "{wide} {narrow}");
    }
}

#[test]
fn texts_find_images_and_a_page_shows_them() {
    let root = Folder::new("retrieve");
    let page = root.path().join("page.html");
    let captions = root.path().join("captions.jsonl");
    let lines = r#"{"image": "red_cat/scene.png", "text": "a small red cat"}
{"image": "Blue Dog/photo.jpg", "text": "a blue dog near the river with so many words that not all of them fit into it"}
"#;
    std::fs::write(&captions, lines).unwrap();
    let (page_name, captions) = (page.to_str().unwrap(), captions.to_str().unwrap());
    let more = ["--text", "a <cat>", "--captions", captions, "--page", page_name, "--top", "2"];
    let run_of = run("retrieve", root.path(), &more);
    assert!(
        run_of.stderr.contains("note: 1 text longer than the tower takes"),
        "{}",
        run_of.stderr
    );
    let shown = run_of.succeeded();
    assert!(shown.starts_with("a <cat>\n  ") && shown.contains("image to text"), "{shown}");
    let html = std::fs::read_to_string(&page).unwrap();
    assert_eq!(html.matches("data:image/png;base64,").count(), 6);
    assert!(html.contains("<h2>a &lt;cat&gt;</h2>"));
    let json = run("retrieve", root.path(), &["--captions", captions, "--json"]).succeeded();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["by_image"].as_array().unwrap().len(), 4);
    assert_eq!(json["recall"]["image_to_text"]["recall_at_5"], 1.0);
    let error = run("retrieve", root.path(), &[]);
    assert_ne!(error.code, 0);
    let error = run("retrieve", root.path(), &["--text", " "]).failed();
    assert!(error.starts_with("--text: there is nothing in it"), "{error}");
    let nowhere = root.path().join("nowhere/page.html");
    let nowhere = ["--text", "a", "--page", nowhere.to_str().unwrap()];
    let run_of = run("retrieve", root.path(), &nowhere);
    assert!(!run_of.stderr.contains("parameters loaded"), "{}", run_of.stderr);
    assert!(run_of.failed().starts_with("--page "));
    std::fs::write(root.path().join("captions.jsonl"), r#"{"image": "x.png", "text": "a"}"#)
        .unwrap();
    let error = run("retrieve", root.path(), &["--captions", captions]).failed();
    let end = "line 1: expected the name of an image of the set, such as \"Blue Dog/grey.png\", got \"x.png\"";
    assert!(error.starts_with("--captions: ") && error.trim_end().ends_with(end), "{error}");
}

/// Captions of the four images.
fn captions(root: &Path) -> PathBuf {
    let file = root.join("captions.jsonl");
    let line =
        |image: &str, text: &str| format!("{{\"image\": \"{image}\", \"text\": \"{text}\"}}\n");
    let lines = [
        line("red_cat/scene.png", "a red cat"),
        line("red_cat/dark.png", "red cat in the dark"),
        line("red_cat/dark.png", "a red cat"),
        line("Blue Dog/photo.jpg", "a blue dog"),
        line("Blue Dog/grey.png", "blue dog in grey"),
    ];
    std::fs::write(&file, lines.concat()).unwrap();
    file
}

/// `lit` with a small text tower, for a few steps.
fn lit(root: &Path, more: &[&str]) -> Run {
    let (images, captions) = (images(root), captions(root));
    let tokenizer = fixture("parts/tokenizers/unigram.model");
    let weights = fixture("timm_map");
    let path = |path: &Path| path.to_str().unwrap().to_string();
    let mut arguments = vec!["lit".to_string(), "--weights".into(), path(&weights)];
    arguments.extend(["--images".into(), path(&images), "--captions".into(), path(&captions)]);
    arguments.extend(["--tokenizer".into(), path(&tokenizer), "--out".into()]);
    arguments.push(path(&root.join("lit")));
    let usual = [
        ("--device", "flex"),
        ("--width", "64"),
        ("--depth", "1"),
        ("--batch", "2"),
        ("--lr", "0.01"),
        ("--steps", "6"),
        ("--held-out", "50"),
    ];
    for (option, value) in usual.into_iter().filter(|(option, _)| !more.contains(option)) {
        arguments.extend([option, value].map(String::from));
    }
    arguments.extend(more.iter().map(|argument| argument.to_string()));
    vit22b(arguments.iter().map(String::as_str))
}

#[test]
fn a_text_tower_is_tuned_and_its_result_names_images() {
    let root = Folder::new("lit");
    let shown = lit(root.path(), &["--views", "2", "--loss", "softmax"]).succeeded();
    assert!(
        shown.contains("text tower: 200 ids, 16 tokens, width 64, depth 1, vectors of 48"),
        "{shown}"
    );
    assert!(
        shown.contains("2 images with 2 texts to train with, 2 held out; 2 views of each image"),
        "{shown}"
    );
    assert!(shown.contains("6 steps; "), "{shown}");
    let out = root.path().join("lit");
    for name in ["model.safetensors", "spiece.model", "metrics.jsonl", "curves.svg", "vectors"] {
        assert!(out.join(name).exists(), "{name}");
    }
    let (out, images) = (out.to_str().unwrap(), root.path().join("images"));
    let images = images.to_str().unwrap();
    for verb in [&["zero-shot"][..], &["retrieve", "--text", "a cat"]] {
        let arguments =
            [verb, &["--weights", out, "--images", images, "--device", "flex"]].concat();
        vit22b(arguments).succeeded();
    }
    // The folder holds a run, and the same command with --resume has nothing left to do.
    let error = lit(root.path(), &["--views", "2", "--loss", "softmax"]).failed();
    assert!(
        error.contains("holds a run that is at step 6; resume it, or choose another folder"),
        "{error}"
    );
    lit(root.path(), &["--views", "2", "--loss", "softmax", "--resume"]).succeeded();
    let error = lit(root.path(), &["--loss", "softmax", "--resume", "--length", "8"]).failed();
    assert!(error.contains("is of another model: length is 16 there and 8 here"), "{error}");
}

#[test]
fn what_cannot_be_tuned_is_said() {
    let root = Folder::new("lit-bad");
    let failed = |more: &[&str]| lit(root.path(), more).failed();
    let error = failed(&["--held-out", "0"]);
    assert!(
        error.contains("--held-out 0: expected a percentage above 0 and at most 50"),
        "{error}"
    );
    let file = root.path().join("captions.jsonl");
    // Told before the image model is read.
    let run_of = lit(root.path(), &["--lr", "-1"]);
    assert!(!run_of.stderr.contains("parameters loaded"), "{}", run_of.stderr);
    let error = run_of.failed();
    assert!(error.starts_with("--lr: learning_rate.peak = -1 is not valid"), "{error}");
    let error = failed(&["--views", "2", "--least-area", "0"]);
    assert!(error.contains("--least-area 0: "), "{error}");
    let images = images(root.path());
    let out = root.path().join("out");
    let captions = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let arguments = [
            "lit",
            "--weights",
            fixture("timm_map").to_str().unwrap(),
            "--images",
            images.to_str().unwrap(),
            "--captions",
            file.to_str().unwrap(),
            "--tokenizer",
            fixture("parts/tokenizers/unigram.model").to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ]
        .map(String::from);
        vit22b(arguments.iter().map(String::as_str)).failed()
    };
    let error = captions("{\"image\": \"x.png\", \"text\": \"a\"}\n");
    assert!(
        error.contains("captions.jsonl, line 1: expected the name of an image of the set, such as"),
        "{error}"
    );
    let error = captions("{\"image\": \"Blue Dog/grey.png\", \"text\": \"a\"}\n");
    assert!(
        error.contains("1 image with texts are too few to train with some and hold others out"),
        "{error}"
    );
}

#[test]
fn a_text_tower_is_tuned_over_a_mesh() {
    let root = Folder::new("lit-mesh");
    let over = |more: &[&str]| {
        let options = ["--device", "xla:cpu", "--width", "128"];
        lit(root.path(), &[&options, more].concat())
    };
    let mesh = ["--mesh", "data=2,model=2", "--steps", "2"];
    over(&[&mesh[..], &["--save", "products"]].concat()).succeeded();
    let told = over(&["--mesh", "data=2", "--steps", "4", "--resume"]);
    let changed = "the mesh changed: it was data=2,model=2 and is data=2,model=1";
    assert!(told.stderr.lines().any(|line| line == changed), "{}", told.stderr);
    let shown = told.succeeded();
    assert!(shown.contains("4 steps; "), "{shown}");
    // What does not fit is said before the image model is asked.
    let error = over(&["--mesh", "data=4", "--resume"]).failed();
    assert!(
        error.starts_with("--mesh data=4,model=1: --batch: dimension 0 of [2] is cut into 4"),
        "{error}"
    );
    let error = over(&["--mesh", "data=1,model=4", "--resume"]).failed();
    assert!(
        error.starts_with("--mesh data=1,model=4: --width: 2 attention heads are cut into 4"),
        "{error}"
    );
    let error = lit(root.path(), &["--mesh", "data=2"]).failed();
    assert!(
        error.starts_with("--mesh data=2,model=1: a mesh is of devices of XLA, and flex is none"),
        "{error}"
    );
}

/// The experiment in its shortest form: what is learned is no matter here, but each number is a share of its drawings.
#[test]
fn without_a_model_drawings_are_named() {
    let root = Folder::new("zero-shot-drawings");
    let model = root.path().join("model.safetensors");
    let short = ["--model-steps", "2", "--steps", "2", "--seeds", "1", "--device", "flex"];
    let arguments = ["zero-shot", "--model", model.to_str().unwrap()];
    let arguments: Vec<&str> = arguments.into_iter().chain(short).collect();
    let json = vit22b(arguments.into_iter().chain(["--json"])).succeeded();
    let json: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!(json["pairs"], 70);
    let arms = json["arms"].as_object().unwrap();
    assert_eq!(arms.len(), 4);
    for (arm, numbers) in arms {
        for (name, values) in numbers.as_object().unwrap() {
            let share = values[0].as_f64().unwrap();
            let of = if name.contains("recall") { 70.0 } else { 600.0 };
            let count = share * of;
            assert!((0.0..=1.0).contains(&share), "{arm}: {name} {share}");
            assert!((count - count.round()).abs() < 1e-6, "{arm}: {name} {share}");
        }
    }
    assert!(model.exists());
    let failed = |more: &[&str]| vit22b(["zero-shot"].iter().chain(more)).failed();
    let heads = vit22b(["zero-shot", "--num-heads", "3"]);
    assert_eq!(heads.code, 2);
    let error = heads.stderr;
    assert!(error.contains("--num-heads says nothing without --weights"), "{error}");
    let error = failed(&["--images", "x"]);
    assert!(error.contains("give --weights PATH too"), "{error}");
    let error = failed(&["--weights", "x"]);
    assert!(error.contains("give --images PATH too"), "{error}");
    let error = failed(&["--classes", "a,b"]);
    assert!(error.contains("--classes is about images"), "{error}");
}
