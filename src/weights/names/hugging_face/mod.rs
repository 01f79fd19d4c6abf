//! Hugging Face transformers' ViT, DINOv2 (with and without registers) and SigLIP's vision tower.

use crate::vit::{Gelu, Pool, Positions, ViT22BConfig};

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
use crate::weights::options::{HeadChoice, LoadOptions};
use crate::weights::origin::Origin;
use crate::weights::positions;
use crate::weights::preprocessing;
use crate::weights::sidecar::Sidecar;

/// Number of heads where a config does not mention it; the same default in all three models.
const USUAL_HEADS: usize = 12;

/// The tensor by which the files are recognised.
fn mark(origin: Origin) -> &'static str {
    match origin {
        Origin::HfSiglip => "embeddings.patch_embedding.weight",
        _ => "embeddings.patch_embeddings.projection.weight",
    }
}

/// The tensors of one of the three models, if the container holds one, alone or in a larger model.
///
/// # Errors
///
/// Those of [`prefix`], and [`WeightsError::Unsupported`] for DINOv3.
pub(crate) fn tensors<'a>(
    container: &'a Container,
    options: &LoadOptions,
) -> Result<Option<Tensors<'a>>, WeightsError> {
    let names = || container.entries.keys();
    let find = |origin| prefix(container, mark(origin), options.part.as_deref());
    let (origin, prefix) = if let Some(prefix) = find(Origin::HfSiglip)? {
        (Origin::HfSiglip, prefix)
    } else if let Some(prefix) = find(Origin::HfVit)? {
        let vit = names().any(|name| name.contains(".layernorm_before."));
        (if vit { Origin::HfVit } else { Origin::HfDinov2 }, prefix)
    } else if names().any(|name| name.ends_with("embeddings.patch_embeddings.weight")) {
        return Err(rotary_positions(None));
    } else {
        return Ok(None);
    };
    let tensors = Tensors::sort(origin, container, |name| {
        if let Some(classifier) = classifier(name, &prefix.text) {
            return Fate::Known(classifier.into());
        }
        let Some(name) = name.strip_prefix(&prefix.text) else {
            return Fate::Aside("it belongs to another part of the file's model");
        };
        let name = unwrapped(name);
        match name.as_str() {
            "embeddings.mask_token" => Fate::Aside("it serves masked training alone"),
            "embeddings.position_ids" => Fate::Aside("it counts positions and is no weight"),
            name if name.starts_with("pooler.") => {
                Fate::Aside("it is a pooler that the classifier does not read")
            }
            name => Fate::Known(with_older_names(name, origin)),
        }
    });
    Ok(Some(tensors.with_part(prefix.note)))
}

/// The name of a tensor of the classifier, which stands beside the model or beside something around
/// it: for `module.vit.` it is `classifier.weight` or `module.classifier.weight`.
fn classifier<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let at = name.find("classifier.")?;
    let (before, classifier) = name.split_at(at);
    let beside = prefix.starts_with(before) && (before.is_empty() || before.ends_with('.'));
    beside.then_some(classifier)
}

/// transformers 5 calls modules otherwise than the files of its hub do: `layers.0.attention.q_proj`
/// is `encoder.layer.0.attention.attention.query`. State dicts that it did not write itself have
/// these names.
fn with_older_names(name: &str, origin: Origin) -> String {
    if origin == Origin::HfSiglip {
        return name.into();
    }
    let block = ["encoder.layer.", "encoder.layers.", "layers.", "layer."]
        .iter()
        .find_map(|before| name.strip_prefix(before)?.split_once('.'));
    let Some((index, rest)) = block else { return name.into() };
    let mut modules = vec![
        ("attention.q_proj.", "attention.attention.query."),
        ("attention.k_proj.", "attention.attention.key."),
        ("attention.v_proj.", "attention.attention.value."),
        ("attention.o_proj.", "attention.output.dense."),
    ];
    if origin == Origin::HfVit {
        modules.extend([("mlp.fc1.", "intermediate.dense."), ("mlp.fc2.", "output.dense.")]);
    }
    let older = modules.into_iter().find_map(|(new, old)| Some((old, rest.strip_prefix(new)?)));
    match older {
        Some((module, leaf)) => format!("encoder.layer.{index}.{module}{leaf}"),
        None => format!("encoder.layer.{index}.{rest}"),
    }
}

/// The types of models that are computed as here.
const KNOWN: [&str; 7] = [
    "vit",
    "vit_mae",
    "vit_msn",
    "dinov2",
    "dinov2_with_registers",
    "siglip",
    "siglip_vision_model",
];

/// Refuses a model of another type, which may compute something else with tensors of the same
/// names.
fn check(sidecar: &Sidecar) -> Result<(), WeightsError> {
    match sidecar.text("model_type") {
        Some(name) if !KNOWN.contains(&name) => {
            let (value, expected) = (name.into(), format!("one of {}", KNOWN.join(", ")));
            let (file, key) = ("config.json", "model_type");
            Err(WeightsError::not_understood(file, key, Some(&value), &expected, "assume"))
        }
        _ => Ok(()),
    }
}

pub(crate) fn describe(
    tensors: &mut Tensors,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<Description, WeightsError> {
    let origin = tensors.origin;
    match options.assume.as_deref() {
        Some(name) if !KNOWN.contains(&name) => {
            let expected = format!("one of {}", KNOWN.join(", "));
            return Err(WeightsError::UnknownArchitecture { name: name.into(), expected });
        }
        Some(_) => {}
        None => check(sidecar)?,
    }
    let mut notes = tensors.notes();
    let [width, channels, patch] = square_patch(tensors, mark(origin))?;
    if tensors.has("encoder.layer.0.mlp.weights_in.weight") {
        return Err(gated_mlp());
    }
    if tensors.has("embeddings.distillation_token") {
        return Err(distillation_token("embeddings.distillation_token"));
    }
    if tensors.has("embeddings.class_embedding") {
        return Err(WeightsError::Unsupported {
            what: "a CLIP model (its activation is quick_gelu)".into(),
            next: "take another size or family of models",
        });
    }
    let (layers, mlp, norm, query) = match origin {
        Origin::HfSiglip => ("encoder.layers.", "mlp.fc1", "layer_norm1", "self_attn.q_proj"),
        Origin::HfDinov2 => ("encoder.layer.", "mlp.fc1", "norm1", "attention.attention.query"),
        _ => {
            let query = "attention.attention.query";
            ("encoder.layer.", "intermediate.dense", "layernorm_before", query)
        }
    };
    let [mlp_dim, _] = tensors.axes("mlp_dim", &format!("{layers}0.{mlp}.weight"))?;
    let [_] = tensors.axes("norm", &format!("{layers}0.{norm}.weight"))?;
    let usual = sidecar.config("model_type").map(|_| USUAL_HEADS);
    let num_heads = notes
        .choose("num_heads", options.num_heads, sidecar.number("num_attention_heads"), usual)
        .ok_or_else(|| heads_unknown(width))?;
    let gelu = match sidecar.text("hidden_act") {
        Some("gelu") => Some(Gelu::Erf),
        Some("gelu_pytorch_tanh" | "gelu_new" | "gelu_fast") => Some(Gelu::Tanh),
        Some(other) if options.gelu.is_none() => return Err(activation(other)),
        _ => None,
    };
    let usual = if origin == Origin::HfSiglip { Gelu::Tanh } else { Gelu::Erf };
    let gelu = notes.choose("gelu", options.gelu, gelu, Some(usual)).unwrap_or(usual);
    let usual = if origin == Origin::HfVit { 1e-12 } else { 1e-6 };
    let epsilon = sidecar.config("layer_norm_eps").and_then(serde_json::Value::as_f64);
    let epsilon = notes.choose("epsilon", options.epsilon, epsilon, Some(usual)).unwrap_or(usual);

    let classifier = options.head == HeadChoice::Keep && tensors.has("classifier.weight");
    let num_classes = match classifier {
        true => {
            let [classes, inputs] = tensors.axes("num_classes", "classifier.weight")?;
            if inputs == 2 * width {
                return Err(WeightsError::Unsupported {
                    what: "a classifier that reads class token and mean of the patches".into(),
                    next: "`LoadOptions::head` drops or replaces it",
                });
            }
            classes
        }
        false => 0,
    };
    let pool = match origin {
        Origin::HfSiglip if classifier => {
            tensors.leave("the classifier reads the mean of the patches, not this head", |name| {
                name.starts_with("head.")
            });
            Pool::Average
        }
        Origin::HfSiglip if tensors.has("head.probe") => Pool::Map,
        Origin::HfSiglip => Pool::Average,
        _ => Pool::ClassToken,
    };
    let hint = options.grid.or(sidecar.size("image_size").map(|size| size.map(|s| s / patch)));
    let (grid, _) = match origin {
        Origin::HfSiglip => {
            let [rows, _] = tensors.axes("image", "embeddings.position_embedding.weight")?;
            positions::grid(rows, &[0], hint)?
        }
        _ => {
            let [_, rows, _] = tensors.axes("image", "embeddings.position_embeddings")?;
            positions::grid(rows, &[1], hint)?
        }
    };
    let registers = match tensors.has("embeddings.register_tokens") {
        true => tensors.axes::<3>("registers", "embeddings.register_tokens")?[1],
        false => 0,
    };
    let layer_scale = tensors.has("encoder.layer.0.layer_scale1.lambda1").then_some(1e-5);
    let mut config = ViT22BConfig::new(num_classes)
        .with_image(grid.map(|side| side * patch))
        .with_channels(channels)
        .with_patch(patch)
        .with_width(width)
        .with_depth(tensors.count(layers))
        .with_mlp_dim(mlp_dim)
        .with_num_heads(num_heads)
        .classic()
        .with_gelu(gelu)
        .with_pool(pool)
        .with_positions(Positions::Learned)
        .with_interpolation(origin.interpolation(registers))
        .with_registers(registers)
        .with_layer_scale(layer_scale)
        .with_epsilon(epsilon)
        .with_head_bias(0.0);
    config.biases.qkv = tensors.has(&format!("{layers}0.{query}.bias"));
    let (image, patch) = (config.image, config.patch);
    let preprocessing = preprocessing::infer(origin, sidecar, image, patch, options, &mut notes)?;
    Ok(Description { origin, config, notes: notes.0, preprocessing }.check()?)
}

/// The tensors that make the parameter at `path`; none if this origin has no name for it.
pub(crate) fn terms(
    path: &str,
    shape: &[usize],
    config: &ViT22BConfig,
    origin: Origin,
) -> Vec<Term> {
    let siglip = origin == Origin::HfSiglip;
    let rows = config.patches() + 1;
    let positions = "embeddings.position_embeddings";
    match path {
        "embedding.weight" => return vec![Term::whole(mark(origin), shape)],
        "embedding.bias" => {
            return vec![Term::whole(mark(origin).replace("weight", "bias"), shape)];
        }
        "pos_embedding" if siglip => {
            return vec![Term::whole("embeddings.position_embedding.weight", shape)];
        }
        "pos_embedding" => return vec![Term::tokens(positions, shape, 1, rows)],
        "class_token" => {
            return vec![
                Term::tokens("embeddings.cls_token", shape, 0, 1),
                Term::tokens(positions, shape, 0, rows),
            ];
        }
        "registers" => return vec![Term::tokens("embeddings.register_tokens", shape, 0, shape[0])],
        "map.probe" => return vec![Term::tokens("head.probe", shape, 0, 1)],
        _ => {}
    }
    let (block, rest) = split_block(path);
    let (module, leaf) = rest.rsplit_once('.').unwrap_or(("", rest));
    let index = block.strip_prefix("blocks.").unwrap_or_default();
    let module = match (module, origin) {
        _ if index.is_empty() => match (module, siglip) {
            ("norm", true) => "post_layernorm",
            ("norm", false) => "layernorm",
            ("head", _) => "classifier",
            ("map.norm", true) => "head.layernorm",
            ("map.attn.out", true) => "head.attention.out_proj",
            ("map.mlp.fc1", true) => "head.mlp.fc1",
            ("map.mlp.fc2", true) => "head.mlp.fc2",
            (_, true) => {
                let projections = ["map.attn.query", "map.attn.key", "map.attn.value"];
                let Some(place) = projections.iter().position(|name| *name == module) else {
                    return vec![];
                };
                let d = config.width;
                let joint = format!("head.attention.in_proj_{leaf}");
                return vec![Term::joint(joint, shape, place * d, 3 * d)];
            }
            _ => return vec![],
        },
        ("norm", Origin::HfSiglip) => "layer_norm1",
        ("mlp_norm", Origin::HfSiglip) => "layer_norm2",
        ("attn.query", Origin::HfSiglip) => "self_attn.q_proj",
        ("attn.key", Origin::HfSiglip) => "self_attn.k_proj",
        ("attn.value", Origin::HfSiglip) => "self_attn.v_proj",
        ("attn.out", Origin::HfSiglip) => "self_attn.out_proj",
        ("attn.query", _) => "attention.attention.query",
        ("attn.key", _) => "attention.attention.key",
        ("attn.value", _) => "attention.attention.value",
        ("attn.out", _) => "attention.output.dense",
        ("norm", Origin::HfDinov2) => "norm1",
        ("mlp_norm", Origin::HfDinov2) => "norm2",
        ("mlp.fc1", Origin::HfVit) => "intermediate.dense",
        ("mlp.fc2", Origin::HfVit) => "output.dense",
        ("norm", Origin::HfVit) => "layernorm_before",
        ("mlp_norm", Origin::HfVit) => "layernorm_after",
        ("mlp.fc1" | "mlp.fc2", _) => module,
        ("", Origin::HfDinov2) => {
            let name = match leaf {
                "layer_scale" => "layer_scale1.lambda1",
                _ => "layer_scale2.lambda1",
            };
            return vec![Term::whole(format!("encoder.layer.{index}{name}"), shape)];
        }
        _ => return vec![],
    };
    let scope = match (index, siglip) {
        ("", _) => String::new(),
        (index, true) => format!("encoder.layers.{index}"),
        (index, false) => format!("encoder.layer.{index}"),
    };
    vec![Term::torch(format!("{scope}{module}"), leaf, shape)]
}
