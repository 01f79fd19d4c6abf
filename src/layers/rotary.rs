//! Rotary positions over the two axes of an image.

use core::f64::consts::TAU;

use burn::config::Config;
use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::error::{ConfigError, check};

/// The number along a side by which a patch's queries and keys are turned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coordinates {
    /// The centre of the patch, from -1 to 1 along its own side, times 2π: DINOv3.
    Centred,
    /// The number of the row or column.
    Counted {
        /// The number of the first one.
        first: f64,
        /// Rows and columns of the grid that the numbers are scaled to; none for numbers as they
        /// are. EVA-02 scales to its grid of pre-training, so that a finer grid gives fractions.
        reference: Option<[usize; 2]>,
    },
}

/// Which elements of a head one angle turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RotaryPairs {
    /// `(x_j, x_{j + k/2})`: DINOv3's `rotate_half`.
    Halves,
    /// `(x_{2j}, x_{2j + 1})`: EVA-02's interleaved form.
    Neighbours,
}

/// Rotary positions of patches: how far the queries and keys of each patch are turned.
///
/// Half of the angles of a head are those of its row, half those of its column: coordinate times
/// `theta^(-4i / k)` for `i = 0 … k/4 - 1`. Tokens before the patches are not turned.
///
/// ```
/// use vit22b::layers::{Coordinates, RotaryConfig, RotaryPairs};
///
/// let counted = Coordinates::Counted { first: 0.0, reference: Some([16, 16]) };
/// let eva02 = RotaryConfig::new(10_000.0, counted).with_pairs(RotaryPairs::Neighbours);
/// assert_eq!(eva02, RotaryConfig::eva02());
/// ```
///
/// # Reference
///
/// "RoFormer" for one axis; "EVA-02" and "DINOv3" for two.
#[derive(Config, Debug, PartialEq)]
pub struct RotaryConfig {
    /// The base of the frequencies, above 0.
    pub theta: f64,
    /// The number that is turned by.
    pub coordinates: Coordinates,
    /// Whether a head's first angles are those of the column.
    #[config(default = false)]
    pub columns_first: bool,
    /// Which elements one angle turns.
    #[config(default = "RotaryPairs::Halves")]
    pub pairs: RotaryPairs,
}

impl RotaryConfig {
    /// DINOv3's.
    pub fn dinov3() -> Self {
        Self::new(100.0, Coordinates::Centred)
    }

    /// EVA-02's.
    pub fn eva02() -> Self {
        let coordinates = Coordinates::Counted { first: 0.0, reference: Some([16, 16]) };
        Self::new(10_000.0, coordinates).with_pairs(RotaryPairs::Neighbours)
    }

    /// That of the Perception Encoder for images of 224 pixels, whose grid is `[14, 14]`, or of
    /// another one.
    pub fn perception_encoder(reference: [usize; 2]) -> Self {
        let coordinates = Coordinates::Counted { first: 1.0, reference: Some(reference) };
        let config = Self::new(10_000.0, coordinates).with_pairs(RotaryPairs::Neighbours);
        config.with_columns_first(true)
    }

    /// Checks every field for heads of the width `head_dim`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self, head_dim: usize) -> Result<(), ConfigError> {
        let valid = self.theta > 0.0 && self.theta.is_finite();
        let rule = || "a finite number above 0".into();
        check("rotary.theta", self.theta, valid, rule, || 10_000.0)?;
        if let Coordinates::Counted { first, reference } = self.coordinates {
            let rule = || "a finite number".into();
            check("rotary.first", first, first.is_finite(), rule, || 0.0)?;
            for side in reference.into_iter().flatten() {
                check("rotary.reference", side, side > 0, || "at least 1".into(), || 1)?;
            }
        }
        check(
            "width / num_heads",
            head_dim,
            head_dim > 0 && head_dim.is_multiple_of(4),
            || "a multiple of 4 where positions are rotary".into(),
            || (head_dim.div_ceil(4) * 4).max(4),
        )
    }

    /// The angles of each patch, row by row: `k / 2` of them.
    fn angles(&self, [rows, columns]: [usize; 2], head_dim: usize) -> Vec<f64> {
        let quarter = head_dim / 4;
        let frequency = |i: usize| self.theta.powf(-4.0 * i as f64 / head_dim as f64);
        let frequencies: Vec<f64> = (0..quarter).map(frequency).collect();
        let coordinate = |axis: usize, at: usize, side: usize| match self.coordinates {
            Coordinates::Centred => TAU * ((2 * at + 1) as f64 / side as f64 - 1.0),
            Coordinates::Counted { first, reference: None } => at as f64 + first,
            Coordinates::Counted { first, reference: Some(reference) } => {
                (at as f64 + first) / side as f64 * reference[axis] as f64
            }
        };
        let mut angles = Vec::with_capacity(rows * columns * 2 * quarter);
        for row in 0..rows {
            for column in 0..columns {
                let mut places = [coordinate(0, row, rows), coordinate(1, column, columns)];
                if self.columns_first {
                    places.reverse();
                }
                for place in places {
                    angles.extend(frequencies.iter().map(|frequency| place * frequency));
                }
            }
        }
        angles
    }
}

/// Cosines and sines for the tokens of a grid.
#[derive(Debug, Clone)]
pub(super) struct Rotation {
    /// `[n, k]`, ones for the tokens before the patches.
    cos: Tensor<2>,
    /// `[n, k]`, with the sign of the other element of each pair; zeros for the tokens before.
    sin: Tensor<2>,
    pairs: RotaryPairs,
}

impl Rotation {
    /// The rotation of `prefix` tokens that are not turned, and of a grid of patches.
    ///
    /// # Panics
    ///
    /// If [`validate`](RotaryConfig::validate) finds an error, with its text.
    pub(super) fn new(
        config: &RotaryConfig,
        prefix: usize,
        grid: [usize; 2],
        head_dim: usize,
        device: &Device,
    ) -> Self {
        crate::error::ensure_valid(config.validate(head_dim));
        let half = head_dim / 2;
        let angles = config.angles(grid, head_dim);
        let tokens = prefix + grid[0] * grid[1];
        let (mut cos, mut sin) = (vec![1f32; tokens * head_dim], vec![0f32; tokens * head_dim]);
        for (token, angles) in angles.chunks(half).enumerate() {
            let start = (prefix + token) * head_dim;
            for (j, angle) in angles.iter().enumerate() {
                let (one, other) = match config.pairs {
                    RotaryPairs::Halves => (j, j + half),
                    RotaryPairs::Neighbours => (2 * j, 2 * j + 1),
                };
                let (sine, cosine) = angle.sin_cos();
                cos[start + one] = cosine as f32;
                cos[start + other] = cosine as f32;
                sin[start + one] = -sine as f32;
                sin[start + other] = sine as f32;
            }
        }
        let table = |values| {
            let data = TensorData::new(values, [tokens, head_dim]);
            Tensor::from_data(data, (device, DType::F32))
        };
        Self { cos: table(cos), sin: table(sin), pairs: config.pairs }
    }

    /// Turns queries or keys, `[b, h, n, k]`. In half precision it is computed in f32.
    pub(super) fn apply(&self, x: Tensor<4>) -> Tensor<4> {
        let [b, h, n, k] = x.dims();
        let tokens = self.cos.dims()[0];
        assert!(
            n == tokens,
            "tokens: axis 1 expected {tokens}, which stand on the grid and before it, got {n}"
        );
        let dtype = x.dtype();
        let x = if dtype == DType::F32 { x } else { x.cast(DType::F32) };
        let others = match self.pairs {
            RotaryPairs::Halves => {
                let half = |start| x.clone().narrow(3, start, k / 2);
                Tensor::cat(vec![half(k / 2), half(0)], 3)
            }
            RotaryPairs::Neighbours => {
                let pairs = x.clone().reshape([b, h, n, k / 2, 2]);
                let one = |start| pairs.clone().narrow(4, start, 1);
                Tensor::cat(vec![one(1), one(0)], 4).reshape([b, h, n, k])
            }
        };
        let turned = x * self.cos.clone().unsqueeze() + others * self.sin.clone().unsqueeze();
        if dtype == DType::F32 { turned } else { turned.cast(dtype) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(config: &RotaryConfig, prefix: usize, grid: [usize; 2], x: &[f32]) -> Vec<f32> {
        let device = Device::flex();
        let tokens = prefix + grid[0] * grid[1];
        let width = x.len() / tokens;
        let rotation = Rotation::new(config, prefix, grid, width, &device);
        let x = Tensor::from_data(TensorData::new(x.to_vec(), [1, 1, tokens, width]), &device);
        rotation.apply(x).into_data().try_to_vec().unwrap()
    }

    /// One token, whose angles can be written down: the frequencies are 1 and theta^(-1/2).
    #[test]
    fn pairs_are_turned_by_their_angles() {
        let counted = Coordinates::Counted { first: 1.0, reference: None };
        let config = RotaryConfig::new(4.0, counted);
        let x = [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        let angles = [1f32, 0.5, 1.0, 0.5];
        let got = turned(&config, 0, [1, 1], &x);
        for (j, angle) in angles.into_iter().enumerate() {
            approx::assert_abs_diff_eq!(got[j], angle.cos(), epsilon = 1e-6);
            approx::assert_abs_diff_eq!(got[j + 4], angle.sin(), epsilon = 1e-6);
        }
        let x = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
        let got = turned(&config.with_pairs(RotaryPairs::Neighbours), 0, [1, 1], &x);
        for (j, angle) in angles.into_iter().enumerate() {
            approx::assert_abs_diff_eq!(got[2 * j], angle.cos(), epsilon = 1e-6);
            approx::assert_abs_diff_eq!(got[2 * j + 1], angle.sin(), epsilon = 1e-6);
        }
    }

    #[test]
    fn coordinates_are_those_of_their_families() {
        // Two rows and four columns, one frequency for each axis; the third patch of the first row.
        let angles = |config: RotaryConfig| config.angles([2, 4], 4)[4..6].to_vec();
        assert_eq!(angles(RotaryConfig::dinov3()), [TAU * -0.5, TAU * 0.25]);
        assert_eq!(angles(RotaryConfig::eva02()), [0.0, 8.0]);
        assert_eq!(angles(RotaryConfig::perception_encoder([14, 14])), [10.5, 7.0]);
    }

    #[test]
    fn tokens_before_the_patches_are_not_turned() {
        let x: Vec<f32> = (0..12).map(|value| value as f32).collect();
        let got = turned(&RotaryConfig::dinov3(), 2, [1, 1], &x);
        assert_eq!(got[..8], x[..8]);
        // The centre of a grid of one patch is 0.
        assert_eq!(got[8..], x[8..]);
        assert_ne!(turned(&RotaryConfig::dinov3(), 1, [1, 2], &x)[4..], x[4..]);
    }

    #[test]
    fn what_cannot_be_turned_is_refused() {
        let message =
            |config: RotaryConfig, head_dim| config.validate(head_dim).unwrap_err().to_string();
        assert_eq!(
            message(RotaryConfig::dinov3(), 6),
            "width / num_heads = 6 is not valid: a multiple of 4 where positions are rotary; \
             the nearest valid value is 8"
        );
        let zero = RotaryConfig::new(0.0, Coordinates::Centred);
        assert!(message(zero, 8).starts_with("rotary.theta = 0 is not valid"));
        assert!(message(RotaryConfig::perception_encoder([0, 1]), 8).contains("rotary.reference"));
    }
}
