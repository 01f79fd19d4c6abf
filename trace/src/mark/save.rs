//! The choice of tensors that a rolled loop keeps for the backward pass.

/// Which tensors a rolled loop keeps of each lane for the backward pass. The input of each lane is always
/// kept; tensors that are needed and not kept are computed again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Save {
    /// All tensors that the backward pass reads: the most memory, the least work.
    #[default]
    Everything,
    /// Results of matrix products, convolutions and attention; other operations are cheap to repeat.
    Products,
    /// Tensors that were given one of these names by
    /// [`checkpoint_name`](crate::checkpoint_name).
    Named(Vec<String>),
    /// Nothing but the inputs: the least memory, one more forward pass.
    Nothing,
}
