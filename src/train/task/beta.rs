//! Draws of a Beta distribution that can be recorded and compiled.

use burn::tensor::{Int, Tensor};
use statrs::distribution::{Beta, ContinuousCDF};

use crate::random::RandomKey;

use crate::train::error::{TrainError, invalid};

/// Points at which the quantile function is tabulated.
const TABLE: usize = 1025;

/// The upper part of a symmetric Beta distribution, by its quantiles.
#[derive(Debug, Clone)]
pub(super) struct BetaTable {
    quantiles: Vec<f32>,
}

impl BetaTable {
    /// Beta(α, α) above its `from`-quantile: 0 for all of it, 1/2 for the larger of a draw and one
    /// less the draw. `field` is what an error calls α.
    pub(super) fn new(alpha: f64, from: f64, field: &str) -> Result<Self, TrainError> {
        let beta = match Beta::new(alpha, alpha) {
            Ok(beta) if alpha.is_finite() => beta,
            _ => return Err(invalid(field, alpha, "a finite number above 0")),
        };
        let quantile = |i| {
            let share = i as f64 / (TABLE - 1) as f64;
            beta.inverse_cdf(from + (1.0 - from) * share) as f32
        };
        Ok(Self { quantiles: (0..TABLE).map(quantile).collect() })
    }

    /// A draw, a tensor of one element.
    pub(super) fn draw(&self, key: &RandomKey) -> Tensor<1> {
        let uniform = key.uniform::<1>([1]);
        let table = Tensor::<1>::from_floats(self.quantiles.as_slice(), &uniform.device());
        let position = uniform.mul_scalar((TABLE - 1) as f64);
        let below = position.clone().floor();
        let at = |index: Tensor<1, Int>| table.clone().select(0, index);
        let (low, high) = (at(below.clone().int()), at(below.clone().int().add_scalar(1)));
        low.clone() + (high - low) * (position - below)
    }
}
