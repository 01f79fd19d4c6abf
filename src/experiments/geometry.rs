//! What can be read of scenes after each block of a tower.

use burn::tensor::{Tensor, TensorData};

use super::cells::means_of_cells;
use super::frozen::Frozen;
use super::result::ExperimentError;
use super::scenes::write_pixels;
use crate::data::{Scene, Scenes};
use crate::eval::{Matrix, Ridge, r_squared};
use crate::params::NamedTensors;
use crate::runtime::Runtime;
use crate::vit::{FeatureRequest, ViT22B};

/// Scenes to test on.
const TESTED: usize = 256;
/// Where test scenes begin, behind all that are fitted to.
const FIRST_TESTED: u64 = 1 << 20;
/// Scenes that go through the tower at once.
const AT_ONCE: usize = 64;
/// Rows and columns of cells in whose means a tower's tokens are read, at most.
const CELLS: usize = 4;
/// Penalties of the regression, of which the best on a fifth of the scenes is taken.
const L2S: [f64; 4] = [1.0, 30.0, 1_000.0, 30_000.0];

/// What is asked about a scene.
pub const GEOMETRY: [&str; 3] =
    ["height of the horizon", "number of shapes", "distance of the nearest shape"];

/// How well numbers about scenes are read at a place of a tower.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GeometryScores {
    /// Blocks before this place: 0 for the embedded patches, then 1 after the first block and so on.
    pub blocks: usize,
    /// `R²` on 256 other scenes, for each of [`GEOMETRY`], read from the mean of all tokens.
    pub pooled: [f64; 3],
    /// The same read from the means of the tokens in each of up to 4 × 4 cells.
    pub cells: [f64; 3],
}

/// Reads the [`GEOMETRY`] of scenes of the tower's size by ridge regression, before the first block and after each one: fitted to so
/// many scenes, measured on 256 others. Distances are read as their logarithms.
///
/// The paper has no such measurement; where in a frozen tower such things can be read is asked of other models.
///
/// # Errors
///
/// [`ExperimentError`] for less than ten scenes, and features that are not finite.
///
/// ```
/// use vit22b::Runtime;
/// use vit22b::experiments::{Frozen, geometry_of_scenes};
///
/// let runtime = Runtime::flex();
/// let pixels = Frozen::pixels(16, 4, &runtime.device())?;
/// let places = geometry_of_scenes(&runtime, &pixels, 40, 0)?;
/// assert_eq!(places.iter().map(|place| place.blocks).collect::<Vec<_>>(), [0, 1]);
/// assert!(places.iter().all(|place| place.cells[0] <= 1.0));
/// # Ok::<(), vit22b::experiments::ExperimentError>(())
/// ```
pub fn geometry_of_scenes(
    runtime: &Runtime,
    tower: &Frozen,
    scenes: usize,
    seed: u64,
) -> Result<Vec<GeometryScores>, ExperimentError> {
    let drawn = Scenes::new(tower.side(), seed);
    let part = |first: u64, count: usize| -> Vec<Scene> {
        (first..first + count as u64).map(|index| drawn.scene(index)).collect()
    };
    let (train, test) = (part(0, scenes), part(FIRST_TESTED, TESTED));
    let depth = tower.model().config().depth;
    let ([train_at, test_at], truth) = (
        [places(runtime, tower, &train)?, places(runtime, tower, &test)?],
        [asked(&train), asked(&test)],
    );
    (0..=depth)
        .map(|blocks| {
            let read = |which: usize| {
                let [train, test] = [&train_at[blocks][which], &test_at[blocks][which]];
                read([train, test], [&truth[0], &truth[1]])
            };
            Ok(GeometryScores { blocks, pooled: read(0)?, cells: read(1)? })
        })
        .collect()
}

/// The answers about scenes, `[n, 3]`.
fn asked(scenes: &[Scene]) -> Vec<f64> {
    let numbers = |scene: &Scene| {
        let nearest = scene.shapes.iter().copied().fold(f32::MAX, f32::min);
        [f64::from(scene.horizon), scene.shapes.len() as f64, f64::from(nearest).ln()]
    };
    scenes.iter().flat_map(numbers).collect()
}

/// `[n, width]` row by row.
struct Rows {
    values: Vec<f32>,
    width: usize,
}

/// What is to be read at each place: the means of all tokens, and those of cells.
fn places(
    runtime: &Runtime,
    tower: &Frozen,
    scenes: &[Scene],
) -> Result<Vec<[Rows; 2]>, ExperimentError> {
    let depth = tower.model().config().depth;
    let means = move |model: &ViT22B, images: Tensor<4>| {
        let request = (0..depth).fold(FeatureRequest::new().embedded(), FeatureRequest::block);
        let mut features = model.features(images, &request).expect("blocks of this model");
        let ([rows, columns], prefix) = (features.grid, features.prefix_tokens);
        let embedded = features.embedded.take().expect("it was asked for");
        let mut out = NamedTensors::default();
        for (place, tokens) in
            [embedded].into_iter().chain(features.blocks.into_values()).enumerate()
        {
            let [b, _, d] = tokens.dims();
            let patches = tokens.narrow(1, prefix, rows * columns);
            let cells = means_of_cells(patches.clone(), features.grid, CELLS);
            out.insert(format!("pooled{place}"), patches.mean_dim(1).reshape([b, d]));
            out.insert(format!("cells{place}"), cells);
        }
        out
    };
    let bound = runtime.bind(tower.model().clone(), means)?;
    let side = tower.side();
    let empty = || Rows { values: vec![], width: 0 };
    let mut all: Vec<[Rows; 2]> = (0..=depth).map(|_| [empty(), empty()]).collect();
    for some in scenes.chunks(AT_ONCE) {
        let mut pixels = Vec::with_capacity(AT_ONCE * 3 * side * side);
        some.iter().for_each(|scene| write_pixels(scene, &mut pixels));
        // All batches have one size.
        pixels.resize(AT_ONCE * 3 * side * side, 0.0);
        let images = TensorData::new(pixels, [AT_ONCE, 3, side, side]);
        let mut found = bound.call(Tensor::from_data(images, &runtime.device()))?;
        for (place, both) in all.iter_mut().enumerate() {
            for (name, rows) in ["pooled", "cells"].into_iter().zip(both) {
                let tensor = found.take::<2>(&format!("{name}{place}")).expect("it was made");
                rows.width = tensor.dims()[1];
                rows.values.extend(tensor.narrow(0, 0, some.len()).into_data().iter::<f32>());
            }
        }
    }
    Ok(all)
}

/// `R²` of each answer, with the penalty that is best on a fifth of what is fitted to.
fn read(
    [train, test]: [&Rows; 2],
    [truth, tested]: [&[f64]; 2],
) -> Result<[f64; 3], ExperimentError> {
    let scores = |l2: f64, fit: (&[f32], &[f64]), on: (&[f32], &[f64])| {
        let rows = |values| Matrix::new(values, train.width);
        let ridge = Ridge::with_targets(rows(fit.0)?, Matrix::new(fit.1, GEOMETRY.len())?)?;
        let said = ridge.solve(l2)?.scores(rows(on.0)?)?;
        let column = |values: &[f64], at: usize| -> Vec<f64> {
            values.iter().skip(at).step_by(GEOMETRY.len()).copied().collect()
        };
        let mut scores = [0.0; GEOMETRY.len()];
        for (at, score) in scores.iter_mut().enumerate() {
            *score = r_squared(&column(&said, at), &column(on.1, at))?;
        }
        Ok::<_, ExperimentError>(scores)
    };
    let all = truth.len() / GEOMETRY.len();
    let fitted = all - all / 5;
    let (fit, rest) = train.values.split_at(fitted * train.width);
    let (fit_truth, rest_truth) = truth.split_at(fitted * GEOMETRY.len());
    let mut best = (f64::MIN, L2S[0]);
    for l2 in L2S {
        let sum = scores(l2, (fit, fit_truth), (rest, rest_truth))?.iter().sum::<f64>();
        if sum > best.0 {
            best = (sum, l2);
        }
    }
    scores(best.1, (&train.values, truth), (&test.values, tested))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_in_their_places_say_where_the_horizon_is() {
        let runtime = Runtime::flex();
        let pixels = Frozen::pixels(16, 4, &runtime.device()).unwrap();
        let places = geometry_of_scenes(&runtime, &pixels, 600, 3).unwrap();
        let [before, after] = &places[..] else { panic!("{places:?}") };
        assert_eq!(before.cells, after.cells, "a tower that passes pixels on");
        assert!(before.cells[0] > 0.5, "{before:?}");
        assert!(places.iter().flat_map(|place| place.cells).all(|r2| r2 <= 1.0), "{places:?}");
        assert!(geometry_of_scenes(&runtime, &pixels, 4, 3).is_err());
    }
}
