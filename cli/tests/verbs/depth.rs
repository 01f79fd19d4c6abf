use crate::folder::Folder;
use crate::{fixture, vit22b};

use vit22b::data::DepthMap;

#[test]
fn depths_become_pictures_and_values() {
    let folder = Folder::new("depth");
    let images = folder.path().join("images");
    std::fs::create_dir_all(images.join("b")).unwrap();
    // Two of one size and one of another, so that a batch is cut; and one that is none.
    for name in ["a.png", "b/a.png"] {
        std::fs::copy(fixture("images/photo.png"), images.join(name)).unwrap();
    }
    std::fs::copy(fixture("images/grey.png"), images.join("b/grey.png")).unwrap();
    std::fs::write(images.join("c.png"), b"no image").unwrap();
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_string();
    let weights = fixture("parts/depth_anything");
    let run = |out: &str, more: &[&str]| {
        let out = path(out);
        let common = ["depth", "--weights", &weights, "--images", &path("images"), "--out", &out];
        vit22b(common.iter().chain(&["--device", "flex"]).chain(more))
    };
    let done = run("npy", &[]);
    assert!(done.stderr.contains("left out: ") && done.stderr.contains("c.png"), "{}", done.stderr);
    assert_eq!(done.succeeded(), format!("depths of 3 images in {}\n", path("npy")));
    run("one", &["--batch", "1"]).succeeded();
    let map = |file: &str, scale| DepthMap::read(&folder.path().join(file), scale).unwrap();
    let lines = std::fs::read_to_string(path("npy/depth.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    for line in &lines {
        let values = line["values"].as_str().unwrap();
        let (together, alone) =
            (map(&format!("npy/{values}"), 1.0), map(&format!("one/{values}"), 1.0));
        let photo = image::open(images.join(line["image"].as_str().unwrap())).unwrap();
        assert_eq!(together.width(), photo.width() as usize);
        assert_eq!(together.height(), photo.height() as usize);
        // A batch is another sum of the same products.
        let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4;
        assert!(together.values().iter().zip(alone.values()).all(close), "{values}");
        let picture = image::open(format!("{}/{}", path("npy"), line["picture"].as_str().unwrap()));
        assert_eq!(picture.unwrap().width(), 2 * photo.width() + 8);
    }

    run("png", &["--values", "png"]).succeeded();
    let line = std::fs::read_to_string(path("png/depth.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    let scale = line["scale"].as_f64().unwrap();
    let (whole, cut) = (map("npy/values/a.npy", 1.0), map("png/values/a.png", scale));
    for (whole, step) in whole.values().iter().zip(cut.values()) {
        // Half a step.
        assert!((f64::from(whole - step)).abs() <= 0.51 / scale, "{whole} {step}");
    }
    let cut = run("cut", &["--values", "png", "--scale", "1e6"]);
    assert!(cut.stderr.contains("beyond what 16 bits hold"), "{}", cut.stderr);

    let stopped = run("stopped", &["--stop-at-broken"]);
    assert!(stopped.code == 1 && stopped.stderr.contains("c.png"), "{}", stopped.stderr);
}

#[test]
fn what_is_no_model_of_depth_is_refused() {
    let images = fixture("images");
    let run = |weights: &str, more: &[&str]| {
        let weights = fixture(weights);
        let common = ["depth", "--weights", &weights, "--images", &images, "--out", "nowhere"];
        vit22b(common.iter().chain(more))
    };
    let other = run("hf_vit", &[]);
    assert_eq!(other.code, 1);
    assert!(other.stderr.contains("expected one of dpt, depth_anything"), "{}", other.stderr);
    let side = run("parts/depth_anything", &["--side", "20"]);
    assert!(side.stderr.contains("--side") && side.stderr.contains("patch = 7"), "{}", side.stderr);
    assert_eq!(run("parts/dpt_vit", &["--scale", "0"]).code, 2);
    assert!(!std::path::Path::new("nowhere").exists());
}
