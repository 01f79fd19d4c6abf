//! timm's `VisionTransformer`: classic and parallel blocks, class token, average and attention
//! pooling, registers, layer scale.

use crate::vit::{BlockKind, Gelu, NormKind, Pool, Positions, QkNorm, ViT22BConfig};

use super::pieces::{
    activation, distillation_token, gated_mlp, heads_unknown, rotary_positions, split_block,
    square_patch,
};
use super::prefix::{prefix, unwrapped};
use super::tensors::{Fate, Tensors};
use super::term::Term;
use crate::weights::container::Container;
use crate::weights::description::Description;
use crate::weights::error::WeightsError;
use crate::weights::options::LoadOptions;
use crate::weights::origin::Origin;
use crate::weights::positions;
use crate::weights::preprocessing;
use crate::weights::sidecar::Sidecar;

/// The tensor by which these files are recognised.
const MARK: &str = "patch_embed.proj.weight";

/// Which of timm's layouts a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names {
    /// How many prefix tokens, from the first on, have a position of their own.
    pub(crate) prefix_positions: usize,
}

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

/// DINOv2's training keeps its blocks in chunks, `blocks.CHUNK.BLOCK.…`, and counts the blocks through
/// all chunks.
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
    refuse_unknown_parts(tensors)?;
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
    let architecture = sidecar.text("architecture").unwrap_or("");
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

    let pool = if tensors.has("attn_pool.latent") {
        Pool::Map
    } else if tensors.has("cls_token") {
        Pool::ClassToken
    } else {
        Pool::Average
    };
    let registers = match tensors.has("reg_token") {
        true => tensors.axes::<3>("registers", "reg_token")?[1],
        false => 0,
    };
    let [_, positions, _] = tensors.axes("image", "pos_embed")?;
    let class = usize::from(pool == Pool::ClassToken);
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
    .with_registers(registers)
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
    Ok((description.check()?, Names { prefix_positions }))
}

/// Refuses a model by the tensors of layers that this family does not have.
fn refuse_unknown_parts(tensors: &Tensors) -> Result<(), WeightsError> {
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

/// The epsilon of timm's norms: 1e-6, but 1e-5 in CLIP's models, which have layer norms and one of
/// them after the embedding.
pub(crate) fn usual_epsilon(norm_embedding: bool, layer_norm: bool) -> f64 {
    if norm_embedding && layer_norm { 1e-5 } else { 1e-6 }
}

/// Number of heads by the size in the name of a registered model.
fn heads(architecture: &str) -> Option<usize> {
    if architecture == "vit_base_patch16_gap_224" {
        return Some(16);
    }
    Some(match architecture.strip_prefix("vit_")?.split('_').next()? {
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
fn tanh_by_name(architecture: &str) -> bool {
    let siglip = architecture.contains("_siglip_");
    let tanh = ["vit_base_patch32_", "vit_so400m_patch16_", "vit_giantopt_"];
    siglip
        && (tanh.iter().any(|name| architecture.starts_with(name))
            || architecture.starts_with("vit_large_") && architecture.ends_with("_512"))
}

/// The tensors that make the parameter at `path`; none if timm has no name for it.
pub(crate) fn terms(path: &str, shape: &[usize], config: &ViT22BConfig, names: Names) -> Vec<Term> {
    let rows = config.patches() + names.prefix_positions;
    let class = usize::from(config.pool == Pool::ClassToken);
    // A prefix token with a position is loaded as their sum.
    let prefixed = |name: &str, first: usize| {
        let mut terms = vec![Term::tokens(name, shape, 0, shape[0])];
        if first + shape[0] <= names.prefix_positions {
            terms.push(Term::tokens("pos_embed", shape, first, rows));
        }
        terms
    };
    match path {
        "embedding.weight" => return vec![Term::whole(MARK, shape)],
        "embedding.bias" => return vec![Term::whole("patch_embed.proj.bias", shape)],
        "pos_embedding" => {
            return vec![Term::tokens("pos_embed", shape, names.prefix_positions, rows)];
        }
        "class_token" => return prefixed("cls_token", 0),
        "registers" => return prefixed("reg_token", class),
        "map.probe" => return vec![Term::tokens("attn_pool.latent", shape, 0, 1)],
        _ => {}
    }
    let (scope, rest) = split_block(path);
    let (module, leaf) = rest.rsplit_once('.').unwrap_or(("", rest));
    let (d, f) = (config.width, config.mlp_dim);
    let joint = |name: &str, start, outputs| {
        vec![Term::joint(format!("{scope}{name}.{leaf}"), shape, start, outputs)]
    };
    let own = |name: &str| vec![Term::torch(format!("{scope}{name}"), leaf, shape)];
    let parallel = !scope.is_empty() && config.block == BlockKind::Parallel;
    match module {
        "attn.query" if parallel => joint("in_proj", f, f + 3 * d),
        "attn.key" if parallel => joint("in_proj", f + d, f + 3 * d),
        "attn.value" if parallel => joint("in_proj", f + 2 * d, f + 3 * d),
        "mlp.fc1" if parallel && leaf == "bias" && !config.biases.qkv => {
            vec![Term::whole(format!("{scope}mlp_bias"), shape)]
        }
        "mlp.fc1" if parallel => joint("in_proj", 0, f + 3 * d),
        "norm" if parallel => own("in_norm"),
        "attn.q_norm" if parallel => own("q_norm"),
        "attn.k_norm" if parallel => own("k_norm"),
        "attn.out" if parallel => own("attn_out_proj"),
        "mlp.fc2" if parallel => own("mlp_out_proj"),
        "" => {
            let name = match (leaf, parallel) {
                ("layer_scale", true) => "ls.gamma",
                ("layer_scale", false) => "ls1.gamma",
                ("mlp_layer_scale", false) => "ls2.gamma",
                _ => return vec![],
            };
            vec![Term::whole(format!("{scope}{name}"), shape)]
        }
        "attn.query" => joint("attn.qkv", 0, 3 * d),
        "attn.key" => joint("attn.qkv", d, 3 * d),
        "attn.value" => joint("attn.qkv", 2 * d, 3 * d),
        "attn.out" => own("attn.proj"),
        "norm" if !scope.is_empty() => own("norm1"),
        "mlp_norm" => own("norm2"),
        "attn.q_norm" | "attn.k_norm" | "mlp.fc1" | "mlp.fc2" => own(module),
        "embedding_norm" => own("norm_pre"),
        "norm" if config.norm_pooled => own("fc_norm"),
        "norm" | "head" => own(module),
        "map.attn.query" => own("attn_pool.q"),
        "map.attn.key" => joint("attn_pool.kv", 0, 2 * d),
        "map.attn.value" => joint("attn_pool.kv", d, 2 * d),
        "map.attn.out" => own("attn_pool.proj"),
        "map.norm" => own("attn_pool.norm"),
        "map.mlp.fc1" => own("attn_pool.mlp.fc1"),
        "map.mlp.fc2" => own("attn_pool.mlp.fc2"),
        _ => vec![],
    }
}
