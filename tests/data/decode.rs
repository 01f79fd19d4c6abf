//! Decoding.

use vit22b::data::{DecodeOptions, Image, ImageError};

use crate::pillow::{difference, expected, file};

fn decode(bytes: &[u8]) -> Result<Image, ImageError> {
    Image::decode(bytes, DecodeOptions::default())
}

/// Lossless files give the same bytes. Decoders of JPEG and of lossy WebP may round the inverse
/// transform, the interpolation of chroma and the conversion to RGB in their own ways.
#[test]
fn files_decode_to_what_pillow_reads() {
    for (name, shape, pixels) in expected(|name| name.contains('.') && !name.contains(['(', ' '])) {
        let image = decode(&file(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!([image.height(), image.width(), 3], shape[..], "{name}");
        let (most, mean) = difference(image.pixels(), &pixels);
        let lossless = !name.ends_with(".jpg") && name != "lossy.webp";
        let (allowed, on_average) = if lossless { (0, 0.0) } else { (4, 0.6) };
        assert!(most <= allowed && mean <= on_average, "{name}: {most} at most, {mean} on average");
    }
}

#[test]
fn a_file_that_ends_early_is_broken() {
    for name in ["photo.jpg", "progressive.jpg", "photo.png", "lossless.webp", "photo.bmp"] {
        let bytes = file(name);
        for part in [0.5, 0.9, 0.99] {
            let bytes = &bytes[..(bytes.len() as f64 * part) as usize];
            let error = decode(bytes).expect_err(name);
            assert!(matches!(error, ImageError::Broken { .. }), "{name}: {error}");
        }
    }
}

#[test]
fn what_is_no_image_is_told_by_its_first_bytes() {
    let text = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
    assert_eq!(
        text(b""),
        "expected JPEG, PNG, WebP, BMP, GIF, TIFF, QOI or PNM, got an empty file"
    );
    assert_eq!(
        text(b"<html>\n<body>"),
        "expected JPEG, PNG, WebP, BMP, GIF, TIFF, QOI or PNM, got bytes that begin with \"<html>\\n<\""
    );
    // Images of formats that are not read have their names.
    assert!(text(b"\0\0\0\x20ftypheic\0\0\0\0").ends_with("got HEIC"));
    assert!(text(b"\0\0\0\x1cftypavif\0\0\0\0").ends_with("got AVIF"));
    assert!(text(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>").ends_with("got SVG"));
}

/// A telephone's motion photo: a JPEG, then a video whose bytes look like markers.
#[test]
fn what_follows_a_jpeg_is_not_looked_at() {
    let jpeg = file("photo.jpg");
    let photo = [&jpeg[..], b"\0\0\0\x18ftypmp42\xff\xda\0\x08\xff\xd8\xff\xe0"].concat();
    assert_eq!(decode(&photo).unwrap(), decode(&jpeg).unwrap());
    // An end that belongs to something in front of the image, a thumbnail, is not the end of the image.
    let error = decode(&jpeg[..jpeg.len() - 2]).unwrap_err();
    assert_eq!(error.to_string(), "broken JPEG: the file ends early");
}

/// A TIFF with 64-bit offsets: three grey pixels.
#[test]
fn large_tiffs_are_tiffs() {
    let entries: [(u16, u16, u64); 8] = [
        (256, 3, 3),  // columns
        (257, 3, 1),  // rows
        (258, 3, 8),  // bits
        (259, 3, 1),  // not compressed
        (262, 3, 1),  // 0 is black
        (273, 16, 0), // where the pixels are, set below
        (277, 3, 1),  // samples
        (279, 16, 3), // bytes
    ];
    let pixels = 16 + 8 + 20 * entries.len() as u64 + 8;
    let mut bytes = b"II+\0\x08\0\0\0".to_vec();
    bytes.extend(16u64.to_le_bytes());
    bytes.extend((entries.len() as u64).to_le_bytes());
    for (tag, kind, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(1u64.to_le_bytes());
        bytes.extend(if tag == 273 { pixels } else { value }.to_le_bytes());
    }
    bytes.extend(0u64.to_le_bytes());
    bytes.extend([7, 90, 200]);
    assert_eq!(decode(&bytes).unwrap().pixels(), [7, 7, 7, 90, 90, 90, 200, 200, 200]);
}

#[test]
fn what_is_saved_in_place_of_an_image_is_named() {
    for (bytes, what) in [
        (
            &b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"[..],
            "a pointer of Git LFS",
        ),
        (b"\n<!DOCTYPE html><html></html>", "a web page"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
    ] {
        let error = decode(bytes).unwrap_err().to_string();
        assert!(error.contains(&format!("got {what}")), "{error}");
    }
}

#[test]
fn orientation_can_be_ignored() {
    let options = DecodeOptions { exif_orientation: false, ..DecodeOptions::default() };
    let size = |image: Image| [image.width(), image.height()];
    let turned = file("orientation6.jpg");
    assert_eq!(size(decode(&turned).unwrap()), [16, 24]);
    let stored = Image::decode(&turned, options).unwrap();
    assert_eq!(stored, decode(&file("orientation1.jpg")).unwrap());
    assert_eq!(size(stored), [24, 16]);
}

/// A header of few bytes that announces 10¹⁰ pixels is refused before any memory is taken.
#[test]
fn a_bomb_is_refused() {
    let mut bytes = file("photo.png");
    let side = 100_000u32.to_be_bytes();
    bytes[16..20].copy_from_slice(&side);
    bytes[20..24].copy_from_slice(&side);
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    let error = decode(&bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "100000 × 100000 pixels exceed the limit of 178956970; raise `DecodeOptions::max_pixels` if they are meant"
    );
    let limit = DecodeOptions { max_pixels: 75 * 50, ..DecodeOptions::default() };
    assert!(Image::decode(&file("photo.jpg"), limit).is_ok());
    let limit = DecodeOptions { max_pixels: 75 * 50 - 1, ..DecodeOptions::default() };
    let error = Image::decode(&file("photo.jpg"), limit).unwrap_err();
    assert_eq!(error, ImageError::TooLarge { width: 75, height: 50, limit: 75 * 50 - 1 });
}

/// Bytes changed at random never panic out of the decoder, whatever it makes of them.
#[test]
fn damaged_files_never_panic() {
    let mut rng = fastrand::Rng::with_seed(1);
    let limit = DecodeOptions { max_pixels: 1 << 16, ..DecodeOptions::default() };
    for name in [
        "photo.jpg",
        "progressive.jpg",
        "palette.png",
        "lossy.webp",
        "photo.bmp",
        "lzw.tiff",
        "grey.tif",
        "clear.gif",
        "photo.qoi",
        "photo.ppm",
    ] {
        let bytes = file(name);
        for _ in 0..60 {
            let mut bytes = bytes.clone();
            for _ in 0..4 {
                let at = rng.usize(..bytes.len());
                bytes[at] = rng.u8(..);
            }
            let _ = Image::decode(&bytes, limit);
        }
    }
}

/// The checksum of PNG chunks, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
