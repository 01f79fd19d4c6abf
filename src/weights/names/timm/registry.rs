//! What `config.json` says about a model of timm that its tensors do not show: the name of a registered
//! model, and the arguments in which the model differs from it.

use serde_json::Value;

use crate::weights::error::WeightsError;
use crate::weights::sidecar::Sidecar;

/// Beginnings of the names of models that timm computes by its `VisionTransformer` or its `Eva`.
const KNOWN: [&str; 9] =
    ["vit_", "deit_", "deit3_", "flexivit_", "test_vit", "eva_", "eva02_", "aimv2_", "beit3_"];
/// Parts of such names for what is not computed: rotations that are learned or scaled otherwise,
/// branches side by side, attention that subtracts or shares keys, blocks without a norm behind them.
const UNKNOWN: [&str; 12] = [
    "_rope_mixed_",
    "_pe_lang_",
    "_pe_spatial_",
    "_sapiens2",
    "_18x2_",
    "_dwee_",
    "_dpwee_",
    "_dlittle_",
    "_intern300m_",
    "_radio_",
    "_relpos_",
    "_srelpos_",
];
/// Arguments that tensors show, that only training needs, or that are read elsewhere.
const ARGUMENTS: [&str; 44] = [
    "act_layer",
    "attn_drop_rate",
    "attn_pool_mlp_ratio",
    "attn_pool_num_heads",
    "class_token",
    "depth",
    "drop_path_rate",
    "drop_rate",
    "dynamic_img_pad",
    "dynamic_img_size",
    "embed_dim",
    "fc_norm",
    "final_norm",
    "fix_init",
    "global_pool",
    "head_init_scale",
    "img_size",
    "in_chans",
    "init_values",
    "mlp_ratio",
    "no_embed_class",
    "num_classes",
    "num_heads",
    "num_reg_tokens",
    "patch_drop_rate",
    "patch_size",
    "pos_drop_rate",
    "pre_norm",
    "proj_bias",
    "proj_drop_rate",
    "qk_norm",
    "qkv_bias",
    "qkv_fused",
    "reg_tokens",
    "scale_attn_inner",
    "scale_attn_norm",
    "scale_mlp",
    "scale_mlp_norm",
    "strict_img_size",
    "swiglu_align_to",
    "use_abs_pos_emb",
    "use_fc_norm",
    "use_pre_transformer_norm",
    "weight_init",
];

const EXPECTED: &str = "a model of timm's `vit`, `deit`, `deit3`, `flexivit`, `eva`, `eva02`, `aimv2` or `beit3` that \
                        is computed here";

fn is_known(architecture: &str) -> bool {
    KNOWN.iter().any(|known| architecture.starts_with(known))
        && !UNKNOWN.iter().any(|unknown| architecture.contains(unknown))
}

/// Refuses a name in the options that no model has.
pub(super) fn check_assumed(name: &str) -> Result<(), WeightsError> {
    match is_known(name) {
        true => Ok(()),
        false => {
            Err(WeightsError::UnknownArchitecture { name: name.into(), expected: EXPECTED.into() })
        }
    }
}

/// Refuses a model that is not known to be computed as here: one of another name, or with an argument
/// that changes what is computed and that no tensor shows.
///
/// # Errors
///
/// [`WeightsError::NotUnderstood`], which names the entry.
pub(super) fn check(sidecar: &Sidecar) -> Result<(), WeightsError> {
    let refuse = |key: &str, value: &Value, expected: &str| {
        Err(WeightsError::not_understood("config.json", key, Some(value), expected, "assume"))
    };
    if let Some(name) = sidecar.text("architecture").filter(|name| !is_known(name)) {
        return refuse("architecture", &name.into(), EXPECTED);
    }
    for (key, value) in sidecar.arguments() {
        let text = value.as_str().unwrap_or_default().to_lowercase();
        let understood = value.is_null()
            || ARGUMENTS.contains(&key)
            || match key {
                "norm_layer" => matches!(text.as_str(), "layernorm" | "rmsnorm"),
                "block_fn" => {
                    matches!(text.as_str(), "block" | "respostblock" | "parallelscalingblock")
                }
                "pos_embed" => text == "learn",
                "pool_include_prefix" => *value == Value::Bool(false),
                _ => false,
            };
        if !understood {
            return refuse(key, value, "an argument of a plain vision transformer");
        }
    }
    Ok(())
}

/// The epsilon of timm's norms: 1e-6, but 1e-5 in CLIP's models, which have layer norms and one of
/// them after the embedding.
pub(crate) fn usual_epsilon(norm_embedding: bool, layer_norm: bool) -> f64 {
    if norm_embedding && layer_norm { 1e-5 } else { 1e-6 }
}

/// Number of heads by the size in the name of a registered model.
pub(super) fn heads(architecture: &str) -> Option<usize> {
    if architecture == "vit_base_patch16_gap_224" {
        return Some(16);
    }
    let size = KNOWN.iter().find_map(|family| architecture.strip_prefix(family))?;
    let size = size.strip_prefix("pe_core_").unwrap_or(size);
    let has = |part: &str| architecture.contains(part);
    if architecture.starts_with("aimv2_") {
        return Some(match size.split('_').next()? {
            "large" => 8,
            "huge" => 12,
            "1b" => 16,
            "3b" => 24,
            _ => return None,
        });
    }
    Some(match size.split('_').next()? {
        "tiny" => 3,
        "xsmall" | "wee" | "dwee" | "pwee" | "dpwee" => 4,
        "little" | "dlittle" => 5,
        "small" => 6,
        "medium" | "mediumd" => 8,
        "betwixt" => 10,
        "base" if has("_plus_") => 14,
        "huge" if has("_dinov3") => 20,
        "giant" if has("_dinov2") || has("_tipsv2") || has("_lingbot") => 24,
        "7b" => 32,
        "base" => 12,
        "so150m2" => 13,
        "so150m" => 14,
        "large" | "so400m" | "huge" | "giant" | "giantopt" | "gigantic" | "enormous" => 16,
        _ => return None,
    })
}
