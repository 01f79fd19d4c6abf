//! What loops keep.

/// What a rolled loop forward keeps of each lane for the loop backward; the input of each lane is
/// always kept, and what is not kept is computed again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Save {
    /// Whatever the backward pass reads: the most memory, the least work.
    #[default]
    Everything,
    /// Results of matrix products, convolutions and attention; the rest is cheap.
    Products,
    /// Tensors that were given one of these names by
    /// [`checkpoint_name`](crate::checkpoint_name).
    Named(Vec<String>),
    /// Nothing: the least memory, one more forward pass.
    Nothing,
}
