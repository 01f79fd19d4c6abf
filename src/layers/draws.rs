//! What a forward pass in training draws random numbers from.

use burn::tensor::{Device, Int, Tensor};

use crate::error::{check_rate, ensure_valid};
use crate::random::RandomKey;

/// What a forward pass in training draws from: a key, and the rates of what is dropped. Layers
/// that are given none drop nothing.
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use vit22b::RandomKey;
/// use vit22b::layers::{Draws, MlpConfig};
///
/// let device = Device::flex();
/// let mlp = MlpConfig::new(32, 64).init(&device);
/// let x = Tensor::<3>::ones([2, 5, 32], &device);
/// let draws = Draws::new(RandomKey::new(7, &device)).with_dropout(0.5);
/// assert_ne!(mlp.forward(x.clone(), Some(&draws)).to_data(), mlp.forward(x, None).to_data());
/// ```
#[derive(Debug, Clone)]
pub struct Draws {
    /// All random numbers follow from the key.
    pub key: RandomKey,
    /// Probability, in [0, 1), that an element of an MLP's hidden layer or of a residual branch is
    /// dropped.
    pub dropout: f64,
    /// Probability, in [0, 1), that the residual branches of a block are dropped for an example. In a stack
    /// of blocks, as [`encode`](super::encode) runs it, this is the probability of the last block; it grows
    /// linearly from 0 at the first.
    pub stochastic_depth: f64,
}

impl Draws {
    /// Draws from `key` that drop nothing yet.
    pub fn new(key: RandomKey) -> Self {
        Self { key, dropout: 0.0, stochastic_depth: 0.0 }
    }

    /// Sets the rate of [`dropout`](Self::dropout).
    ///
    /// # Panics
    ///
    /// If it is no probability in [0, 1).
    #[must_use]
    pub fn with_dropout(self, dropout: f64) -> Self {
        ensure_valid(check_rate("dropout", dropout));
        Self { dropout, ..self }
    }

    /// Sets the rate of [`stochastic_depth`](Self::stochastic_depth).
    ///
    /// # Panics
    ///
    /// If it is no probability in [0, 1).
    #[must_use]
    pub fn with_stochastic_depth(self, stochastic_depth: f64) -> Self {
        ensure_valid(check_rate("stochastic_depth", stochastic_depth));
        Self { stochastic_depth, ..self }
    }

    /// The same rates with a key of its own for the `index`-th use.
    #[must_use]
    pub fn fold_in(&self, index: usize) -> Self {
        Self { key: self.key.fold_in(index), ..*self }
    }

    /// What one block of a stack draws from, as in [`encode`](super::encode): a key of its own, and the rate of stochastic depth
    /// that follows from its place.
    pub(crate) fn of_place(&self, index: usize, depth: usize, device: &Device) -> Self {
        let number = Tensor::<1, Int>::from_ints([index as i64], device);
        let last = depth.saturating_sub(1).max(1) as f64;
        Self {
            key: self.key.fold_in(1).fold_in_tensor(number),
            stochastic_depth: self.stochastic_depth * index as f64 / last,
            ..*self
        }
    }

    /// The rate of one block's stochastic depth as a tensor: where all blocks are compiled as one loop, each
    /// can then have its own rate. None if no block drops branches.
    pub(super) fn path_rate(&self, rate: f64, device: &Device) -> Option<Tensor<1>> {
        (self.stochastic_depth > 0.0).then(|| Tensor::from_floats([rate], device))
    }
}

/// What one block draws from.
#[derive(Debug, Clone)]
pub(super) struct BlockDraws {
    pub(super) key: RandomKey,
    pub(super) dropout: f64,
    /// The probability that a residual branch is dropped, one element.
    pub(super) path_rate: Option<Tensor<1>>,
}

impl BlockDraws {
    /// Those of one block alone, whose rate of stochastic depth is that of `draws`.
    pub(super) fn of_block(draws: &Draws, device: &Device) -> Self {
        Self {
            key: draws.key.clone(),
            dropout: draws.dropout,
            path_rate: draws.path_rate(draws.stochastic_depth, device),
        }
    }

    /// What the block's MLP draws its hidden layer from.
    pub(super) fn hidden(&self) -> Draws {
        Draws::new(self.key.fold_in(0)).with_dropout(self.dropout)
    }

    /// Drops elements of a residual branch, and examples of it. Both branches of a block have
    /// numbers of their own, two apart.
    pub(super) fn drop(&self, branch: Tensor<3>, number: usize) -> Tensor<3> {
        let branch = self.key.fold_in(number).dropout(branch, self.dropout);
        match &self.path_rate {
            Some(rate) => self.key.fold_in(number + 1).drop_path_at(branch, rate.clone()),
            None => branch,
        }
    }
}
