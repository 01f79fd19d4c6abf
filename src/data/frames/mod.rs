//! The frames of a file that holds a video: animated GIF and WebP, and H.264 in MP4 and QuickTime.

mod animation;
#[cfg(feature = "video")]
mod h264;
mod mp4;
mod out;

use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};

use self::out::{REMEDY, Sender};
use super::image::{DecodeOptions, Image, ImageError};

/// Endings of the names of files that hold a video, in lower case.
pub(super) const ENDINGS: [&str; 5] = ["gif", "m4v", "mov", "mp4", "webp"];

/// Endings of videos in formats that are not read.
pub(super) const UNREAD: [&str; 10] =
    ["avi", "flv", "mkv", "mpeg", "mpg", "mts", "ogv", "ts", "webm", "wmv"];

/// Decoded frames that wait for whoever takes them.
const AHEAD: usize = 2;

/// What holds the frames.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gif,
    WebP,
    Mp4,
}

impl Kind {
    /// By the first twelve bytes.
    fn of(begin: &[u8]) -> Result<Self, ImageError> {
        match begin {
            [b'G', b'I', b'F', b'8', ..] => Ok(Self::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Self::WebP),
            [_, _, _, _, kind @ ..] if mp4::FIRST.iter().any(|first| kind.starts_with(first)) => {
                Ok(Self::Mp4)
            }
            begin => Err(ImageError::Video {
                what: match begin {
                    [] => "an empty file".into(),
                    [0x1a, 0x45, 0xdf, 0xa3, ..] => "Matroska or WebM".into(),
                    [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', ..] => "AVI".into(),
                    begin => format!(
                        "a file that begins with \"{}\"",
                        begin[..begin.len().min(8)].escape_ascii()
                    ),
                },
                remedy: REMEDY,
            }),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gif => "GIF",
            Self::WebP => "WebP",
            Self::Mp4 => "MP4",
        }
    }

    fn broken(self, reason: impl Into<String>) -> ImageError {
        ImageError::Broken { format: self.name(), reason: reason.into() }
    }
}

/// How many frames a file says that it has. No pixel is decoded, and of a large file little is read.
pub(super) fn count(mut file: impl Read + Seek) -> Result<usize, CountError> {
    let mut begin = Vec::new();
    (&mut file).take(12).read_to_end(&mut begin)?;
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let kind = Kind::of(&begin)?;
    let counted = match kind {
        Kind::Gif => animation::count_gif(io::BufReader::new(file)),
        Kind::WebP => animation::count_webp(&mut file, length),
        Kind::Mp4 => {
            let track = mp4::Track::read(&mut file, length)?;
            check_codec(&track)?;
            Ok(track.samples.len())
        }
    };
    match counted {
        Ok(0) => Err(kind.broken("it has no frames").into()),
        Ok(count) => Ok(count),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(kind.broken("the file ends early").into())
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(kind.broken(error.to_string()).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Frames that cannot be counted: the file cannot be read, or holds no video that is.
#[derive(Debug)]
pub(super) enum CountError {
    Io(io::Error),
    Image(ImageError),
}

impl From<io::Error> for CountError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ImageError> for CountError {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

/// H.264 is the one that is decoded.
fn check_codec(track: &mp4::Track) -> Result<(), ImageError> {
    let what = match &*track.codec {
        "avc1" | "avc3" if cfg!(feature = "video") => return Ok(()),
        "avc1" | "avc3" => {
            let remedy = "build with it (`cargo build --features video`), or make frames, a folder for \
                          each video: `ffmpeg -i VIDEO -q:v 2 FOLDER/%06d.jpg`";
            let what = "H.264 in MP4, without the feature `video`,".into();
            return Err(ImageError::Video { what, remedy });
        }
        "hvc1" | "hev1" => "H.265 in MP4".into(),
        "av01" => "AV1 in MP4".into(),
        "vp09" => "VP9 in MP4".into(),
        "mp4v" => "MPEG-4 Visual in MP4".into(),
        other => format!("MP4 of the codec \"{other}\""),
    };
    Err(ImageError::Video { what, remedy: REMEDY })
}

/// The frames of a file, in the order in which they are shown, decoded by a thread of their own. The first error is the last
/// that comes.
pub(super) struct Frames(Receiver<Result<Image, ImageError>>);

impl Frames {
    /// Begins to decode.
    pub(super) fn of(bytes: Vec<u8>, options: DecodeOptions) -> Self {
        let (send, receive) = sync_channel(AHEAD);
        std::thread::spawn(move || {
            // A decoder that panics on a malicious file must not end a run.
            let decode = || decode(&bytes, options, &Sender(&send));
            let done = catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| {
                let format = Kind::of(&bytes).map_or("video", Kind::name);
                Err(ImageError::Broken { format, reason: "its decoder panicked".into() })
            });
            if let Err(error) = done {
                let _ = send.send(Err(error));
            }
        });
        Self(receive)
    }
}

impl Iterator for Frames {
    type Item = Result<Image, ImageError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.recv().ok()
    }
}

fn decode(bytes: &[u8], options: DecodeOptions, out: &Sender<'_>) -> Result<(), ImageError> {
    match Kind::of(&bytes[..bytes.len().min(12)])? {
        Kind::Gif => animation::decode_gif(bytes, options, out),
        Kind::WebP => animation::decode_webp(bytes, options, out),
        Kind::Mp4 => decode_mp4(bytes, options, out),
    }
}

#[cfg(feature = "video")]
fn decode_mp4(bytes: &[u8], options: DecodeOptions, out: &Sender<'_>) -> Result<(), ImageError> {
    let track = mp4::Track::read(&mut io::Cursor::new(bytes), bytes.len() as u64)?;
    check_codec(&track)?;
    h264::decode(bytes, &track, options, out)
}

#[cfg(not(feature = "video"))]
fn decode_mp4(bytes: &[u8], _: DecodeOptions, _: &Sender<'_>) -> Result<(), ImageError> {
    let track = mp4::Track::read(&mut io::Cursor::new(bytes), bytes.len() as u64)?;
    check_codec(&track)
}
