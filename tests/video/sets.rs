//! Sets of videos on disk.

use std::path::PathBuf;

use vit22b::data::{DecodeOptions, FrameSource, ImageSet, Item, VideoSet};

use crate::folder::Folder;
use crate::frames::bytes;

fn write(folder: &Folder, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

fn photo(folder: &Folder, name: &str) {
    write(folder, name, include_bytes!("../fixtures/images/photo.jpg"));
}

/// The name, the number of frames and the labels of each video.
fn listed(set: &VideoSet) -> Vec<(String, usize, Vec<String>)> {
    let video = |video: &vit22b::data::Video| {
        let labels = video.labels.iter().map(|label| set.classes()[*label].clone()).collect();
        (video.name.clone(), video.count().unwrap(), labels)
    };
    set.videos().iter().map(video).collect()
}

fn are(set: &VideoSet, expected: &[(&str, usize, &str)]) {
    let expected = expected.iter().map(|(name, frames, label)| {
        let labels = if label.is_empty() { vec![] } else { vec![label.to_string()] };
        (name.to_string(), *frames, labels)
    });
    assert_eq!(listed(set), expected.collect::<Vec<_>>());
}

#[test]
fn folders_of_frames_and_files_in_folders_of_classes() {
    let folder = Folder::new("videos-folders");
    for frame in
        ["jump/b/1.jpg", "jump/b/10.jpg", "jump/b/9.jpg", "jump/b/.hidden.jpg", "run/deep/a/x.png"]
    {
        photo(&folder, frame);
    }
    write(&folder, "run/c.gif", bytes("moving.gif"));
    write(&folder, "run/d.webp", bytes("moving.webp"));
    // A WebP that does not move is a frame.
    write(&folder, "jump/e/1.webp", bytes("still.webp"));
    write(&folder, "jump/f.avi", b"RIFF");
    std::fs::create_dir_all(folder.path().join("run/empty")).unwrap();
    let set = VideoSet::open(folder.path(), None).unwrap();
    assert_eq!(set.classes(), ["jump", "run"]);
    are(
        &set,
        &[
            ("jump/b", 3, "jump"),
            ("jump/e", 1, "jump"),
            ("run/c.gif", 6, "run"),
            ("run/d.webp", 6, "run"),
            ("run/deep/a", 1, "run"),
        ],
    );
    let FrameSource::Images(images) = &set.videos()[0].frames else { panic!() };
    let names: Vec<_> = images.iter().map(|place| format!("{place:?}")).collect();
    assert!(names.iter().zip(["1.jpg", "9.jpg", "10.jpg"]).all(|(name, end)| name.contains(end)));
    let mut remarks = set.remarks().to_vec();
    remarks.sort();
    assert_eq!(
        remarks,
        [
            ".avi files are not read; make frames of them with ffmpeg: 1 (jump/f.avi)",
            "folders without frames are left out: 1 (run/empty)",
        ]
    );
}

#[test]
fn videos_directly_in_the_folder_have_no_labels() {
    let folder = Folder::new("videos-flat");
    photo(&folder, "a/1.jpg");
    write(&folder, "b.gif", bytes("moving.gif"));
    photo(&folder, "loose.jpg");
    let set = VideoSet::open(folder.path(), None).unwrap();
    are(&set, &[("a", 1, ""), ("b.gif", 6, "")]);
    let remarks = [
        "images that lie in no folder of a video are left out: 1 (loose.jpg)",
        "no video has a label",
    ];
    assert_eq!(set.remarks(), remarks);
}

#[test]
fn what_holds_no_videos_is_an_error() {
    let folder = Folder::new("videos-none");
    let error = |path: &PathBuf| VideoSet::open(path, None).unwrap_err().to_string();
    let root = folder.path().to_path_buf();
    let text = error(&root);
    assert!(text.contains("no videos; expected folders of frames"), "{text}");
    assert!(text.ends_with("folders without frames are left out: 1 ()"), "{text}");
    assert!(error(&root.join("nowhere")).contains("nowhere"));
    let text = error(&write(&folder, "notes.txt", ""));
    assert!(text.contains("expected a folder of videos, a list"), "{text}");
    let text = error(&write(&folder, "a.csv", "path,label\ngone,x\n"));
    assert!(
        text.contains("videos of the list that are not there are left out: 1 (gone)"),
        "{text}"
    );
    let text = error(&write(&folder, "b.csv", "name,label\na,x\n"));
    assert!(text.contains("line 1: expected a header with the column path"), "{text}");
}

#[test]
fn a_list_of_ones_own() {
    let folder = Folder::new("videos-list");
    photo(&folder, "frames/one/1.jpg");
    photo(&folder, "frames/one/2.jpg");
    write(&folder, "two.gif", bytes("moving.gif"));
    std::fs::create_dir_all(folder.path().join("empty")).unwrap();
    let lines = "path,label\nframes/one,up\ntwo.gif,down\ngone.mp4,up\nempty,up\n";
    let list = write(&folder, "list.csv", lines);
    let set = VideoSet::open(&list, None).unwrap();
    are(&set, &[("frames/one", 2, "up"), ("two.gif", 6, "down")]);
    assert_eq!(set.missing(), 2);
    assert_eq!(
        set.remarks(),
        [
            "videos of the list that are not there are left out: 1 (gone.mp4)",
            "what is no video that is read is left out: 1 (empty)"
        ]
    );
    // The same list elsewhere.
    let other = Folder::new("videos-list-elsewhere");
    let list = write(&other, "list.csv", lines);
    assert_eq!(VideoSet::open(&list, Some(folder.path())).unwrap().videos(), set.videos());
}

#[test]
fn kinetics_as_published() {
    let folder = Folder::new("videos-kinetics");
    photo(&folder, "air drumming/AAAAAAAAAAA_000012_000022/1.jpg");
    write(&folder, "zumba_dance/BBBBBBBBBBB_000000_000010.gif", bytes("moving.gif"));
    write(&folder, "val/abseiling/CCC-_CCCCCC.webp", bytes("moving.webp"));
    let lines = "label,youtube_id,time_start,time_end,split,is_cc\n\
                 \"air drumming\",AAAAAAAAAAA,12,22,train,0\n\
                 zumba dance,BBBBBBBBBBB,0,10,train,0\n\
                 abseiling,CCC-_CCCCCC,7,17,validate,1\n\
                 abseiling,DDDDDDDDDDD,7,17,train,1\n";
    let set = VideoSet::open(&write(&folder, "k.csv", lines), None).unwrap();
    assert_eq!(set.classes(), ["abseiling", "air drumming", "zumba dance"]);
    are(
        &set,
        &[
            ("AAAAAAAAAAA_000012_000022", 1, "air drumming"),
            ("BBBBBBBBBBB_000000_000010", 6, "zumba dance"),
            ("CCC-_CCCCCC_000007_000017", 6, "abseiling"),
        ],
    );
    assert_eq!(set.missing(), 1);
    let wrong = write(&folder, "w.csv", "label,youtube_id,time_start,time_end\nx,y,later,1\n");
    let error = VideoSet::open(&wrong, None).unwrap_err().to_string();
    assert!(error.ends_with("line 2: expected seconds in time_start, got \"later\""), "{error}");
}

#[test]
fn moments_as_published() {
    let folder = Folder::new("videos-moments");
    write(&folder, "training/bulldozing/yt-1_2.gif", bytes("moving.gif"));
    photo(&folder, "training/adult+female+singing/0-0-1/1.jpg");
    let lines = "bulldozing/yt-1_2.gif,bulldozing,4,0\nadult+female+singing/0-0-1.mp4,adult+female+singing,3,1\n";
    let list = write(&folder, "trainingSet.csv", lines);
    let expected = [
        ("bulldozing/yt-1_2.gif", 6, "bulldozing"),
        ("adult+female+singing/0-0-1.mp4", 1, "adult+female+singing"),
    ];
    let set = VideoSet::open(&list, None).unwrap();
    are(&set, &expected);
    assert_eq!(set.classes(), ["adult+female+singing", "bulldozing"]);
    write(&folder, "moments_categories.txt", "bulldozing,0\nclapping,1\nadult+female+singing,2\n");
    let set = VideoSet::open(&list, None).unwrap();
    are(&set, &expected);
    assert_eq!(set.classes(), ["bulldozing", "clapping", "adult+female+singing"]);
    write(&folder, "moments_categories.txt", "bulldozing,0\n");
    let error = VideoSet::open(&list, None).unwrap_err().to_string();
    assert!(
        error.contains("the label \"adult+female+singing\" is not among the 1 classes"),
        "{error}"
    );
}

#[test]
fn shards_hold_frames_and_files() {
    let folder = Folder::new("videos-shards");
    let jpeg: &[u8] = include_bytes!("../fixtures/images/photo.jpg");
    let (gif, webp) = (bytes("moving.gif"), bytes("still.webp"));
    let mut builder = tar::Builder::new(Vec::new());
    let members: [(&str, &[u8]); 12] = [
        ("a/10.jpg", jpeg),
        ("a/9.jpg", jpeg),
        ("a.cls", b"up"),
        ("train/b.000.jpg", jpeg),
        ("train/b.001.webp", &webp),
        ("train/b.json", br#"{"label": "down"}"#),
        ("c.gif", &gif),
        ("c.txt", b"a caption"),
        ("d.cls", b"up"),
        ("e/1.jpg", jpeg),
        ("e.json", b"[1]"),
        ("loose.jpg", jpeg),
    ];
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, bytes).unwrap();
    }
    let path = write(&folder, "v.tar", builder.into_inner().unwrap());
    let set = VideoSet::open(&path, None).unwrap();
    are(&set, &[("a", 2, "up"), ("train/b", 2, "down"), ("c", 6, "")]);
    assert_eq!(
        set.remarks(),
        [
            "members of shards that belong to no video are left out: 1 (loose.jpg)",
            "examples of shards without frames, or with two files, are left out: 1 (d)",
            "videos of shards whose labels cannot be read are left out: 1 (e.json: expected an object, got a list)",
        ]
    );
    // Frames of the file in the shard.
    let gif = &set.videos()[2];
    let item =
        |frame| Item { name: String::new(), location: gif.frames.frame(frame), labels: vec![] };
    let frames = ImageSet::new(vec![], (0..6).map(item)).unwrap();
    let sides = (0..6).map(|index| frames.decode(index, DecodeOptions::default()).unwrap().width());
    assert!(sides.eq([20; 6]));
}
