//! Linear layers: `x w`, and what follows the product before its result is written.
//!
//! The columns of the weights are cut into panels. A task packs a panel, which then stays in the second cache, and
//! multiplies all rows by it, or a part of them where there are more processors than panels. Sums are of f32, and are
//! rounded once, when all is done. Layers of as many rows are computed together, so that threads wait for each other once.

mod layer;
mod panel;
#[cfg(test)]
mod tests;

use std::thread::available_parallelism;

use half::bf16;

use crate::isa::Set;
use crate::memory::{Shared, with_scratch};
use crate::number::Number;
pub use layer::{Layer, Product, Then};
use panel::{COLUMNS, Panel, Part};

/// Numbers of which there are linear layers. What computes a panel is no generic function, so that it is compiled with this
/// crate, with its optimisation.
#[allow(private_interfaces)]
pub trait Layers: Number {
    #[doc(hidden)]
    fn part(set: Set, work: Part<'_, '_, Self>);
}

macro_rules! layers {
    ($($number:ident)*) => {$(
        #[allow(private_interfaces)]
        impl Layers for $number {
            fn part(set: Set, work: Part<'_, '_, Self>) {
                set.run(Self::IS_NARROW, work);
            }
        }
    )*};
}

layers! { f32 bf16 }

/// Computes layers of `rows` rows, none of which reads what another one gives.
///
/// `spread` gets a number of tasks and a function that does the one of a number; it has to call it for each,
/// from as many threads as it likes.
///
/// # Panics
///
/// If a tensor has another size.
pub fn linear<T: Layers>(
    set: Set,
    rows: usize,
    layers: &mut [Layer<'_, T>],
    spread: impl FnOnce(usize, &(dyn Fn(usize) + Sync)),
) {
    let mut panels = Vec::new();
    for layer in layers.iter_mut() {
        layer.check(rows);
        let &mut Layer { columns, products, biases, then, residual, ref mut out } = layer;
        let out = Shared::new(out);
        panels.extend((0..columns).step_by(COLUMNS).map(|first| {
            let own = first..(first + COLUMNS).min(columns);
            Panel { columns, own, products, biases, then, residual, out }
        }));
    }
    let part = rows_of_task(rows, panels.len());
    let parts = rows.div_ceil(part);
    spread(panels.len() * parts, &|task| {
        let first = task % parts * part;
        let rows = first..(first + part).min(rows);
        let panel = &panels[task / parts];
        with_scratch(|scratch| T::part(set, Part { panel, rows, scratch }));
    });
}

/// As few parts of the rows as keep all processors busy: each packs its panel once more.
fn rows_of_task(rows: usize, panels: usize) -> usize {
    const FEW: usize = 96;
    let threads = available_parallelism().map_or(1, usize::from);
    let parts = (2 * threads).div_ceil(panels.max(1));
    rows.div_ceil(parts).max(FEW)
}

impl<T> Layer<'_, T> {
    fn check(&self, rows: usize) {
        for product in self.products {
            assert_eq!(product.input.len(), rows * product.depth, "the size of the input");
            let size = product.depth * self.columns;
            assert_eq!(product.weight.len(), size, "the size of the weights");
        }
        for bias in self.biases {
            assert_eq!(bias.len(), self.columns, "the size of the bias");
        }
        let size = rows * self.columns;
        assert!(self.residual.is_none_or(|x| x.len() == size), "the size of the residual");
        assert_eq!(self.out.len(), size, "the size of the result");
    }
}
