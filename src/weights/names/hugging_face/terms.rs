//! transformers' names of the parameters.

use crate::vit::ViT22BConfig;
use crate::weights::names::pieces::split_block;
use crate::weights::names::term::Term;
use crate::weights::origin::Origin;

use super::embedding;

/// Which of transformers' layouts a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names {
    /// Whose names they are.
    pub(crate) origin: Origin,
    /// How many tokens before the patches have a position of their own.
    pub(super) prefix_positions: usize,
    /// Whether the class token is there and not read: it serves as a register, before the others.
    pub(super) class_as_register: bool,
    /// Whether the second token is DeiT's distillation token.
    pub(super) distilled: bool,
    /// Whether gate and value of a gated MLP are one tensor, as in DINOv2's published files.
    pub(super) joint_gate: bool,
    /// Whether patches are embedded by a linear layer that has their channels innermost.
    pub(super) linear_patches: bool,
}

/// The tensors that make the parameter at `path`; none if this origin has no name for it.
pub(crate) fn terms(path: &str, shape: &[usize], config: &ViT22BConfig, names: Names) -> Vec<Term> {
    let (block, rest) = split_block(path);
    match block.strip_prefix("blocks.") {
        Some(index) => of_block(index, rest, shape, config, names),
        None => of_model(path, shape, config, names),
    }
}

/// The parameters before and behind the blocks.
fn of_model(path: &str, shape: &[usize], config: &ViT22BConfig, names: Names) -> Vec<Term> {
    let Names { origin, prefix_positions: before, .. } = names;
    let rows = config.patches() + before;
    // Tokens before the patches may have a position, which is added to them.
    let token = |name: &str, place: usize| {
        let mut terms = vec![Term::tokens(name, shape, 0, shape[0])];
        if place < before {
            terms.push(Term::tokens("embeddings.position_embeddings", shape, place, rows));
        }
        terms
    };
    let own = |module: &str, leaf: &str| vec![Term::torch(module.into(), leaf, shape)];
    let flat_positions = "embeddings.position_embedding.weight";
    match (path, origin) {
        ("embedding.weight", _) if names.linear_patches => {
            let [d, c, p, q] = shape[..] else { return vec![] };
            let view = Term::whole("", &[d, p, q, c]).view.permute(&[0, 3, 1, 2]);
            let (name, shape) = (format!("{}.weight", embedding(origin)), vec![d, p * q * c]);
            return vec![Term { name, shape, view, rows: None }];
        }
        ("embedding.weight", _) => {
            return vec![Term::whole(format!("{}.weight", embedding(origin)), shape)];
        }
        ("pos_embedding", Origin::HfSiglip | Origin::HfAimv2) => {
            return vec![Term::whole(flat_positions, shape)];
        }
        ("pos_embedding", Origin::HfClip) => {
            let theirs = [rows, shape[1]];
            return vec![Term::piece(flat_positions, &theirs, |view| {
                view.narrow(0, before, shape[0])
            })];
        }
        ("pos_embedding", _) => {
            return vec![Term::tokens("embeddings.position_embeddings", shape, before, rows)];
        }
        ("class_token", _) => return class_token(shape, config, names),
        ("distillation_token", _) => return token("embeddings.distillation_token", 1),
        ("registers", _) => return registers(shape, config, names),
        ("map.probe", _) => return token("head.probe", before),
        ("query_pool.query", _) => return token("head.cls_token", before),
        _ => {}
    }
    let (module, leaf) = path.rsplit_once('.').unwrap_or(("", path));
    match (module, origin) {
        ("embedding", _) => own(embedding(origin), leaf),
        ("embedding.norm", Origin::HfAimv2) => own("embeddings.rms_norm", leaf),
        ("embedding_norm", Origin::HfClip) => own("pre_layrnorm", leaf),
        ("norm", Origin::HfSiglip | Origin::HfClip) => own("post_layernorm", leaf),
        ("norm", Origin::HfDinov3) => own("norm", leaf),
        ("norm", Origin::HfAimv2) => own("rms_norm", leaf),
        ("norm", Origin::HfBeit) if config.norm_pooled => own("pooler.layernorm", leaf),
        ("norm", _) => own("layernorm", leaf),
        ("head", _) if config.pool.has_distillation_token() => own("cls_classifier", leaf),
        ("head", _) => own("classifier", leaf),
        ("distillation_head", _) => own("distillation_classifier", leaf),
        ("projection", _) => own("visual_projection", leaf),
        ("map.norm", Origin::HfSiglip) => own("head.layernorm", leaf),
        ("map.mlp.fc1", Origin::HfSiglip) => own("head.mlp.fc1", leaf),
        ("map.mlp.fc2", Origin::HfSiglip) => own("head.mlp.fc2", leaf),
        ("map.attn.out", Origin::HfSiglip) => own("head.attention.out_proj", leaf),
        ("map.attn.query" | "map.attn.key" | "map.attn.value", Origin::HfSiglip) => {
            let place = ["map.attn.query", "map.attn.key", "map.attn.value"];
            let place = place.iter().position(|name| *name == module).unwrap_or(0);
            let (joint, d) = (format!("head.attention.in_proj_{leaf}"), config.width);
            vec![Term::joint(joint, shape, place * d, 3 * d)]
        }
        ("query_pool.key", Origin::HfAimv2) => own("head.k_proj", leaf),
        ("query_pool.value", Origin::HfAimv2) => own("head.v_proj", leaf),
        ("query_pool.out", Origin::HfAimv2) => own("head.output_proj", leaf),
        _ => vec![],
    }
}

/// The class token with its position, as the first row of a parameter of this shape.
fn class_token(shape: &[usize], config: &ViT22BConfig, names: Names) -> Vec<Term> {
    let rows = config.patches() + names.prefix_positions;
    let (count, width) = (shape[0], shape[1]);
    let one = [1, width];
    let terms = match names.origin {
        Origin::HfClip => {
            let view = Term::whole("", &one).view;
            let name = "embeddings.class_embedding".into();
            let token = Term { name, shape: vec![width], view, rows: None };
            let place =
                Term::piece("embeddings.position_embedding.weight", &[rows, width], |view| {
                    view.narrow(0, 0, 1)
                });
            vec![token, place]
        }
        _ => {
            let mut terms = vec![Term::tokens("embeddings.cls_token", &one, 0, 1)];
            if names.prefix_positions > 0 {
                terms.push(Term::tokens("embeddings.position_embeddings", &one, 0, rows));
            }
            terms
        }
    };
    match count {
        1 => terms,
        _ => terms.into_iter().map(|term| term.at_row(0, count)).collect(),
    }
}

/// Tokens that no pooling reads: the class token and the distillation token where that is so, then the
/// registers.
fn registers(shape: &[usize], config: &ViT22BConfig, names: Names) -> Vec<Term> {
    let (count, width) = (shape[0], shape[1]);
    let mut terms = Vec::new();
    let mut next = 0;
    if names.class_as_register {
        terms.extend(class_token(shape, config, names));
        next += 1;
    }
    if names.distilled && !config.pool.has_distillation_token() {
        let rows = config.patches() + names.prefix_positions;
        let one = [1, width];
        let token = Term::tokens("embeddings.distillation_token", &one, 0, 1);
        let place = Term::tokens("embeddings.position_embeddings", &one, 1, rows);
        terms.extend([token, place].map(|term| term.at_row(next, count)));
        next += 1;
    }
    if count > next {
        let rest = count - next;
        let term = Term::tokens("embeddings.register_tokens", &[rest, width], 0, rest);
        terms.push(if next > 0 { term.at_row(next, count) } else { term });
    }
    terms
}

/// The parameters of a block.
fn of_block(
    index: &str,
    path: &str,
    shape: &[usize],
    config: &ViT22BConfig,
    names: Names,
) -> Vec<Term> {
    let Names { origin, joint_gate, .. } = names;
    let scope = layers(origin);
    let (module, leaf) = path.rsplit_once('.').unwrap_or(("", path));
    if joint_gate {
        let f = config.mlp_dim;
        let joint = format!("{scope}{index}mlp.weights_in.{leaf}");
        match module {
            "mlp.gate" => return vec![Term::joint(joint, shape, 0, 2 * f)],
            "mlp.fc1" => return vec![Term::joint(joint, shape, f, 2 * f)],
            _ => {}
        }
    }
    let layer_scale = match (path, origin) {
        ("layer_scale", Origin::HfBeit) => Some("lambda_1"),
        ("mlp_layer_scale", Origin::HfBeit) => Some("lambda_2"),
        ("layer_scale", Origin::HfDinov2 | Origin::HfDinov3) => Some("layer_scale1.lambda1"),
        ("mlp_layer_scale", Origin::HfDinov2 | Origin::HfDinov3) => Some("layer_scale2.lambda1"),
        _ => None,
    };
    if let Some(name) = layer_scale {
        return vec![Term::whole(format!("{scope}{index}{name}"), shape)];
    }
    if module == "attn.relative_bias" {
        let table = "attention.attention.relative_position_bias.relative_position_bias_table";
        return vec![Term::whole(format!("{scope}{index}{table}"), shape)];
    }
    let gated = config.gate.is_some();
    let module = match (module, origin) {
        ("norm", Origin::HfVit | Origin::HfBeit) => "layernorm_before",
        ("mlp_norm", Origin::HfVit | Origin::HfBeit) => "layernorm_after",
        ("norm", Origin::HfDinov2 | Origin::HfDinov3) => "norm1",
        ("mlp_norm", Origin::HfDinov2 | Origin::HfDinov3) => "norm2",
        ("norm", Origin::HfSiglip | Origin::HfClip) => "layer_norm1",
        ("mlp_norm", Origin::HfSiglip | Origin::HfClip) => "layer_norm2",
        ("norm", Origin::HfAimv2) => "rms_norm1",
        ("mlp_norm", Origin::HfAimv2) => "rms_norm2",

        ("attn.query", Origin::HfVit | Origin::HfDinov2 | Origin::HfBeit) => {
            "attention.attention.query"
        }
        ("attn.key", Origin::HfVit | Origin::HfDinov2 | Origin::HfBeit) => {
            "attention.attention.key"
        }
        ("attn.value", Origin::HfVit | Origin::HfDinov2 | Origin::HfBeit) => {
            "attention.attention.value"
        }
        ("attn.out", Origin::HfVit | Origin::HfDinov2 | Origin::HfBeit) => "attention.output.dense",
        ("attn.query", Origin::HfDinov3 | Origin::HfAimv2) => "attention.q_proj",
        ("attn.key", Origin::HfDinov3 | Origin::HfAimv2) => "attention.k_proj",
        ("attn.value", Origin::HfDinov3 | Origin::HfAimv2) => "attention.v_proj",
        ("attn.out", Origin::HfDinov3) => "attention.o_proj",
        ("attn.out", Origin::HfAimv2) => "attention.out_proj",
        ("attn.query", Origin::HfSiglip | Origin::HfClip) => "self_attn.q_proj",
        ("attn.key", Origin::HfSiglip | Origin::HfClip) => "self_attn.k_proj",
        ("attn.value", Origin::HfSiglip | Origin::HfClip) => "self_attn.v_proj",
        ("attn.out", Origin::HfSiglip | Origin::HfClip) => "self_attn.out_proj",

        ("mlp.fc1", Origin::HfVit | Origin::HfBeit) => "intermediate.dense",
        ("mlp.fc2", Origin::HfVit | Origin::HfBeit) => "output.dense",
        ("mlp.fc2", Origin::HfDinov2) if joint_gate => "mlp.weights_out",
        ("mlp.gate", Origin::HfDinov2 | Origin::HfDinov3) => "mlp.gate_proj",
        ("mlp.fc1", Origin::HfDinov3) => "mlp.up_proj",
        ("mlp.fc2", Origin::HfDinov3) => "mlp.down_proj",
        ("mlp.fc1", Origin::HfDinov2) if gated => "mlp.up_proj",
        ("mlp.fc2", Origin::HfDinov2) if gated => "mlp.down_proj",
        ("mlp.gate", Origin::HfAimv2) => "ffn.gate_proj",
        ("mlp.fc1", Origin::HfAimv2) => "ffn.up_proj",
        ("mlp.fc2", Origin::HfAimv2) => "ffn.down_proj",
        ("mlp.fc1" | "mlp.fc2", _) => module,
        _ => return vec![],
    };
    vec![Term::torch(format!("{scope}{index}{module}"), leaf, shape)]
}

/// What stands before the number of a block.
pub(super) fn layers(origin: Origin) -> &'static str {
    match origin {
        Origin::HfSiglip | Origin::HfClip | Origin::HfAimv2 => "encoder.layers.",
        Origin::HfDinov3 => "layer.",
        _ => "encoder.layer.",
    }
}
