//! What `config.json` says about a model of timm that its tensors do not show: the name of a registered
//! model, and the arguments in which the model differs from it.

use serde_json::Value;

use crate::weights::error::WeightsError;
use crate::weights::sidecar::Sidecar;

/// Beginnings of the names of models that timm computes by its `VisionTransformer`.
const KNOWN: [&str; 5] = ["vit_", "deit_", "deit3_", "flexivit_", "test_vit"];
/// Parts of such names for what no tensor shows: norms behind their branches, and positions that
/// turn queries and keys.
const UNKNOWN: [&str; 3] = ["_rpn_", "_rope", "_dinov3"];
/// Arguments that tensors show, that only training needs, or that are read elsewhere.
const ARGUMENTS: [&str; 31] = [
    "act_layer",
    "attn_drop_rate",
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
    "img_size",
    "in_chans",
    "init_values",
    "mlp_ratio",
    "no_embed_class",
    "num_classes",
    "num_heads",
    "patch_drop_rate",
    "patch_size",
    "pos_drop_rate",
    "pre_norm",
    "proj_bias",
    "proj_drop_rate",
    "qk_norm",
    "qkv_bias",
    "reg_tokens",
    "strict_img_size",
    "weight_init",
];

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
    if let Some(name) = sidecar.text("architecture") {
        let known = KNOWN.iter().any(|known| name.starts_with(known));
        if !known || UNKNOWN.iter().any(|unknown| name.contains(unknown)) {
            let expected = "a plain model of timm's `vit`, `deit`, `deit3` or `flexivit`";
            return refuse("architecture", &name.into(), expected);
        }
    }
    for (key, value) in sidecar.arguments() {
        let text = value.as_str().unwrap_or_default().to_lowercase();
        let understood = value.is_null()
            || ARGUMENTS.contains(&key)
            || match key {
                "norm_layer" => matches!(text.as_str(), "layernorm" | "rmsnorm"),
                "block_fn" => matches!(text.as_str(), "block" | "parallelscalingblock"),
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
    Some(match size.split('_').next()? {
        "tiny" => 3,
        "xsmall" | "wee" | "dwee" | "pwee" | "dpwee" => 4,
        "little" | "dlittle" => 5,
        "small" => 6,
        "medium" | "mediumd" => 8,
        "betwixt" => 10,
        "base" if architecture.contains("_plus_") => 14,
        "base" => 12,
        "so150m2" => 13,
        "so150m" => 14,
        "large" | "so400m" | "huge" | "giant" | "giantopt" | "gigantic" | "intern300m" => 16,
        _ => return None,
    })
}

/// Whether a registered model of this name has GELU's tanh form: SigLIP models of the later, larger
/// grids do.
pub(super) fn tanh_by_name(architecture: &str) -> bool {
    let siglip = architecture.contains("_siglip_");
    let tanh = ["vit_base_patch32_", "vit_so400m_patch16_", "vit_giantopt_"];
    siglip
        && (tanh.iter().any(|name| architecture.starts_with(name))
            || architecture.starts_with("vit_large_") && architecture.ends_with("_512"))
}
