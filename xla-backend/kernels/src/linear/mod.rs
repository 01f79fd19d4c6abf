//! Linear layers: `x w`, and what follows the product before its result is written.
//!
//! The columns of the weights are cut into panels. A task packs a panel, which then stays in the second cache, and
//! multiplies all rows by it, or a part of them where there are more processors than panels. Sums are of f32, and are
//! rounded once, when all is done.

mod layer;
mod panel;
#[cfg(test)]
mod tests;

use std::thread::available_parallelism;

use half::bf16;

use crate::isa::Set;
use crate::memory::{Shared, with_scratch};
use crate::number::Number;
pub use layer::{Linear, Then};
use panel::{COLUMNS, Panel};

/// Numbers of which there are linear layers. What computes a panel is no generic function, so that it is compiled with this
/// crate, with its optimisation.
#[allow(private_interfaces)]
pub trait Layers: Number {
    #[doc(hidden)]
    fn panel(set: Set, work: Panel<'_, Self>);
}

macro_rules! layers {
    ($($number:ident)*) => {$(
        #[allow(private_interfaces)]
        impl Layers for $number {
            fn panel(set: Set, work: Panel<'_, Self>) {
                set.run(Self::IS_NARROW, work);
            }
        }
    )*};
}

layers! { f32 bf16 }

impl Linear {
    /// Computes the layer into `out: [rows, columns]`; `bias: [columns]`.
    ///
    /// `spread` gets a number of tasks and a function that does the one of a number; it has to call it for each,
    /// from as many threads as it likes.
    ///
    /// # Panics
    ///
    /// If a tensor has another size.
    pub fn run<T: Layers>(
        &self,
        set: Set,
        input: &[T],
        weight: &[T],
        bias: Option<&[T]>,
        out: &mut [T],
        spread: impl FnOnce(usize, &(dyn Fn(usize) + Sync)),
    ) {
        assert_eq!(input.len(), self.rows * self.depth, "the size of the input");
        assert_eq!(weight.len(), self.depth * self.columns, "the size of the weights");
        assert!(bias.is_none_or(|bias| bias.len() == self.columns), "the size of the bias");
        assert_eq!(out.len(), self.rows * self.columns, "the size of the result");
        let panels = self.columns.div_ceil(COLUMNS);
        let part = self.rows_of_task(panels);
        let parts = self.rows.div_ceil(part);
        let out = Shared::new(out);
        spread(panels * parts, &|task| {
            let (column, first) = (task / parts * COLUMNS, task % parts * part);
            let rows = first..(first + part).min(self.rows);
            with_scratch(|scratch| {
                let sizes = self;
                T::panel(set, Panel { sizes, rows, column, input, weight, bias, out, scratch });
            });
        });
    }

    /// As few parts of the rows as keep all processors busy: each packs its panel once more.
    fn rows_of_task(&self, panels: usize) -> usize {
        const FEW: usize = 96;
        let threads = available_parallelism().map_or(1, usize::from);
        let parts = (2 * threads).div_ceil(panels.max(1));
        self.rows.div_ceil(parts).max(FEW)
    }
}
