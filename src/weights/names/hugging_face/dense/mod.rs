//! Models of transformers for dense prediction: a tower under the names of its own class, and beside it the
//! neck and the head. What no tensor shows is in `config.json`, without which such a file is not read.

mod depth;
mod entries;
mod segmentation;

use serde_json::{Map, Value};

use crate::vit::{Interpolation, ViT22BConfig};
use crate::weights::container::Container;
use crate::weights::description::Description;
use crate::weights::error::WeightsError;
use crate::weights::names::prefix::prefix;
use crate::weights::names::tensors::{Fate, Tensors};
use crate::weights::names::term::Term;
use crate::weights::options::{HeadChoice, LoadOptions};
use crate::weights::sidecar::Sidecar;

use super::{Names, describe, tensors, terms};
use entries::Entries;

pub(crate) use depth::depth;
pub(crate) use segmentation::segmentation;

/// A file of such a model: its tensors, those of the head under the names that they have in the file, and
/// the config of the whole.
pub(crate) struct DenseFile<'a, C> {
    pub(crate) tensors: Tensors<'a>,
    /// What is known of the tower.
    pub(crate) description: Description,
    pub(crate) config: C,
    names: Names,
    head: HeadTerms,
    /// Whether the tower has a norm behind its blocks in the file.
    has_norm: bool,
}

/// Which tensors make a parameter beside the tower.
type HeadTerms = fn(&str, &[usize]) -> Vec<Term>;

impl<C> DenseFile<'_, C> {
    /// The tensors that make the parameter at `path` of the whole model; nothing for the last norm of a
    /// tower that is read without it and has none.
    pub(crate) fn terms(&self, path: &str, shape: &[usize]) -> Option<Vec<Term>> {
        match path.strip_prefix("tower.") {
            Some(path) if path.starts_with("norm.") && !self.has_norm => None,
            Some(path) => Some(terms(path, shape, &self.description.config, self.names)),
            None => Some((self.head)(path, shape)),
        }
    }
}

/// The tower of a file, and what stands beside it.
struct Whole<'a> {
    tensors: Tensors<'a>,
    description: Description,
    names: Names,
    /// The blocks that the backbone gives, counted from 0, if it is described by itself.
    blocks: Vec<usize>,
    /// Whether its last norm acts on each of them.
    norm: bool,
}

/// Reads the tower that the entries describe. `mark` is a tensor that each head has, and `others` says what
/// becomes of the tensors beside the tower.
fn whole<'a>(
    container: &'a Container,
    entries: &Entries,
    options: &LoadOptions,
    mark: &str,
    others: impl Fn(&str) -> Option<Fate>,
) -> Result<Whole<'a>, WeightsError> {
    if options.head != HeadChoice::Keep {
        return Err(WeightsError::Unsupported {
            what: format!("a model for {} with another head than the file's", entries.task),
            next: "leave `LoadOptions::head` as it is",
        });
    }
    let backbone = entries.get("backbone_config").and_then(Value::as_object);
    let tower = match backbone {
        Some(backbone) => {
            let mut backbone = backbone.clone();
            // Says which of two norms stands before a pooler, which a backbone does not have.
            backbone.remove("use_mean_pooling");
            backbone
        }
        None => own_tower(entries),
    };
    let sidecar = Sidecar::of(Value::Object(tower), Value::Null);
    let nothing = |names: &Container| {
        let first: Vec<_> = names.entries.keys().take(5).map(String::as_str).collect();
        let (count, first) = (names.entries.len(), first.join(", "));
        WeightsError::UnknownOrigin { count, first }
    };
    let part = options.part.as_deref();
    let outer = prefix(container, mark, part)?.ok_or_else(|| nothing(container))?.text;
    let tensors = tensors(container, &sidecar, options)?;
    let mut tensors = tensors.ok_or_else(|| nothing(container))?;
    tensors.sort_again(|name| {
        let name = name.strip_prefix(&outer)?;
        if name.ends_with(".num_batches_tracked") {
            return Some(Fate::Aside("it counts batches of training and is no weight"));
        }
        others(name)
    });
    let (mut description, names) = describe(&mut tensors, &sidecar, options)?;
    let (mut blocks, mut norm) = (Vec::new(), false);
    match backbone {
        Some(backbone) => {
            let backbone = Entries { task: entries.task, map: backbone };
            (blocks, norm) = read_blocks(&backbone, &description.config)?;
        }
        // The class resamples positions in its own way.
        None => description.config.interpolation = Interpolation::BilinearEdges,
    }
    Ok(Whole { tensors, description, names, blocks, norm })
}

/// The config of a tower that is described among the entries of the whole: transformers' ViT by another
/// class.
fn own_tower(entries: &Entries) -> Map<String, Value> {
    const OF_TOWER: [&str; 10] = [
        "hidden_act",
        "hidden_size",
        "image_size",
        "intermediate_size",
        "layer_norm_eps",
        "num_attention_heads",
        "num_channels",
        "num_hidden_layers",
        "patch_size",
        "qkv_bias",
    ];
    let own = OF_TOWER.iter().filter_map(|key| Some((key.to_string(), entries.get(key)?.clone())));
    own.chain([("model_type".into(), "vit".into())]).collect()
}

/// The blocks that a backbone gives, and whether its last norm acts on them. Stage 0 is the embedding, and
/// stage `i` the output of block `i - 1`.
fn read_blocks(
    backbone: &Entries,
    tower: &ViT22BConfig,
) -> Result<(Vec<usize>, bool), WeightsError> {
    let stages = tower.depth as i64 + 1;
    let key = if backbone.get("out_indices").is_some() { "out_indices" } else { "out_features" };
    let stage = |value: &Value| -> Option<i64> {
        let stage = match value.as_str() {
            Some(name) => name.strip_prefix("stage")?.parse().ok()?,
            None => value.as_i64()?,
        };
        Some(if stage < 0 { stage + stages } else { stage })
    };
    let last = Value::from(vec![stages - 1]);
    let said = backbone.get(key).unwrap_or(&last);
    let found: Option<Vec<i64>> =
        said.as_array().and_then(|stages| stages.iter().map(stage).collect());
    let found = found.filter(|found| {
        let inside = found.iter().all(|stage| (1..stages).contains(stage));
        inside && !found.is_empty() && found.windows(2).all(|pair| pair[0] < pair[1])
    });
    let expected = format!("blocks in ascending order, from 1 to {}", stages - 1);
    let blocks: Vec<usize> = (found.ok_or_else(|| backbone.refuse(key, &expected))?.into_iter())
        .map(|stage| stage as usize - 1)
        .collect();
    let norm = match backbone.text("model_type") {
        Some("dinov2" | "dinov2_with_registers") => backbone.flag("apply_layernorm", true)?,
        Some("dinov3_vit") => {
            let norm = backbone.flag("apply_layernorm", true)?;
            if !norm && blocks.contains(&(tower.depth - 1)) {
                let expected = "true where the last block is read, which is always normed";
                return Err(backbone.refuse("apply_layernorm", expected));
            }
            norm
        }
        _ => false,
    };
    Ok((blocks, norm))
}

/// The name of a parameter as PyTorch keeps it: norms call their scale a weight, and the statistics of
/// batch norms run.
fn of_norm(leaf: &str) -> &str {
    match leaf {
        "scale" => "weight",
        "mean" => "running_mean",
        "variance" => "running_var",
        leaf => leaf,
    }
}
