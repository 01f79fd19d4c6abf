//! Single choices of the config of a model of timm, and what is refused.

use crate::vit::{Gelu, MapHead, Pool, ViT22BConfig};
use crate::weights::description::Notes;
use crate::weights::error::WeightsError;
use crate::weights::names::pieces::{activation, authors_names};
use crate::weights::names::tensors::Tensors;
use crate::weights::options::LoadOptions;
use crate::weights::sidecar::Sidecar;

use super::forms::Form;

/// Where the gate of an MLP is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GateLayout {
    /// The first half of `fc1`.
    Packed,
    /// `fc1_g`.
    Apart,
}

/// The hidden layer of the blocks' MLPs.
pub(super) struct Hidden {
    pub(super) mlp_dim: usize,
    pub(super) gate: Option<GateLayout>,
}

pub(super) fn hidden(
    tensors: &Tensors,
    width: usize,
    parallel: bool,
) -> Result<Hidden, WeightsError> {
    if parallel {
        let [joint, _] = tensors.axes("mlp_dim", "blocks.0.in_proj.weight")?;
        return Ok(Hidden { mlp_dim: joint.saturating_sub(3 * width), gate: None });
    }
    if tensors.has("blocks.0.mlp.fc1_g.weight") {
        let [mlp_dim, _] = tensors.axes("mlp_dim", "blocks.0.mlp.fc1_g.weight")?;
        return Ok(Hidden { mlp_dim, gate: Some(GateLayout::Apart) });
    }
    let [hidden, _] = tensors.axes("mlp_dim", "blocks.0.mlp.fc1.weight")?;
    let [_, back] = tensors.axes("mlp_dim", "blocks.0.mlp.fc2.weight")?;
    Ok(match hidden == 2 * back {
        true => Hidden { mlp_dim: back, gate: Some(GateLayout::Packed) },
        false => Hidden { mlp_dim: hidden, gate: None },
    })
}

pub(super) fn gelu(
    sidecar: &Sidecar,
    options: &LoadOptions,
    form: &Form,
    notes: &mut Notes,
) -> Result<Gelu, WeightsError> {
    let said = match sidecar.text("act_layer") {
        Some("gelu_tanh") => Some(Gelu::Tanh),
        Some("gelu") => Some(Gelu::Erf),
        Some("quick_gelu") => Some(Gelu::Quick),
        Some(other) if options.gelu.is_none() => return Err(activation(other)),
        _ => form.gelu,
    };
    Ok(notes.choose_or("gelu", options.gelu, said, Gelu::Erf))
}

/// Whether the arguments of the model put the norms of its blocks behind the branches.
pub(super) fn is_post_norm(sidecar: &Sidecar) -> bool {
    sidecar.text("block_fn").is_some_and(|name| name.eq_ignore_ascii_case("respostblock"))
}

/// The size of the attention pooling, where it is not that of the blocks.
pub(super) fn map_head(
    tensors: &Tensors,
    sidecar: &Sidecar,
    form: &Form,
    config: &ViT22BConfig,
) -> Result<Option<MapHead>, WeightsError> {
    if config.pool != Pool::Map {
        return Ok(None);
    }
    let [mlp_dim, _] = tensors.axes("map_head", "attn_pool.mlp.fc1.weight")?;
    let said = sidecar.number("attn_pool_num_heads").or(form.map_heads);
    let head = MapHead {
        num_heads: said.unwrap_or(config.num_heads),
        mlp_dim,
        reads_prefix: form.map_reads_prefix,
    };
    let as_blocks = MapHead::new(config.num_heads, config.mlp_dim);
    Ok((head != as_blocks).then_some(head))
}

/// How the model pools: as the options or `config.json` say, or else as the tensors show.
pub(super) fn pool(
    tensors: &Tensors,
    sidecar: &Sidecar,
    options: &LoadOptions,
    form: &Form,
    notes: &mut Notes,
) -> Result<Pool, WeightsError> {
    let (map, class) = (tensors.has("attn_pool.latent"), tensors.has("cls_token"));
    if tensors.has("dist_token") {
        let token = matches!(sidecar.text("global_pool"), Some("token") | None);
        if token || options.pool.is_some() {
            return Ok(options.pool.unwrap_or(Pool::Distilled));
        }
    }
    let said = match sidecar.text("global_pool") {
        Some("avg") if !map => Some(Pool::Average),
        Some("token") if class && !map => Some(Pool::ClassToken),
        Some("map") if map => Some(Pool::Map),
        None => None,
        Some(_) if options.pool.is_some() => None,
        Some(_) => {
            let (key, value) = ("global_pool", sidecar.config("global_pool"));
            let expected = "token, avg or map, with the tensors that it needs";
            let (file, option) = ("config.json", "pool");
            return Err(WeightsError::not_understood(file, key, value, expected, option));
        }
    };
    // A norm of the pooled vector in place of one of the tokens is what average pooling has.
    let averaged = tensors.has("fc_norm.weight") && !tensors.has("norm.weight") || form.is_averaged;
    let shown = match (map, class) {
        (true, _) => Pool::Map,
        (false, true) if !averaged => Pool::ClassToken,
        (false, _) => Pool::Average,
    };
    // Where the tensors leave no choice there is nothing to note.
    let open = class && !map;
    Ok(match open || options.pool.is_some() {
        true => notes.choose_or("pool", options.pool, said, shown),
        false => said.unwrap_or(shown),
    })
}

/// Refuses a model under names that timm does not use.
pub(super) fn refuse_authors_names(tensors: &Tensors) -> Result<(), WeightsError> {
    let of_authors = |name: &&str| name.starts_with("blocks.0.mlp.w") || name.starts_with("rope");
    tensors.names().find(of_authors).map_or(Ok(()), |name| Err(authors_names(name)))
}

/// Refuses a model by the tensors of layers that are not computed, or that only a model's name tells
/// how to compute.
pub(super) fn refuse_unknown(
    tensors: &Tensors,
    form: &Form,
    is_gated: bool,
) -> Result<(), WeightsError> {
    let of_eva = ["attn.q_bias", "attn.q_proj.", "attn.norm.", "gamma_1"];
    let of_eva = |name: &&str| {
        let in_block = name.strip_prefix("blocks.0.").unwrap_or("");
        of_eva.iter().any(|start| in_block.starts_with(start))
            || *name == "attn_pool.latent" && tensors.has("cls_token")
    };
    let rotary = form.rotary.is_some();
    let why = if is_gated && !form.is_swiglu {
        "its MLP is gated, and only the name of a model says by which activation".to_string()
    } else if !rotary && !tensors.has("pos_embed") {
        "it has no learned positions, and only the name of a model says how others, as the rotary \
         positions of DINOv3 and EVA-02, are computed"
            .to_string()
    } else if let Some(name) = tensors.names().find(of_eva).filter(|_| !form.is_known) {
        format!(
            "it has \"{name}\" as models with rotary positions have it, and only the name of a model \
             says how those are computed"
        )
    } else {
        return Ok(());
    };
    Err(WeightsError::Ambiguous { field: "architecture", why, option: "assume" })
}
