//! Sets of images on disk.

use vit22b::data::{DataError, DecodeOptions, Hierarchy, ImageSet};

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
    assert_eq!(set.classes(), ["a", "b"]);
    assert_eq!(
        set.remarks(),
        [
            ".txt files are not read: 1 (a/notes.txt)",
            "folders without images are no classes: 1 (empty)"
        ]
    );
    let names: Vec<_> = set.items().map(|item| (item.name, item.labels[0])).collect();
    let expected = [("a/x.webp", 0), ("b/2.PNG", 1), ("b/deep/er/1.jpg", 1)];
    assert_eq!(names, expected.map(|(name, label)| (name.into(), label)));
    assert_eq!(set.multi_hot(2), [0.0, 1.0]);
    // The content decides, not the name.
    assert_eq!(set.decode(1, DecodeOptions::default()).unwrap().width(), 75);

    let set = ImageSet::folder(folder.path()).unwrap();
    assert_eq!((set.len(), set.classes().len()), (3, 0));
    assert!(set.items().all(|item| item.labels.is_empty()));
}

#[test]
fn train_and_val_share_their_classes() {
    let folder = Folder::new("splits");
    for name in ["train/a/1.jpg", "train/b/1.jpg", "val/b/1.jpg"] {
        folder.write(name, file("photo.jpg"));
    }
    let [train, val] = ImageSet::parts(folder.path()).unwrap().unwrap();
    assert_eq!((train.classes(), val.item(0).labels), (val.classes(), vec![1]));
    assert_eq!(train.remarks(), ["val is held out"]);

    folder.write("val/c/1.jpg", file("photo.jpg"));
    assert_eq!(
        ImageSet::parts(folder.path()).unwrap_err().to_string(),
        "val/c/1.jpg: the label \"c\" is not among the 2 classes; use the set that it comes from, or \
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
        "ROOT: no images; expected one folder for each class, with files that end in .bmp, .gif, .jfif, .jpe, \
         .jpeg, .jpg, .pbm, .pgm, .png, .pnm, .ppm, .qoi, .tif, .tiff, .webp, .dib"
    );
    assert!(
        text(ImageSet::folder(&folder.path().join("no")).unwrap_err()).starts_with("ROOT/no: ")
    );
    let path = folder.write("a/1.jpg", &file("photo.jpg")[..500]);
    let set = ImageSet::class_folders(folder.path()).unwrap();
    assert_eq!(
        set.decode(0, DecodeOptions::default()).unwrap_err().to_string(),
        "a/1.jpg: broken JPEG: the file ends early"
    );
    std::fs::remove_file(&path).unwrap();
    assert!(
        text(set.decode(0, DecodeOptions::default()).unwrap_err()).starts_with("ROOT/a/1.jpg: ")
    );
}

/// Compares names and labels of all images.
#[track_caller]
fn are_items(set: &ImageSet, expected: &[(&str, &[usize])]) {
    let items: Vec<_> = set.items().collect();
    let items: Vec<_> = items.iter().map(|item| (&*item.name, &*item.labels)).collect();
    assert_eq!(items, expected);
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
    assert!(csv.remarks().is_empty());
    are_items(&csv, &[("a/1.jpg", &[0, 2]), ("b, c.jpg", &[]), ("d.jpg", &[1])]);
    assert_eq!(csv.decode(0, DecodeOptions::default()).unwrap().width(), 75);
}

#[test]
fn whole_numbers_are_indices_of_classes() {
    let folder = Folder::new("indices");
    let set = ImageSet::list(&folder.write("list.csv", "path,label\na.jpg,10\nb.jpg,2\n")).unwrap();
    assert_eq!((set.classes().len(), &set.classes()[10]), (11, &"10".to_string()));
    are_items(&set, &[("a.jpg", &[10]), ("b.jpg", &[2])]);
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
            "photo;label\n1.jpg;cat\n",
            "a.csv, line 1: expected a header with the column path, file, file_name, filename or image, got \
             \"photo;label\"",
        ),
        (
            "a.csv",
            "path,file,label\n1.jpg,2.jpg,cat\n",
            "a.csv, line 2: expected the same path in all columns that hold one, got \"1.jpg\" and \"2.jpg\"",
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
             1 in path, where a path is a text",
        ),
        ("a.txt", "", "a.txt: expected a list that ends in .csv, .tsv, .jsonl or .ndjson"),
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
    are_items(&set, &[("a.b/1", &[3]), (long, &[1, 0]), ("2", &[1])]);
    assert_eq!(set.classes().len(), 4);
    assert_eq!(set.read(0).unwrap(), jpeg);
    assert_eq!(set.read(1).unwrap(), png);
    assert_eq!(set.decode(2, DecodeOptions::default()).unwrap().width(), 75);
}

/// The remark on shards that are cut or damaged, where the folder is `ROOT`.
fn damage(set: &ImageSet, folder: &Folder) -> String {
    let remark = set.remarks().iter().find(|remark| remark.contains("cut or damaged"));
    let remark = remark.unwrap_or_else(|| panic!("{:?}", set.remarks()));
    let (_, names) = remark.split_once(": ").unwrap();
    names.replace(&folder.path().display().to_string(), "ROOT")
}

#[test]
fn of_broken_shards_all_that_can_be_read_is_taken() {
    let folder = Folder::new("bad-shards");
    let jpeg = file("photo.jpg");
    let whole = tar(&[("1.jpg", &jpeg), ("1.cls", b"3"), ("2.jpg", &jpeg), ("2.cls", b"1")]);
    let next = folder.write("1.tar", tar(&[("3.jpg", &jpeg), ("3.cls", b"0")]));
    // The members begin at 0, 2560, 3584 and 6144.
    let mut other_sum = whole.clone();
    other_sum[3584] = b'9';
    let mut two = other_sum.clone();
    two[2560 + 100] ^= 1;
    let text = b"no tar file, but a text that is longer than a header is".repeat(20);
    for (bytes, items, said) in [
        (&whole[..4000], &[("1", &[3][..])][..], "its end is within the header after 1.cls"),
        (&whole[..5000], &[("1", &[3])], "its end is within 2.jpg"),
        (&whole[..6656], &[("1", &[3]), ("2", &[])], "its end is within 2.cls"),
        (&other_sum, &[("1", &[3])], "there is no header after 1.cls"),
        (&text, &[], "there is no header at its start"),
        (&text[..100], &[], "its end is within the header at its start"),
    ] {
        let path = folder.write("0.tar", bytes);
        let set = ImageSet::shards(&[path.clone(), next.clone()]).unwrap();
        let items: Vec<_> = items.iter().copied().chain([("3", &[0][..])]).collect();
        are_items(&set, &items);
        assert_eq!(damage(&set, &folder), format!("1 (ROOT/0.tar: {said})"));
        // Alone it is an error where it has nothing that can be read.
        if items.len() == 1 {
            let error = ImageSet::shards(&[path]).unwrap_err().to_string();
            assert!(error.ends_with(&format!("0.tar: {said})")), "{error}");
        }
    }
    // What stands between two damages is taken too.
    let path = folder.write("0.tar", &two);
    let set = ImageSet::shards(&[path]).unwrap();
    are_items(&set, &[("1", &[])]);
    let at = "ROOT/0.tar: there is no header after";
    assert_eq!(damage(&set, &folder), format!("1 ({at} 1.jpg)"));
    let mut apart = tar(&[("1.jpg", &jpeg), ("1.cls", b"3"), ("2.jpg", &jpeg), ("2.cls", b"1")]);
    (apart[0], apart[3584]) = (b'7', b'9');
    apart.truncate(apart.len() - 1024);
    apart.extend(tar(&[("4.jpg", &jpeg), ("4.cls", b"2")]));
    let path = folder.write("0.tar", &apart);
    let set = ImageSet::shards(&[path]).unwrap();
    are_items(&set, &[("4", &[2])]);
    let expected = "2 (ROOT/0.tar: there is no header at its start, ROOT/0.tar: there is no header after 1.cls)";
    assert_eq!(damage(&set, &folder), expected);
    assert_eq!(set.read(0).unwrap(), jpeg);

    // Cut where a member ends, it has nothing that is broken.
    let path = folder.write("0.tar", &whole[..3584]);
    let set = ImageSet::shards(&[path]).unwrap();
    assert!(
        set.remarks().iter().any(|remark| remark.contains("may have been cut")),
        "{:?}",
        set.remarks()
    );
    let path = folder.write("0.tar", tar(&[("readme", b""), ("1.cls", b"3")]));
    let error = ImageSet::shards(&[path]).unwrap_err().to_string();
    assert!(error.ends_with("are left out: 1 (1)"), "{error}");
    // A shard that is not there was named by somebody, and is an error.
    let error = ImageSet::shards(&[next, folder.path().join("9.tar")]).unwrap_err();
    assert!(matches!(error, DataError::Io { .. }), "{error}");
}

#[test]
fn odd_members_of_shards_are_left_out_and_named() {
    let folder = Folder::new("odd-shards");
    let jpeg = file("photo.jpg");
    let path = folder.write(
        "0.tar",
        tar(&[
            ("README.md", b"about"),
            ("LICENSE", b"free"),
            ("1.cls", b"3"),
            ("2.jpg", &jpeg),
            ("2.PNG", &jpeg),
            ("3.jpg", &jpeg),
            ("3.json", b"[]"),
            ("4.input.JPG", &jpeg),
            ("4.CLS", b"2.0"),
            ("5.jpg", &jpeg),
            ("5.txt", b"a caption"),
            ("6.jpg", &jpeg),
            ("6.txt", b"1\n"),
            ("7.jpg", &jpeg),
            ("7.json", br#"{"label": null, "labels": ["2", 0]}"#),
        ]),
    );
    let set = ImageSet::shards(&[path]).unwrap();
    are_items(&set, &[("4", &[2]), ("5", &[]), ("6", &[1]), ("7", &[2, 0])]);
    assert_eq!(
        set.remarks(),
        [
            "members of shards without an ending are ignored: 1 (LICENSE)",
            "examples of shards without an image are left out: 2 (README, 1)",
            "examples of shards with several images are left out: 1 (2.jpg and .png)",
            "examples of shards whose labels cannot be read are left out: 1 (3.json: expected an object, got a list)",
            "text that is no whole number is a caption and not a label: 1 (5)",
        ]
    );
}

/// JSON as Python writes it, fields in any case, links, formats that are not read, and what is not the shard's.
#[test]
fn shards_as_other_programs_write_them() {
    let folder = Folder::new("foreign-shards");
    let jpeg = file("photo.jpg");
    let mut builder = tar::Builder::new(Vec::new());
    let files: [(&str, &[u8]); 6] = [
        ("1.jpg", &jpeg),
        ("1.json", b"\xef\xbb\xbf{\"Label\": 2.0, \"score\": NaN}"),
        ("2.jpg", &jpeg),
        ("2.json", br#"{"label": true}"#),
        ("3.HEIC", b"ftypheic"),
        ("3.cls", b"1"),
    ];
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, bytes).unwrap();
    }
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "4.jpg", "1.jpg").unwrap();
    let mut bytes = builder.into_inner().unwrap();
    bytes.extend(tar(&[("5.jpg", &jpeg)]));
    let path = folder.write("0.tar", bytes);
    let set = ImageSet::shards(std::slice::from_ref(&path)).unwrap();
    are_items(&set, &[("1", &[2])]);
    let behind = format!("what follows the end of a shard is not read: 1 ({})", path.display());
    assert_eq!(
        set.remarks(),
        [
            "links in shards are not followed: 1 (4.jpg)",
            &behind,
            "examples of shards whose labels cannot be read are left out: 1 (2.json: expected an object, got a truth \
             value in label, where a label is a text or a whole number)",
            "examples of shards whose image is .heic, which is not read: 1 (3)",
            "the labels are whole numbers and so indices of 3 classes, of which 2 have no images",
        ]
    );
    let zipped = folder.write("1.tar", b"\x1f\x8b\x08\0\0\0\0\0");
    let at = folder.path().join("2.tar");
    std::fs::create_dir(&at).unwrap();
    let set = ImageSet::shards(&[path, zipped.clone(), at.clone()]).unwrap();
    are_items(&set, &[("1", &[2])]);
    let said = format!("compressed shards are not read; unpack them: 1 ({})", zipped.display());
    assert!(set.remarks().contains(&said), "{:?}", set.remarks());
    let said = format!("shards that cannot be opened: 1 ({}: ", at.display());
    assert!(set.remarks().iter().any(|remark| remark.starts_with(&said)), "{:?}", set.remarks());
    let error = ImageSet::shards(&[zipped]).unwrap_err().to_string();
    assert!(error.contains("compressed shards are not read; unpack them: 1"), "{error}");
}

/// Bytes that are no UTF-8 in names of files, of folders and of members of shards.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_stay_apart() {
    use std::os::unix::ffi::OsStrExt;

    let folder = Folder::new("names");
    let (jpeg, png) = (file("photo.jpg"), file("alpha.png"));
    let name = |bytes: &[u8]| folder.path().join(std::ffi::OsStr::from_bytes(bytes));
    for (class, image, bytes) in [
        (&b"\xe4"[..], &b"a\xff.png"[..], &jpeg),
        (b"\xe4", b"a\xfe.png", &png),
        (b"\xe5", b"a.png", &png),
    ] {
        std::fs::create_dir_all(name(class)).unwrap();
        std::fs::write(name(class).join(std::ffi::OsStr::from_bytes(image)), bytes).unwrap();
    }
    let set = ImageSet::class_folders(folder.path()).unwrap();
    assert_eq!(set.classes(), [r"\xe4", r"\xe5"]);
    are_items(&set, &[(r"\xe4/a\xfe.png", &[0]), (r"\xe4/a\xff.png", &[0]), (r"\xe5/a.png", &[1])]);
    assert_eq!(set.read(0).unwrap(), png);
    assert_eq!(set.read(1).unwrap(), jpeg);
    // A file that is called as another reads.
    std::fs::write(name(b"\xe5").join(r"a\xff.png"), &png).unwrap();
    std::fs::write(name(b"\xe5").join(std::ffi::OsStr::from_bytes(b"a\xff.png")), &jpeg).unwrap();
    let set = ImageSet::folder(folder.path()).unwrap();
    let names: Vec<_> = set.items().skip(2).map(|item| item.name).collect();
    assert_eq!(names, [r"\xe5/a.png", r"\xe5/a\xff.png"]);
    assert_eq!(set.read(3).unwrap(), png);
    assert_eq!(
        set.remarks(),
        [
            r"names that are no UTF-8 and read as others are left out; rename them: 1 (\xe5/a\xff.png)"
        ]
    );

    let mut builder = tar::Builder::new(Vec::new());
    for member in [b"k\xff.jpg", b"k\xfe.jpg"] {
        let mut header = tar::Header::new_gnu();
        header.set_size(jpeg.len() as u64);
        header.as_old_mut().name[..member.len()].copy_from_slice(member);
        header.set_cksum();
        builder.append(&header, &*jpeg).unwrap();
    }
    let path = folder.write("0.tar", builder.into_inner().unwrap());
    let set = ImageSet::shards(&[path]).unwrap();
    are_items(&set, &[(r"k\xff", &[]), (r"k\xfe", &[])]);
}

#[test]
fn a_pattern_names_many_shards() {
    let folder = Folder::new("many-shards");
    let jpeg = file("photo.jpg");
    for name in ["a-008.tar", "a-009.tar", "a-010.tar"] {
        let key = name.replace(".tar", "/1");
        folder.write(name, tar(&[(&format!("{key}.jpg"), &jpeg), (&format!("{key}.cls"), b"0")]));
    }
    let set = ImageSet::open(&folder.path().join("a-{008..010}.tar")).unwrap();
    are_items(&set, &[("a-008/1", &[0]), ("a-009/1", &[0]), ("a-010/1", &[0])]);
    let error = ImageSet::open(&folder.path().join("a-{008..011}.tar")).unwrap_err().to_string();
    assert!(error.ends_with("a-011.tar: there is no such file or folder"), "{error}");
    let error = ImageSet::open(&folder.path().join("a-*.tar")).unwrap_err().to_string();
    assert!(error.contains("; name shards as a-{000..099}.tar"), "{error}");
}

#[test]
fn lists_as_people_write_them() {
    let folder = Folder::new("written-lists");
    folder.write("img/1.jpg", file("photo.jpg"));
    let plain = "path,label\nimg/1.jpg,cat\nimg/2.jpg,dog\n";
    let plain = ImageSet::list(&folder.write("plain.csv", plain)).unwrap();
    for (name, text) in [
        ("mark.csv", "\u{feff}label,path\r\ncat,img/1.jpg\r\ndog,img/2.jpg\r\n"),
        ("names.csv", "Class,FileName\ncat,img/1.jpg\ndog,img/2.jpg\n"),
        ("semicolons.csv", "path;label\nimg/1.jpg;cat\nimg/2.jpg;dog\n"),
        ("tabs.tsv", "image\ttarget\nimg/1.jpg\tcat\nimg/2.jpg\tdog\n"),
        ("windows.csv", "path,label\nimg\\1.jpg,cat\nimg\\2.jpg,dog\n"),
        ("quotes.csv", "\"path\",\"label\",\"note\"\n\"img/1.jpg\",cat,\"a\nb\"\nimg/2.jpg,dog,\n"),
        (
            "mark.jsonl",
            "\u{feff}{\"file_name\": \"img/1.jpg\", \"path\": \"img/1.jpg\", \"label\": [\"cat\"]}\n\
             {\"image\": \"img/2.jpg\", \"target\": \"dog\", \"labels\": null}\n",
        ),
    ] {
        assert_eq!(ImageSet::list(&folder.write(name, text)).unwrap(), plain, "{name}");
    }

    let remarks = |name: &str, text: &str| {
        ImageSet::list(&folder.write(name, text)).unwrap().remarks().join("; ")
    };
    assert_eq!(
        remarks("none.csv", "path,animal\nimg/1.jpg,cat\n"),
        "no column is called label, labels, class, cls or target: the header is \"path,animal\"; no image of \
         the list has a label"
    );
    assert_eq!(
        remarks("two.csv", "path,label,class\nimg/1.jpg,0,cat\n"),
        "the column class is not read: label is"
    );
    assert_eq!(
        remarks("years.csv", "path,label\n1.jpg,1998\n2.jpg,2004.0\n"),
        "the labels are whole numbers and so indices of 2005 classes, of which 2003 have no images"
    );

    let signs = folder.write("signs.csv", "path,label\n1.jpg,10\n2.jpg,-1\n3.jpg,2\n4.jpg,-1.0\n");
    let signs = ImageSet::list(&signs).unwrap();
    assert_eq!(signs.classes(), ["-1", "2", "10"]);
    are_items(&signs, &[("1.jpg", &[2]), ("2.jpg", &[0]), ("3.jpg", &[1]), ("4.jpg", &[0])]);
    assert_eq!(
        signs.remarks(),
        [
            "the label -1 is taken for a class, and not for an image without a label, whose label is empty"
        ]
    );

    let error = |bytes: &[u8]| {
        let error = ImageSet::list(&folder.write("bytes.csv", bytes)).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "ROOT")
    };
    assert_eq!(
        error(b"path,label\n1.jpg,K\xe4se\n"),
        "ROOT/bytes.csv, line 2: expected text in UTF-8, got the byte 0xe4; save the file as UTF-8"
    );
    assert!(error(b"\xff\xfep\0").contains("got the byte order mark of UTF-16"));
}

#[test]
fn a_part_without_another_is_a_class_and_told() {
    let folder = Folder::new("one-part");
    for part in ["Train", "dev"] {
        for number in 0..6 {
            folder.write(&format!("{part}/cat/{number}.jpg"), file("photo.jpg"));
        }
    }
    let said = "Train is taken for a class and not for a part of the set: that takes two, called train and val, \
                valid, validation or test";
    let [train, _] = ImageSet::open_labelled(folder.path(), 0).unwrap();
    assert_eq!(train.classes(), ["Train", "dev"]);
    assert!(train.remarks().iter().any(|remark| remark == said), "{:?}", train.remarks());
    std::fs::remove_dir_all(folder.path().join("dev")).unwrap();
    let error = ImageSet::open_labelled(folder.path(), 0).unwrap_err().to_string();
    assert!(error.ends_with(&format!("got one, Train; {said}")), "{error}");
}

#[test]
fn parts_have_their_usual_names_in_any_case() {
    let folder = Folder::new("parts");
    for name in ["Train/a/1.jpg", "Train/b/1.jpg", "TEST/b/1.jpg", "extra/a/1.jpg"] {
        folder.write(name, file("photo.jpg"));
    }
    let [train, held_out] = ImageSet::parts(folder.path()).unwrap().unwrap();
    assert_eq!((train.len(), held_out.len()), (2, 1));
    assert_eq!(
        train.remarks(),
        ["TEST is held out", "folders beside these parts are left out: 1 (extra)"]
    );
    folder.write("validation/a/1.jpg", file("photo.jpg"));
    let [train, _] = ImageSet::parts(folder.path()).unwrap().unwrap();
    assert_eq!(train.remarks()[0], "validation is held out");
    std::fs::create_dir(folder.path().join("test")).unwrap();
    let error = ImageSet::parts(folder.path()).unwrap_err().to_string();
    assert!(
        error.ends_with("both TEST and test are the same part of a set; rename one of them"),
        "{error}"
    );

    // Vehicles, among which trains.
    let folder = Folder::new("no-parts");
    for name in ["train/1.jpg", "test/1.jpg", "bus/1.jpg"] {
        folder.write(name, file("photo.jpg"));
    }
    assert_eq!(ImageSet::parts(folder.path()).unwrap(), None);
    assert_eq!(ImageSet::class_folders(folder.path()).unwrap().classes().len(), 3);
    // Images without classes in parts are no classes.
    std::fs::remove_dir_all(folder.path().join("bus")).unwrap();
    assert!(ImageSet::parts(folder.path()).is_err());
}

#[test]
fn foreign_folders_and_circles_of_links_are_named() {
    let folder = Folder::new("foreign");
    for name in [
        "cat/1.jpg",
        "cat/2.heic",
        "dog/1.jpg",
        "__MACOSX/cat/1.jpg",
        ".cache/1.jpg",
        "annotations/a.json",
        "cat/._1.jpg",
        ".DS_Store",
    ] {
        folder.write(name, file("photo.jpg"));
    }
    let root = folder.path();
    std::os::unix::fs::symlink(root, root.join("cat/again")).unwrap();
    std::os::unix::fs::symlink(root.join("cat"), root.join("dog/more")).unwrap();
    let set = ImageSet::folder(root).unwrap();
    are_items(&set, &[("cat/1.jpg", &[]), ("dog/1.jpg", &[])]);
    let mut remarks = set.remarks().to_vec();
    remarks.sort();
    assert_eq!(
        remarks,
        [
            ".heic files are not read: 1 (cat/2.heic)",
            ".json files are not read: 1 (annotations/a.json)",
            "hidden folders and those of other programs are left out: 2 (.cache, __MACOSX)",
            "links to folders that are read without them are left out: 2 (dog/more, cat/again)",
        ]
    );

    let folder = Folder::new("case");
    folder.write("Cat/1.jpg", file("photo.jpg"));
    folder.write("cat/1.jpg", file("photo.jpg"));
    let error = ImageSet::class_folders(folder.path()).unwrap_err().to_string();
    assert!(error.contains("the classes \"Cat\" and \"cat\" differ in case alone"), "{error}");
}

#[test]
fn few_images_are_an_error_or_told() {
    let folder = Folder::new("few");
    let open = |names: &[&str]| {
        std::fs::remove_dir_all(folder.path()).ok();
        names.iter().for_each(|name| drop(folder.write(name, file("photo.jpg"))));
        ImageSet::open_labelled(folder.path(), 0)
    };
    for (names, got) in [
        (&["a/1.jpg", "b/1.jpg"][..], "too few images: no class has some to train with"),
        (&["a/1.jpg", "a/2.jpg", "a/3.jpg"], "at least two classes, got one, a"),
    ] {
        let error = open(names).unwrap_err().to_string();
        assert!(error.contains(got), "{error}");
    }
    let many: Vec<String> = (0..12).map(|index| format!("{}/{index}.jpg", index % 2)).collect();
    let mut many: Vec<&str> = many.iter().map(|name| &**name).collect();
    many.push("rare/1.jpg");
    let [train, held_out] = open(&many).unwrap();
    assert_eq!((train.len(), held_out.len(), train.classes().len()), (10, 3, 3));
    let told = train.remarks().join("");
    assert_eq!(told, "1 of 3 classes lack images to train with or held out: rare");
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
    let names: Vec<_> = set.items().map(|item| item.name).collect();
    assert_eq!(names, ["a/1.jpg", "b/2.jpg", "hidden/3.jpg", "other/4.jpg"]);
    let left = set.remarks().last().map(String::as_str);
    assert_eq!(
        left,
        Some(
            "links to folders that are read without them are left out: 6 (alias, b/sibling, a/all, …)"
        )
    );

    let set = ImageSet::class_folders(root).unwrap();
    assert_eq!(set.classes(), ["a", "b", "hidden", "other"]);
    assert_eq!(set.len(), 4);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = Folder::new("pipe");
    let pipe = folder.path().join("a.png");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    folder.write("b.png", file("photo.jpg"));
    let set = ImageSet::folder(folder.path()).unwrap();
    let error = set.read(0).unwrap_err().to_string();
    assert!(error.contains("a.png") && error.contains("got a pipe"), "{error}");
    assert!(set.read(1).is_ok());
    for name in ["a.tar", "a.csv"] {
        let pipe = folder.path().join(name);
        std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        let error = ImageSet::open(&pipe).unwrap_err().to_string();
        assert!(error.contains("expected a file, got a pipe"), "{error}");
    }
}
