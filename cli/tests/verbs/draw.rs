use vit22b::data::{ClassList, DecodeOptions, DepthMap, ImageSet, LabelMask, Scenes};

use crate::folder::Folder;
use crate::vit22b;

#[test]
fn drawings_are_read_as_class_folders_and_as_a_list() {
    let folder = Folder::new("draw");
    let out = folder.path().to_str().expect("UTF-8");
    let said = vit22b(["draw", "--out", out, "--count", "24", "--side", "8", "--class", "colour"]);
    assert_eq!(said.succeeded().lines().count(), 1);
    let set = ImageSet::class_folders(folder.path()).unwrap();
    assert_eq!(set.len(), 24);
    assert!(set.classes().iter().any(|class| class == "red"), "{:?}", set.classes());
    let image = set.decode(0, DecodeOptions::default()).unwrap();
    assert_eq!([image.width(), image.height()], [8, 8]);
    let list = ImageSet::list(&folder.path().join("labels.csv")).unwrap();
    assert!(list.items().all(|item| item.labels.len() == 3));
}

#[test]
fn cues_that_disagree_have_the_class_of_the_shape() {
    let folder = Folder::new("draw-cues");
    let out = folder.path().to_str().expect("UTF-8");
    let cues = ["draw", "--out", out, "--count", "12", "--side", "8", "--cues", "disagree"];
    vit22b(cues).succeeded();
    let set = ImageSet::class_folders(folder.path()).unwrap();
    assert_eq!(set.classes(), ["bar", "disc", "half disc", "square", "star", "triangle"]);
    let list = std::fs::read_to_string(folder.path().join("labels.csv")).unwrap();
    let own = ["disc;striped", "square;ringed", "triangle;spotted", "star;checked", "bar;plain"];
    assert!(own.iter().all(|own| !list.contains(&format!(",{own}\n"))), "{list}");
}

#[test]
fn a_folder_that_is_a_file_names_the_option() {
    let folder = Folder::new("draw-file");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = vit22b(["draw", "--count", "1", "--out", file.to_str().expect("UTF-8")]).failed();
    assert!(error.starts_with(&format!("--out {}: cannot write", file.display())), "{error}");
}

#[test]
fn drawings_are_not_mixed_with_other_files() {
    let folder = Folder::new("draw-twice");
    let out = folder.path().to_str().expect("UTF-8");
    let draw = || vit22b(["draw", "--count", "2", "--side", "8", "--out", out]);
    draw().succeeded();
    let error = draw().failed();
    assert!(
        error.starts_with(&format!("--out {out}: expected a new or an empty folder")),
        "{error}"
    );
}

#[test]
fn scenes_are_written_with_the_class_and_the_depth_of_each_pixel() {
    let folder = Folder::new("draw-scenes");
    let out = folder.path().join("all");
    let all = out.to_str().expect("UTF-8");
    let said =
        vit22b(["draw", "scenes", "--out", all, "--count", "3", "--side", "24", "--seed", "5"]);
    assert!(said.succeeded().starts_with("3 scenes of 24 × 24 pixels in "));
    let scene = Scenes::new(24, 5).scene(2);
    let images = ImageSet::folder(&out.join("images")).unwrap();
    assert_eq!(images.decode(2, DecodeOptions::default()).unwrap(), scene.image);
    assert_eq!(LabelMask::read(&out.join("masks/000002.png")).unwrap(), scene.mask);
    let depth = DepthMap::read(&out.join("depths/000002.png"), 256.0).unwrap();
    for (read, drawn) in depth.values().iter().zip(scene.depth.values()) {
        // Half a step of 1/256 m.
        assert!((read - drawn).abs() < 0.00196, "{read} {drawn}");
    }
    let classes = ClassList::read(&out.join("classes.txt")).unwrap();
    assert_eq!(classes.names(), Scenes::CLASSES);
    let again = vit22b(["draw", "scenes", "--out", all]).failed();
    assert!(again.starts_with("--out ") && again.contains("expected a new or an empty folder"));

    let few = folder.path().join("few");
    let few = few.to_str().expect("UTF-8");
    vit22b(["draw", "scenes", "--out", few, "--count", "1", "--known", "10"]).succeeded();
    let depth = DepthMap::read(&folder.path().join("few/depths/000000.png"), 256.0).unwrap();
    let known = depth.values().iter().filter(|depth| **depth > 0.0).count();
    // 64 × 64 pixels, of which the sky is about a third.
    assert!((150..450).contains(&known), "{known}");
    assert_eq!(vit22b(["draw", "scenes", "--out", few, "--known", "0"]).code, 2);
}

#[test]
fn clips_are_folders_of_frames_or_files_that_are_read_as_videos() {
    use vit22b::data::VideoSet;

    let folder = Folder::new("draw-clips");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_string();
    let (png, gif) = (at("png"), at("gif"));
    let size = ["--count", "12", "--frames", "5", "--side", "16", "--seed", "2"];
    for (out, form) in [(&png, "png"), (&gif, "gif")] {
        let said = vit22b(["draw", "clips", "--out", out, "--form", form].iter().chain(&size));
        let said = said.succeeded();
        assert!(said.starts_with("12 clips of 5 frames of 16 × 16 pixels in "), "{said}");
        let set = VideoSet::open(out.as_ref(), None).unwrap();
        assert_eq!(set.videos().len(), 12);
        assert!(
            set.classes().iter().all(|class| ["down", "left", "right", "up"].contains(&&**class))
        );
        assert!(set.videos().iter().all(|video| video.count().unwrap() == 5));
    }
    let again = vit22b(["draw", "clips", "--out", &png]).failed();
    assert!(again.contains("expected a new or an empty folder"), "{again}");
}
