//! timm's `VisionTransformer`: classic and parallel blocks, class token, average and attention
//! pooling, registers, layer scale.

mod registry;
mod terms;

use crate::vit::{BlockKind, Gelu, NormKind, Pool, Positions, QkNorm, ViT22BConfig};
use crate::weights::container::Container;
use crate::weights::description::{Description, Notes};
use crate::weights::error::WeightsError;
use crate::weights::names::pieces::{
    activation, distillation_token, gated_mlp, heads_unknown, rotary_positions, square_patch,
};
use crate::weights::names::prefix::{prefix, unwrapped};
use crate::weights::names::tensors::{Fate, Tensors};
use crate::weights::options::LoadOptions;
use crate::weights::origin::Origin;
use crate::weights::positions;
use crate::weights::preprocessing;
use crate::weights::sidecar::Sidecar;
use registry::{heads, tanh_by_name};
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
    refuse_unknown_layers(tensors)?;
    if options.assume.is_none() {
        registry::check(sidecar)?;
    }
    let mut notes = tensors.notes();
    let [width, channels, patch] = square_patch(tensors, MARK)?;
    let parallel = tensors.has("blocks.0.in_proj.weight");
    let mlp_dim = if parallel {
        let [joint, _] = tensors.axes("mlp_dim", "blocks.0.in_proj.weight")?;
        joint.saturating_sub(3 * width)
    } else {
        let [hidden, _] = tensors.axes("mlp_dim", "blocks.0.mlp.fc1.weight")?;
        let [_, back] = tensors.axes("mlp_dim", "blocks.0.mlp.fc2.weight")?;
        if hidden == 2 * back {
            return Err(gated_mlp());
        }
        hidden
    };
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
    let architecture = options.assume.as_deref().or(sidecar.text("architecture")).unwrap_or("");
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
    let gelu = match sidecar.text("act_layer") {
        Some("gelu_tanh") => Some(Gelu::Tanh),
        Some("gelu") => Some(Gelu::Erf),
        Some(other) if options.gelu.is_none() => return Err(activation(other)),
        _ if architecture.contains("quickgelu") => return Err(activation("quick_gelu")),
        _ => tanh_by_name(architecture).then_some(Gelu::Tanh),
    };
    let gelu = notes.choose("gelu", options.gelu, gelu, Some(Gelu::Erf)).unwrap_or(Gelu::Erf);
    let norm_embedding = tensors.has("norm_pre.weight");
    let epsilon = usual_epsilon(norm_embedding, norm_bias);
    let epsilon = notes.choose("epsilon", options.epsilon, None, Some(epsilon)).unwrap_or(epsilon);

    let pool = pool(tensors, sidecar, options, &mut notes)?;
    let registers = match tensors.has("reg_token") {
        true => tensors.axes::<3>("registers", "reg_token")?[1],
        false => 0,
    };
    let class = usize::from(tensors.has("cls_token"));
    let class_as_register = class == 1 && pool == Pool::Average;
    if class_as_register && registers > 0 {
        return Err(WeightsError::Unsupported {
            what: "average pooling behind a class token and registers (\"global_pool\")".into(),
            next: "`LoadOptions::pool` takes the class token",
        });
    }
    let [_, positions, _] = tensors.axes("image", "pos_embed")?;
    let by_sidecar = sidecar.size("img_size").or_else(|| sidecar.size("input_size"));
    let hint = options.grid.or(by_sidecar.map(|size| size.map(|side| side / patch)));
    let (grid, prefix_positions) =
        positions::grid(positions, &[class + registers, class, 0], hint)?;
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
    .with_block(if parallel { BlockKind::Parallel } else { BlockKind::Sequential })
    .with_norm(norm)
    .with_qk_norm(qk_norm)
    .with_gelu(gelu)
    .with_pool(pool)
    .with_norm_embedding(norm_embedding)
    .with_norm_pooled(tensors.has("fc_norm.weight"))
    .with_positions(Positions::Learned)
    .with_interpolation(Origin::Timm.interpolation(registers))
    .with_registers(registers + usize::from(class_as_register))
    .with_layer_scale(block("ls1.gamma", "ls.gamma").then_some(1e-5))
    .with_epsilon(epsilon)
    .with_head_bias(0.0);
    config.biases.embedding = tensors.has("patch_embed.proj.bias");
    config.biases.norm = norm_bias;
    config.biases.qkv = block("attn.qkv.bias", "in_proj.bias");
    config.biases.attn_out = block("attn.proj.bias", "attn_out_proj.bias");
    config.biases.mlp = block("mlp.fc2.bias", "mlp_out_proj.bias");
    config.biases.map_qkv = tensors.has("attn_pool.q.bias");
    config.biases.map_out = tensors.has("attn_pool.proj.bias");
    config.biases.head = tensors.has("head.bias");
    let (image, patch) = (config.image, config.patch);
    let preprocessing =
        preprocessing::infer(Origin::Timm, sidecar, image, patch, options, &mut notes)?;
    let description = Description { origin: Origin::Timm, config, notes: notes.0, preprocessing };
    Ok((description.check()?, Names { prefix_positions, class_as_register }))
}

/// How the model pools: as the options or `config.json` say, or else as the tensors show.
fn pool(
    tensors: &Tensors,
    sidecar: &Sidecar,
    options: &LoadOptions,
    notes: &mut Notes,
) -> Result<Pool, WeightsError> {
    let (map, class) = (tensors.has("attn_pool.latent"), tensors.has("cls_token"));
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
    let averaged = tensors.has("fc_norm.weight") && !tensors.has("norm.weight");
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

/// Refuses a model by the tensors of layers that this family does not have.
fn refuse_unknown_layers(tensors: &Tensors) -> Result<(), WeightsError> {
    if let Some(name) =
        tensors.names().find(|name| matches!(*name, "dist_token" | "head_dist.weight"))
    {
        return Err(distillation_token(name));
    }
    let gated =
        |name: &&str| name.starts_with("blocks.0.mlp.w") || name.starts_with("blocks.0.mlp.fc1_g.");
    if tensors.names().any(|name| gated(&name)) {
        return Err(gated_mlp());
    }
    let rotary = tensors.names().find(|name| name.starts_with("rope"));
    if rotary.is_some() || !tensors.has("pos_embed") {
        return Err(rotary_positions(rotary));
    }
    Ok(())
}
