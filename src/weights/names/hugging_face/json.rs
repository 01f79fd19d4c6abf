//! transformers' `config.json`: which model it is, and what no tensor shows. Each entry is followed, is
//! known to change nothing that is computed here, or is refused by its name.

use serde_json::{Map, Value};

use crate::weights::error::WeightsError;
use crate::weights::origin::Origin;
use crate::weights::sidecar::Sidecar;

const FILE: &str = "config.json";

/// The types of models that are computed as here, and whose tensors each has.
const TYPES: [(&str, Origin); 13] = [
    ("vit", Origin::HfVit),
    ("vit_mae", Origin::HfVit),
    ("vit_msn", Origin::HfVit),
    ("deit", Origin::HfVit),
    ("ijepa", Origin::HfVit),
    ("dinov2", Origin::HfDinov2),
    ("dinov2_with_registers", Origin::HfDinov2),
    ("dinov3_vit", Origin::HfDinov3),
    ("siglip_vision_model", Origin::HfSiglip),
    ("siglip2_vision_model", Origin::HfSiglip),
    ("clip_vision_model", Origin::HfClip),
    ("aimv2_vision_model", Origin::HfAimv2),
    ("beit", Origin::HfBeit),
];

/// Types of models with a tower for images and one for text, and the type of the first.
const TWO_TOWERS: [(&str, &str); 4] = [
    ("siglip", "siglip_vision_model"),
    ("siglip2", "siglip2_vision_model"),
    ("clip", "clip_vision_model"),
    ("aimv2", "aimv2_vision_model"),
];

/// Entries that say how the model is computed. They are read where the model is described.
const READ: [&str; 31] = [
    "hidden_act",
    "hidden_size",
    "image_size",
    "intermediate_size",
    "is_native",
    "key_bias",
    "layer_norm_eps",
    "mlp_bias",
    "mlp_ratio",
    "model_type",
    "num_attention_heads",
    "num_channels",
    "num_hidden_layers",
    "num_patches",
    "num_register_tokens",
    "patch_size",
    "projection_dim",
    "proj_bias",
    "qkv_bias",
    "query_bias",
    "rms_norm_eps",
    "rope_theta",
    "use_absolute_position_embeddings",
    "use_gated_mlp",
    "use_head",
    "use_mean_pooling",
    "use_relative_position_bias",
    "use_shared_relative_position_bias",
    "use_swiglu_ffn",
    "value_bias",
    "vision_use_head",
];

/// Entries that change no output of the model here: those of training, of decoders and heads for other
/// tasks, of the classes' names, of generating text, and of how a model is executed.
const IDLE: [&str; 77] = [
    "add_fpn",
    "apply_layernorm",
    "architectures",
    "attention_dropout",
    "attention_probs_dropout_prob",
    "attn_implementation",
    "bad_words_ids",
    "begin_suppress_tokens",
    "bos_token_id",
    "chunk_size_feed_forward",
    "cross_attention_hidden_size",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "drop_path_rate",
    "dropout",
    "dtype",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "encoder_stride",
    "eos_token_id",
    "exponential_decay_length_penalty",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "hidden_dropout_prob",
    "id2label",
    "initializer_factor",
    "initializer_range",
    "label2id",
    "layer_scale_init_value",
    "layerscale_value",
    "length_penalty",
    "logit_scale_init_value",
    "mask_ratio",
    "max_length",
    "min_length",
    "no_repeat_ngram_size",
    "norm_pix_loss",
    "num_beam_groups",
    "num_beams",
    "num_labels",
    "num_return_sequences",
    "out_features",
    "out_indices",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "pad_token_id",
    "pool_scales",
    "pooler_act",
    "pooler_output_size",
    "pos_embed_jitter",
    "pos_embed_rescale",
    "pos_embed_shift",
    "prefix",
    "problem_type",
    "remove_invalid_values",
    "repetition_penalty",
    "reshape_hidden_states",
    "return_dict",
    "return_dict_in_generate",
    "semantic_loss_ignore_index",
    "sep_token_id",
    "stage_names",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "tokenizer_class",
    "torch_dtype",
    "top_k",
    "top_p",
    "torchscript",
    "transformers_version",
    "typical_p",
    "use_mask_token",
    "vocab_size",
];

/// Beginnings of the names of such entries.
const IDLE_BEGINNINGS: [&str; 5] = ["_", "auxiliary_", "decoder_", "tf_", "tie_"];

/// Entries that change nothing as long as they have this value.
const ONLY: [(&str, &str); 9] = [
    ("add_cross_attention", "false"),
    ("is_decoder", "false"),
    ("is_encoder_decoder", "false"),
    ("pruned_heads", "{}"),
    ("use_auxiliary_head", "true"),
    ("use_auxiliary_head", "false"),
    ("use_bfloat16", "false"),
    ("use_cache", "true"),
    ("use_cache", "false"),
];

/// The entries of the config, of the tower for images where there are two.
pub(super) struct Json<'a> {
    entries: Option<&'a Map<String, Value>>,
    model_type: Option<&'a str>,
    /// Whether the options name the type, so that entries that contradict it are passed over.
    is_assumed: bool,
}

impl<'a> Json<'a> {
    /// The entries; the options may name the type of model in their place.
    ///
    /// # Errors
    ///
    /// [`WeightsError::NotUnderstood`] for another type of model, and for an entry that is not known;
    /// [`WeightsError::UnknownArchitecture`] for an assumed type that is not known.
    pub(super) fn of(sidecar: &'a Sidecar, assumed: Option<&'a str>) -> Result<Self, WeightsError> {
        let [all, tower] = sidecar.towers();
        let said = |entries: Option<&'a Map<String, Value>>| entries?.get("model_type")?.as_str();
        let tower_type = |name: &'a str| {
            TWO_TOWERS.iter().find(|(both, _)| *both == name).map_or(name, |pair| pair.1)
        };
        let is_of_two = said(all).is_some_and(|name| tower_type(name) != name);
        let entries = if tower.is_some() || is_of_two { tower } else { all };
        let said = assumed.or(said(tower)).or(said(all)).map(tower_type);
        let json = Self { entries, model_type: said, is_assumed: assumed.is_some() };
        match assumed {
            Some(name) if json.origin().is_none() => {
                let expected = format!("one of {}", types());
                Err(WeightsError::UnknownArchitecture { name: name.into(), expected })
            }
            Some(_) => Ok(json),
            None => json.check().map(|()| json),
        }
    }

    fn check(&self) -> Result<(), WeightsError> {
        if let Some(name) = self.model_type.filter(|_| self.origin().is_none()) {
            let expected = format!("one of {}", types());
            return Err(refused("model_type", &name.into(), &expected));
        }
        for (key, value) in self.entries.into_iter().flatten() {
            if !is_known(key, value) {
                let expected = "an entry that is known, since it may change what is computed";
                return Err(refused(key, value, expected));
            }
        }
        Ok(())
    }

    /// Whose tensors the type of the model has.
    pub(super) fn origin(&self) -> Option<Origin> {
        let model_type = self.model_type?;
        TYPES.iter().find(|(name, _)| *name == model_type).map(|(_, origin)| *origin)
    }

    /// The type of the model, in transformers' words.
    pub(super) fn model_type(&self) -> Option<&'a str> {
        self.model_type
    }

    /// An entry that is not null.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.entries?.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    /// A whole number, or an error for another value.
    pub(super) fn count(&self, key: &str) -> Result<Option<usize>, WeightsError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let count = value.as_u64().ok_or_else(|| refused(key, value, "a whole number"))?;
        Ok(Some(count as usize))
    }

    /// A number above 0, or an error for another value.
    pub(super) fn number(&self, key: &str) -> Result<Option<f64>, WeightsError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = value.as_f64().filter(|number| *number > 0.0 && number.is_finite());
        number.map(Some).ok_or_else(|| refused(key, value, "a number above 0"))
    }

    /// Refuses a flag that says otherwise than the tensors.
    pub(super) fn flag_agrees(&self, key: &str, shown: bool) -> Result<(), WeightsError> {
        match self.get(key).filter(|_| !self.is_assumed) {
            Some(value) if self.flag(key)? != Some(shown) => {
                Err(refused(key, value, &format!("{shown}, as the tensors show")))
            }
            _ => Ok(()),
        }
    }

    /// True or false, or an error for another value.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, WeightsError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| refused(key, value, "true or false"))
    }

    /// Height and width; one number stands for both.
    pub(super) fn size(&self, key: &str) -> Result<Option<[usize; 2]>, WeightsError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let side = |value: &Value| value.as_u64().map(|side| side as usize);
        let size = match value.as_array().map(Vec::as_slice) {
            None => side(value).map(|side| [side, side]),
            Some([height, width]) => side(height).zip(side(width)).map(|(h, w)| [h, w]),
            Some(_) => None,
        };
        size.map(Some).ok_or_else(|| refused(key, value, "a number, or a height and a width"))
    }

    /// Refuses entries that say otherwise than the tensors: the origin would not load such a file, or
    /// leave a part of it out.
    pub(super) fn agree(&self, shown: &[(&str, usize)]) -> Result<(), WeightsError> {
        for (key, shown) in shown {
            let Some(value) = self.get(key).filter(|_| !self.is_assumed) else { continue };
            if value.as_u64() != Some(*shown as u64) {
                let same = |value: &Value| value.as_u64() == Some(*shown as u64);
                if !value.as_array().is_some_and(|sides| sides.iter().all(same)) {
                    return Err(refused(key, value, &format!("{shown}, as the tensors have it")));
                }
            }
        }
        Ok(())
    }
}

/// Whether an entry is read where a tower is described, or changes nothing.
pub(crate) fn is_known(key: &str, value: &Value) -> bool {
    let text = value.to_string();
    let is = |name: &&str| *name == key;
    value.is_null()
        || READ.iter().any(is)
        || IDLE.iter().any(is)
        || IDLE_BEGINNINGS.iter().any(|beginning| key.starts_with(beginning))
        || ONLY.iter().any(|(name, only)| is(name) && *only == text)
}

/// The types of models that are known, for an error.
fn types() -> String {
    let towers = TWO_TOWERS.iter().map(|(both, _)| *both);
    let types: Vec<_> = TYPES.iter().map(|(name, _)| *name).chain(towers).collect();
    types.join(", ")
}

/// The entry `key` of the config is not followed.
pub(super) fn refused(key: &str, value: &Value, expected: &str) -> WeightsError {
    WeightsError::not_understood(FILE, key, Some(value), expected, "assume")
}
