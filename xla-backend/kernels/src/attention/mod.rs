//! Attention without its scores in memory: `softmax(scale q kᵀ) v` for each head, and its gradients.
//!
//! A head is computed by one thread, a few rows of queries at a time: their scores stay in the first cache. Heads are read
//! and written where linear layers leave and expect them, beside each other in a token. The gradients compute the scores
//! once more.
//!
//! Products of bf16 add up in f32, where the processor multiplies pairs; weights of values, and gradients of scores, are
//! then rounded to bf16 before they are multiplied, as they are where they are tensors. Elsewhere all is f32.
//! Of a row of scores that holds NaN or infinity, or minus infinity alone, all results are NaN.

mod backward;
mod forward;
mod norm;
mod sizes;
#[cfg(test)]
mod tests;

use sizes::Place;
pub use sizes::{Attention, Gradient, Norms, Tensors};

use half::bf16;

use crate::isa::Set;
use crate::memory::{Shared, with_scratch};
use crate::number::Number;

/// Numbers of which there is attention. What computes a head is no generic function, so that it is compiled with this crate,
/// with its optimisation.
#[allow(private_interfaces)]
pub trait Heads: Number {
    #[doc(hidden)]
    fn forward(set: Set, work: forward::Forward<'_, Self>);
    #[doc(hidden)]
    fn backward(set: Set, work: backward::Backward<'_, Self>);
}

macro_rules! heads {
    ($($number:ident)*) => {$(
        #[allow(private_interfaces)]
        impl Heads for $number {
            fn forward(set: Set, work: forward::Forward<'_, Self>) {
                set.run(Self::IS_NARROW, work);
            }
            fn backward(set: Set, work: backward::Backward<'_, Self>) {
                set.run(Self::IS_NARROW, work);
            }
        }
    )*};
}

heads! { f32 bf16 }

impl Attention {
    /// Computes the values that each query takes, `out: [batch, queries, heads, size]`, of queries and keys that are
    /// normalised before as `norms` say.
    ///
    /// `spread` gets a number of tasks and a function that does the one of a number; it has to call it for each,
    /// from as many threads as it likes.
    ///
    /// # Panics
    ///
    /// If a tensor has another size.
    pub fn forward<T: Heads>(
        &self,
        set: Set,
        (tensors, norms): (Tensors<'_, T>, Norms<'_>),
        out: &mut [T],
        spread: impl FnOnce(usize, &(dyn Fn(usize) + Sync)),
    ) {
        self.check(&tensors);
        assert_eq!(out.len(), tensors.query.len(), "the size of the result");
        for norm in [norms.query, norms.key].into_iter().flatten() {
            assert_eq!(norm.scale.len(), self.size, "the size of the scale of a norm");
        }
        let out = Shared::new(out);
        self.over_heads(spread, &|place, scratch| {
            let work = forward::Forward { sizes: self, place, tensors, norms, out, scratch };
            T::forward(set, work);
        });
    }

    /// Computes the gradients, of the gradient `by_out` by the result of [`forward`](Self::forward).
    ///
    /// # Panics
    ///
    /// If a tensor has another size.
    pub fn backward<T: Heads>(
        &self,
        set: Set,
        tensors: Tensors<'_, T>,
        by_out: &[T],
        gradient: Gradient<'_, T>,
        spread: impl FnOnce(usize, &(dyn Fn(usize) + Sync)),
    ) {
        self.check(&tensors);
        for (of, like) in [
            (by_out.len(), tensors.query.len()),
            (gradient.query.len(), tensors.query.len()),
            (gradient.key.len(), tensors.key.len()),
            (gradient.value.len(), tensors.value.len()),
        ] {
            assert_eq!(of, like, "the size of a tensor of the gradient");
        }
        let Gradient { query, key, value } = gradient;
        let gradient = [Shared::new(query), Shared::new(key), Shared::new(value)];
        self.over_heads(spread, &|place, scratch| {
            let work =
                backward::Backward { sizes: self, place, tensors, by_out, gradient, scratch };
            T::backward(set, work);
        });
    }

    fn check<T>(&self, tensors: &Tensors<'_, T>) {
        let all = |tokens: usize| self.batch * tokens * self.heads * self.size;
        assert_eq!(tensors.query.len(), all(self.queries), "the size of the queries");
        assert_eq!(tensors.key.len(), all(self.keys), "the size of the keys");
        assert_eq!(tensors.value.len(), all(self.keys), "the size of the values");
    }

    fn over_heads(
        &self,
        spread: impl FnOnce(usize, &(dyn Fn(usize) + Sync)),
        head: &(dyn Fn(Place, &mut Vec<u32>) + Sync),
    ) {
        spread(self.batch * self.heads, &|task| {
            let place = Place { image: task / self.heads, head: task % self.heads };
            with_scratch(|scratch| head(place, scratch));
        });
    }
}
