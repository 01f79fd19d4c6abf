//! A tensor of a file, as its header describes it.

use std::ops::Range;

use super::element::ElementType;
use super::packed::Packed;
use super::view::View;

/// A tensor of a file: all that the header says about it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) element: ElementType,
    pub(crate) shape: Vec<usize>,
    /// Whether it is stored with its first axis fastest, as NumPy can do.
    pub(super) column_major: bool,
    /// The index of its file in the container, and its bytes there.
    pub(super) file: usize,
    pub(super) range: Range<usize>,
    /// How the bytes are unpacked, for an entry of an archive.
    pub(super) packed: Option<Packed>,
}

impl Entry {
    pub(super) fn row_major(&self, bytes: &[u8]) -> Vec<u8> {
        let mut turned = vec![0; bytes.len()];
        let size = bytes.len() / View::whole(&self.shape).count().max(1);
        View::column_major(&self.shape).for_each(|row_major, column_major| {
            let element = &bytes[column_major * size..][..size];
            turned[row_major * size..][..size].copy_from_slice(element);
        });
        turned
    }

    /// File and offset, by which tensors are sorted to be read in the order of the disk.
    pub(crate) fn place(&self) -> (usize, usize) {
        (self.file, self.range.start)
    }
}
