//! Sets of images on disk.

use vit22b::data::{DataError, DecodeLimit, Hierarchy, ImageSet};

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
    let text =
        |error: DataError| error.to_string().replace(&folder.path().display().to_string(), "ROOT");
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

/// Names and labels of all images.
fn items(set: &ImageSet) -> Vec<(&str, &[usize])> {
    set.items().iter().map(|item| (&*item.name, &*item.labels)).collect()
}

#[test]
fn lists_have_one_or_many_labels() {
    let folder = Folder::new("lists");
    folder.write("a/1.jpg", file("photo.jpg"));
    let csv = "id,path,labels\n7,a/1.jpg,cat; pet\n8,\"b, c.jpg\",\n\n9,d.jpg,dog\n";
    let csv = ImageSet::list(&folder.write("list.csv", csv)).unwrap();
    let lines = "{\"path\": \"a/1.jpg\", \"labels\": [\"cat\", \"pet\"], \"id\": 7}\n\
                 {\"file_name\": \"b, c.jpg\"}\n\n{\"path\": \"d.jpg\", \"label\": \"dog\"}";
    let lines = ImageSet::list(&folder.write("list.jsonl", lines)).unwrap();
    assert_eq!(csv, lines);
    assert_eq!(csv.classes(), ["cat", "dog", "pet"]);
    assert_eq!(items(&csv), [("a/1.jpg", &[0, 2][..]), ("b, c.jpg", &[]), ("d.jpg", &[1])]);
    assert_eq!(csv.decode(0, DecodeLimit::default()).unwrap().width(), 75);
}

#[test]
fn whole_numbers_are_indices_of_classes() {
    let folder = Folder::new("indices");
    let set = ImageSet::list(&folder.write("list.csv", "path,label\na.jpg,10\nb.jpg,2\n")).unwrap();
    assert_eq!((set.classes().len(), &set.classes()[10]), (11, &"10".to_string()));
    assert_eq!(items(&set), [("a.jpg", &[10][..]), ("b.jpg", &[2])]);
    // One word among them, and all are names.
    let set = ImageSet::list(&folder.write("list.csv", "path,label\na.jpg,10\nb.jpg,x\n")).unwrap();
    assert_eq!(set.classes(), ["10", "x"]);
}

#[test]
fn errors_of_lists_name_the_line() {
    let folder = Folder::new("bad-lists");
    for (name, text, message) in [
        ("a.csv", "file,label\n", "a.csv: no images; expected a line for each image"),
        (
            "a.csv",
            "file,label\n1.jpg,cat\n",
            "a.csv, line 1: expected a header with the column path or file_name, got \"file,label\"",
        ),
        (
            "a.csv",
            "path,label\n\"1\n.jpg\",cat\n2.jpg,cat,dog\n",
            "a.csv, line 4: expected 2 fields, got 3",
        ),
        (
            "a.csv",
            "path,label\n,cat\n",
            "a.csv, line 2: expected the path of an image, got an empty field",
        ),
        (
            "a.jsonl",
            "{\"path\": \"1.jpg\"}\n{\"path\": 1}\n",
            "a.jsonl, line 2: expected an object as {\"path\": \"a/1.jpg\", \"label\": \"cat\"}, got \
             invalid type: integer `1`, expected a string at line 1 column 10",
        ),
        ("a.txt", "", "a.txt: expected a list that ends in .csv, .jsonl or .ndjson"),
    ] {
        let error = ImageSet::list(&folder.write(name, text)).unwrap_err().to_string();
        assert_eq!(error.replace(&format!("{}/", folder.path().display()), ""), message);
    }
}

/// The bytes of a tar file.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn shards_are_read_in_place() {
    let folder = Folder::new("shards");
    let (jpeg, png) = (file("photo.jpg"), file("alpha.png"));
    let long = format!("{}/long.png", "deep".repeat(40));
    let first = folder.write(
        "0.tar",
        tar(&[
            ("a.b/1.jpg", &jpeg),
            ("a.b/1.cls", b"3\n"),
            ("a.b/1.txt", b"a caption"),
            (&long, &png),
            (&long.replace(".png", ".json"), b"{\"labels\": [1, 0], \"width\": 75}"),
        ]),
    );
    let second =
        folder.write("1.tar", tar(&[("2.cls", b"1"), ("2.seg.png", b""), ("2.jpg", &jpeg)]));
    let set = ImageSet::shards(&[first, second]).unwrap();
    let long = long.strip_suffix(".png").unwrap();
    assert_eq!(items(&set), [("a.b/1", &[3][..]), (long, &[1, 0]), ("2", &[1])]);
    assert_eq!(set.classes().len(), 4);
    assert_eq!(set.read(0).unwrap(), jpeg);
    assert_eq!(set.read(1).unwrap(), png);
    assert_eq!(set.decode(2, DecodeLimit::default()).unwrap().width(), 75);
}

#[test]
fn broken_shards_are_named() {
    let folder = Folder::new("bad-shards");
    let jpeg = file("photo.jpg");
    let whole = tar(&[("1.jpg", &jpeg), ("1.cls", b"3"), ("2.jpg", &jpeg)]);
    for (bytes, message) in [
        (whole[..4000].to_vec(), "after 1: expected an uncompressed tar file, got "),
        (whole[..5000].to_vec(), "2.jpg: expected 1966 bytes, got the end of the file"),
        (
            tar(&[("1.cls", b"3")]),
            "1: expected an image in each example: .jpg, .png, .webp or .bmp, got none",
        ),
        (
            tar(&[("1.jpg", &jpeg), ("1.png", &jpeg)]),
            "1.png: expected one image in each example, got another",
        ),
        (tar(&[("1.jpg", &jpeg), ("1.json", b"[]")]), "1.json: expected an object, got "),
        (file("photo.png"), "after the start: expected an uncompressed tar file, got "),
    ] {
        let path = folder.write("0.tar", bytes);
        let error = ImageSet::shards(&[path]).unwrap_err().to_string();
        let error = error.replace(&format!("{}/0.tar, ", folder.path().display()), "");
        assert!(error.starts_with(message), "{error}");
    }
    let path = folder.write("0.tar", tar(&[("readme", b"")]));
    assert!(ImageSet::shards(&[path]).unwrap_err().to_string().ends_with("in webdataset layout"));
}

#[test]
fn hierarchies_come_from_files() {
    let folder = Folder::new("hierarchies");
    let edges = "child,parent\ndog,pet\ndog,animal\npet,friend\nstone,\n";
    let csv = Hierarchy::read(&folder.write("h.csv", edges)).unwrap();
    let json = r#"{"dog": ["pet", "animal"], "pet": "friend", "stone": null}"#;
    let json = Hierarchy::read(&folder.write("h.json", json)).unwrap();
    assert_eq!(csv, json);
    assert_eq!(csv.names(), ["animal", "dog", "friend", "pet", "stone"]);
    assert_eq!(csv.multi_hot(["dog"]).unwrap(), [1.0, 1.0, 1.0, 1.0, 0.0]);
    for (name, text, message) in [
        (
            "h.csv",
            "child,parent\na,b\nb,a\n",
            "h.csv: label \"a\" is its own ancestor; remove one of its parents",
        ),
        ("h.csv", "child,parent\n,b\n", "h.csv, line 2: expected a label, got an empty field"),
        (
            "h.json",
            "{\n\"a\": 3}",
            "h.json, line 2: expected an object as {\"dog\": [\"animal\"]}, got ",
        ),
        ("h.yml", "", "h.yml: expected a hierarchy that ends in .csv or .json"),
    ] {
        let error = Hierarchy::read(&folder.write(name, text)).unwrap_err().to_string();
        let error = error.replace(&format!("{}/", folder.path().display()), "");
        assert!(error.starts_with(message), "{error}");
    }
}

/// A link that leads upwards, one to a sibling and one to hidden images: each image is found once.
#[cfg(unix)]
#[test]
fn images_behind_links_are_found_once() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("links");
    let outside = Folder::new("links_outside");
    for name in ["a/1.jpg", "b/2.jpg", ".kept/3.jpg"] {
        folder.write(name, file("photo.jpg"));
    }
    outside.write("4.jpg", file("photo.jpg"));
    let root = folder.path();
    symlink(".", root.join("a/self")).unwrap();
    symlink("..", root.join("a/up")).unwrap();
    symlink("/", root.join("a/all")).unwrap();
    symlink("../a", root.join("b/sibling")).unwrap();
    symlink("a", root.join("alias")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    symlink("turn", root.join("turn")).unwrap();
    symlink(".kept", root.join("hidden")).unwrap();
    symlink(outside.path(), root.join("other")).unwrap();
    // A link in the other folder leads back into the first.
    symlink(root.canonicalize().unwrap(), outside.path().join("back")).unwrap();

    let set = ImageSet::folder(root).unwrap();
    let names: Vec<_> = set.items().iter().map(|item| &*item.name).collect();
    assert_eq!(names, ["a/1.jpg", "b/2.jpg", "hidden/3.jpg", "other/4.jpg"]);
    let left: Vec<_> = set.links_left().iter().map(|p| p.strip_prefix(root).unwrap()).collect();
    let left: Vec<_> = left.into_iter().filter_map(|path| path.to_str()).collect();
    assert_eq!(left, ["a/all", "a/self", "a/up", "alias", "b/sibling", "other/back"]);

    let set = ImageSet::class_folders(root).unwrap();
    assert_eq!(set.classes(), ["a", "b", "hidden", "other"]);
    assert_eq!(set.len(), 4);
}
