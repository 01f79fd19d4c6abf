//! Whether a config makes a model.

use crate::error::{ConfigError, check, check_counts, check_finite, nearest_multiple};
use crate::layers::check_sin_cos_width;

use super::config::{Pool, Positions, ViT22BConfig};

/// The most pixels along one side of an image.
const LARGEST_SIDE: usize = 1 << 20;

impl ViT22BConfig {
    /// Checks every field; a config that passes makes a model.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.patch_embed_config().validate()?;
        check_counts([("depth", self.depth)])?;
        self.block_config().validate()?;
        for (field, side) in [("image[0]", self.image[0]), ("image[1]", self.image[1])] {
            check(
                field,
                side,
                side >= 1 && side.is_multiple_of(self.patch),
                || format!("a positive multiple of patch = {}", self.patch),
                || nearest_multiple(side, self.patch),
            )?;
        }
        // So that numbers of patches can be counted.
        for (field, side) in [("image[0]", self.image[0]), ("image[1]", self.image[1])] {
            let rule = || format!("at most {LARGEST_SIDE}");
            let nearest = || LARGEST_SIDE / self.patch * self.patch;
            check(field, side, side <= LARGEST_SIDE, rule, nearest)?;
        }
        if matches!(self.positions, Positions::SinCos2d | Positions::SinCos2dMae) {
            check_sin_cos_width(self.width)?;
        }
        check_finite("head_bias", self.head_bias, -10.0)?;
        self.check_parts()
    }

    /// Checks the fields of parts that few models have.
    fn check_parts(&self) -> Result<(), ConfigError> {
        if let Some(rotary) = &self.rotary {
            rotary.validate(self.head_dim())?;
        }
        if self.pool == Pool::Map {
            self.map_pool_config().validate()?;
        }
        if let Some(width) = self.projection {
            check_counts([("projection", width)])?;
        }
        let prefix = self.prefix_tokens();
        let valid = self.positions != Positions::RelativeBias || prefix == 1;
        let rule = || "one token before the patches where positions are a relative bias".into();
        let nearest = || 1 - (prefix - self.registers).min(1);
        check("registers", self.registers, valid, rule, nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::RotaryConfig;
    use crate::vit::MapHead;
    use crate::vit::config::small;

    #[test]
    fn every_invalid_field_is_named_and_its_nearest_value_is_valid() {
        type Case = (fn(ViT22BConfig) -> ViT22BConfig, &'static str);
        let cases: [Case; 19] = [
            (
                |c| c.with_channels(0),
                "channels = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_patch(0),
                "patch = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_width(0),
                "width = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_depth(0),
                "depth = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_mlp_dim(0),
                "mlp_dim = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_num_heads(0),
                "num_heads = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_num_heads(5),
                "num_heads = 5 is not valid: divides width = 48; the nearest valid value is 4",
            ),
            (
                |c| c.with_num_heads(90),
                "num_heads = 90 is not valid: divides width = 48; the nearest valid value is 48",
            ),
            (
                |c| c.with_image([30, 42]),
                "image[0] = 30 is not valid: a positive multiple of patch = 14; the nearest valid value is 28",
            ),
            (
                |c| c.with_image([28, 0]),
                "image[1] = 0 is not valid: a positive multiple of patch = 14; the nearest valid value is 14",
            ),
            (
                |c| c.with_width(6).with_num_heads(1).with_positions(Positions::SinCos2d),
                "width = 6 is not valid: a multiple of 4 from 8 on, for sine and cosine of row and column; the nearest valid value is 8",
            ),
            (
                |c| c.with_epsilon(-1.0),
                "epsilon = -1 is not valid: a finite number above 0; the nearest valid value is 0.000001",
            ),
            (
                |c| c.with_layer_scale(Some(f64::INFINITY)),
                "layer_scale = inf is not valid: a finite number; the nearest valid value is 0.00001",
            ),
            (
                |c| c.with_image([28, 14 << 60]),
                "image[1] = 16140901064495857664 is not valid: at most 1048576; the nearest valid value is 1048572",
            ),
            (
                |c| c.with_num_heads(8).with_rotary(Some(RotaryConfig::dinov3())),
                "width / num_heads = 6 is not valid: a multiple of 4 where positions are rotary; the nearest valid value is 8",
            ),
            (
                |c| c.with_map_head(Some(MapHead::new(5, 96))),
                "num_heads = 5 is not valid: divides width = 48; the nearest valid value is 4",
            ),
            (
                |c| c.with_projection(Some(0)),
                "projection = 0 is not valid: at least 1; the nearest valid value is 1",
            ),
            (
                |c| c.with_positions(Positions::RelativeBias),
                "registers = 0 is not valid: one token before the patches where positions are a relative bias; the nearest valid value is 1",
            ),
            (
                |c| {
                    c.with_positions(Positions::RelativeBias)
                        .with_pool(Pool::ClassToken)
                        .with_registers(2)
                },
                "registers = 2 is not valid: one token before the patches where positions are a relative bias; the nearest valid value is 0",
            ),
        ];
        for (change, message) in cases {
            assert_eq!(change(small()).validate().unwrap_err().to_string(), message);
        }
    }
}
