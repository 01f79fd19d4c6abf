//! timm's names of the parameters.

use crate::vit::{BlockKind, Pool, ViT22BConfig};
use crate::weights::names::pieces::split_block;
use crate::weights::names::term::Term;

/// The tensor by which these files are recognised.
pub(super) const MARK: &str = "patch_embed.proj.weight";

/// Which of timm's layouts a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names {
    /// How many prefix tokens, from the first on, have a position of their own.
    pub(crate) prefix_positions: usize,
    /// Whether the class token is there and not read: pooling takes the mean of the patches, and the
    /// class token serves as a register.
    pub(crate) class_as_register: bool,
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
        "registers" if names.class_as_register => return prefixed("cls_token", 0),
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
