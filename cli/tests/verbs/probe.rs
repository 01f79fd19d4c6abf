use serde_json::Value;

use crate::folder::Folder;
use crate::{fixture, vit22b};

#[test]
fn class_folders_and_a_list_of_them_give_the_same_probe() {
    let folder = Folder::new("probe");
    let images = folder.path().to_str().expect("UTF-8");
    let cues = ["--count", "60", "--side", "16", "--cues", "agree"];
    vit22b(["draw", "--out", images].iter().chain(&cues)).succeeded();
    let weights = fixture("timm_vit/model.safetensors");
    let probe = |images: &str| -> Value {
        let run = vit22b(["probe", "--weights", &weights, "--images", images, "--json"]);
        serde_json::from_str(&run.succeeded()).expect("one line of JSON")
    };
    let of_folders = probe(images);
    assert_eq!(of_folders["classes"], 6);
    assert_eq!((&of_folders["train_images"], &of_folders["test_images"]), (&48.into(), &12.into()));
    assert!(of_folders["train_accuracy"].as_f64().unwrap() > 0.5, "{of_folders}");
    // The list has the classes of shapes and textures, of which the first counts.
    let of_list = probe(&format!("{images}/labels.csv"));
    assert_eq!(of_list["classes"], 12);
}

/// As in the paper: of images with crops that are new in each epoch, and of features in parts on disk.
#[test]
fn a_probe_by_sgd_takes_images_and_features() {
    let folder = Folder::new("probe-sgd");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (images, weights) = (at("images"), fixture("timm_vit/model.safetensors"));
    let cues = ["--count", "60", "--side", "16", "--cues", "agree"];
    vit22b(["draw", "--out", &images].iter().chain(&cues)).succeeded();
    let given = ["--weights", &weights, "--images", &images];
    let probe = |given: &[&str], more: &[&str]| -> Value {
        let sgd = ["probe", "--method", "sgd", "--json", "--device", "flex"];
        let run = vit22b(sgd.iter().chain(given).chain(more));
        serde_json::from_str(&run.succeeded()).expect("one line of JSON")
    };
    let few = ["--epochs", "12", "--lr", "0.01,0.1"];
    let of_images = probe(&given, &few);
    assert_eq!((&of_images["classes"], &of_images["test_images"]), (&6.into(), &12.into()));
    assert!([0.01, 0.1].contains(&of_images["rate"].as_f64().unwrap()), "{of_images}");
    // A model that was not trained tells six classes apart a little.
    assert!(of_images["train_accuracy"].as_f64().unwrap() > 0.25, "{of_images}");
    // The same draws.
    let again = probe(&given, &few);
    for score in ["rate", "train_accuracy", "test_accuracy"] {
        assert_eq!(of_images[score], again[score], "{score}");
    }
    let (parts, file) = (at("parts"), at("file.safetensors"));
    for out in [&parts, &file] {
        let embed = ["embed", "--class-folders", "--out", out];
        vit22b(embed.iter().chain(&given)).succeeded();
    }
    let [of_parts, of_file] = [&parts, &file].map(|path| probe(&["--features", path], &few));
    for score in ["rate", "train_accuracy", "test_accuracy", "train_images", "classes"] {
        assert_eq!(of_parts[score], of_file[score], "{score}");
    }
    assert!(of_parts["train_accuracy"].as_f64().unwrap() > 0.25, "{of_parts}");

    let error = vit22b(["probe", "--lr", "0.1"].iter().chain(&given)).failed();
    assert_eq!(error, "--lr: goes with --method sgd");
    let error =
        vit22b(["probe", "--method", "sgd", "--least-area", "0"].iter().chain(&given)).failed();
    assert!(error.starts_with("--least-area 0: "), "{error}");
    let error = vit22b(["probe", "--method", "sgd", "--lr", "-1"].iter().chain(&given)).failed();
    assert!(error.contains("learning_rate.peak = -1 is not valid"), "{error}");
}

#[test]
fn one_class_is_refused_before_the_model_is_loaded() {
    let folder = Folder::new("probe-one");
    std::fs::create_dir(folder.path().join("cat")).unwrap();
    std::fs::copy(fixture("images/photo.png"), folder.path().join("cat/1.png")).unwrap();
    let images = folder.path().to_str().expect("UTF-8");
    let error = vit22b(["probe", "--weights", "nowhere", "--images", images]).failed();
    assert_eq!(
        error,
        format!("--images: {images}: expected images of at least two classes, got one, cat")
    );
}

#[test]
fn classes_of_one_image_are_too_few_or_are_named() {
    let folder = Folder::new("probe-few");
    let images = folder.path().to_str().expect("UTF-8");
    let put = |class: &str, number: usize| {
        std::fs::create_dir_all(folder.path().join(class)).unwrap();
        let to = folder.path().join(class).join(format!("{number}.png"));
        std::fs::copy(fixture("images/photo.png"), to).unwrap();
    };
    put("cat", 0);
    put("dog", 0);
    let probe = || vit22b(["probe", "--weights", "nowhere", "--images", images]);
    let error = probe().failed();
    assert!(
        error.contains("no class has some to train with and some that are held out"),
        "{error}"
    );
    let results = Folder::new("probe-few-results");
    let at = |name: &str| results.path().join(name).to_str().expect("UTF-8").to_string();
    let weights = fixture("timm_vit/model.safetensors");
    let two = at("two");
    let embed = ["embed", "--weights", &weights, "--images", images, "--out", &two];
    vit22b(embed.iter().chain(&["--class-folders"])).succeeded();
    let report = at("report-of-two");
    for verb in [&["probe"][..], &["evaluate", "--out", &report]] {
        let error = vit22b(verb.iter().chain(&["--features", &two])).failed();
        assert!(
            error.ends_with("no class has some to train with and some to test with"),
            "{error}"
        );
    }
    (1..20).for_each(|number| put("cat", number));
    let run = probe();
    assert!(
        run.stderr.contains("1 of 2 classes lack images to train with or held out: dog"),
        "{}",
        run.stderr
    );
    // In JSON and on the terminal, whether images or features are given.
    (0..20).for_each(|number| put("bird", number));
    let (features, out) = (&*at("features"), &*at("report"));
    let embed = ["embed", "--weights", &weights, "--images", images, "--out", features];
    vit22b(embed.iter().chain(&["--class-folders"])).succeeded();
    for given in [&["--weights", &weights, "--images", images][..], &["--features", features]] {
        let probe =
            |more: &[&'static str]| vit22b(["probe"].iter().chain(given).chain(more)).succeeded();
        let json: Value = serde_json::from_str(&probe(&["--json"])).unwrap();
        let only = |key: &str| json[key].as_array().unwrap().iter().any(|name| name == "dog");
        assert!(only("untested_classes") != only("untrained_classes"), "{json}");
        let text = probe(&[]);
        let cautions = json["cautions"].as_array().unwrap();
        assert_eq!(cautions.len(), 2, "{json}");
        for caution in cautions {
            let line = format!("caution: {}", caution.as_str().unwrap());
            assert!(text.lines().any(|said| said == line), "{line}: {text}");
        }
        assert!(
            text.contains("caution: 9 images to test with: an accuracy on so few is uncertain by"),
            "{text}"
        );
    }
    let text = vit22b(["evaluate", "--features", features, "--out", out]).succeeded();
    assert!(text.contains("caution: Features: 9 images to test with"), "{text}");
    let report = std::fs::read_to_string(format!("{out}/report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(report["Features: cautions"]["cautions"].as_array().is_some(), "{report}");
    let page = std::fs::read_to_string(format!("{out}/report.md")).unwrap();
    assert!(page.contains("## Features: cautions"), "{page}");
}

/// A path that is no UTF-8 is shown, in JSON too.
#[cfg(target_os = "linux")]
#[test]
fn paths_that_are_no_text_are_shown() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = Folder::new("probe-bytes");
    let images = folder.path().join(OsStr::from_bytes(b"\xff"));
    for (class, from) in [("cat", "photo.png"), ("dog", "scene.png")] {
        std::fs::create_dir_all(images.join(class)).unwrap();
        for name in [&b"1.png"[..], b"2.png", b"3.png", b"\xfe.png", b"\xfd.png"] {
            let to = images.join(class).join(OsStr::from_bytes(name));
            std::fs::copy(fixture(&format!("images/{from}")), to).unwrap();
        }
    }
    let weights = fixture("timm_vit/model.safetensors");
    let word = OsStr::new;
    let given = [word("--weights"), word(&weights), word("--images"), images.as_os_str()];
    let features = folder.path().join(OsStr::from_bytes(b"features\xfc"));
    let embed = [word("embed"), word("--class-folders"), word("--out"), features.as_os_str()];
    vit22b(embed.iter().chain(&given)).succeeded();
    let given_features = [word("--features"), features.as_os_str()];
    for given in [&given[..], &given_features] {
        let said = vit22b([word("probe"), word("--json")].iter().chain(given)).succeeded();
        let said: Value = serde_json::from_str(&said).unwrap();
        let images = said["train_images"].as_u64().unwrap() + said["test_images"].as_u64().unwrap();
        assert_eq!(images, 10, "{said}");
    }
}
