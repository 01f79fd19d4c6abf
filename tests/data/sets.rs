//! Sets of images on disk.

use vit22b::data::{DecodeLimit, Hierarchy, ImageSet};

use crate::folder::Folder;
use crate::pillow::file;

#[test]
fn class_folders_are_read_in_order() {
    let folder = Folder::new("classes");
    for name in ["b/2.PNG", "b/deep/er/1.jpg", "a/x.webp", "a/.hidden.jpg", "a/notes.txt"] {
        folder.write(name, file("photo.jpg"));
    }
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let set = ImageSet::class_folders(folder.path()).unwrap();
    assert_eq!(set.classes(), ["a", "b", "empty"]);
    let names: Vec<_> = set.items().iter().map(|item| (&*item.name, item.labels[0])).collect();
    assert_eq!(names, [("a/x.webp", 0), ("b/2.PNG", 1), ("b/deep/er/1.jpg", 1)]);
    assert_eq!(set.multi_hot(2), [0.0, 1.0, 0.0]);
    // The content decides, not the name.
    assert_eq!(set.decode(1, DecodeLimit::default()).unwrap().width(), 75);

    let set = ImageSet::folder(folder.path()).unwrap();
    assert_eq!((set.len(), set.classes().len()), (3, 0));
    assert!(set.items().iter().all(|item| item.labels.is_empty()));
}

#[test]
fn train_and_val_share_their_classes() {
    let folder = Folder::new("splits");
    for name in ["train/a/1.jpg", "train/b/1.jpg", "val/b/1.jpg"] {
        folder.write(name, file("photo.jpg"));
    }
    let [train, val] = ImageSet::train_val(folder.path()).unwrap();
    assert_eq!((train.classes(), &val.items()[0].labels), (val.classes(), &vec![1]));

    folder.write("val/c/1.jpg", file("photo.jpg"));
    assert_eq!(
        ImageSet::train_val(folder.path()).unwrap_err().to_string(),
        "c/1.jpg: the label \"c\" is not among the 2 classes; use the set that it comes from, or \
         remove it"
    );
}

#[test]
fn a_hierarchy_adds_ancestors() {
    let folder = Folder::new("hierarchy");
    folder.write("cat/1.jpg", file("photo.jpg"));
    folder.write("dog/1.jpg", file("photo.jpg"));
    let hierarchy = Hierarchy::new([("dog", "animal"), ("cat", "animal")]).unwrap();
    let set = ImageSet::class_folders(folder.path()).unwrap();
    let flat = set.clone().with_hierarchy(&hierarchy).unwrap();
    assert_eq!(flat.classes(), ["animal", "cat", "dog"]);
    assert_eq!(flat.multi_hot(1), [1.0, 0.0, 1.0]);
    let other = Hierarchy::new([("dog", "animal")]).unwrap();
    assert_eq!(
        set.with_hierarchy(&other).unwrap_err().to_string(),
        "cat/1.jpg: label \"cat\" is not in the hierarchy of 2 labels"
    );
}

#[test]
fn what_is_not_there_is_named() {
    let folder = Folder::new("nothing");
    let text = |error: vit22b::data::DataError| {
        error.to_string().replace(&folder.path().display().to_string(), "ROOT")
    };
    assert_eq!(
        text(ImageSet::class_folders(folder.path()).unwrap_err()),
        "ROOT: no images; expected one folder for each class, with images"
    );
    assert!(
        text(ImageSet::folder(&folder.path().join("no")).unwrap_err()).starts_with("ROOT/no: ")
    );
    let path = folder.write("a/1.jpg", &file("photo.jpg")[..500]);
    let set = ImageSet::class_folders(folder.path()).unwrap();
    assert_eq!(
        set.decode(0, DecodeLimit::default()).unwrap_err().to_string(),
        "a/1.jpg: broken JPEG: the file ends early"
    );
    std::fs::remove_file(&path).unwrap();
    assert!(text(set.decode(0, DecodeLimit::default()).unwrap_err()).starts_with("ROOT/a/1.jpg: "));
}
