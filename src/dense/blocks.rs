//! The blocks of a tower that a head reads.

use burn::config::Config;
use burn::tensor::Tensor;

use crate::error::{ConfigError, check};
use crate::vit::{Draws, FeatureRequest, ViT22B, ViT22BConfig};

/// The blocks whose tokens a head reads.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::dense::BlockChoice;
/// use vit22b::vit::Variant;
///
/// let device = Device::flex();
/// let tower = Variant::parse("mu/16")?.config(0).with_image([32, 48]).with_depth(4).init(&device)?;
/// let images = Tensor::zeros([1, 3, 32, 48], &device);
/// let (tokens, grid) = BlockChoice::new(vec![1, 3]).tokens(&tower, images)?;
/// assert_eq!((tokens.len(), tokens[0].dims(), grid), (2, [1, 6, 32], [2, 3]));
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
#[derive(Config, Debug, PartialEq, Eq)]
pub struct BlockChoice {
    /// Indices of blocks, counted from 0, in ascending order.
    pub blocks: Vec<usize>,
    /// Whether the tower's last norm acts on the tokens of each of them: DINOv2's backbones.
    #[config(default = false)]
    pub norm: bool,
}

impl BlockChoice {
    /// Four blocks of a tower of this depth, at each quarter: the choice of UPerNet's recipes.
    pub fn quarters(depth: usize) -> Self {
        Self::new((1..=4).map(|quarter| (quarter * depth / 4).max(1) - 1).collect())
    }

    /// Checks the blocks for a tower of this depth.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for a block that is not there, for none, and for another order.
    pub fn validate(&self, depth: usize) -> Result<(), ConfigError> {
        let count = self.blocks.len();
        check("blocks (count)", count, count > 0, || "at least 1".into(), || 1)?;
        for (place, block) in self.blocks.iter().enumerate() {
            let rule = || format!("below the depth of {depth}");
            check("blocks", *block, *block < depth, rule, || depth.saturating_sub(1))?;
            let before = place.checked_sub(1).map(|place| self.blocks[place]);
            let valid = before.is_none_or(|before| before <= *block);
            check("blocks", *block, valid, || "in ascending order".into(), || before.unwrap_or(0))?;
        }
        Ok(())
    }

    /// The tokens of each block, and rows and columns of patches.
    ///
    /// # Shapes
    ///
    /// - images: `[b, 3, height, width]`
    /// - output: `[b, n, d]` for each block, tokens before the patches among them
    ///
    /// # Errors
    ///
    /// [`ConfigError::UnknownFeature`] for a block that the tower does not have.
    ///
    /// # Panics
    ///
    /// If the tower's patch does not divide the sides of the images.
    pub fn tokens(
        &self,
        tower: &ViT22B,
        images: Tensor<4>,
    ) -> Result<(Vec<Tensor<3>>, [usize; 2]), ConfigError> {
        self.read(tower, images, None)
    }

    /// The same, as in training where there are draws.
    pub(super) fn read(
        &self,
        tower: &ViT22B,
        images: Tensor<4>,
        draws: Option<&Draws>,
    ) -> Result<(Vec<Tensor<3>>, [usize; 2]), ConfigError> {
        let request =
            self.blocks.iter().fold(FeatureRequest::new(), |all, block| all.block(*block));
        let features = match draws {
            Some(draws) => tower.features_train(images, &request, draws)?,
            None => tower.features(images, &request)?,
        };
        let tokens = self.blocks.iter().map(|block| {
            let tokens = features.blocks[block].clone();
            if self.norm { tower.norm.forward(tokens) } else { tokens }
        });
        Ok((tokens.collect(), features.grid))
    }
}

/// The width of a head is that of the tower.
pub(super) fn check_width(
    field: &'static str,
    width: usize,
    tower: &ViT22BConfig,
) -> Result<(), ConfigError> {
    let rule = || format!("the tower's width = {}", tower.width);
    check(field, width, width == tower.width, rule, || tower.width)
}

/// Height and width of images.
pub(super) fn size_of(images: &Tensor<4>) -> [usize; 2] {
    let [_, _, height, width] = images.dims();
    [height, width]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_end_with_the_last_block() {
        assert_eq!(BlockChoice::quarters(48).blocks, [11, 23, 35, 47]);
        assert_eq!(BlockChoice::quarters(12).blocks, [2, 5, 8, 11]);
        for depth in 1..30 {
            BlockChoice::quarters(depth).validate(depth).unwrap();
            assert_eq!(BlockChoice::quarters(depth).blocks[3], depth - 1);
        }
    }

    #[test]
    fn blocks_that_are_not_there_are_refused() {
        let message = |blocks: &[usize]| {
            BlockChoice::new(blocks.to_vec()).validate(4).unwrap_err().to_string()
        };
        assert_eq!(
            message(&[1, 4]),
            "blocks = 4 is not valid: below the depth of 4; the nearest valid value is 3"
        );
        assert!(message(&[3, 1]).contains("in ascending order"));
        assert!(message(&[]).contains("at least 1"));
    }
}
