//! Antialiased resizing of a region of an image.

use std::borrow::Cow;

use crate::data::image::Image;

use super::resample::{self, Filter, Request};
use super::tensorflow::{self, ResizeMethod};

/// A region of an image, resized and cropped, but not computed yet: pixels that the crop drops are never
/// computed.
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    image: Cow<'a, Image>,
    /// First row and column of the region and its extent, in pixels of the image.
    region: [[f64; 2]; 2],
    /// Rows and columns that the region becomes.
    resized: [usize; 2],
    /// First row and column of the crop, in pixels of the result.
    start: [usize; 2],
    /// Height and width of the crop.
    size: [usize; 2],
    by: Resampling,
    /// Whether the result is not rounded to bytes.
    is_float: bool,
}

/// Whose resizing it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Resampling {
    Pillow(Filter),
    /// Whether the method is antialiased stands behind it.
    TensorFlow(ResizeMethod, bool),
}

impl<'a> View<'a> {
    pub(super) fn new(image: Cow<'a, Image>) -> Self {
        let size = [image.height(), image.width()];
        let region = size.map(|side| [0.0, side as f64]);
        let by = Resampling::Pillow(Filter::default());
        Self { image, region, resized: size, start: [0, 0], size, by, is_float: false }
    }

    pub(super) fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Resizes the view.
    pub(super) fn resize(&mut self, size: [usize; 2], by: Resampling) {
        if [0, 1].map(|axis| self.region[axis][1]) != self.resized.map(|side| side as f64) {
            // Two resizes in a row are not one: the second works on the 8-bit result of the first.
            self.render();
        }
        for axis in [0, 1] {
            let [first, _] = self.region[axis];
            self.region[axis] = [first + self.start[axis] as f64, self.size[axis] as f64];
        }
        (self.resized, self.start, self.size, self.by) = (size, [0, 0], size, by);
    }

    /// Resizes the view without rounding to bytes.
    pub(super) fn resize_float(&mut self, size: [usize; 2], filter: Filter) {
        self.resize(size, Resampling::Pillow(filter));
        self.is_float = true;
    }

    /// Crops the view: top, left, height and width, in pixels of the result.
    pub(super) fn crop(&mut self, [top, left, height, width]: [usize; 4]) {
        self.start = [self.start[0] + top, self.start[1] + left];
        self.size = [height, width];
    }

    /// Computes the view in bytes.
    pub(super) fn render(&mut self) -> &mut Image {
        let whole = [self.image.height(), self.image.width()];
        let region = whole.map(|side| [0.0, side as f64]);
        if self.region != region || self.resized != whole || self.size != whole {
            let (pixels, request) = (self.image.pixels(), self.request());
            let pixels = match self.by {
                Resampling::Pillow(filter) => resample::bytes(pixels, whole, &request, filter),
                Resampling::TensorFlow(method, antialias) => {
                    tensorflow::bytes(pixels, whole[1], &request, (method, antialias))
                }
            };
            let image = Image::new(self.size[1], self.size[0], pixels);
            *self = Self::new(Cow::Owned(image.expect("steps make no empty images")));
        }
        self.image.to_mut()
    }

    /// The view's pixels in floats from 0 to 1, `[height, width, 3]`, if it is not rounded to bytes.
    pub(super) fn floats(&self) -> Option<Vec<f32>> {
        let whole = [self.image.height(), self.image.width()];
        match self.by {
            Resampling::Pillow(filter) if self.is_float => {
                Some(resample::floats(self.image.pixels(), whole, &self.request(), filter))
            }
            _ => None,
        }
    }

    fn request(&self) -> Request {
        let window = [0, 1].map(|axis| self.start[axis]..self.start[axis] + self.size[axis]);
        Request { region: self.region, size: self.resized, window }
    }
}
