//! Antialiased resampling as Pillow does it: bytes are rounded after each axis, and weights to multiples
//! of 2^-22. Results are the same to the last bit where both take the axes in the same order; Pillow 13
//! takes them in the other one for some sizes that shrink along both, and then a byte may differ by one. Floats are resampled with the same weights and are not rounded.

use core::f64::consts::PI;
use core::ops::Range;

/// Bits behind the point of a weight for bytes.
const PRECISION: u32 = 22;

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
}

/// What is resampled: a region of an image, as a grid of pixels of which a window is wanted.
pub(super) struct Request {
    /// First row and column of the region and its extent, in pixels of the image.
    pub(super) region: [[f64; 2]; 2],
    /// Rows and columns of the whole result.
    pub(super) size: [usize; 2],
    /// The part of the result that is wanted: its rows and columns.
    pub(super) window: [Range<usize>; 2],
}

/// Old pixels and their weights for each new pixel of an axis.
struct Axis {
    /// The first old pixel of each new one, and how many there are.
    spans: Vec<(usize, usize)>,
    /// The weights of the new pixels, one behind the other.
    weights: Vec<f64>,
}

impl Axis {
    fn new(request: &Request, filter: Filter, axis: usize, old: usize) -> Self {
        let [start, extent] = request.region[axis];
        let scale = extent / request.size[axis] as f64;
        // Where the image shrinks, the filter covers as many more old pixels.
        let stretch = scale.max(1.0);
        let support = filter.support() * stretch;
        let (mut spans, mut weights) = (Vec::new(), Vec::new());
        for new in request.window[axis].clone() {
            let centre = start + (new as f64 + 0.5) * scale;
            let first = (centre - support + 0.5).max(0.0) as usize;
            let end = ((centre + support + 0.5).max(0.0) as usize).min(old);
            let begin = weights.len();
            let (per_pixel, place) = (1.0 / stretch, |old: usize| old as f64 - centre + 0.5);
            weights.extend((first..end).map(|old| filter.weight(place(old) * per_pixel)));
            let sum: f64 = weights[begin..].iter().sum();
            if sum != 0.0 {
                weights[begin..].iter_mut().for_each(|weight| *weight /= sum);
            }
            spans.push((first, end.saturating_sub(first)));
        }
        Self { spans, weights }
    }

    /// The old pixels that any new one reads.
    fn reads(&self) -> Range<usize> {
        let first = self.spans.iter().map(|(first, _)| *first).min().unwrap_or(0);
        let end = self.spans.iter().map(|(first, count)| first + count).max().unwrap_or(0);
        first..end.max(first)
    }

    /// First old pixel and weights of each new one.
    fn taps<'a, W>(&'a self, weights: &'a [W]) -> impl Iterator<Item = (usize, &'a [W])> {
        let mut rest = weights;
        self.spans.iter().map(move |(first, count)| {
            let (own, others) = rest.split_at(*count);
            rest = others;
            (*first, own)
        })
    }

    /// The weights as whole numbers of 2^-22.
    fn whole(&self) -> Vec<i32> {
        let one = f64::from(1u32 << PRECISION);
        let round = |weight: &f64| (weight * one + 0.5f64.copysign(*weight)) as i32;
        self.weights.iter().map(round).collect()
    }
}

/// Whether an axis of the result is not the axis of the image itself.
fn changes(request: &Request, axis: usize, old: usize) -> bool {
    request.region[axis] != [0.0, old as f64] || request.size[axis] != old
}

/// The window of the result, three bytes for each pixel. The horizontal direction comes first, as in
/// Pillow, which takes the vertical one first where rows become fewer and columns more.
pub(super) fn bytes(
    pixels: &[u8],
    [height, width]: [usize; 2],
    request: &Request,
    filter: Filter,
) -> Vec<u8> {
    let [rows, columns] = request.window.clone();
    let by_row = changes(request, 0, height).then(|| Axis::new(request, filter, 0, height));
    let by_column = changes(request, 1, width).then(|| Axis::new(request, filter, 1, width));
    let whole = 3 * width;
    if let (Some(by_row), Some(by_column)) = (&by_row, &by_column) {
        let extent = [0, 1].map(|axis| request.region[axis][1]);
        let [new_rows, new_columns] = request.size.map(|side| side as f64);
        if new_rows < extent[0] && new_columns > extent[1] {
            return across(&down(pixels, whole, 0, by_row), whole, by_column);
        }
    }
    let read = by_row.as_ref().map_or(rows, Axis::reads);
    let lines = &pixels[whole * read.start..whole * read.end];
    let narrowed = match &by_column {
        Some(by_column) => across(lines, whole, by_column),
        None => {
            let part = 3 * columns.start..3 * columns.end;
            lines.chunks_exact(whole).flat_map(|line| &line[part.clone()]).copied().collect()
        }
    };
    match &by_row {
        Some(by_row) => down(&narrowed, 3 * columns.len(), read.start, by_row),
        None => narrowed,
    }
}

const HALF: i32 = 1 << (PRECISION - 1);

fn byte(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// Resamples each line, of `line` bytes.
fn across(lines: &[u8], line: usize, axis: &Axis) -> Vec<u8> {
    let weights = axis.whole();
    let mut out = Vec::with_capacity(lines.len() / line * axis.spans.len() * 3);
    for line in lines.chunks_exact(line) {
        let (pixels, _) = line.as_chunks::<3>();
        for (first, weights) in axis.taps(&weights) {
            let mut sums = [HALF; 3];
            for (pixel, weight) in pixels[first..].iter().zip(weights) {
                for channel in 0..3 {
                    sums[channel] += i32::from(pixel[channel]) * weight;
                }
            }
            out.extend(sums.map(byte));
        }
    }
    out
}

/// Makes new lines, of `line` bytes, of the old ones from the one with this number on.
fn down(lines: &[u8], line: usize, number: usize, axis: &Axis) -> Vec<u8> {
    let weights = axis.whole();
    let mut out = Vec::with_capacity(axis.spans.len() * line);
    let mut sums = vec![0i32; line];
    for (first, weights) in axis.taps(&weights) {
        sums.fill(HALF);
        let lines = lines.chunks_exact(line).skip(first - number);
        for (line, weight) in lines.zip(weights) {
            sums.iter_mut().zip(line).for_each(|(sum, byte)| *sum += i32::from(*byte) * weight);
        }
        out.extend(sums.iter().map(|sum| byte(*sum)));
    }
    out
}

/// The window of the result, three floats from 0 to 1 for each pixel, nowhere rounded to bytes.
pub(super) fn floats(
    pixels: &[u8],
    [height, width]: [usize; 2],
    request: &Request,
    filter: Filter,
) -> Vec<f32> {
    let [by_row, by_column] =
        [(0, height), (1, width)].map(|(axis, old)| Axis::new(request, filter, axis, old));
    let rows = by_row.reads();
    let line = 3 * request.window[1].len();
    let mut narrowed = Vec::with_capacity(rows.len() * line);
    for row in pixels.chunks_exact(3 * width).skip(rows.start).take(rows.len()) {
        let (row, _) = row.as_chunks::<3>();
        for (first, weights) in by_column.taps(&by_column.weights) {
            let mut sums = [0f64; 3];
            for (pixel, weight) in row[first..].iter().zip(weights) {
                for channel in 0..3 {
                    sums[channel] += f64::from(pixel[channel]) * weight;
                }
            }
            narrowed.extend(sums);
        }
    }
    let mut out = Vec::with_capacity(request.window[0].len() * line);
    let mut sums = vec![0f64; line];
    for (first, weights) in by_row.taps(&by_row.weights) {
        sums.fill(0.0);
        let lines = narrowed.chunks_exact(line).skip(first - rows.start);
        for (line, weight) in lines.zip(weights) {
            sums.iter_mut().zip(line).for_each(|(sum, value)| *sum += value * weight);
        }
        out.extend(sums.iter().map(|sum| (sum / 255.0) as f32));
    }
    out
}

impl Filter {
    /// How far the filter reaches, in new pixels.
    fn support(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    /// The weight at a distance in new pixels.
    fn weight(self, distance: f64) -> f64 {
        let x = distance.abs();
        match self {
            Self::Box => f64::from(distance > -0.5 && distance <= 0.5),
            Self::Bilinear => (1.0 - x).max(0.0),
            Self::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5,
            Self::Lanczos if (-3.0..3.0).contains(&distance) => {
                sinc(distance) * sinc(distance / 3.0)
            }
            Self::Bicubic | Self::Lanczos => 0.0,
        }
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) }
}
