use vit22b::data::LabelMask;

use crate::folder::Folder;
use crate::{fixture, vit22b};

#[test]
fn classes_become_masks_and_pictures() {
    let folder = Folder::new("segment");
    let images = folder.path().join("images");
    std::fs::create_dir(&images).unwrap();
    std::fs::copy(fixture("images/photo.png"), images.join("photo.png")).unwrap();
    std::fs::write(images.join("broken.png"), b"no image").unwrap();
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_string();
    let weights = fixture("dense/upernet_dinov2");
    let run = |out: &str, more: &[&str]| {
        let out = path(out);
        let common = ["segment", "--weights", &weights, "--images", &path("images"), "--out", &out];
        vit22b(common.iter().chain(&["--device", "flex"]).chain(more))
    };
    let done = run("palette", &[]);
    assert!(done.stderr.contains("left out: ") && done.stderr.contains("broken.png"));
    let said = done.succeeded();
    assert_eq!(said, format!("classes of the pixels of 1 image in {}\n", path("palette")));
    run("grey", &["--masks", "grey"]).succeeded();
    let mask =
        |out: &str| LabelMask::read(&folder.path().join(out).join("masks/photo.png")).unwrap();
    let (palette, grey) = (mask("palette"), mask("grey"));
    assert_eq!(palette, grey);
    let photo = image::open(images.join("photo.png")).unwrap();
    let size = [photo.width() as usize, photo.height() as usize];
    assert_eq!([palette.width(), palette.height()], size);
    let picture = image::open(path("palette/pictures/photo.png")).unwrap();
    assert_eq!(picture.width(), 2 * photo.width() + 8);
    let line = std::fs::read_to_string(path("palette/segment.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line.trim()).unwrap();
    let shares = line["shares"].as_object().unwrap();
    let sum: f64 = shares.values().map(|share| share.as_f64().unwrap()).sum();
    // A random model of five classes.
    assert!((sum - 1.0).abs() < 1e-9 && shares.len() > 1 && shares.len() <= 5, "{line}");
    let stopped = run("stopped", &["--stop-at-broken"]);
    assert!(stopped.code == 1 && stopped.stderr.contains("broken.png"), "{}", stopped.stderr);
}
