//! The markers of a JPEG.

/// The bytes of the first image of a JPEG, from its start to its end marker, or none if it has no end: a decoder
/// would fill the missing pixels with grey and report nothing. Behind the end may be other pictures, a telephone's
/// video, or what a program appended; bytes of these that look like markers are not looked at.
pub(super) fn first_image(jpeg: &[u8]) -> Option<&[u8]> {
    let mut at = 2;
    loop {
        // Bytes between segments that are no marker are passed over, as libjpeg does.
        at += jpeg.get(at..)?.iter().position(|byte| *byte == 0xff)?;
        at += jpeg[at..].iter().position(|byte| *byte != 0xff)?;
        let marker = jpeg[at];
        at += 1;
        match marker {
            0xd9 => return Some(&jpeg[..at]),
            // Markers without a segment, and a zero that keeps a byte of a scan from being a marker.
            0x00 | 0x01 | 0xd0..=0xd8 => {}
            _ => {
                let length = [*jpeg.get(at)?, *jpeg.get(at + 1)?];
                at += usize::from(u16::from_be_bytes(length));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_end_is_not_looked_at() {
        // A segment that holds an end marker, a scan with a stuffed zero and a restart, the end, and a trailer.
        let image = b"\xff\xd8\xff\xe1\0\x06\xff\xd9ab\xff\xff\xda\0\x03x\xff\0y\xff\xd0z\xff\xd9";
        let file = [image, &b"mdat\xff\xda\xff\xd8"[..]].concat();
        assert_eq!(first_image(&file), Some(&image[..]));
        for end in 0..image.len() {
            assert_eq!(first_image(&image[..end]), None, "{end}");
        }
    }
}
