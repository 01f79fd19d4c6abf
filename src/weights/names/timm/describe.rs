//! The config of a model of timm: by its tensors, the JSON beside it, and what its name says.

use crate::vit::{BlockKind, Gate, Gelu, NormKind, Pool, Positions, QkNorm, SubNorm, ViT22BConfig};
use crate::weights::description::Description;
use crate::weights::error::WeightsError;
use crate::weights::names::pieces::{described, heads_unknown, square_patch};
use crate::weights::names::tensors::Tensors;
use crate::weights::options::LoadOptions;
use crate::weights::origin::Origin;
use crate::weights::positions;
use crate::weights::sidecar::Sidecar;

use super::choices::{
    GateLayout, Hidden, gelu, hidden, is_post_norm, map_head, pool, refuse_authors_names,
    refuse_unknown,
};
use super::forms::form;
use super::registry::{self, heads, usual_epsilon};
use super::terms::{MARK, Names};

pub(crate) fn describe(
    tensors: &Tensors,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<(Description, Names), WeightsError> {
    match &options.assume {
        Some(name) => registry::check_assumed(name)?,
        None => registry::check(sidecar)?,
    }
    let architecture = options.assume.as_deref().or(sidecar.text("architecture")).unwrap_or("");
    let form = form(architecture);
    let mut notes = tensors.notes();
    let [width, channels, patch] = square_patch(tensors, MARK)?;
    let parallel = tensors.has("blocks.0.in_proj.weight");
    refuse_authors_names(tensors)?;
    let Hidden { mlp_dim, gate } = hidden(tensors, width, parallel)?;
    refuse_unknown(tensors, &form, gate.is_some())?;
    let block = |sequential: &str, parallel_name: &str| {
        tensors.has(&format!("blocks.0.{}", if parallel { parallel_name } else { sequential }))
    };
    let norm_bias = block("norm1.bias", "in_norm.bias");
    let norm = if norm_bias { NormKind::Layer } else { NormKind::Rms };
    let q_norm = if parallel { "blocks.0.q_norm.weight" } else { "blocks.0.attn.q_norm.weight" };
    let (qk_norm, heads_by_norm) = if tensors.has(q_norm) {
        let [head_dim] = tensors.axes("num_heads", q_norm)?;
        let kind = if norm_bias { QkNorm::Layer } else { QkNorm::Rms };
        (kind, Some(width / head_dim))
    } else {
        (QkNorm::None, None)
    };
    let num_heads = match heads_by_norm {
        Some(heads) => heads,
        None => notes
            .choose(
                "num_heads",
                options.num_heads,
                sidecar.number("num_heads").or_else(|| heads(architecture)),
                None,
            )
            .ok_or_else(|| heads_unknown(width))?,
    };
    let pool = pool(tensors, sidecar, options, &form, &mut notes)?;
    // A SwiGLU has no GELU; attention pooling has an MLP of its own.
    let gelu = match gate {
        Some(_) if pool != Pool::Map => Gelu::Erf,
        _ => gelu(sidecar, options, &form, &mut notes)?,
    };
    let norm_embedding = tensors.has("norm_pre.weight");
    let usual = usual_epsilon(norm_embedding, norm_bias);
    let epsilon = notes.choose_or("epsilon", options.epsilon, form.epsilon, usual);

    let registers = match tensors.has("reg_token") {
        true => tensors.axes::<3>("registers", "reg_token")?[1],
        false => 0,
    };
    let class = usize::from(tensors.has("cls_token"));
    let class_as_register = class == 1 && !pool.has_class_token();
    let before = class + usize::from(pool.has_distillation_token());
    let by_sidecar = sidecar.size("img_size").or_else(|| sidecar.size("input_size"));
    let hint = options.grid.or(by_sidecar.map(|size| size.map(|side| side / patch)));
    let learned = tensors.has("pos_embed");
    let (grid, prefix_positions) = if learned {
        let [_, positions, _] = tensors.axes("image", "pos_embed")?;
        positions::grid(positions, &[before + registers, before, 0], hint)?
    } else {
        let usual = [(224 / patch).max(1); 2];
        (hint.unwrap_or_else(|| notes.usual("grid", usual)), 0)
    };
    let has = |name: &str| tensors.has(&format!("blocks.0.{name}"));
    let names = Names {
        prefix_positions,
        class_as_register,
        split_qkv: has("attn.q_proj.weight"),
        split_qkv_bias: has("attn.q_bias"),
        packed_gate: gate == Some(GateLayout::Packed),
        gammas: has("gamma_1"),
    };
    let kind = match (parallel, form.is_post_norm || is_post_norm(sidecar)) {
        (true, _) => BlockKind::Parallel,
        (false, true) => BlockKind::ResPostNorm,
        (false, false) => BlockKind::Sequential,
    };
    let mut config = ViT22BConfig::new(match tensors.has("head.weight") {
        true => tensors.axes::<2>("num_classes", "head.weight")?[0],
        false => 0,
    })
    .with_image(grid.map(|side| side.saturating_mul(patch)))
    .with_channels(channels)
    .with_patch(patch)
    .with_width(width)
    .with_depth(tensors.count("blocks."))
    .with_mlp_dim(mlp_dim)
    .with_num_heads(num_heads)
    .with_block(kind)
    .with_norm(norm)
    .with_qk_norm(qk_norm)
    .with_gelu(gelu)
    .with_pool(pool)
    .with_norm_embedding(norm_embedding)
    .with_norm_pooled(tensors.has("fc_norm.weight"))
    .with_positions(if learned { Positions::Learned } else { Positions::None })
    .with_interpolation(Origin::Timm.interpolation(registers))
    .with_registers(registers + usize::from(class_as_register))
    .with_layer_scale((block("ls1.gamma", "ls.gamma") || names.gammas).then_some(1e-5))
    .with_epsilon(epsilon)
    .with_head_bias(0.0)
    .with_gate(gate.map(|_| Gate::Silu))
    .with_rotary(form.rotary.clone())
    .with_sub_norm(match (has("mlp.norm.weight"), has("attn.norm.weight")) {
        (true, true) => Some(SubNorm::MlpAndAttention),
        (true, false) => Some(SubNorm::Mlp),
        (false, _) => None,
    })
    .with_patch_norm(tensors.has("patch_embed.norm.weight").then_some(norm));
    config.biases.embedding = tensors.has("patch_embed.proj.bias");
    config.biases.norm = norm_bias;
    let apart = names.split_qkv || names.split_qkv_bias;
    let own_bias = has("attn.q_proj.bias") || has("attn.q_bias");
    config.biases.qkv = block("attn.qkv.bias", "in_proj.bias") || own_bias;
    config.key_bias = apart.then(|| has("attn.k_proj.bias") || has("attn.k_bias"));
    config.map_head = map_head(tensors, sidecar, &form, &config)?;
    config.biases.attn_out = block("attn.proj.bias", "attn_out_proj.bias");
    config.biases.mlp = block("mlp.fc2.bias", "mlp_out_proj.bias");
    config.biases.map_qkv = tensors.has("attn_pool.q.bias");
    config.biases.map_out = tensors.has("attn_pool.proj.bias");
    config.biases.head = tensors.has("head.bias");
    Ok((described(Origin::Timm, config, sidecar, options, notes)?, names))
}
