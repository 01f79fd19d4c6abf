//! GELU of a layer.
//!
//! ```text
//! x = rows w + bias     out = σ(x (a + b x²)) x
//! ```
//!
//! is a linear layer and GELU by the hyperbolic tangent, as layers record it.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn_ir::{ScalarIr, TensorId, TensorIr};

use super::layer::{Layer, named, same_columns};
use crate::lower::kernel::Kernels;
use crate::lower::passes::pattern::{Numeric, multiplied, number, numeric, squared};
use crate::lower::passes::uses::Uses;

impl<'a> Uses<'_, 'a> {
    /// The layer with this sigmoid in its GELU, with what is made on the way.
    pub(super) fn gelu(
        &self,
        [scaled, share]: [&'a TensorIr; 2],
        kernels: Kernels,
    ) -> Option<(Layer<'a>, Vec<TensorId>)> {
        let (x, mut inside) = self.scaled(scaled)?;
        inside.extend([scaled.id, share.id]);
        let (with, out) = other(multiplied(self.only_reader(share.id)?)?, share.id)?;
        let readers = self.only_readers(x.id)?.len();
        // The square, the product with the slope, and the last.
        if with.id != x.id || readers != 3 || self.only_readers(scaled.id)?.len() != 1 {
            return None;
        }
        let mut id = x.id;
        let op = loop {
            inside.push(id);
            let op = self.maker(id)?;
            let Some(input) = named(op).or_else(|| same_columns(op)) else { break op };
            id = input.id;
            self.only_reader(id)?;
        };
        let layer = match self.product(op, kernels) {
            Some(found) => Layer::of(found),
            None => {
                let (layer, on_the_way) = self.sum(op, kernels, &|_| true)?;
                inside.extend(on_the_way);
                layer
            }
        };
        let fits = layer.residual.is_none()
            && layer.out.dtype == out.dtype
            && layer.out.shape.last() == out.shape.last();
        fits.then_some((Layer { is_gelu: true, out, ..layer }, inside))
    }

    /// The `x` of `x (a + b x²)`, and what is made on the way, which nothing else reads.
    fn scaled(&self, scaled: &TensorIr) -> Option<(&'a TensorIr, Vec<TensorId>)> {
        const A: f64 = 2.0 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
        const B: f64 = A * 0.044_715;
        let is = |x: ScalarIr, y: f64| number(x).is_some_and(|x| (x - y).abs() < 1e-6);
        let (lhs, rhs, _) = multiplied(self.maker(scaled.id)?)?;
        [(lhs, rhs), (rhs, lhs)].into_iter().find_map(|(x, slope)| {
            let Numeric::AddScalar(sum) = numeric(self.maker(slope.id)?)? else { return None };
            let Numeric::MulScalar(part) = numeric(self.maker(sum.lhs.id)?)? else { return None };
            let square = part.lhs.id;
            let fits = is(sum.rhs, A)
                && is(part.rhs, B)
                && squared(self.maker(square)?)? == x.id
                && self.only_readers(slope.id)?.len() == 1
                && self.only_readers(sum.lhs.id)?.len() == 1
                && self.only_readers(square)?.len() == 1;
            fits.then(|| (x, vec![slope.id, sum.lhs.id, square]))
        })
    }
}

/// The other factor, and the result.
fn other<'a>(
    (lhs, rhs, out): (&'a TensorIr, &'a TensorIr, &'a TensorIr),
    one: TensorId,
) -> Option<(&'a TensorIr, &'a TensorIr)> {
    if lhs.id == one { Some((rhs, out)) } else { (rhs.id == one).then_some((lhs, out)) }
}
