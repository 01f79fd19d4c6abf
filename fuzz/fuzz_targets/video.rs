//! Any bytes as a file with a video: refused by an error or read, never a panic of this library, and never without an end.
//!
//! `cargo fuzz run video fuzz/corpus/video tests/fixtures/video` from the root of the repository, with a nightly compiler; a
//! stable one serves as `weights.rs` says.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use vit22b::data::{DecodeOptions, FrameSource, ImageSet, Item, Location, Video};

fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("vit22b-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let frames = FrameSource::File(Arc::new(Location::File(path)));
    let video = Video { name: "fuzzed".into(), frames, labels: vec![] };
    let _ = video.count();
    let item = |frame| Item { name: String::new(), location: video.frames.frame(frame), labels: vec![] };
    let set = ImageSet::new(vec![], [7, 0].map(item)).unwrap();
    for index in 0..2 {
        let options = DecodeOptions { max_pixels: 1 << 20, ..DecodeOptions::default() };
        if let Err(error) = set.decode(index, options) {
            assert!(!error.to_string().contains("panicked"), "{error}");
        }
    }
});
