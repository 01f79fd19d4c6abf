//! big_vision's `models/vit.py`: attention, average and class-token pooling, blocks as separate
//! tensors or stacked by a scan, and the older layouts that its own loader converts.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::Tensor;

use crate::vit::{Gelu, Pool, Positions, ViT22BConfig};

use super::pieces::{described, ensure_square, split_block};
use super::tensors::{ANOTHER_PART, Fate, Tensors};
use super::term::Term;
use crate::weights::container::Container;
use crate::weights::description::{Description, Notes};
use crate::weights::error::WeightsError;
use crate::weights::options::{HeadChoice, LoadOptions};
use crate::weights::origin::Origin;
use crate::weights::positions;
use crate::weights::sidecar::Sidecar;

/// The tensor by which these files are recognised.
const MARK: &str = "embedding/kernel";
const ATTENTION: &str = "MultiHeadDotProductAttention_0";
/// A larger number of stacked blocks is refused: making the names of that many would fill memory.
const DEEPEST: usize = 4_096;

/// What the tensors of an encoder say of it.
pub(super) struct EncoderSizes {
    /// Whether the blocks are stacked, as a scan has them.
    pub(super) stacked: bool,
    pub(super) depth: usize,
    pub(super) num_heads: usize,
    pub(super) mlp_dim: usize,
}

impl EncoderSizes {
    /// Of the encoder at `root`; `what` is whose it is, for an error.
    pub(super) fn read(tensors: &Tensors, root: &str, what: &str) -> Result<Self, WeightsError> {
        let (query, mlp) = (format!("{ATTENTION}/query/kernel"), "MlpBlock_0/Dense_0/kernel");
        let stacked = tensors.has(&format!("{root}/encoderblock/{query}"));
        let (depth, num_heads, mlp_dim) = if stacked {
            let scope = format!("{root}/encoderblock");
            let [depth, _, heads, _] = tensors.axes("depth", &format!("{scope}/{query}"))?;
            let [_, _, mlp_dim] = tensors.axes("mlp_dim", &format!("{scope}/{mlp}"))?;
            (depth, heads, mlp_dim)
        } else {
            let scope = format!("{root}/encoderblock_0");
            let [_, heads, _] = tensors.axes("num_heads", &format!("{scope}/{query}"))?;
            let [_, mlp_dim] = tensors.axes("mlp_dim", &format!("{scope}/{mlp}"))?;
            (tensors.count(&format!("{root}/encoderblock_")), heads, mlp_dim)
        };
        if depth > DEEPEST {
            return Err(WeightsError::Unsupported {
                what: format!("{what} of {depth} blocks"),
                next: "the file is damaged, or its first axis is not that of the blocks",
            });
        }
        Ok(Self { stacked, depth, num_heads, mlp_dim })
    }
}

/// Which of big_vision's layouts a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names {
    /// Whether the first position is that of the class token, as in the first files.
    pub(crate) class_position: bool,
    /// Whether the blocks are stacked along a first axis.
    pub(crate) stacked: bool,
}

/// The tensors of a vision model of big_vision, if the container holds one: alone, with an
/// optimizer's state, or as the image tower beside a text tower.
pub(crate) fn tensors(container: &Container) -> Option<Tensors<'_>> {
    let prefix = ["params/img/", "params/", "opt/target/img/", "opt/target/", "img/", ""]
        .into_iter()
        .find(|prefix| container.entries.contains_key(&format!("{prefix}{MARK}")))?;
    let names = || container.entries.keys().filter_map(|name| name.strip_prefix(prefix));
    let renumbered = Renumbered::new(names());
    let inlined_pool = names().any(|name| name == "probe");
    Some(Tensors::sort(Origin::BigVision, container, |name| {
        let Some(name) = name.strip_prefix(prefix) else {
            return Fate::Aside(beside(name, prefix));
        };
        let name = renumbered.name(name);
        Fate::Known(match name.as_str() {
            // The positions were first a module of the encoder, then a tensor of it.
            "Transformer/posembed_input/pos_embedding" | "Transformer/pos_embedding" => {
                "pos_embedding".into()
            }
            // For a while the pooling head was no module, and its tensors were the model's.
            "probe" => "MAPHead_0/probe".into(),
            _ if inlined_pool
                && ["MlpBlock_0/", "LayerNorm_0/", ATTENTION]
                    .iter()
                    .any(|module| name.starts_with(module)) =>
            {
                format!("MAPHead_0/{name}")
            }
            _ => name,
        })
    }))
}

/// Why a tensor that does not begin with a model's prefix is not loaded with it.
pub(super) fn beside(name: &str, prefix: &str) -> &'static str {
    let root = prefix.strip_suffix("img/").or(prefix.strip_suffix("txt/")).unwrap_or(prefix);
    match name.starts_with(root) {
        true => ANOTHER_PART,
        false => "it belongs to the optimizer or to the state of training",
    }
}

/// Renumbers modules as Flax does today, each class from 0. In older files all modules of a parent
/// share one count: `LayerNorm_0`, `MultiHeadDotProductAttention_1`, `LayerNorm_2`, `MlpBlock_3`.
pub(super) struct Renumbered<'a>(BTreeMap<(&'a str, &'a str), BTreeSet<usize>>);

impl<'a> Renumbered<'a> {
    pub(super) fn new(names: impl Iterator<Item = &'a str>) -> Self {
        let mut numbers: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
        for (parent, segment) in names.flat_map(segments) {
            if let Some((class, number)) = numbered(segment) {
                numbers.entry((parent, class)).or_default().insert(number);
            }
        }
        Self(numbers)
    }

    pub(super) fn name(&self, name: &str) -> String {
        let renamed = segments(name).map(|(parent, segment)| match numbered(segment) {
            Some((class, number)) => {
                let index = self.0[&(parent, class)].range(..number).count();
                format!("{class}_{index}")
            }
            None => segment.to_string(),
        });
        renamed.collect::<Vec<_>>().join("/")
    }
}

/// Each segment of a name, with the text before it.
fn segments(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut start = 0;
    name.split('/').map(move |segment| {
        let parent = &name[..start];
        start += segment.len() + 1;
        (parent, segment)
    })
}

/// Class and number of a module; none for a block, which keeps its number: if a block is missing,
/// the later ones must not take its place.
fn numbered(segment: &str) -> Option<(&str, usize)> {
    let (class, number) = segment.rsplit_once('_')?;
    (class != "encoderblock").then_some((class, number.parse().ok()?))
}

pub(crate) fn describe(
    tensors: &Tensors,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<(Description, Names), WeightsError> {
    let mut notes = Notes::default();
    let [patch, patch_width, channels, width] = tensors.axes("patch", MARK)?;
    ensure_square(patch, patch_width)?;
    if tensors.has("pre_logits/kernel") && options.head == HeadChoice::Keep {
        return Err(WeightsError::Unsupported {
            what: "a layer between pooling and classifier (\"pre_logits\")".into(),
            next: "`LoadOptions::head` drops or replaces both",
        });
    }
    let EncoderSizes { stacked, depth, num_heads, mlp_dim } =
        EncoderSizes::read(tensors, "Transformer", "a model")?;
    let pool = if tensors.has("MAPHead_0/probe") {
        Pool::Map
    } else if tensors.has("cls") {
        Pool::ClassToken
    } else {
        Pool::Average
    };
    let learned = tensors.has("pos_embedding");
    let (image, class_position) = if learned {
        let [_, rows, _] = tensors.axes("image", "pos_embedding")?;
        let (grid, before) = positions::grid(rows, &[1, 0], options.grid)?;
        (grid.map(|side| side * patch), before == 1)
    } else {
        // Sines and cosines are computed for any grid, so the usual image size will do.
        let usual = [(224 / patch).max(1) * patch; 2];
        (notes.choose_or("image", options.image, None, usual), false)
    };
    let gelu = notes.choose_or("gelu", options.gelu, None, Gelu::Tanh);
    let epsilon = notes.choose_or("epsilon", options.epsilon, None, 1e-6);
    let config = ViT22BConfig::new(match tensors.has("head/kernel") {
        true => tensors.axes::<2>("num_classes", "head/kernel")?[1],
        false => 0,
    })
    .with_image(image)
    .with_channels(channels)
    .with_patch(patch)
    .with_width(width)
    .with_depth(depth)
    .with_mlp_dim(mlp_dim)
    .with_num_heads(num_heads)
    .classic()
    .with_gelu(gelu)
    .with_pool(pool)
    .with_positions(if learned { Positions::Learned } else { Positions::SinCos2d })
    .with_interpolation(Origin::BigVision.interpolation(0))
    .with_epsilon(epsilon)
    .with_head_bias(0.0);
    let described = described(Origin::BigVision, config, sidecar, options, notes)?;
    Ok((Description { class_names: vec![], ..described }, Names { class_position, stacked }))
}

/// The tensors that make the parameter at `path`; none if big_vision has no name for it.
pub(crate) fn terms(path: &str, shape: &[usize], config: &ViT22BConfig, names: Names) -> Vec<Term> {
    let before = usize::from(names.class_position);
    let rows = config.patches() + before;
    match (path, shape) {
        ("embedding.weight", [d, c, p, q]) => {
            let theirs = [*p, *q, *c, *d];
            return vec![Term::piece(MARK, &theirs, |view| view.permute(&[3, 2, 0, 1]))];
        }
        ("embedding.bias", _) => return vec![Term::whole("embedding/bias", shape)],
        ("pos_embedding", _) => return vec![Term::tokens("pos_embedding", shape, before, rows)],
        ("class_token", _) => {
            let mut terms = vec![Term::tokens("cls", shape, 0, 1)];
            if names.class_position {
                terms.push(Term::tokens("pos_embedding", shape, 0, rows));
            }
            return terms;
        }
        ("map.probe", _) => return vec![Term::tokens("MAPHead_0/probe", shape, 0, 1)],
        _ => {}
    }
    let layout = Layout {
        num_heads: config.num_heads,
        head_dim: config.head_dim(),
        depth: config.depth,
        stacked: names.stacked,
        encoder: "Transformer",
    };
    of_module(path, shape, &layout)
}

/// How a tower's modules are kept.
pub(super) struct Layout {
    pub(super) num_heads: usize,
    pub(super) head_dim: usize,
    pub(super) depth: usize,
    /// Whether the blocks are stacked along a first axis.
    pub(super) stacked: bool,
    /// The name of the module with the blocks.
    pub(super) encoder: &'static str,
}

/// The parameters of blocks, norms, attention pooling and head.
pub(super) fn of_module(path: &str, shape: &[usize], layout: &Layout) -> Vec<Term> {
    let encoder = layout.encoder;
    let (block, rest) = split_block(path);
    let index = block.strip_prefix("blocks.").and_then(|index| index.strip_suffix('.'));
    let (in_pool, rest) = match rest.strip_prefix("map.") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let Some((module, leaf)) = rest.rsplit_once('.') else { return vec![] };
    let module = match (module, index, in_pool) {
        ("norm", Some(_), _) | ("norm", _, true) => "LayerNorm_0".into(),
        ("norm", None, false) => format!("{encoder}/encoder_norm"),
        ("mlp_norm", Some(_), _) => "LayerNorm_1".into(),
        ("mlp.fc1", ..) => "MlpBlock_0/Dense_0".into(),
        ("mlp.fc2", ..) => "MlpBlock_0/Dense_1".into(),
        ("head", ..) => "head".into(),
        (module, ..) => match module.strip_prefix("attn.") {
            Some(projection @ ("query" | "key" | "value" | "out")) => {
                format!("{ATTENTION}/{projection}")
            }
            _ => return vec![],
        },
    };
    let leaf = if leaf == "weight" { "kernel" } else { leaf };
    // Flax has an axis for the heads: [d, h, k] for queries, keys and values, [h, k, d] at the
    // exit.
    let (h, k) = (layout.num_heads, layout.head_dim);
    let attention = module.starts_with(ATTENTION);
    let (theirs, merged) = match (shape, leaf) {
        (&[d, _], "kernel") if attention && module.ends_with("/out") => (vec![h, k, d], Some(0)),
        (&[d, _], "kernel") if attention => (vec![d, h, k], Some(1)),
        (_, "bias") if attention && !module.ends_with("/out") => (vec![h, k], Some(0)),
        _ => (shape.to_vec(), None),
    };
    let stack = index.filter(|_| layout.stacked).and_then(|index| index.parse().ok());
    let scope = match (index, in_pool) {
        (Some(_), _) if layout.stacked => format!("{encoder}/encoderblock/"),
        (Some(index), _) => format!("{encoder}/encoderblock_{index}/"),
        (None, true) => "MAPHead_0/".into(),
        (None, false) => String::new(),
    };
    let whole = match stack {
        Some(_) => [&[layout.depth], &theirs[..]].concat(),
        None => theirs,
    };
    vec![Term::piece(format!("{scope}{module}/{leaf}"), &whole, |view| {
        let view = match stack {
            Some(index) => view.at(index),
            None => view,
        };
        match merged {
            Some(axis) => view.merge(axis),
            None => view,
        }
    })]
}

/// Whether `scipy.ndimage.zoom` gives zero for the last position of an axis. It multiplies its step
/// by the number of steps; where a rounding error makes that larger than the last old position, it
/// takes the position for one beyond the edge.
fn loses_edge(from: usize, to: usize) -> bool {
    let (last, steps) = (from as f64 - 1.0, to as f64 - 1.0);
    steps > 0.0 && steps * (last / steps) > last
}

/// Sets the last row and column of resampled positions to zero where scipy does, as big_vision's
/// models have them. The second result says which of the two were.
pub(crate) fn lose_edges(
    mut positions: Tensor<2>,
    from: [usize; 2],
    to: [usize; 2],
) -> (Tensor<2>, [bool; 2]) {
    let lost = [0, 1].map(|axis| from != to && loses_edge(from[axis], to[axis]));
    let kept = [0, 1].map(|axis| to[axis] - usize::from(lost[axis]));
    if lost != [false, false] {
        let [_, d] = positions.dims();
        let mut grid =
            Tensor::<3>::zeros([to[0], to[1], d], &positions.device()).cast(positions.dtype());
        let inner = [0..kept[0], 0..kept[1], 0..d];
        let old = positions.reshape([to[0], to[1], d]).slice(inner.clone());
        grid = grid.slice_assign(inner, old);
        positions = grid.reshape([to[0] * to[1], d]);
    }
    (positions, lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_that_shared_one_count_are_numbered_by_class() {
        let old = [
            "Transformer/encoderblock_10/LayerNorm_0/scale",
            "Transformer/encoderblock_10/MultiHeadDotProductAttention_1/query/kernel",
            "Transformer/encoderblock_10/LayerNorm_2/scale",
            "Transformer/encoderblock_10/MlpBlock_3/Dense_0/kernel",
            "Transformer/encoderblock_10/MlpBlock_3/Dense_1/kernel",
        ];
        let renumbered = Renumbered::new(old.into_iter());
        let new = old.map(|name| renumbered.name(name));
        assert_eq!(
            new[1],
            "Transformer/encoderblock_10/MultiHeadDotProductAttention_0/query/kernel"
        );
        assert_eq!(new[2], "Transformer/encoderblock_10/LayerNorm_1/scale");
        assert_eq!(new[4], "Transformer/encoderblock_10/MlpBlock_0/Dense_1/kernel");
        // What is numbered so already stays.
        let again = Renumbered::new(new.iter().map(String::as_str));
        assert!(new.iter().all(|name| again.name(name) == *name));
    }
}
