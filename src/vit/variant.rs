//! The named sizes of the family: `"B/16"`, `"22B/14"`.

use core::fmt;
use core::str::FromStr;

use crate::error::{ConfigError, nearest_multiple};

use super::config::ViT22BConfig;

/// One row of the table of sizes.
///
/// # Reference
///
/// The rows mu to e are those of big_vision's `models/vit.py` (table 2 of "Scaling Vision
/// Transformers"); 22B is table 1 of "Scaling Vision Transformers to 22 Billion Parameters".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The name before the slash.
    pub name: &'static str,
    /// Width of a token.
    pub width: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Hidden width of the MLP.
    pub mlp_dim: usize,
    /// Number of attention heads.
    pub num_heads: usize,
}

const fn size(
    name: &'static str,
    width: usize,
    depth: usize,
    mlp_dim: usize,
    num_heads: usize,
) -> Size {
    Size { name, width, depth, mlp_dim, num_heads }
}

/// All named sizes, smallest first.
pub const SIZES: [Size; 14] = [
    size("mu", 32, 1, 128, 2),
    size("Ti", 192, 12, 768, 3),
    size("S", 384, 12, 1_536, 6),
    size("M", 512, 12, 2_048, 8),
    size("B", 768, 12, 3_072, 12),
    size("L", 1_024, 24, 4_096, 16),
    size("So400m", 1_152, 27, 4_304, 16),
    size("H", 1_280, 32, 5_120, 16),
    size("g", 1_408, 40, 6_144, 16),
    size("g-opt", 1_536, 40, 6_144, 16),
    size("G", 1_664, 48, 8_192, 16),
    size("G-opt", 1_536, 48, 8_192, 16),
    size("e", 1_792, 56, 15_360, 16),
    size("22B", 6_144, 48, 24_576, 48),
];

/// A size and a patch, as in `"22B/14"`.
///
/// ```
/// use vit22b::vit::Variant;
///
/// let config = Variant::parse("22B/14")?.config(29_593);
/// assert_eq!((config.width, config.depth, config.num_heads), (6144, 48, 48));
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    /// The row of [`SIZES`].
    pub size: Size,
    /// Side of a square patch in pixels, at least 1.
    pub patch: usize,
}

impl Variant {
    /// Reads `"SIZE/PATCH"`; case matters, since `g` and `G` are two models.
    ///
    /// # Errors
    ///
    /// [`ConfigError::UnknownVariant`] with the names there are, or the nearest one.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let unknown = |hint: String| ConfigError::UnknownVariant { got: text.to_string(), hint };
        let (name, patch) = text.trim().split_once('/').ok_or_else(|| {
            let known = SIZES.iter().any(|size| size.name == text.trim());
            let size = if known { text.trim() } else { "B" };
            unknown(format!("write size and patch, such as \"{size}/14\""))
        })?;
        let size = SIZES.into_iter().find(|size| size.name == name).ok_or_else(|| {
            unknown(match SIZES.iter().find(|size| size.name.eq_ignore_ascii_case(name)) {
                Some(near) => format!("did you mean \"{}/{patch}\"?", near.name),
                None => format!("sizes are {}", SIZES.map(|size| size.name).join(", ")),
            })
        })?;
        match patch.parse() {
            Ok(patch) if patch > 0 => Ok(Self { size, patch }),
            _ => Err(unknown(format!(
                "the patch is a whole number of pixels from 1, such as \"{name}/14\""
            ))),
        }
    }

    /// The model of this size as the ViT-22B paper builds it, for images of 224 × 224 pixels, or
    /// of the nearest size that the patch divides.
    pub fn config(&self, num_classes: usize) -> ViT22BConfig {
        let side = nearest_multiple(224, self.patch);
        ViT22BConfig::new(num_classes)
            .with_image([side, side])
            .with_patch(self.patch)
            .with_width(self.size.width)
            .with_depth(self.size.depth)
            .with_mlp_dim(self.size.mlp_dim)
            .with_num_heads(self.size.num_heads)
    }
}

impl FromStr for Variant {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::parse(text)
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.size.name, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_parses_with_any_patch_and_makes_a_valid_config() {
        for size in SIZES {
            for patch in [1, 4, 14, 16, 27, 32] {
                let text = format!("{}/{patch}", size.name);
                let variant = Variant::parse(&text).unwrap();
                assert_eq!(variant.to_string(), text);
                variant.config(10).validate().unwrap();
            }
        }
    }

    #[test]
    fn what_is_no_variant_says_what_is() {
        let message = |text: &str| Variant::parse(text).unwrap_err().to_string();
        assert_eq!(message("b/16"), "variant \"b/16\" is not known: did you mean \"B/16\"?");
        assert_eq!(
            message("22B"),
            "variant \"22B\" is not known: write size and patch, such as \"22B/14\""
        );
        assert_eq!(
            message("huge"),
            "variant \"huge\" is not known: write size and patch, such as \"B/14\""
        );
        assert_eq!(
            message("B/0"),
            "variant \"B/0\" is not known: the patch is a whole number of pixels from 1, \
             such as \"B/14\""
        );
        assert!(message("huge/14").contains("sizes are mu, Ti, S, M, B, L, So400m, H, g, g-opt"));
    }
}
