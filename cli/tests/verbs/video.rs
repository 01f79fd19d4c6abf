//! `vit22b video`: from clips on disk to a head and its accuracy.

use std::path::Path;

use crate::folder::Folder;
use crate::{fixture, vit22b};

const WEIGHTS: &str = "timm_vit/model.safetensors";

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_string()
}

/// Writes a picture of noise, which is another for each name.
fn noise(path: &Path, size: [u32; 2]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let seed = path
        .to_str()
        .unwrap()
        .bytes()
        .fold(7, |seed, byte| 31 * (seed % (1 << 40)) + u64::from(byte));
    let mut rng = fastrand::Rng::with_seed(seed);
    image::RgbImage::from_fn(size[0], size[1], |_, _| {
        image::Rgb([rng.u8(..), rng.u8(..), rng.u8(..)])
    })
    .save(path)
    .unwrap();
}

/// Two classes of five videos, of several lengths and sizes.
fn videos(folder: &Folder) -> String {
    let root = folder.path().join("videos");
    for (class, video) in
        ["up", "down"].into_iter().flat_map(|class| (0..5).map(move |video| (class, video)))
    {
        for frame in 0..2 + video {
            let size = [40 + 8 * (frame % 2), 32];
            noise(&root.join(format!("{class}/{video}/{frame}.png")), size);
        }
    }
    text(&root)
}

fn features<'a>(videos: &'a str, weights: &'a str, out: &'a str) -> Vec<&'a str> {
    vec![
        "video",
        "features",
        "--weights",
        weights,
        "--num-heads",
        "4",
        "--videos",
        videos,
        "--out",
        out,
        "--frames",
        "3",
        "--stride",
        "1",
        "--device",
        "flex",
    ]
}

#[test]
fn features_a_head_and_its_accuracy() {
    let folder = Folder::new("video");
    let (videos, weights) = (videos(&folder), fixture(WEIGHTS));
    let (kept, out) = (text(&folder.path().join("kept")), text(&folder.path().join("head")));
    let arguments = features(&videos, &weights, &kept);
    let said = vit22b(&arguments).succeeded();
    assert!(said.starts_with("10 videos, 1 × 1 views of 3 frames: 28 vectors of "), "{said}");
    // Nothing is computed twice.
    let manifest = folder.path().join("kept/crop-0/manifest.json");
    let before = std::fs::metadata(&manifest).unwrap().modified().unwrap();
    let part = folder.path().join("kept/crop-0/part-00000.safetensors");
    let written = std::fs::metadata(&part).unwrap().modified().unwrap();
    vit22b(&arguments).succeeded();
    assert!(std::fs::metadata(&manifest).unwrap().modified().unwrap() >= before);
    assert_eq!(std::fs::metadata(&part).unwrap().modified().unwrap(), written);

    let train = [
        "video",
        "train",
        "--features",
        &kept,
        "--out",
        &out,
        "--width",
        "16",
        "--depth",
        "1",
        "--num-heads",
        "2",
        "--epochs",
        "2",
        "--batch",
        "4",
        "--device",
        "flex",
    ];
    let said = vit22b(train).succeeded();
    assert!(said.contains("8 videos to train, 2 videos to test, 2 classes"), "{said}");
    assert!(
        said.contains("of 2 videos, 1 × 1 views (clips × crops) of 3 frames, 1 apart"),
        "{said}"
    );

    // The same head over several views of the same videos.
    let views = text(&folder.path().join("views"));
    let mut many = features(&videos, &weights, &views);
    many.extend(["--clips", "2", "--crops", "3"]);
    vit22b(&many).succeeded();
    let head = format!("{out}/head.safetensors");
    let eval = |features: &str, more: &[&str]| {
        let arguments =
            ["video", "eval", "--head", &head, "--features", features, "--device", "flex"];
        vit22b(arguments.iter().chain(more))
    };
    let said = eval(&views, &["--mean", "probabilities"]).succeeded();
    assert!(
        said.contains("of 10 videos, 2 × 3 views (clips × crops) of 3 frames, 1 apart, mean of their probabilities"),
        "{said}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&eval(&views, &["--json"]).succeeded()).unwrap();
    assert_eq!((&json["views"], &json["videos"]), (&6.into(), &10.into()));
    assert_eq!(json["top_5"], 1.0);

    // What does not belong together.
    let other = text(&folder.path().join("longer"));
    let mut longer = features(&videos, &weights, &other);
    longer[11] = "4";
    vit22b(&longer).succeeded();
    let error = eval(&other, &[]).failed();
    assert!(error.contains("frames of a clip: expected 3, as the head takes, got 4"), "{error}");
    longer[9] = &kept;
    let error = vit22b(&longer).failed();
    assert!(
        error.contains("its features are of other clips: 1 × 1 views of 3 frames, 1 apart, and"),
        "{error}"
    );
    let error = vit22b(["video", "eval", "--head", &weights, "--features", &kept]).failed();
    assert!(
        error.starts_with("--head: ")
            && error.contains("expected a head that `video train` has written"),
        "{error}"
    );
}

#[test]
fn broken_videos_are_left_out_and_told() {
    let folder = Folder::new("video-broken");
    let (videos, weights) = (videos(&folder), fixture(WEIGHTS));
    let root = folder.path().join("videos");
    std::fs::copy(fixture("video/moving.gif"), root.join("up/whole.gif")).unwrap();
    let gif = std::fs::read(fixture("video/moving.gif")).unwrap();
    std::fs::write(root.join("up/cut.gif"), &gif[..300]).unwrap();
    std::fs::write(root.join("up/0/1.png"), b"no image").unwrap();
    std::fs::write(root.join("down/film.mkv"), b"\x1a\x45\xdf\xa3").unwrap();
    let kept = text(&folder.path().join("kept"));
    let run = vit22b(features(&videos, &weights, &kept));
    assert!(run.stderr.contains("note: --videos: .mkv files are not read; make frames of them with ffmpeg: 1 (down/film.mkv)"), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("left out: 1 of 12 videos\n  up/cut.gif: broken GIF: the file ends early"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("skipped frames: files of no format that is read: 1 (up/0#000001)"),
        "{}",
        run.stderr
    );
    let said = run.succeeded();
    assert!(said.starts_with("10 videos, ") && said.contains("2 videos left out"), "{said}");
}

#[test]
fn errors_name_what_was_typed() {
    let folder = Folder::new("video-errors");
    let (videos, weights) = (videos(&folder), fixture(WEIGHTS));
    let kept = text(&folder.path().join("kept"));
    let mut none = features(&videos, &weights, &kept);
    none[11] = "0";
    let error = vit22b(&none).failed();
    assert!(error.starts_with("--frames: frames = 0 is not valid"), "{error}");
    let nowhere = text(&folder.path().join("nowhere"));
    let error = vit22b(features(&nowhere, &weights, &kept)).failed();
    assert!(error.starts_with("--videos: "), "{error}");
    for (verb, option) in [("train", "--features"), ("eval", "--features")] {
        let error = vit22b(["video", verb, "--features", &videos]).failed();
        let known = error.starts_with(option) && error.contains("holds no clips.json");
        assert!(known || error.starts_with("--head"), "{error}");
    }
}
