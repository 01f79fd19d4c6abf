//! timm's `VisionTransformer` and `Eva`: classic, parallel and post-norm blocks, plain and gated MLPs,
//! class token, average and attention pooling, registers, layer scale, rotary positions.

mod forms;
mod registry;
mod terms;

use crate::vit::{
    BlockKind, Gate, Gelu, MapHead, NormKind, Pool, Positions, QkNorm, SubNorm, ViT22BConfig,
};
use crate::weights::container::Container;
use crate::weights::description::{Description, Notes};
use crate::weights::error::WeightsError;
use crate::weights::names::pieces::{
    activation, gated_mlp, heads_unknown, rotary_positions, square_patch,
};
use crate::weights::names::prefix::{prefix, unwrapped};
use crate::weights::names::tensors::{Fate, Tensors};
use crate::weights::options::LoadOptions;
use crate::weights::origin::Origin;
use crate::weights::positions;
use crate::weights::preprocessing;
use crate::weights::sidecar::Sidecar;
use forms::{Form, form};
use registry::heads;
use terms::MARK;

pub(crate) use registry::usual_epsilon;
pub(crate) use terms::{Names, terms};

/// The tensors of a model of timm, if the container holds one, alone or in a larger model.
///
/// # Errors
///
/// Those of [`prefix`].
pub(crate) fn tensors<'a>(
    container: &'a Container,
    options: &LoadOptions,
) -> Result<Option<Tensors<'a>>, WeightsError> {
    let Some(prefix) = prefix(container, MARK, options.part.as_deref())? else { return Ok(None) };
    let tensors = Tensors::sort(Origin::Timm, container, |name| {
        let Some(name) = name.strip_prefix(&prefix.text) else {
            return Fate::Aside("it belongs to another part of the file's model");
        };
        let name = without_chunk(&unwrapped(name));
        match name.as_str() {
            "mask_token" => Fate::Aside("it serves masked training alone"),
            // DINOv2's own files have this name.
            "register_tokens" => Fate::Known("reg_token".into()),
            name if name.starts_with("decoder_") => {
                Fate::Aside("it belongs to the decoder, which serves masked training alone")
            }
            name if is_of_projection_head(name) => {
                Fate::Aside("it belongs to a projection head, which serves training alone")
            }
            _ => Fate::Known(name),
        }
    });
    Ok(Some(tensors.with_part(prefix.note)))
}

/// DINOv2's training keeps its blocks in chunks, `blocks.CHUNK.BLOCK.…`, and counts the blocks
/// through all chunks.
fn without_chunk(name: &str) -> String {
    let number = |text: &str| text.parse::<usize>().is_ok();
    match name.splitn(4, '.').collect::<Vec<_>>()[..] {
        ["blocks", chunk, block, rest] if number(chunk) && number(block) => {
            format!("blocks.{block}.{rest}")
        }
        _ => name.into(),
    }
}

/// Self-supervised training puts a sequence of layers where the classifier is: `head.0.weight`.
fn is_of_projection_head(name: &str) -> bool {
    let layer = name.strip_prefix("head.").and_then(|rest| rest.split('.').next());
    layer.is_some_and(|layer| layer.parse::<usize>().is_ok() || layer == "mlp")
}

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
    refuse_unknown_layers(tensors, &form)?;
    let mut notes = tensors.notes();
    let [width, channels, patch] = square_patch(tensors, MARK)?;
    let parallel = tensors.has("blocks.0.in_proj.weight");
    let Hidden { mlp_dim, gate } = hidden(tensors, width, parallel)?;
    if gate.is_some() && !form.is_swiglu {
        return Err(gated_mlp());
    }
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
    let epsilon = notes.choose("epsilon", options.epsilon, form.epsilon, Some(usual));
    let epsilon = epsilon.unwrap_or(usual);

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
    .with_image(grid.map(|side| side * patch))
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
    let (image, patch) = (config.image, config.patch);
    let preprocessing =
        preprocessing::infer(Origin::Timm, sidecar, image, patch, options, &mut notes)?;
    let description = Description {
        origin: Origin::Timm,
        config,
        notes: notes.0,
        preprocessing,
        class_names: sidecar.class_names(),
    };
    Ok((description.check()?, names))
}

/// Where the gate of an MLP is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GateLayout {
    /// The first half of `fc1`.
    Packed,
    /// `fc1_g`.
    Apart,
}

/// The hidden layer of the blocks' MLPs.
struct Hidden {
    mlp_dim: usize,
    gate: Option<GateLayout>,
}

fn hidden(tensors: &Tensors, width: usize, parallel: bool) -> Result<Hidden, WeightsError> {
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

fn gelu(
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
    Ok(notes.choose("gelu", options.gelu, said, Some(Gelu::Erf)).unwrap_or(Gelu::Erf))
}

/// Whether the arguments of the model put the norms of its blocks behind the branches.
fn is_post_norm(sidecar: &Sidecar) -> bool {
    sidecar.text("block_fn").is_some_and(|name| name.eq_ignore_ascii_case("respostblock"))
}

/// The size of the attention pooling, where it is not that of the blocks.
fn map_head(
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
fn pool(
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
        true => notes.choose("pool", options.pool, said, Some(shown)).unwrap_or(shown),
        false => said.unwrap_or(shown),
    })
}

/// Refuses a model by the tensors of layers that are not computed, or that only a model's name tells
/// how to compute.
fn refuse_unknown_layers(tensors: &Tensors, form: &Form) -> Result<(), WeightsError> {
    let gated = |name: &&str| {
        name.starts_with("blocks.0.mlp.w")
            || name.starts_with("blocks.0.mlp.fc1_g.") && !form.is_swiglu
    };
    if tensors.names().any(|name| gated(&name)) {
        return Err(gated_mlp());
    }
    let rotary = tensors.names().find(|name| name.starts_with("rope"));
    if rotary.is_some() || form.rotary.is_none() && !tensors.has("pos_embed") {
        return Err(rotary_positions(rotary));
    }
    // Without a name nothing says whether models of EVA's kind turn queries and keys.
    let of_eva = |name: &&str| {
        let in_block = name.strip_prefix("blocks.0.");
        in_block.is_some_and(|name| {
            ["attn.q_bias", "attn.q_proj.", "attn.norm.", "gamma_1"]
                .iter()
                .any(|start| name.starts_with(start))
        }) || *name == "attn_pool.latent" && tensors.has("cls_token")
    };
    match tensors.names().find(of_eva) {
        Some(name) if !form.is_known => Err(rotary_positions(Some(name))),
        _ => Ok(()),
    }
}
