//! Frames of files beside those of Pillow and FFmpeg (`tests/fixtures/make_videos.py`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vit22b::data::{DataError, DecodeOptions, FrameSource, Image, ImageSet, Item, Location, Video};

use crate::folder::Folder;

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/video").join(name)
}

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

fn video(place: Location) -> Video {
    Video { name: "clip".into(), frames: FrameSource::File(Arc::new(place)), labels: vec![] }
}

/// A set of some frames.
fn frames(video: &Video, numbers: impl IntoIterator<Item = usize>) -> ImageSet {
    let item = |frame: usize| Item {
        name: format!("clip#{frame}"),
        location: video.frames.frame(frame),
        labels: vec![],
    };
    ImageSet::new(vec![], numbers.into_iter().map(item)).unwrap()
}

/// The frames of a fixture, which stand one below the other in a PNG.
fn expected(name: &str, count: usize) -> Vec<Image> {
    let strip = Image::decode(&bytes(&format!("{name}.png")), DecodeOptions::default()).unwrap();
    let height = strip.height() / count;
    let frames = strip.pixels().chunks_exact(3 * strip.width() * height);
    frames.map(|pixels| Image::new(strip.width(), height, pixels.to_vec()).unwrap()).collect()
}

fn largest_difference(one: &Image, other: &Image) -> u8 {
    assert_eq!([one.width(), one.height()], [other.width(), other.height()]);
    let pairs = one.pixels().iter().zip(other.pixels());
    pairs.map(|(one, other)| one.abs_diff(*other)).max().unwrap()
}

fn assert_frames(name: &str, count: usize, tolerance: u8) {
    let video = video(Location::File(fixture(name)));
    assert_eq!(video.count().unwrap(), count, "{name}");
    let set = frames(&video, 0..count);
    let expected = expected(name, count);
    // In order, and in any other: what was passed over comes back.
    for index in (0..count).chain((0..count).rev()).chain([count / 2, 0, count - 1]) {
        let got = set.decode(index, DecodeOptions::default()).unwrap();
        let difference = largest_difference(&got, &expected[index]);
        assert!(difference <= tolerance, "{name}, frame {index}: {difference}");
    }
}

#[test]
fn animations_have_pillows_frames() {
    // Whole frames, parts of the canvas that stay, and parts that are taken away again.
    assert_frames("moving.gif", 6, 0);
    assert_frames("kept.gif", 5, 0);
    assert_frames("restored.gif", 5, 0);
    // The decoder blends opaque pixels with the canvas, and rounds.
    assert_frames("moving.webp", 6, 1);
}

#[cfg(feature = "video")]
#[test]
fn h264_has_ffmpegs_frames() {
    // B-frames; a baseline file; fragments; colours of BT.709.
    assert_frames("high.mp4", 8, 0);
    assert_frames("base.mp4", 5, 0);
    assert_frames("fragments.mp4", 10, 0);
    assert_frames("bt709.mp4", 3, 0);
}

/// A file that says that it is to be turned by a quarter to the left.
#[cfg(feature = "video")]
#[test]
fn h264_is_turned_as_the_file_says() {
    let (video, upright) =
        (video(Location::File(fixture("turned.mp4"))), &expected("base.mp4", 5)[3]);
    let set = frames(&video, 0..5);
    let turned = set.decode(3, DecodeOptions::default()).unwrap();
    let side = upright.width();
    let pixel = |image: &Image, row: usize, column: usize| {
        image.pixels()[3 * (row * side + column)..][..3].to_vec()
    };
    for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
        assert_eq!(pixel(&turned, side - 1 - column, row), pixel(upright, row, column));
    }
    let stored = DecodeOptions { exif_orientation: false, ..DecodeOptions::default() };
    assert_eq!(&set.decode(3, stored).unwrap(), upright);
}

#[cfg(not(feature = "video"))]
#[test]
fn h264_names_the_feature_and_the_other_way() {
    let error = video(Location::File(fixture("base.mp4"))).count().unwrap_err().to_string();
    assert_eq!(
        error,
        "clip: H.264 in MP4, without the feature `video`, is not read; build with it (`cargo build \
         --features video`), or make frames, a folder for each video: `ffmpeg -i VIDEO -q:v 2 \
         FOLDER/%06d.jpg`"
    );
}

#[test]
fn what_is_not_read_is_named() {
    let error = |place| video(place).count().unwrap_err().to_string();
    for (name, said) in [
        ("h265.mp4", "clip: H.265 in MP4 is not read; "),
        ("vp8.webm", "clip: Matroska or WebM is not read; "),
    ] {
        let text = error(Location::File(fixture(name)));
        assert!(text.starts_with(said) && text.contains("ffmpeg -i"), "{text}");
    }
    let folder = Folder::new("video-odd");
    for (bytes, said) in [
        (&b""[..], "clip: an empty file is not read"),
        (b"hello, world", "clip: a file that begins with \"hello, w\" is not read"),
        (b"GIF89a", "clip: broken GIF: the file ends early"),
        (&bytes("moving.gif")[..300], "clip: broken GIF: the file ends early"),
        (&bytes("moving.webp")[..300], "clip: broken WebP: the file ends early"),
        (&bytes("base.mp4")[..900], "clip: broken MP4: a frame lies behind the end of the file"),
    ] {
        let path = folder.path().join("odd");
        std::fs::write(&path, bytes).unwrap();
        let text = error(Location::File(path));
        assert!(text.starts_with(said), "{text}");
    }
    let text = error(Location::File(folder.path().join("nowhere.gif")));
    assert!(text.contains("nowhere.gif: No such file"), "{text}");
}

/// Frames behind the last one, and those behind damage, are errors of their own; those before it are there.
#[test]
fn damage_ends_a_video_and_nothing_else() {
    let folder = Folder::new("video-cut");
    let path = folder.path().join("cut.gif");
    std::fs::write(&path, &bytes("moving.gif")[..380]).unwrap();
    let cut = video(Location::File(path));
    let set = frames(&cut, 0..6);
    let whole = expected("moving.gif", 6);
    let read = (0..6).map(|index| set.decode(index, DecodeOptions::default()));
    let read: Vec<_> = read.collect();
    let good = read.iter().take_while(|frame| frame.is_ok()).count();
    assert!((2..6).contains(&good), "{good}");
    for (frame, expected) in read.iter().take(good).zip(&whole) {
        assert_eq!(frame.as_ref().unwrap(), expected);
    }
    assert!(read[good..].iter().all(|frame| matches!(frame, Err(DataError::Image { .. }))));
    let set = frames(&video(Location::File(fixture("moving.gif"))), [7]);
    let error = set.decode(0, DecodeOptions::default()).unwrap_err().to_string();
    assert_eq!(error, "clip#7: broken video: it has 6 frames that can be decoded");
    let few = DecodeOptions { max_pixels: 100, ..DecodeOptions::default() };
    let error = set.decode(0, few).unwrap_err().to_string();
    assert!(error.starts_with("clip#7: 20 × 14 pixels exceed the limit of 100"), "{error}");
}

/// Files with bytes changed at random are read or refused, and no decoder ends the process.
#[test]
fn files_with_random_bytes_are_read_or_refused() {
    let folder = Folder::new("video-random");
    let mut rng = fastrand::Rng::with_seed(5);
    let names = ["moving.gif", "kept.gif", "moving.webp", "high.mp4", "fragments.mp4"];
    let originals = names.map(bytes);
    for round in 0..400 {
        let mut damaged = originals[round % names.len()].clone();
        for _ in 0..rng.usize(1..6) {
            let at = rng.usize(..damaged.len());
            damaged[at] = [0, 255, rng.u8(..)][rng.usize(..3)];
        }
        if rng.bool() {
            damaged.truncate(rng.usize(..damaged.len()));
        }
        let path = folder.path().join("damaged");
        std::fs::write(&path, damaged).unwrap();
        let video = video(Location::File(path));
        let _ = video.count();
        let options = DecodeOptions { max_pixels: 1 << 16, ..DecodeOptions::default() };
        let _ = frames(&video, [3]).decode(0, options);
    }
}
