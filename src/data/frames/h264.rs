//! H.264, decoded by `rust_h264`.

use image::RgbImage;
use image::imageops::{rotate90, rotate180, rotate270};
use rust_h264::decoder::{Frame, OrderedDecoder};
use rust_h264::error::DecodeError;
use rust_h264::nal::{
    NalUnit, NalUnitType, SpsInfo, parse_avcc, parse_avcc_config, parse_sps_info,
};

use super::mp4::{Track, Turn};
use super::out::{REMEDY, Sender};
use crate::data::image::{DecodeOptions, Image, ImageError};

/// Decodes the samples of a track, and hands on the frames in the order in which they are shown.
pub(super) fn decode(
    bytes: &[u8],
    track: &Track,
    options: DecodeOptions,
    out: &Sender<'_>,
) -> Result<(), ImageError> {
    let config = parse_avcc_config(&track.config).map_err(broken)?;
    let turn = if options.exif_orientation { track.turn } else { Turn::None };
    let mut decoder = OrderedDecoder::<()>::new();
    // Frames that are decoded have the colours of the last header before them; streams do not change theirs.
    let mut colours = Colours::default();
    let mut take = |nal: &NalUnit<'_>| -> Result<bool, ImageError> {
        if nal.nal_unit_type == NalUnitType::Sps {
            colours = check(&parse_sps_info(nal).map_err(error)?, options)?;
        }
        let frames = decoder.decode_nal(nal).map_err(error)?;
        for frame in frames {
            if !out.send(turned(colours.image(&frame)?, turn)?) {
                return Ok(false);
            }
        }
        Ok(true)
    };
    for nal in config.sps_nals.iter().chain(&config.pps_nals) {
        take(nal)?;
    }
    for sample in &track.samples {
        let sample = &bytes[sample.start as usize..sample.end as usize];
        for nal in parse_avcc(sample, config.length_size) {
            if !take(&nal)? {
                return Ok(());
            }
        }
    }
    for frame in decoder.flush() {
        if !out.send(turned(colours.image(&frame)?, turn)?) {
            break;
        }
    }
    Ok(())
}

fn broken(reason: impl Into<String>) -> ImageError {
    ImageError::Broken { format: "H.264", reason: reason.into() }
}

fn error(error: DecodeError) -> ImageError {
    match error {
        DecodeError::Unsupported(what) => {
            ImageError::Video { what: format!("H.264 with {what}"), remedy: REMEDY }
        }
        error => broken(error.to_string()),
    }
}

/// Refuses pictures that are too large, before there is memory for them.
fn check(info: &SpsInfo, options: DecodeOptions) -> Result<Colours, ImageError> {
    let (width, height) = (info.coded_width, info.coded_height);
    if u64::from(width) * u64::from(height) > options.max_pixels {
        return Err(ImageError::TooLarge { width, height, limit: options.max_pixels });
    }
    Ok(Colours { matrix: info.matrix, full_range: info.full_range })
}

/// How luma and chroma become red, green and blue.
#[derive(Clone, Copy)]
struct Colours {
    matrix: u8,
    full_range: bool,
}

impl Default for Colours {
    fn default() -> Self {
        Self { matrix: UNSAID, full_range: false }
    }
}

const UNSAID: u8 = 2;

impl Colours {
    /// The shares of red and blue in the luma: BT.709, BT.2020, or BT.601, which is also what FFmpeg takes where the
    /// stream says nothing.
    fn weights(self) -> [f32; 2] {
        match self.matrix {
            1 => [0.2126, 0.0722],
            9 | 10 => [0.2627, 0.0593],
            _ => [0.299, 0.114],
        }
    }

    /// Each pixel has the chroma of the sample that covers it, as FFmpeg has where it does not scale.
    fn image(self, frame: &Frame) -> Result<Image, ImageError> {
        let [width, height] = [frame.width, frame.height].map(|side| side as usize);
        let [columns, rows] =
            [frame.chroma_width(), frame.chroma_height()].map(|side| side as usize);
        let (shrink, bytes) = (height.div_ceil(rows.max(1)), frame.bytes_per_sample());
        let is_whole =
            [(&frame.y, width * height), (&frame.u, columns * rows), (&frame.v, columns * rows)]
                .into_iter()
                .all(|(plane, samples)| plane.len() >= samples * bytes);
        if !is_whole || columns == 0 || rows == 0 {
            return Err(broken("a picture is not whole"));
        }
        let unit = f32::from(1u16 << (frame.bit_depth - 8));
        let at = |plane: &[u8], index: usize| f32::from(frame.sample(plane, index)) / unit;
        let [red, blue] = self.weights();
        let green = 1.0 - red - blue;
        let (black, scale, chroma_scale) = match self.full_range {
            true => (0.0, 1.0, 1.0),
            false => (16.0, 255.0 / 219.0, 255.0 / 224.0),
        };
        let mut pixels = Vec::with_capacity(3 * width * height);
        for row in 0..height {
            for column in 0..width {
                let chroma = (row / shrink).min(rows - 1) * columns + (column / 2).min(columns - 1);
                let y = (at(&frame.y, row * width + column) - black) * scale;
                let cb = (at(&frame.u, chroma) - 128.0) * chroma_scale;
                let cr = (at(&frame.v, chroma) - 128.0) * chroma_scale;
                let r = y + 2.0 * (1.0 - red) * cr;
                let b = y + 2.0 * (1.0 - blue) * cb;
                let g = (y - red * r - blue * b) / green;
                pixels.extend([r, g, b].map(|value| value.round().clamp(0.0, 255.0) as u8));
            }
        }
        Image::new(width, height, pixels)
    }
}

/// A frame as the file says that it is shown.
fn turned(image: Image, turn: Turn) -> Result<Image, ImageError> {
    if turn == Turn::None {
        return Ok(image);
    }
    let (width, height) = (image.width() as u32, image.height() as u32);
    let Some(pixels) = RgbImage::from_raw(width, height, image.pixels().to_vec()) else {
        return Ok(image);
    };
    let turned = match turn {
        Turn::Right => rotate90(&pixels),
        Turn::Half => rotate180(&pixels),
        Turn::Left => rotate270(&pixels),
        Turn::None => pixels,
    };
    Image::new(turned.width() as usize, turned.height() as usize, turned.into_raw())
}
