//! A tensor's bytes in an entry of an archive.

use std::borrow::Cow;
use std::io::Read;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::error::Damage;

/// How a tensor's bytes are unpacked from an entry of the archive.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    /// The entry, for error texts.
    pub(super) entry: String,
    pub(super) deflated: bool,
    pub(super) crc: u32,
    /// Length of the header before the elements.
    pub(super) header: usize,
    /// Length of the array, header included.
    pub(super) length: usize,
}

impl Packed {
    /// The tensor's bytes. The checksum of the whole entry is verified.
    pub(super) fn unpack<'a>(&self, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, Damage> {
        let failed = |problem: String| Damage::Archive { entry: self.entry.clone(), problem };
        let array = if self.deflated {
            let mut array = Vec::with_capacity(self.length);
            // It reads up to one byte too many, so that an entry that is too long is noticed.
            DeflateDecoder::new(bytes)
                .take(self.length as u64 + 1)
                .read_to_end(&mut array)
                .map_err(|error| failed(error.to_string()))?;
            if array.len() != self.length {
                let relation = if array.len() < self.length { "fewer" } else { "more" };
                return Err(failed(format!(
                    "it unpacks to {relation} than the {} bytes that it declares",
                    self.length
                )));
            }
            Cow::Owned(array)
        } else {
            Cow::Borrowed(bytes)
        };
        let mut crc = Crc::new();
        crc.update(&array);
        if crc.sum() != self.crc {
            return Err(failed("its checksum does not fit its bytes".into()));
        }
        Ok(match array {
            Cow::Borrowed(array) => Cow::Borrowed(&array[self.header..]),
            Cow::Owned(mut array) => {
                array.drain(..self.header);
                Cow::Owned(array)
            }
        })
    }
}
