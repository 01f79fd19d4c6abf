//! Antialiased resizing of a region of an image.

use std::borrow::Cow;
use std::cell::RefCell;

use fast_image_resize::images::{Image as Target, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::data::image::Image;

/// How pixels are weighted when an image is resized. When an image shrinks, all filters widen in
/// proportion (antialiasing). Results are those of Pillow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Filter {
    /// The mean of the pixels that fall on a new one; also called "area".
    Box,
    /// Linear in both directions; the default.
    #[default]
    Bilinear,
    /// Cubic with a = −1/2.
    Bicubic,
    /// A windowed sinc with three lobes.
    Lanczos,
}

impl Filter {
    pub(super) const NAMES: [(&'static str, Self); 4] = [
        ("box", Self::Box),
        ("bilinear", Self::Bilinear),
        ("bicubic", Self::Bicubic),
        ("lanczos", Self::Lanczos),
    ];

    fn kernel(self) -> FilterType {
        match self {
            Self::Box => FilterType::Box,
            Self::Bilinear => FilterType::Bilinear,
            Self::Bicubic => FilterType::CatmullRom,
            Self::Lanczos => FilterType::Lanczos3,
        }
    }
}

/// A region of an image, resized, but not computed yet. A crop after a resize only narrows the region, so
/// that pixels that the crop drops are never computed.
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    image: Cow<'a, Image>,
    /// Top, left, height and width of the region, in pixels of the image.
    region: [f64; 4],
    /// Height and width of the result, in pixels.
    size: [usize; 2],
    filter: Filter,
}

impl<'a> View<'a> {
    pub(super) fn new(image: Cow<'a, Image>) -> Self {
        let size = [image.height(), image.width()];
        let region = [0.0, 0.0, size[0] as f64, size[1] as f64];
        Self { image, region, size, filter: Filter::default() }
    }

    pub(super) fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Resizes the view.
    pub(super) fn resize(&mut self, size: [usize; 2], filter: Filter) {
        if self.region[2..] != self.size.map(|n| n as f64) {
            // Two resizes in a row are not one: the second works on the 8-bit result of the first.
            self.render();
        }
        (self.size, self.filter) = (size, filter);
    }

    /// Crops the view: top, left, height and width, in pixels of the result.
    pub(super) fn crop(&mut self, [top, left, height, width]: [usize; 4]) {
        let [row, column] =
            [self.region[2] / self.size[0] as f64, self.region[3] / self.size[1] as f64];
        self.region = [
            self.region[0] + top as f64 * row,
            self.region[1] + left as f64 * column,
            height as f64 * row,
            width as f64 * column,
        ];
        self.size = [height, width];
    }

    /// Computes the view.
    pub(super) fn render(&mut self) -> &mut Image {
        let [height, width] = self.size;
        if self.region != [0.0, 0.0, self.image.height() as f64, self.image.width() as f64]
            || [height, width] != [self.image.height(), self.image.width()]
        {
            *self = Self::new(Cow::Owned(self.resample()));
        }
        self.image.to_mut()
    }

    fn resample(&self) -> Image {
        thread_local! {
            static RESIZER: RefCell<Resizer> = RefCell::new(Resizer::new());
        }
        let image = &self.image;
        let side = |n: usize| u32::try_from(n).expect("decoders count pixels in u32");
        let source = ImageRef::new(
            side(image.width()),
            side(image.height()),
            image.pixels(),
            PixelType::U8x3,
        )
        .expect("an image has 3 bytes for each pixel");
        let [top, left, height, width] = self.region;
        // By rounding, the region may end a little outside the image.
        let width = width.min(image.width() as f64 - left);
        let height = height.min(image.height() as f64 - top);
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(self.filter.kernel()))
            .crop(left, top, width, height);
        let mut target = Target::new(side(self.size[1]), side(self.size[0]), PixelType::U8x3);
        RESIZER
            .with_borrow_mut(|resizer| resizer.resize(&source, &mut target, &options))
            .expect("the region lies in the image and both have the same pixel type");
        Image::new(self.size[1], self.size[0], target.into_vec())
            .expect("steps make no empty images")
    }
}
