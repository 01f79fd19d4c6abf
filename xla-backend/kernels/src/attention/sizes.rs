//! The sizes of an attention, and where its heads are.

use crate::norm::RmsNorm;
use crate::number::Number;
use crate::pack::Rows;

/// The sizes of an attention, and the scale of its scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    /// Images.
    pub batch: usize,
    /// Queries of an image.
    pub queries: usize,
    /// Keys, and values, of an image.
    pub keys: usize,
    /// Heads.
    pub heads: usize,
    /// Numbers of a query, a key or a value of one head.
    pub size: usize,
    /// What scores are multiplied by.
    pub scale: f32,
}

/// What attention reads.
///
/// # Shapes
///
/// - query: `[batch, queries, heads, size]`
/// - key, value: `[batch, keys, heads, size]`
#[derive(Clone, Copy, Debug)]
pub struct Tensors<'a, T> {
    /// The queries.
    pub query: &'a [T],
    /// The keys.
    pub key: &'a [T],
    /// The values.
    pub value: &'a [T],
}

/// The norms of queries and keys that attention computes, as far as there are any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Norms<'a> {
    /// That of queries.
    pub query: Option<RmsNorm<'a>>,
    /// That of keys.
    pub key: Option<RmsNorm<'a>>,
}

/// The gradients, each with the shape of what it is the gradient of.
#[derive(Debug)]
pub struct Gradient<'a, T> {
    /// By the queries.
    pub query: &'a mut [T],
    /// By the keys.
    pub key: &'a mut [T],
    /// By the values.
    pub value: &'a mut [T],
}

impl Attention {
    /// Numbers from a token to the next.
    pub(super) fn token(&self) -> usize {
        self.heads * self.size
    }
}

/// The image and the head of a task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) image: usize,
    pub(super) head: usize,
}

impl Place {
    /// Where the first token begins, in a tensor of so many tokens an image.
    pub(super) fn start(self, sizes: &Attention, tokens: usize) -> usize {
        self.image * tokens * sizes.token() + self.head * sizes.size
    }

    /// The rows of the head, in a tensor of so many tokens an image.
    ///
    /// # Panics
    ///
    /// If they are not all there.
    pub(super) fn rows<'a, T: Number>(
        self,
        sizes: &Attention,
        numbers: &'a [T],
        tokens: usize,
    ) -> Rows<'a, T> {
        Rows::new(&numbers[self.start(sizes, tokens)..], sizes.token(), tokens, sizes.size)
    }
}
