use vit22b::data::{DecodeOptions, ImageSet};

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
