//! open_clip's text transformer, under the names of CLIP's authors: of CLIP, and of the models like SigLIP.

use serde_json::Value;

use crate::text::{TextAttention, TextConfig, TextPool};
use crate::vit::Gelu;
use crate::weights::container::Container;
use crate::weights::description::TextDescription;
use crate::weights::error::WeightsError;
use crate::weights::names::open_clip::{check_entries, count, gelu, of_block, refused};
use crate::weights::names::prefix::{prefix, unwrapped};
use crate::weights::names::tensors::{ANOTHER_PART, Fate, Tensors};
use crate::weights::names::term::Term;
use crate::weights::options::LoadOptions;
use crate::weights::origin::Origin;
use crate::weights::sidecar::Sidecar;

use super::pieces::{text_heads_unknown, with_sentencepiece_ends};

/// The tensor by which these towers are recognised.
const MARK: &str = "token_embedding.weight";
/// Entries of `text_cfg` that are read, that tensors show, or that name tokenizers.
const KNOWN: [&str; 17] = [
    "act_kwargs",
    "context_length",
    "embed_dim",
    "heads",
    "hf_tokenizer_name",
    "layers",
    "ls_init_value",
    "mlp_ratio",
    "no_causal_mask",
    "norm_kwargs",
    "output_tokens",
    "pad_id",
    "pool_type",
    "proj_bias",
    "tokenizer_kwargs",
    "vocab_size",
    "width",
];
/// Entries that change nothing as long as they have this value.
const ONLY: [(&str, &str); 5] = [
    ("embed_cls", "false"),
    ("final_ln_after_pool", "false"),
    ("hf_model_name", "null"),
    ("proj_type", "\"linear\""),
    ("text_mask", "\"first\""),
];

pub(super) fn tensors<'a>(
    container: &'a Container,
    options: &LoadOptions,
) -> Result<Option<Tensors<'a>>, WeightsError> {
    let Some(prefix) = prefix(container, MARK, options.part.as_deref())? else { return Ok(None) };
    let outer = prefix.text.strip_suffix("text.").unwrap_or(&prefix.text);
    let visual = format!("{outer}visual.");
    let tensors = Tensors::sort(Origin::OpenClip, container, |name| {
        let number = name.strip_prefix(outer);
        if let Some(number) = number.filter(|name| matches!(*name, "logit_scale" | "logit_bias")) {
            return Fate::Known(number.into());
        }
        match name.strip_prefix(&prefix.text) {
            _ if name.starts_with(&visual) => Fate::Aside(ANOTHER_PART),
            Some("attn_mask") => Fate::Aside("it says which tokens come later and is no weight"),
            // What CLIP's authors' files say of their sizes.
            Some("context_length" | "input_resolution" | "vocab_size") => {
                Fate::Aside("it is a size and no weight")
            }
            Some(name) => Fate::Known(unwrapped(name)),
            None => Fate::Aside(ANOTHER_PART),
        }
    });
    Ok(Some(tensors.with_part(prefix.note)))
}

pub(super) fn describe(
    tensors: &Tensors,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<TextDescription, WeightsError> {
    let (model, text) = (sidecar.open_clip(), &sidecar.open_clip()["text_cfg"]);
    if options.assume.is_none() {
        check_entries(text, &KNOWN, &ONLY)?;
    }
    if tensors.has("cls_emb") {
        return Err(WeightsError::Unsupported {
            what: "a text tower with a class token (CoCa)".into(),
            next: "take a model of two towers without a decoder",
        });
    }
    let mut notes = tensors.notes();
    let [vocabulary, width] = tensors.axes("vocabulary", MARK)?;
    let [length, _] = tensors.axes("length", "positional_embedding")?;
    let block = "transformer.resblocks.0.mlp.c_fc.weight";
    let [mlp_dim, _] = tensors.axes("mlp_dim", block)?;
    let said = match text.is_object() {
        true => Some(count(text, "heads")?.unwrap_or(8)),
        false => None,
    };
    let heads = notes.choose("text_heads", options.text_heads, said, None);
    let num_heads = heads.ok_or_else(|| text_heads_unknown(width))?;
    // Models like SigLIP have a bias in the head or of the logits.
    let linear = tensors.has("text_projection.weight");
    let like_siglip = match text.is_object() {
        true => text["no_causal_mask"] == true,
        false => linear || tensors.has("logit_bias"),
    };
    let usual = if like_siglip { Gelu::Tanh } else { Gelu::Erf };
    let quick = options.gelu.filter(|gelu| *gelu == Gelu::Quick);
    let gelu = notes.choose_or("text_gelu", quick, gelu(model, text)?, usual);
    let said = match text.is_object() {
        true => Some(text["norm_kwargs"]["eps"].as_f64().unwrap_or(1e-5)),
        false => None,
    };
    let usual = if like_siglip { 1e-6 } else { 1e-5 };
    let epsilon = notes.choose_or("text_epsilon", None, said, usual);
    let said = match text["pool_type"].as_str() {
        Some("argmax") => Some(TextPool::LargestId),
        Some("last") => Some(TextPool::Last),
        Some("first") => Some(TextPool::First),
        Some(_) if options.text_pool.is_none() => {
            let expected = "argmax, last or first";
            return Err(refused("pool_type", &text["pool_type"], expected, "text_pool"));
        }
        Some(_) => None,
        None => text.is_object().then_some(TextPool::LargestId),
    };
    let usual = if like_siglip { TextPool::Last } else { TextPool::LargestId };
    let pool = notes.choose_or("text_pool", options.text_pool, said, usual);
    let output = match (linear, tensors.has("text_projection")) {
        (true, _) => Some(tensors.axes::<2>("output", "text_projection.weight")?[0]),
        (false, true) => Some(tensors.axes::<2>("output", "text_projection")?[1]),
        (false, false) => None,
    };
    let config = TextConfig::new(vocabulary, length, vocabulary.saturating_sub(1))
        .with_width(width)
        .with_depth(tensors.count("transformer.resblocks."))
        .with_mlp_dim(mlp_dim)
        .with_num_heads(num_heads)
        .with_gelu(gelu)
        .with_epsilon(epsilon)
        .with_pool(pool)
        .with_output(output)
        .with_head_bias(tensors.has("text_projection.bias"));
    let config = match like_siglip {
        true => with_sentencepiece_ends(config, false),
        false => {
            let start = vocabulary.checked_sub(2);
            let config = config.with_attention(TextAttention::Causal).with_lowercase(false);
            config.with_start(start).with_pad(pad(text)?)
        }
    };
    config.validate()?;
    Ok(TextDescription { origin: "open_clip", config, notes: notes.0 })
}

fn pad(text: &Value) -> Result<usize, WeightsError> {
    let value = &text["pad_id"];
    match value.as_u64() {
        Some(id) => Ok(id as usize),
        None if value.is_null() => Ok(0),
        None => Err(refused("pad_id", value, "an id", "assume")),
    }
}

pub(super) fn terms(
    path: &str,
    shape: &[usize],
    config: &TextConfig,
    tensors: &Tensors,
) -> Vec<Term> {
    match path {
        "token_embedding" => return vec![Term::whole(MARK, shape)],
        "pos_embedding" => return vec![Term::whole("positional_embedding", shape)],
        // A matrix that is multiplied from the right is as this crate has it.
        "head.weight" if tensors.has("text_projection") => {
            return vec![Term::whole("text_projection", shape)];
        }
        _ => {}
    }
    let (module, leaf) = path.rsplit_once('.').unwrap_or(("", path));
    match module {
        "norm" => vec![Term::torch("ln_final".into(), leaf, shape)],
        "head" => vec![Term::torch("text_projection".into(), leaf, shape)],
        _ => of_block(path, shape, config.width),
    }
}
