//! Vision transformers of Hugging Face transformers, each under the names of its class: ViT (with MAE,
//! MSN, DeiT and I-JEPA), DINOv2 and DINOv3, the image towers of CLIP, SigLIP and AIMv2, BEiT.

pub(crate) mod dense;
mod describe;
mod json;
mod terms;

use super::prefix::{Prefix, prefix, unwrapped};
use super::tensors::{ANOTHER_PART, Fate, Tensors};
use crate::weights::container::Container;
use crate::weights::error::WeightsError;
use crate::weights::options::LoadOptions;
use crate::weights::origin::Origin;
use crate::weights::sidecar::Sidecar;
use json::Json;

pub(crate) use describe::describe;
pub(crate) use json::is_known;
pub(crate) use terms::{Names, terms};

/// The embedding of patches by which the files are recognised: the module's name.
fn embedding(origin: Origin) -> &'static str {
    match origin {
        Origin::HfSiglip | Origin::HfClip => "embeddings.patch_embedding",
        Origin::HfDinov3 => "embeddings.patch_embeddings",
        Origin::HfAimv2 => "embeddings.patch_embed",
        _ => "embeddings.patch_embeddings.projection",
    }
}

/// The tensors of one of the models, if the container holds one, alone or in a larger model.
///
/// # Errors
///
/// Those of [`prefix`], and [`WeightsError::NotUnderstood`] for a `config.json` that is not followed.
pub(crate) fn tensors<'a>(
    container: &'a Container,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<Option<Tensors<'a>>, WeightsError> {
    let Some((origin, prefix)) = find(container, sidecar, options)? else { return Ok(None) };
    let tensors = Tensors::sort(origin, container, |name| {
        if let Some(head) = head(name, &prefix.text) {
            return Fate::Known(head.into());
        }
        let Some(name) = name.strip_prefix(&prefix.text) else {
            return Fate::Aside(ANOTHER_PART);
        };
        let name = unwrapped(name);
        match name.as_str() {
            "embeddings.mask_token" => Fate::Aside("it serves masked training alone"),
            "embeddings.position_ids" => Fate::Aside("it counts positions and is no weight"),
            name if name.ends_with("relative_position_index") => {
                Fate::Aside("it counts positions and is no weight")
            }
            name if name.starts_with("decoder.") => {
                Fate::Aside("it belongs to the decoder, which serves masked training alone")
            }
            name if name.starts_with("pooler.") && origin != Origin::HfBeit => {
                Fate::Aside("it is a pooler that the classifier does not read")
            }
            name => Fate::Known(with_older_names(name, origin)),
        }
    });
    Ok(Some(tensors.with_part(prefix.note)))
}

/// Whose names the tensors have, and what stands before them.
fn find(
    container: &Container,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<Option<(Origin, Prefix)>, WeightsError> {
    for origin in [Origin::HfSiglip, Origin::HfVit, Origin::HfDinov3, Origin::HfAimv2] {
        let mark = format!("{}.weight", embedding(origin));
        let Some(prefix) = prefix(container, &mark, options.part.as_deref())? else { continue };
        let has = |what: &str| {
            let names = container.entries.keys();
            names.filter_map(|name| name.strip_prefix(&prefix.text)).any(|name| name.contains(what))
        };
        let shown = match origin {
            Origin::HfSiglip if has("embeddings.class_embedding") => Origin::HfClip,
            Origin::HfVit if has(".lambda_1") || has("relative_position_bias") => Origin::HfBeit,
            Origin::HfVit if !has(".layernorm_before.") => Origin::HfDinov2,
            origin => origin,
        };
        let said = Json::of(sidecar, options.assume.as_deref())?.origin();
        return Ok(Some((said.unwrap_or(shown), prefix)));
    }
    Ok(None)
}

/// The name of a tensor of the classifier or of another layer behind pooling, which stands beside the
/// model or beside something around it: for `module.vit.` it is `classifier.weight` or
/// `module.classifier.weight`.
fn head<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    const HEADS: [&str; 4] =
        ["cls_classifier.", "distillation_classifier.", "classifier.", "visual_projection."];
    let at = HEADS.iter().find_map(|head| name.find(head))?;
    let (before, head) = name.split_at(at);
    let beside = prefix.starts_with(before) && (before.is_empty() || before.ends_with('.'));
    beside.then_some(head)
}

/// transformers 5 calls modules otherwise than the files of its hub do: `layers.0.attention.q_proj`
/// is `encoder.layer.0.attention.attention.query`. State dicts that it did not write itself have
/// these names.
fn with_older_names(name: &str, origin: Origin) -> String {
    let block = ["encoder.layer.", "encoder.layers.", "model.layer.", "layers.", "layer."]
        .iter()
        .find_map(|before| name.strip_prefix(before)?.split_once('.'));
    let Some((index, rest)) = block else { return name.into() };
    let modules: &[(&str, &str)] = match origin {
        Origin::HfDinov3 => return format!("layer.{index}.{rest}"),
        Origin::HfVit | Origin::HfBeit => &[
            ("mlp.fc1.", "intermediate.dense."),
            ("mlp.fc2.", "output.dense."),
            ("relative_position_bias.", "attention.attention.relative_position_bias."),
        ],
        Origin::HfDinov2 => &[],
        _ => return name.into(),
    };
    let attention = [
        ("attention.q_proj.", "attention.attention.query."),
        ("attention.k_proj.", "attention.attention.key."),
        ("attention.v_proj.", "attention.attention.value."),
        ("attention.o_proj.", "attention.output.dense."),
    ];
    let mut modules = attention.iter().chain(modules);
    let older = modules.find_map(|(new, old)| Some((old, rest.strip_prefix(new)?)));
    match older {
        Some((module, leaf)) => format!("encoder.layer.{index}.{module}{leaf}"),
        None => format!("encoder.layer.{index}.{rest}"),
    }
}
