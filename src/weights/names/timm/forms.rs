//! The forms of timm's registered models: what the name of a model says and no tensor shows.

use crate::layers::{Coordinates, RotaryPairs};
use crate::vit::{Gelu, RotaryConfig};

/// What the name of a registered model says.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// Whether the name is known at all.
    pub(super) is_known: bool,
    pub(super) rotary: Option<RotaryConfig>,
    /// Whether a gate that the tensors show has SiLU, and where it is packed stands first.
    pub(super) is_swiglu: bool,
    /// Whether norms stand behind their branches.
    pub(super) is_post_norm: bool,
    /// Whether the model takes the mean of the patches unless told otherwise.
    pub(super) is_averaged: bool,
    /// Whether its attention pooling reads the tokens before the patches.
    pub(super) map_reads_prefix: bool,
    pub(super) map_heads: Option<usize>,
    pub(super) gelu: Option<Gelu>,
    pub(super) epsilon: Option<f64>,
}

/// The form of the model that `architecture` names; that of the plain model for an unknown name.
pub(super) fn form(architecture: &str) -> Form {
    // A tag of weights may stand behind the name: `….fb_in1k`.
    let architecture = architecture.split('.').next().unwrap_or_default();
    let has = |part: &str| architecture.contains(part);
    let begins = |start: &str| architecture.starts_with(start);
    let plain =
        Form { is_known: !architecture.is_empty(), gelu: gelu(architecture), ..Form::default() };
    let clip = has("_clip_");
    if has("_dinov3") || has("_lingbot") {
        return Form {
            rotary: Some(RotaryConfig::dinov3()),
            is_swiglu: true,
            is_averaged: has("_dinov3"),
            epsilon: Some(1e-5),
            ..plain
        };
    }
    if begins("eva02_enormous") {
        return Form { is_post_norm: true, is_averaged: !clip, ..plain };
    }
    if begins("eva02_") {
        let rotary = Some(RotaryConfig::eva02());
        return Form { rotary, is_swiglu: true, is_averaged: !clip, ..plain };
    }
    if begins("eva_") {
        return Form { is_averaged: !clip, ..plain };
    }
    if begins("vit_pe_core_") {
        return Form {
            rotary: Some(perception_encoder(architecture)),
            map_reads_prefix: true,
            map_heads: Some(8),
            epsilon: Some(1e-5),
            ..plain
        };
    }
    if has("_rope_") {
        let of_sbb = has("_gap_");
        let rotary = if of_sbb { RotaryConfig::eva02() } else { rope_vit() };
        return Form { rotary: Some(rotary), is_averaged: of_sbb, ..plain };
    }
    if begins("aimv2_") {
        return Form { is_swiglu: true, is_averaged: true, epsilon: Some(1e-5), ..plain };
    }
    if begins("beit3_") {
        return Form { is_averaged: true, epsilon: Some(1e-5), ..plain };
    }
    Form {
        is_swiglu: begins("vit_giant_") && (has("_dinov2") || has("_tipsv2")),
        is_post_norm: has("_rpn_"),
        is_averaged: has("_gap_"),
        map_reads_prefix: begins("test_vit3"),
        ..plain
    }
}

/// RoPE-ViT's axial form, columns first.
fn rope_vit() -> RotaryConfig {
    let counted = Coordinates::Counted { first: 0.0, reference: None };
    let config = RotaryConfig::new(100.0, counted).with_pairs(RotaryPairs::Neighbours);
    config.with_columns_first(true)
}

/// The rotation of a Perception Encoder, whose grid of pre-training is that of the image and patch in
/// its name: `vit_pe_core_large_patch14_336`. The largest counts from 0.
fn perception_encoder(architecture: &str) -> RotaryConfig {
    let mut numbers =
        architecture.rsplit('_').map(|part| part.trim_start_matches("patch").parse::<usize>());
    let side = match (numbers.next(), numbers.next()) {
        (Some(Ok(image)), Some(Ok(patch))) if patch > 0 => image / patch,
        _ => 14,
    };
    let mut config = RotaryConfig::perception_encoder([side.max(1); 2]);
    if let (true, Coordinates::Counted { first, .. }) =
        (architecture.contains("_gigantic_"), &mut config.coordinates)
    {
        *first = 0.0;
    }
    config
}

/// The activation of a registered model, where it is not exact GELU.
fn gelu(architecture: &str) -> Option<Gelu> {
    if architecture.contains("quickgelu") {
        return Some(Gelu::Quick);
    }
    // SigLIP models of the later, larger grids have the tanh form.
    let tanh = ["vit_base_patch32_", "vit_so400m_patch16_", "vit_giantopt_"];
    let is_tanh = tanh.iter().any(|name| architecture.starts_with(name))
        || architecture.starts_with("vit_large_") && architecture.ends_with("_512");
    (architecture.contains("_siglip_") && is_tanh).then_some(Gelu::Tanh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perception_encoders_have_the_grid_of_their_name() {
        let of = |name: &str| form(name).rotary.unwrap().coordinates;
        let counted = |first, side| Coordinates::Counted { first, reference: Some([side; 2]) };
        assert_eq!(of("vit_pe_core_base_patch16_224"), counted(1.0, 14));
        assert_eq!(of("vit_pe_core_tiny_patch16_384"), counted(1.0, 24));
        assert_eq!(of("vit_pe_core_large_patch14_336.fb"), counted(1.0, 24));
        assert_eq!(of("vit_pe_core_gigantic_patch14_448"), counted(0.0, 32));
    }

    #[test]
    fn names_tell_rotations_and_activations_apart() {
        let rotary = |name: &str| form(name).rotary;
        assert_eq!(rotary("vit_small_patch16_dinov3_qkvb"), Some(RotaryConfig::dinov3()));
        assert_eq!(rotary("eva02_base_patch14_448"), Some(RotaryConfig::eva02()));
        assert_eq!(rotary("eva02_enormous_patch14_clip_224"), None);
        assert_eq!(rotary("vit_medium_patch16_rope_reg1_gap_256"), Some(RotaryConfig::eva02()));
        assert_eq!(rotary("vit_base_patch16_rope_ape_224").unwrap().theta, 100.0);
        assert_eq!(rotary("vit_base_patch16_224"), None);
        assert_eq!(form("vit_base_patch32_clip_quickgelu_224").gelu, Some(Gelu::Quick));
        assert_eq!(form("vit_so400m_patch16_siglip_256").gelu, Some(Gelu::Tanh));
        assert_eq!(form("vit_base_patch16_siglip_224").gelu, None);
    }
}
