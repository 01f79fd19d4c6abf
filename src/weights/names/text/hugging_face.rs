//! The text towers of transformers' CLIP, SigLIP and SigLIP 2.

use serde_json::{Map, Value};

use crate::text::{TextAttention, TextConfig, TextPool};
use crate::vit::Gelu;
use crate::weights::container::Container;
use crate::weights::description::TextDescription;
use crate::weights::error::WeightsError;
use crate::weights::names::hugging_face::is_known;
use crate::weights::names::pieces::{activation, split_block};
use crate::weights::names::prefix::{prefix, unwrapped};
use crate::weights::names::tensors::{ANOTHER_PART, Fate, Tensors};
use crate::weights::names::term::Term;
use crate::weights::options::LoadOptions;
use crate::weights::origin::Origin;
use crate::weights::sidecar::Sidecar;

use super::pieces::{text_heads_unknown, with_sentencepiece_ends};

/// The tensor by which these towers are recognised.
const MARK: &str = "embeddings.token_embedding.weight";
const POSITIONS: &str = "embeddings.position_embedding.weight";
const FILE: &str = "config.json";
/// The end that configs of the first models name, whose tokens end in the largest id.
const LEGACY_END: usize = 2;
/// Entries that are read, or compared with the tensors.
const READ: [&str; 15] = [
    "bos_token_id",
    "eos_token_id",
    "hidden_act",
    "hidden_size",
    "intermediate_size",
    "layer_norm_eps",
    "max_position_embeddings",
    "model_type",
    "num_attention_heads",
    "num_hidden_layers",
    "pad_token_id",
    "projection_dim",
    "projection_size",
    "vocab_size",
    "sep_token_id",
];
/// Types of models that are computed here.
const TYPES: [&str; 4] = [
    "clip_text_model",
    "siglip_text_model",
    "siglip2_text_model",
    "clip_text_model_with_projection",
];

pub(super) fn tensors<'a>(
    container: &'a Container,
    options: &LoadOptions,
) -> Result<Option<Tensors<'a>>, WeightsError> {
    let Some(prefix) = prefix(container, MARK, options.part.as_deref())? else { return Ok(None) };
    let outer = prefix.text.strip_suffix("text_model.").unwrap_or(&prefix.text);
    let origin = match container.entries.contains_key(&format!("{}head.weight", prefix.text)) {
        true => Origin::HfSiglip,
        false => Origin::HfClip,
    };
    let tensors = Tensors::sort(origin, container, |name| {
        let beside = name.strip_prefix(outer);
        let beside = beside.filter(|name| {
            matches!(*name, "text_projection.weight" | "logit_scale" | "logit_bias")
        });
        if let Some(name) = beside {
            return Fate::Known(name.into());
        }
        let own = name.strip_prefix(&prefix.text).map(unwrapped);
        match own.as_deref() {
            Some("embeddings.position_ids") => Fate::Aside("it counts positions and is no weight"),
            // A tower without a prefix of its own may stand beside one for images.
            Some(name) if name.starts_with("vision_model.") || name.starts_with("visual_") => {
                Fate::Aside(ANOTHER_PART)
            }
            Some(name) => Fate::Known(name.into()),
            None => Fate::Aside(ANOTHER_PART),
        }
    });
    Ok(Some(tensors.with_part(prefix.note)))
}

/// The entries of the config for texts.
struct Json<'a> {
    entries: Option<&'a Map<String, Value>>,
    /// Whether an architecture is assumed: what is understood is read, and nothing is refused.
    lenient: bool,
}

impl Json<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.entries?.get(key).filter(|value| !value.is_null())
    }

    /// What an entry says; one that cannot be read is refused.
    fn read<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, WeightsError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match read(value) {
            None if !self.lenient => Err(refused(key, value, expected)),
            read => Ok(read),
        }
    }

    fn count(&self, key: &str) -> Result<Option<usize>, WeightsError> {
        self.read(key, "a whole number", |value| value.as_u64().map(|number| number as usize))
    }

    fn number(&self, key: &str) -> Result<Option<f64>, WeightsError> {
        self.read(key, "a number above 0", |value| value.as_f64().filter(|number| *number > 0.0))
    }

    fn agree(&self, shown: &[(&str, usize)]) -> Result<(), WeightsError> {
        for (key, shown) in shown.iter().filter(|_| !self.lenient) {
            if let Some(value) = self.get(key).filter(|value| value.as_u64() != Some(*shown as u64))
            {
                return Err(refused(key, value, &format!("{shown}, as the tensors have it")));
            }
        }
        Ok(())
    }

    /// Refuses entries that may change what is computed.
    fn check(&self) -> Result<(), WeightsError> {
        let entries = self.entries.filter(|_| !self.lenient).into_iter().flatten();
        for (key, value) in entries.filter(|(_, value)| !value.is_null()) {
            if key == "model_type" && !TYPES.iter().any(|known| value == known) {
                return Err(refused(key, value, &format!("one of {}", TYPES.join(", "))));
            }
            let known = READ.contains(&key.as_str()) || is_known(key, value);
            if !known {
                let expected = "an entry that is known, since it may change what is computed";
                return Err(refused(key, value, expected));
            }
        }
        Ok(())
    }
}

fn refused(key: &str, value: &Value, expected: &str) -> WeightsError {
    WeightsError::not_understood(FILE, key, Some(value), expected, "assume")
}

pub(super) fn describe(
    tensors: &Tensors,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<TextDescription, WeightsError> {
    let json = Json { entries: sidecar.text_entries(), lenient: options.assume.is_some() };
    json.check()?;
    let is_siglip = tensors.origin == Origin::HfSiglip;
    let mut notes = tensors.notes();
    let [vocabulary, width] = tensors.axes("vocabulary", MARK)?;
    let [length, _] = tensors.axes("length", POSITIONS)?;
    let [mlp_dim, _] = tensors.axes("mlp_dim", "encoder.layers.0.mlp.fc1.weight")?;
    let depth = tensors.count("encoder.layers.");
    json.agree(&[
        ("vocab_size", vocabulary),
        ("hidden_size", width),
        ("max_position_embeddings", length),
        ("intermediate_size", mlp_dim),
        ("num_hidden_layers", depth),
    ])?;
    // The class's default stands where a config leaves the heads out.
    let usual = sidecar.model_type().map(|_| if is_siglip { 12 } else { 8 });
    let said = json.count("num_attention_heads")?;
    let heads = notes.choose("text_heads", options.text_heads, said, usual);
    let num_heads = heads.ok_or_else(|| text_heads_unknown(width))?;
    let said = match json.get("hidden_act").and_then(Value::as_str) {
        Some("gelu") => Some(Gelu::Erf),
        Some("gelu_pytorch_tanh" | "gelu_new" | "gelu_fast") => Some(Gelu::Tanh),
        Some("quick_gelu") => Some(Gelu::Quick),
        Some(_) if json.lenient => None,
        Some(other) => return Err(activation(other)),
        None => None,
    };
    let quick = options.gelu.filter(|gelu| *gelu == Gelu::Quick && !is_siglip);
    let usual = if is_siglip { Gelu::Tanh } else { Gelu::Quick };
    let gelu = notes.choose_or("text_gelu", quick, said, usual);
    let usual = if is_siglip { 1e-6 } else { 1e-5 };
    let epsilon = notes.choose_or("text_epsilon", None, json.number("layer_norm_eps")?, usual);
    let (head, head_bias) = match is_siglip {
        true => ("head.weight", tensors.has("head.bias")),
        false => ("text_projection.weight", false),
    };
    let output = match tensors.has(head) {
        true => Some(tensors.axes::<2>("output", head)?[0]),
        false => None,
    };
    let config = TextConfig::new(vocabulary, length, 1)
        .with_width(width)
        .with_depth(depth)
        .with_mlp_dim(mlp_dim)
        .with_num_heads(num_heads)
        .with_gelu(gelu)
        .with_epsilon(epsilon)
        .with_output(output)
        .with_head_bias(head_bias);
    let config = if is_siglip {
        // The ids of ends in these configs are CLIP's by mistake, and tokenizers do not follow them.
        let is_siglip_2 = sidecar.model_type().is_some_and(|name| name.starts_with("siglip2"));
        let pool = notes.choose_or("text_pool", options.text_pool, None, TextPool::Last);
        with_sentencepiece_ends(config, is_siglip_2).with_pool(pool)
    } else {
        clip_ends(config, &json)?
    };
    config.validate()?;
    Ok(TextDescription { origin: "transformers", config, notes: notes.0 })
}

/// CLIP's attention, ends and pooling: at the end that the config names, or where it names 2, as configs of the first
/// models do, or none, at the largest id of a text.
fn clip_ends(config: TextConfig, json: &Json<'_>) -> Result<TextConfig, WeightsError> {
    let vocabulary = config.vocabulary;
    let config = config.with_attention(TextAttention::Causal).with_lowercase(false);
    let said = json.count("eos_token_id")?.filter(|end| *end != LEGACY_END);
    if let Some(end) = said.filter(|end| *end < vocabulary) {
        let below = |id: Option<usize>| id.filter(|id| *id < vocabulary);
        let start = below(json.count("bos_token_id")?);
        let pad = below(json.count("pad_token_id")?).unwrap_or(end);
        let config = TextConfig { end, start, pad, ..config };
        return Ok(config.with_pool(TextPool::End));
    }
    let end = vocabulary - 1;
    let config = TextConfig { end, start: vocabulary.checked_sub(2), pad: end, ..config };
    Ok(config.with_pool(TextPool::LargestId))
}

pub(super) fn terms(path: &str, shape: &[usize], tensors: &Tensors) -> Vec<Term> {
    match path {
        "token_embedding" => return vec![Term::whole(MARK, shape)],
        "pos_embedding" => return vec![Term::whole(POSITIONS, shape)],
        _ => {}
    }
    let (block, rest) = split_block(path);
    let (module, leaf) = rest.rsplit_once('.').unwrap_or(("", rest));
    let head = if tensors.origin == Origin::HfSiglip { "head" } else { "text_projection" };
    let module = match (block.strip_prefix("blocks."), module) {
        (None, "norm") => "final_layer_norm".to_string(),
        (None, "head") => head.into(),
        (Some(index), module) => {
            let module = match module {
                "norm" => "layer_norm1",
                "mlp_norm" => "layer_norm2",
                "attn.query" => "self_attn.q_proj",
                "attn.key" => "self_attn.k_proj",
                "attn.value" => "self_attn.v_proj",
                "attn.out" => "self_attn.out_proj",
                "mlp.fc1" | "mlp.fc2" => module,
                _ => return vec![],
            };
            format!("encoder.layers.{index}{module}")
        }
        _ => return vec![],
    };
    vec![Term::torch(module, leaf, shape)]
}
