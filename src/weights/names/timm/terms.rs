//! timm's names of the parameters.

use crate::vit::{BlockKind, ViT22BConfig};
use crate::weights::names::pieces::split_block;
use crate::weights::names::term::Term;

/// The tensor by which these files are recognised.
pub(super) const MARK: &str = "patch_embed.proj.weight";

/// Which of timm's layouts a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Names {
    /// How many prefix tokens, from the first on, have a position of their own.
    pub(crate) prefix_positions: usize,
    /// Whether the class token is there and not read: pooling takes the mean of the patches, and the
    /// class token serves as a register, before the others.
    pub(crate) class_as_register: bool,
    /// Whether query, key and value are layers of their own, `q_proj` and its kin.
    pub(crate) split_qkv: bool,
    /// Whether the biases of a joint `qkv` stand apart, as `q_bias` and `v_bias`.
    pub(crate) split_qkv_bias: bool,
    /// Whether the gate of the MLP is the first half of `fc1`, and not `fc1_g` beside `fc1_x`.
    pub(crate) packed_gate: bool,
    /// Whether layer scales are `gamma_1` and `gamma_2`.
    pub(crate) gammas: bool,
}

/// The tensors that make the parameter at `path`; none if timm has no name for it.
pub(crate) fn terms(path: &str, shape: &[usize], config: &ViT22BConfig, names: Names) -> Vec<Term> {
    let rows = config.patches() + names.prefix_positions;
    let before = usize::from(config.pool.has_class_token())
        + usize::from(config.pool.has_distillation_token());
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
        "distillation_token" => return prefixed("dist_token", 1),
        "registers" if names.class_as_register => return with_class_token(shape, rows, names),
        "registers" => return prefixed("reg_token", before),
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
    let whole = |name: &str| vec![Term::whole(format!("{scope}{name}"), shape)];
    let in_block = !scope.is_empty();
    let gated = config.gate.is_some();
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
                ("layer_scale", false) if names.gammas => "gamma_1",
                ("mlp_layer_scale", false) if names.gammas => "gamma_2",
                ("layer_scale", false) => "ls1.gamma",
                ("mlp_layer_scale", false) => "ls2.gamma",
                _ => return vec![],
            };
            whole(name)
        }
        "attn.query" if names.split_qkv => own("attn.q_proj"),
        "attn.key" if names.split_qkv => own("attn.k_proj"),
        "attn.value" if names.split_qkv => own("attn.v_proj"),
        "attn.query" if names.split_qkv_bias && leaf == "bias" => whole("attn.q_bias"),
        "attn.key" if names.split_qkv_bias && leaf == "bias" => whole("attn.k_bias"),
        "attn.value" if names.split_qkv_bias && leaf == "bias" => whole("attn.v_bias"),
        "attn.query" => joint("attn.qkv", 0, 3 * d),
        "attn.key" => joint("attn.qkv", d, 3 * d),
        "attn.value" => joint("attn.qkv", 2 * d, 3 * d),
        "attn.out" => own("attn.proj"),
        "norm" if in_block => own("norm1"),
        "mlp_norm" => own("norm2"),
        "mlp.gate" if names.packed_gate => joint("mlp.fc1", 0, 2 * f),
        "mlp.fc1" if names.packed_gate => joint("mlp.fc1", f, 2 * f),
        "mlp.gate" => own("mlp.fc1_g"),
        "mlp.fc1" if gated => own("mlp.fc1_x"),
        "attn.q_norm" | "attn.k_norm" | "attn.norm" | "mlp.fc1" | "mlp.fc2" | "mlp.norm" => {
            own(module)
        }
        "embedding.norm" => own("patch_embed.norm"),
        "embedding_norm" => own("norm_pre"),
        "norm" if config.norm_pooled => own("fc_norm"),
        "norm" | "head" => own(module),
        "distillation_head" => own("head_dist"),
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

/// The registers of a model whose class token is the first of them.
fn with_class_token(shape: &[usize], rows: usize, names: Names) -> Vec<Term> {
    let (count, width) = (shape[0], shape[1]);
    let piece = |name: &str, start: usize, length: usize| {
        Term::tokens(name, &[length, width], 0, length).at_row(start, count)
    };
    let mut terms = vec![piece("cls_token", 0, 1)];
    if count > 1 {
        terms.push(piece("reg_token", 1, count - 1));
    }
    let positions = names.prefix_positions.min(count);
    if positions > 0 {
        let piece = Term::tokens("pos_embed", &[positions, width], 0, rows);
        terms.push(piece.at_row(0, count));
    }
    terms
}
