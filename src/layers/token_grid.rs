//! Where the tokens of images stand.

use burn::tensor::Device;

use super::rotary::{RotaryConfig, Rotation};

/// Where the tokens of an image stand: tokens without a place first (class token, registers), then a
/// grid of patches, row by row. Rotary positions and relative position biases follow from it.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::layers::{BlockConfig, RotaryConfig, TokenGrid};
///
/// let device = Device::flex();
/// let block = BlockConfig::new(32, 64, 4).init(&device);
/// // Two rows and three columns of patches behind one token, for heads of 8.
/// let grid = TokenGrid::new([2, 3], 1).with_rotary(&RotaryConfig::dinov3(), 8, &device);
/// let tokens = Tensor::<3>::ones([1, 7, 32], &device);
/// assert_eq!(block.forward_on(tokens, &grid, None, None).dims(), [1, 7, 32]);
/// ```
#[derive(Debug, Clone)]
pub struct TokenGrid {
    /// Rows and columns of patches.
    pub grid: [usize; 2],
    /// Number of tokens before the patches.
    pub prefix: usize,
    rotation: Option<Rotation>,
}

impl TokenGrid {
    /// A grid of patches behind `prefix` tokens.
    pub fn new(grid: [usize; 2], prefix: usize) -> Self {
        Self { grid, prefix, rotation: None }
    }

    /// The same with rotary positions for heads of the width `head_dim`.
    ///
    /// # Panics
    ///
    /// If [`RotaryConfig::validate`] finds an error, with its text.
    #[must_use]
    pub fn with_rotary(self, rotary: &RotaryConfig, head_dim: usize, device: &Device) -> Self {
        let rotation = Rotation::new(rotary, self.prefix, self.grid, head_dim, device);
        Self { rotation: Some(rotation), ..self }
    }

    pub(super) fn rotation(&self) -> Option<&Rotation> {
        self.rotation.as_ref()
    }
}
