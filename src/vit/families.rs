//! The forms of published families of vision transformers. Each preset changes the form of a config
//! and keeps its size; files of weights say what a single model has otherwise.

use crate::layers::{
    BlockKind, Gate, Gelu, Interpolation, NormKind, QkNorm, RotaryConfig, SubNorm,
};

use super::config::{Biases, MapHead, Pool, Positions, ViT22BConfig};

impl ViT22BConfig {
    /// The classic form with exact GELU, a class token and PyTorch's usual values: the base of the
    /// presets below.
    fn published(self) -> Self {
        self.classic()
            .with_gelu(Gelu::Erf)
            .with_pool(Pool::ClassToken)
            .with_interpolation(Interpolation::Bicubic)
            .with_head_bias(0.0)
    }

    /// MAE's encoder: the classic form with a class token.
    ///
    /// # Reference
    ///
    /// "Masked Autoencoders Are Scalable Vision Learners".
    pub fn mae(self) -> Self {
        self.published()
    }

    /// I-JEPA's encoder: the mean of the patches, no class token.
    ///
    /// # Reference
    ///
    /// "Self-Supervised Learning from Images with a Joint-Embedding Predictive Architecture".
    pub fn ijepa(self) -> Self {
        self.published().with_pool(Pool::Average)
    }

    /// DeiT with a distillation token beside the class token, pooled as timm does it.
    ///
    /// # Reference
    ///
    /// "Training data-efficient image transformers & distillation through attention".
    pub fn deit_distilled(self) -> Self {
        self.published().with_pool(Pool::Distilled)
    }

    /// DINOv2 with layer scale; its giant has a [`Gate::Silu`] too.
    ///
    /// # Reference
    ///
    /// "DINOv2: Learning Robust Visual Features without Supervision".
    pub fn dinov2(self) -> Self {
        self.published().with_layer_scale(Some(1e-5))
    }

    /// DINOv3: rotary positions alone, four storage tokens, layer scale, no bias of keys. Its larger
    /// sizes have a [`Gate::Silu`] too.
    ///
    /// ```
    /// use vit22b::vit::Variant;
    ///
    /// let config = Variant::parse("S/16")?.config(0).dinov3();
    /// config.validate()?;
    /// assert_eq!((config.prefix_tokens(), config.tokens()), (5, 5 + 14 * 14));
    /// # Ok::<(), vit22b::ConfigError>(())
    /// ```
    ///
    /// # Reference
    ///
    /// "DINOv3".
    pub fn dinov3(self) -> Self {
        self.published()
            .with_positions(Positions::None)
            .with_rotary(Some(RotaryConfig::dinov3()))
            .with_registers(4)
            .with_layer_scale(Some(1e-5))
            .with_key_bias(Some(false))
            .with_epsilon(1e-5)
    }

    /// CLIP's image tower: a norm before the blocks, one of the class token behind them, QuickGELU.
    ///
    /// # Reference
    ///
    /// "Learning Transferable Visual Models From Natural Language Supervision".
    pub fn clip(self) -> Self {
        let biases = self.clone().classic().biases.with_embedding(false);
        self.published()
            .with_biases(biases)
            .with_gelu(Gelu::Quick)
            .with_norm_embedding(true)
            .with_norm_pooled(true)
            .with_epsilon(1e-5)
    }

    /// SigLIP's image tower: attention pooling, tanh GELU.
    ///
    /// # Reference
    ///
    /// "Sigmoid Loss for Language Image Pre-Training".
    pub fn siglip(self) -> Self {
        self.published().with_gelu(Gelu::Tanh).with_pool(Pool::Map)
    }

    /// BEiT and BEiT v2, fine-tuned: relative position biases in each block, layer scale, no bias of
    /// keys, the normalised mean of the patches. The class token, which no pooling reads, is a
    /// register.
    ///
    /// # Reference
    ///
    /// "BEiT: BERT Pre-Training of Image Transformers".
    pub fn beit(self) -> Self {
        self.published()
            .with_pool(Pool::Average)
            .with_registers(1)
            .with_norm_pooled(true)
            .with_positions(Positions::RelativeBias)
            .with_layer_scale(Some(0.1))
            .with_key_bias(Some(false))
    }

    /// EVA-02: learned and rotary positions, SwiGLU with a norm inside, no bias of keys, the
    /// normalised mean of the patches. The class token, which no pooling reads, is a register.
    ///
    /// # Reference
    ///
    /// "EVA-02: A Visual Representation for Neon Genesis".
    pub fn eva02(self) -> Self {
        self.published()
            .with_interpolation(Interpolation::BicubicAntialias)
            .with_pool(Pool::Average)
            .with_registers(1)
            .with_norm_pooled(true)
            .with_rotary(Some(RotaryConfig::eva02()))
            .with_gate(Some(Gate::Silu))
            .with_sub_norm(Some(SubNorm::Mlp))
            .with_key_bias(Some(false))
    }

    /// AIMv2: RMS norms, SwiGLU, no bias in the blocks, a norm of the patches, pooled by a learned
    /// query.
    ///
    /// # Reference
    ///
    /// "Multimodal Autoregressive Pre-training of Large Vision Encoders".
    pub fn aimv2(self) -> Self {
        let biases = Biases::new().with_mlp(false);
        self.published()
            .with_block(BlockKind::Sequential)
            .with_norm(NormKind::Rms)
            .with_qk_norm(QkNorm::None)
            .with_biases(biases)
            .with_gate(Some(Gate::Silu))
            .with_patch_norm(Some(NormKind::Rms))
            .with_pool(Pool::Query)
            .with_epsilon(1e-5)
    }

    /// The Perception Encoder: learned and rotary positions, a norm before the blocks, attention
    /// pooling of all tokens by 8 heads. The class token, which is pooled like the others, is a
    /// register.
    ///
    /// # Reference
    ///
    /// "Perception Encoder: The best visual embeddings are not at the output of the network".
    pub fn perception_encoder(self) -> Self {
        let biases = self.clone().classic().biases.with_embedding(false);
        let head = MapHead::new(8, self.mlp_dim).with_reads_prefix(true);
        let grid = self.grid();
        self.published()
            .with_biases(biases)
            .with_interpolation(Interpolation::BicubicAntialias)
            .with_norm_embedding(true)
            .with_rotary(Some(RotaryConfig::perception_encoder(grid)))
            .with_registers(1)
            .with_pool(Pool::Map)
            .with_map_head(Some(head))
            .with_epsilon(1e-5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;
    use burn::tensor::{Device, Tensor};

    type Preset = fn(ViT22BConfig) -> ViT22BConfig;

    /// Every family computes, on its own grid and on another one, and its parameters are counted.
    #[test]
    fn every_family_makes_a_model_whose_parameters_are_counted() {
        let presets: [Preset; 11] = [
            ViT22BConfig::mae,
            ViT22BConfig::ijepa,
            ViT22BConfig::deit_distilled,
            ViT22BConfig::dinov2,
            ViT22BConfig::dinov3,
            ViT22BConfig::clip,
            ViT22BConfig::siglip,
            ViT22BConfig::beit,
            ViT22BConfig::eva02,
            ViT22BConfig::aimv2,
            ViT22BConfig::perception_encoder,
        ];
        let small = ViT22BConfig::new(3).with_image([8, 12]).with_patch(4);
        let small = small.with_width(32).with_depth(1).with_mlp_dim(24).with_num_heads(4);
        let device = Device::flex();
        for preset in presets {
            let config = preset(small.clone());
            let model = config.init(&device).unwrap();
            let shapes = params::shapes(&model).into_iter();
            let count: u64 = shapes.map(|(_, shape)| shape.num_elements() as u64).sum();
            assert_eq!(config.parameters().total(), count, "{config}");
            for side in [8, 16] {
                let logits = model.forward(Tensor::ones([2, 3, side, 12], &device));
                assert_eq!(logits.dims(), [2, 3], "{config}");
            }
        }
    }
}
