//! Training and measuring segmentation and depth on drawn scenes.

use std::path::Path;

use serde_json::Value;
use vit22b::data::{DepthMap, LabelMask, Scenes};

use crate::folder::Folder;
use crate::{Run, fixture, vit22b};

/// A folder with drawn scenes.
struct Drawn(Folder);

impl Drawn {
    fn new(name: &str, count: &str) -> Self {
        let folder = Folder::new(name);
        let drawn = Self(folder);
        let draw = ["draw", "scenes", "--count", count, "--side", "32", "--out", &drawn.at("")];
        vit22b(draw).succeeded();
        drawn
    }

    fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_string()
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, verb: &str, part: &str, more: &[&str]) -> Run {
        let truth = if verb == "segment" { "masks" } else { "depths" };
        let (images, truths) = (self.at("images"), self.at(truth));
        let truths_option = format!("--{truth}");
        let common = [verb, part, "--images", &images, &truths_option, &truths, "--device", "flex"];
        vit22b(common.iter().chain(more))
    }
}

/// A tiny published tower, for 28 pixels in patches of 7.
fn tower() -> String {
    fixture("hf_dinov2")
}

#[test]
fn a_head_for_segmentation_is_trained_measured_and_used() {
    let drawn = Drawn::new("dense-segment", "10");
    let (classes, out) = (drawn.at("classes.txt"), drawn.at("out"));
    let tower = tower();
    for head in ["linear", "upernet"] {
        let out = format!("{out}-{head}");
        let said = drawn.run(
            "segment",
            "train",
            &[
                "--weights",
                &tower,
                "--classes",
                &classes,
                "--head",
                head,
                "--steps",
                "4",
                "--batch",
                "2",
                "--channels",
                "16",
                "--out",
                &out,
            ],
        );
        let said = said.succeeded();
        assert!(
            said.contains("8 images to train with, 2 images to test with, 8 classes"),
            "{said}"
        );
        assert!(said.contains("mean IoU"), "{said}");
        // The scores of the file are those of the training's end: the held-out images are all of them here.
        let json = |more: &[&str]| -> Value {
            let common = ["--weights", &out, "--json"];
            let arguments: Vec<&str> = common.iter().chain(more).copied().collect();
            let said = drawn.run("segment", "eval", &arguments).succeeded();
            serde_json::from_str(&said).unwrap()
        };
        let whole = json(&[]);
        assert_eq!(whole["pixels"], 10 * 32 * 32);
        assert_eq!(whole["classes"].as_array().unwrap().len(), 8);
        assert!(whole["mean_iou"].as_f64().unwrap() > 0.0);
        let windows = json(&["--window", "28", "--stride", "14"]);
        // The processor's side is a window: both see the same.
        assert_eq!(windows["mean_iou"], whole["mean_iou"]);
        let several = json(&["--scales", "1,1.5", "--mirrored", "--batch", "3"]);
        assert!(several["seen"].as_str().unwrap().contains("also mirrored"));
        let batches = json(&["--batch", "1"]);
        assert_eq!(batches["pixel_accuracy"], whole["pixel_accuracy"]);

        let painted = drawn.at(&format!("painted-{head}"));
        let images = drawn.at("images");
        let paint = ["segment", "--weights", &out, "--images", &images, "--out", &painted];
        vit22b(paint.iter().chain(&["--device", "flex"])).succeeded();
        let mask = LabelMask::read(&Path::new(&painted).join("masks/000003.png")).unwrap();
        assert_eq!([mask.height(), mask.width()], [32, 32]);
        assert!(mask.labels().iter().all(|label| usize::from(*label) < Scenes::CLASSES.len()));
        let lines = std::fs::read_to_string(Path::new(&painted).join("segment.jsonl")).unwrap();
        let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        let names = first["shares"].as_object().unwrap();
        assert!(names.keys().all(|name| Scenes::CLASSES.contains(&&**name)), "{first}");
    }
    // The tower of the file is one for the other verbs.
    let inspected = vit22b(["inspect", "--weights", &format!("{out}-linear/model.safetensors")]);
    assert!(inspected.succeeded().contains("patch          7"));
    let other = vit22b([
        "depth",
        "--weights",
        &format!("{out}-linear/model.safetensors"),
        "--images",
        &drawn.at("images"),
        "--out",
        &drawn.at("none"),
        "--device",
        "flex",
    ]);
    assert!(other.failed().contains("it is one for segmentation"));
}

#[test]
fn a_head_for_depth_is_trained_measured_and_used() {
    let drawn = Drawn::new("dense-depth", "10");
    let tower = tower();
    for (head, relative) in [("linear", false), ("dpt", false), ("dpt", true)] {
        let out = drawn.at(&format!("{head}-{relative}"));
        let mut arguments = vec![
            "--weights",
            &tower,
            "--head",
            head,
            "--steps",
            "4",
            "--batch",
            "2",
            "--channels",
            "8",
            "--out",
            &out,
        ];
        arguments.extend(relative.then_some("--relative"));
        let said = drawn.run("depth", "train", &arguments).succeeded();
        assert!(said.contains("AbsRel") && said.contains("means of images"), "{said}");
        assert_eq!(said.contains("aligned by inverse"), relative, "{said}");
        let json = drawn.run("depth", "eval", &["--weights", &out, "--json"]).succeeded();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["images"], 10);
        assert!(json["mean_of_images"]["abs_rel"].as_f64().unwrap() > 0.0);
        let aligned = drawn.run("depth", "eval", &["--weights", &out, "--align", "median"]);
        match relative {
            true => {
                assert!(aligned.failed().starts_with("--align: the model gives inverse depths"))
            }
            false => assert!(aligned.succeeded().contains("aligned by median")),
        }
        let part = ["--weights", &out, "--crop", "garg", "--max", "10", "--pooled"];
        let part = drawn.run("depth", "eval", &part).succeeded();
        assert!(part.contains("from 0.001 to 10, all pixels together"), "{part}");
        assert!(part.contains("the part of garg"), "{part}");

        let (pictures, images) = (drawn.at("pictures"), drawn.at("images"));
        let draw = ["depth", "--weights", &out, "--images", &images, "--out", &pictures];
        vit22b(draw.iter().chain(&["--device", "flex"])).succeeded();
        let map = DepthMap::read(&drawn.path().join("pictures/values/000000.npy"), 1.0).unwrap();
        assert_eq!([map.height(), map.width()], [32, 32]);
        let line = std::fs::read_to_string(drawn.path().join("pictures/depth.jsonl")).unwrap();
        assert_eq!(line.contains("\"metric\""), !relative, "{line}");
    }
}

#[test]
fn what_cannot_be_trained_on_is_refused_in_the_words_of_the_command() {
    let drawn = Drawn::new("dense-refused", "4");
    let (classes, tower, out) = (drawn.at("classes.txt"), tower(), drawn.at("out"));
    let segment = |more: &[&str]| {
        let common = ["--weights", &tower, "--steps", "2", "--batch", "2", "--out", &out];
        let arguments: Vec<&str> = common.iter().chain(more).copied().collect();
        drawn.run("segment", "train", &arguments)
    };
    let refused = |more: &[&str]| segment(more).failed();
    let error = refused(&["--classes", "nowhere.txt"]);
    assert!(
        error.starts_with("--classes nowhere.txt: expected ade20k, context, voc, or"),
        "{error}"
    );
    let error = refused(&["--classes", &classes, "--side", "30"]);
    assert!(error.starts_with("--side 30: expected a multiple of the patch, 7"), "{error}");
    let error = refused(&["--classes", &classes, "--blocks", "9"]);
    assert!(error.starts_with("--blocks: "), "{error}");
    let error = refused(&["--classes", &classes, "--scale", "2,0.5"]);
    assert!(error.starts_with("--scale: "), "{error}");
    let error = refused(&["--classes", &classes, "--test-images", &drawn.at("images")]);
    assert!(error.contains("give both of these or none"), "{error}");
    // Options that did nothing here.
    assert_eq!(segment(&["--classes", &classes, "--pool", "average"]).code, 2);
    assert_eq!(segment(&["--classes", &classes, "--precision", "bf16"]).code, 2);

    // A number above the classes, by the mask and the place.
    let mask = drawn.path().join("masks/000001.png");
    LabelMask::new(32, 32, vec![8; 1024]).unwrap().write_grey(&mask).unwrap();
    let error = refused(&["--classes", &classes]);
    assert!(error.contains("000001.png: row 0, column 0: the number 8 is of no class"), "{error}");
    // Another size.
    LabelMask::new(32, 31, vec![0; 992]).unwrap().write_grey(&mask).unwrap();
    let error = refused(&["--classes", &classes]);
    assert!(error.contains("32 × 31 pixels, and its image 000001.png has 32 × 32"), "{error}");
    // None but the ignored label: such a mask teaches nothing, and a set of them measures nothing.
    for index in 0..4 {
        let mask = drawn.path().join(format!("masks/{index:06}.png"));
        LabelMask::new(32, 32, vec![255; 1024]).unwrap().write_grey(&mask).unwrap();
    }
    let error = refused(&["--classes", &classes]);
    let expected =
        "no pixel counts: of 3 images to train with, nothing is known of any pixel (--masks)";
    assert!(error.starts_with(expected), "{error}");

    let depth = |more: &[&str]| {
        let out = drawn.at("depth");
        let common = ["--weights", &tower, "--steps", "2", "--batch", "2", "--out", &out];
        let arguments: Vec<&str> = common.iter().chain(more).copied().collect();
        drawn.run("depth", "train", &arguments)
    };
    let error = depth(&["--depth-steps", "0"]).failed();
    assert!(error.starts_with("--depth-steps: "), "{error}");
    for index in 0..4 {
        let map = DepthMap::new(32, 32, vec![0.0; 1024]).unwrap();
        map.write(&drawn.path().join(format!("depths/{index:06}.png")), 256.0).unwrap();
    }
    let error = depth(&[]).failed();
    let expected =
        "no pixel counts: of 3 images to train with, nothing is known of any pixel (--depths)";
    assert!(error.starts_with(expected), "{error}");
    std::fs::remove_dir_all(drawn.path().join("depths")).unwrap();
    let error = depth(&[]).failed();
    assert!(error.starts_with("--depths ") && error.contains("there is no such folder"), "{error}");
}

/// A pooling that is not followed does not matter to heads, which read tokens.
#[test]
fn a_tower_of_another_pooling_takes_heads() {
    let drawn = Drawn::new("dense-pooling", "6");
    let tower = drawn.path().join("tower");
    std::fs::create_dir(&tower).unwrap();
    let weights = "model.safetensors";
    std::fs::copy(fixture(&format!("timm_vit/{weights}")), tower.join(weights)).unwrap();
    let config = std::fs::read_to_string(fixture("timm_vit/config.json")).unwrap();
    let mut config: Value = serde_json::from_str(&config).unwrap();
    config["global_pool"] = "avgmax".into();
    std::fs::write(tower.join("config.json"), config.to_string()).unwrap();
    let tower = drawn.at("tower");

    let (images, features) = (drawn.at("images"), drawn.at("features"));
    let pooled = ["embed", "--weights", &tower, "--images", &images, "--out", &features];
    let error = vit22b(pooled.iter().chain(&["--device", "flex"])).failed();
    assert!(error.contains("global_pool = \"avgmax\""), "{error}");
    let classes = drawn.at("classes.txt");
    for (verb, more) in [("segment", &["--classes", &*classes][..]), ("depth", &[])] {
        let out = drawn.at(verb);
        let common = ["--weights", &tower, "--steps", "2", "--batch", "2", "--out", &out];
        let arguments: Vec<&str> = common.iter().chain(more).copied().collect();
        drawn.run(verb, "train", &arguments).succeeded();
        drawn.run(verb, "eval", &["--weights", &out]).succeeded();
    }
}
