//! Resizing as TensorFlow's kernels compute it, in single precision and in their order. Pixels are cut to bytes, not
//! rounded, as big_vision casts them.

use core::f64::consts::PI;
use core::ops::Range;

use super::resample::Request;

/// A method of `tf.image.resize`, by its name there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ResizeMethod {
    /// The pixel in which the centre of the new one lies.
    Nearest,
    /// Linear in both directions; without antialiasing between the four pixels around the new one.
    #[default]
    Bilinear,
    /// Keys' cubic; without antialiasing of the sixteen pixels around the new one.
    Bicubic,
    /// The mean of all that a new pixel covers, also where the image shrinks without antialiasing.
    Area,
    /// A windowed sinc with three lobes.
    Lanczos3,
    /// A windowed sinc with five lobes.
    Lanczos5,
}

impl ResizeMethod {
    pub(super) const NAMES: [(&'static str, Self); 6] = [
        ("nearest", Self::Nearest),
        ("bilinear", Self::Bilinear),
        ("bicubic", Self::Bicubic),
        ("area", Self::Area),
        ("lanczos3", Self::Lanczos3),
        ("lanczos5", Self::Lanczos5),
    ];

    pub(super) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| *name)
    }

    /// How far the kernel reaches in new pixels, and its weight at a distance.
    fn kernel(self) -> (f32, fn(f32) -> f32) {
        match self {
            Self::Bicubic => (2.0, keys),
            Self::Lanczos3 => (3.0, |x| lanczos(x, 3.0)),
            Self::Lanczos5 => (5.0, |x| lanczos(x, 5.0)),
            Self::Nearest | Self::Bilinear | Self::Area => (1.0, |x| (1.0 - x).max(0.0)),
        }
    }
}

fn keys(x: f32) -> f32 {
    match x {
        x if x >= 2.0 => 0.0,
        x if x >= 1.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
        x => ((1.5 * x - 2.5) * x) * x + 1.0,
    }
}

fn lanczos(x: f32, lobes: f64) -> f32 {
    let x = f64::from(x);
    match x {
        x if x > lobes => 0.0,
        x if x <= 1e-3 => 1.0,
        x => (lobes * (PI * x).sin() * (PI * x / lobes).sin() / (PI * PI * x * x)) as f32,
    }
}

/// Old pixels and their weights for each new pixel of an axis.
struct Taps {
    /// The first old pixel of each new one, and where its weights begin.
    spans: Vec<(usize, usize)>,
    weights: Vec<f32>,
}

impl Taps {
    fn new(
        old: usize,
        new: usize,
        window: Range<usize>,
        tap: impl Fn(usize) -> (usize, Vec<f32>),
    ) -> Self {
        debug_assert!(old > 0 && window.end <= new);
        let (mut spans, mut weights) = (Vec::with_capacity(window.len()), Vec::new());
        for pixel in window {
            let (first, own) = tap(pixel);
            spans.push((first, weights.len()));
            weights.extend(own);
        }
        Self { spans, weights }
    }

    /// First old pixel and weights of each new one.
    fn iter(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.spans.iter().enumerate().map(|(at, (first, begin))| {
            let end = self.spans.get(at + 1).map_or(self.weights.len(), |(_, next)| *next);
            (*first, &self.weights[*begin..end])
        })
    }
}

fn taps(
    method: ResizeMethod,
    antialias: bool,
    old: usize,
    new: usize,
    window: Range<usize>,
) -> Taps {
    let scale = old as f32 / new as f32;
    let centre = |pixel: usize| (pixel as f32 + 0.5) * scale;
    match (method, antialias) {
        (ResizeMethod::Nearest, _) => {
            Taps::new(old, new, window, |pixel| ((centre(pixel) as usize).min(old - 1), vec![1.0]))
        }
        (ResizeMethod::Bilinear, false) => Taps::new(old, new, window, |pixel| {
            let place = centre(pixel) - 0.5;
            let (low, high) =
                (place.floor().max(0.0) as usize, (place.ceil() as usize).min(old - 1));
            // How far behind the first; of one pixel at an edge, nothing.
            let behind = place - place.floor();
            (low, if high > low { vec![1.0 - behind, behind] } else { vec![1.0] })
        }),
        (ResizeMethod::Bicubic, false) => {
            Taps::new(old, new, window, |pixel| cubic(centre(pixel) - 0.5, old))
        }
        (ResizeMethod::Area, _) => Taps::new(old, new, window, |pixel| {
            let (from, to) = (pixel as f32 * scale, (pixel + 1) as f32 * scale);
            let (first, end) = (from.floor() as usize, to.ceil() as usize);
            let share = |old: usize| {
                let (low, high) = (old as f32, old as f32 + 1.0);
                match (low < from, high > to) {
                    (true, true) => scale,
                    (true, false) => high - from,
                    (false, true) => to - low,
                    (false, false) => 1.0,
                }
            };
            (first, (first..end).map(share).collect())
        }),
        _ => {
            let inverse = (1.0 / f64::from(new as f32 / old as f32)) as f32;
            let stretch = if antialias { inverse.max(1.0) } else { 1.0 };
            let (radius, weight) = method.kernel();
            Taps::new(old, new, window, move |pixel| {
                let place = (pixel as f32 + 0.5) * inverse;
                let last = old as i64 - 1;
                let first = (place - radius * stretch - 0.5).ceil() as i64;
                let end = (place + radius * stretch - 0.5).floor() as i64;
                let (first, end) = (first.clamp(0, last), end.clamp(0, last) + 1);
                let at = |old: i64| weight(((old as f32 + 0.5 - place) * (1.0 / stretch)).abs());
                (first as usize, normalised((first..end).map(at).collect()))
            })
        }
    }
}

/// Four weights from a table with 1,024 steps between two pixels; pixels outside of the image have none.
fn cubic(place: f32, old: usize) -> (usize, Vec<f32>) {
    const STEPS: f32 = 1_024.0;
    let below = place.floor();
    let step = ((place - below) * STEPS).round_ties_even() / STEPS;
    let near = |x: f32| (1.5 * f64::from(x) - 2.5) * f64::from(x) * f64::from(x) + 1.0;
    let far = |x: f32| {
        let x = f64::from(x) + 1.0;
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    };
    let weights = [far(step), near(step), near(1.0 - step), far(1.0 - step)];
    let first = below as i64 - 1;
    let inside = |at: usize| (0..old as i64).contains(&(first + at as i64));
    let kept = (0..4).filter(|at| inside(*at)).map(|at| weights[at] as f32).collect();
    (first.max(0) as usize, normalised(kept))
}

fn normalised(mut weights: Vec<f32>) -> Vec<f32> {
    let sum: f32 = weights.iter().sum();
    if sum.abs() >= 1000.0 * f32::MIN_POSITIVE {
        let inverse = 1.0 / sum;
        weights.iter_mut().for_each(|weight| *weight *= inverse);
    }
    weights
}

/// The window of the result, three bytes for each pixel. Nothing outside of the region is read.
pub(super) fn bytes(
    pixels: &[u8],
    width: usize,
    request: &Request,
    (method, antialias): (ResizeMethod, bool),
) -> Vec<u8> {
    let [[top, height], [left, extent]] = request.region.map(|ends| ends.map(|end| end as usize));
    let axis = |axis: usize, old: usize| {
        taps(method, antialias, old, request.size[axis], request.window[axis].clone())
    };
    let (by_row, by_column) = (axis(0, height), axis(1, extent));
    let line = |row: usize| {
        let start = 3 * ((top + row.min(height - 1)) * width + left);
        pixels[start..start + 3 * extent].as_chunks::<3>().0
    };
    let mut out = Vec::with_capacity(by_row.spans.len() * by_column.spans.len() * 3);
    match (method, antialias) {
        (ResizeMethod::Bilinear, false) => {
            for (first, rows) in by_row.iter() {
                let (upper, lower) = (line(first), line(first + rows.len() - 1));
                for (first, columns) in by_column.iter() {
                    let last = first + columns.len() - 1;
                    let [behind, below] = [columns, rows].map(|w| w.get(1).copied().unwrap_or(0.0));
                    let between = |a: f32, b: f32, share: f32| a + (b - a) * share;
                    for channel in 0..3 {
                        let along = |line: &[[u8; 3]]| {
                            let [a, b] = [first, last].map(|at| f32::from(line[at][channel]));
                            between(a, b, behind)
                        };
                        out.push(between(along(upper), along(lower), below) as u8);
                    }
                }
            }
        }
        (ResizeMethod::Area, _) => {
            let scale = |axis: usize, old: usize| old as f32 / request.size[axis] as f32;
            let all = (1.0 / f64::from(scale(0, height) * scale(1, extent))) as f32;
            for (top, rows) in by_row.iter() {
                for (first, columns) in by_column.iter() {
                    let mut sums = [0f32; 3];
                    for (row, weight) in (top..).zip(rows) {
                        let line = line(row);
                        let mut own = [0f32; 3];
                        for (column, weight) in (first..).zip(columns) {
                            let pixel = line[column.min(extent - 1)];
                            (0..3).for_each(|c| own[c] += f32::from(pixel[c]) * weight);
                        }
                        (0..3).for_each(|c| sums[c] += own[c] * weight);
                    }
                    out.extend(sums.map(|sum| (sum * all) as u8));
                }
            }
        }
        _ => {
            let mut sums = vec![[0f32; 3]; extent];
            for (first, rows) in by_row.iter() {
                sums.fill([0.0; 3]);
                for (row, weight) in (first..).zip(rows) {
                    for (sum, pixel) in sums.iter_mut().zip(line(row)) {
                        (0..3).for_each(|c| sum[c] += f32::from(pixel[c]) * weight);
                    }
                }
                for (first, columns) in by_column.iter() {
                    let mut sum = [0f32; 3];
                    for (old, weight) in sums[first..].iter().zip(columns) {
                        (0..3).for_each(|c| sum[c] += old[c] * weight);
                    }
                    out.extend(sum.map(|sum| sum as u8));
                }
            }
        }
    }
    out
}
