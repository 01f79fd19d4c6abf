//! Which of the models in a file is loaded. Files of training hold several: a student and a
//! teacher, a model and the average of its parameters, an encoder and its momentum encoder.

use crate::weights::container::Container;
use crate::weights::description::{Evidence, Note};
use crate::weights::error::WeightsError;

/// Segments of prefixes that tell two models apart, the first being the one that the authors
/// evaluate: DINO, DINOv2 and iBOT the teacher, training with an average the average, MoCo the
/// encoder that learns by gradients, I-JEPA the target encoder, BYOL the online one.
const EVALUATED: [(&str, &str); 17] = [
    ("teacher", "student"),
    ("model_ema", "model"),
    ("ema_model", "model"),
    ("ema", "model"),
    ("ema", "student"),
    ("module_ema", "module"),
    ("state_dict_ema", "state_dict"),
    ("base_encoder", "momentum_encoder"),
    ("encoder_q", "encoder_k"),
    ("query_encoder", "key_encoder"),
    ("target_encoder", "encoder"),
    ("target_encoder", "context_encoder"),
    ("online_encoder", "target_encoder"),
    ("online_network", "target_network"),
    ("encoder", "momentum_encoder"),
    ("encoder", "decoder"),
    ("model", "momentum_model"),
];

/// Segments that training puts around modules and that say nothing about the model.
const WRAPPERS: [&str; 3] = ["_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module."];

/// What stands before the names of one model in a file.
#[derive(Debug, Clone)]
pub(crate) struct Prefix {
    /// With the dot at its end; empty where nothing stands before the names.
    pub(crate) text: String,
    /// Why it is this one, where the file has several.
    pub(crate) note: Option<Note>,
}

/// The prefix of the model to load: what stands before `mark`, a tensor that each model has. None
/// if no model is in the file.
///
/// # Errors
///
/// [`WeightsError::Ambiguous`] if there are several models and neither `part` nor a convention says
/// which, or if `part` is none of them.
pub(crate) fn prefix(
    container: &Container,
    mark: &str,
    part: Option<&str>,
) -> Result<Option<Prefix>, WeightsError> {
    let names = container.entries.keys();
    let prefixes: Vec<&str> = names
        .filter_map(|name| name.strip_suffix(mark))
        .filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
        .collect();
    let ambiguous = |why: String| {
        let names: Vec<_> = prefixes.iter().map(|prefix| shown(prefix)).collect();
        let models = if names.len() == 1 { "model" } else { "models" };
        let why = format!("the file holds the {models} {}, {why}", names.join(" and "));
        WeightsError::Ambiguous { field: "part", why, option: "part" }
    };
    if prefixes.is_empty() {
        return Ok(None);
    }
    let (text, from) = match part {
        Some(part) => {
            let part = part.trim_end_matches('.');
            let within = |prefix: &&&str| {
                prefix
                    .strip_prefix(part)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            match prefixes.iter().filter(within).collect::<Vec<_>>()[..] {
                [text] => (text, Evidence::Options),
                [] => return Err(ambiguous(format!("and \"{part}\" is none of these"))),
                _ => return Err(ambiguous(format!("and \"{part}\" is more than one of these"))),
            }
        }
        None => {
            let beats = |one: &str, other: &str| {
                one == other || differing(one, other).is_some_and(|pair| EVALUATED.contains(&pair))
            };
            let best = |one: &&&str| prefixes.iter().all(|other| beats(one, other));
            match prefixes.iter().find(best) {
                Some(text) => (text, Evidence::Authors),
                None => {
                    return Err(ambiguous("and it is not known which is the one to use".into()));
                }
            }
        }
    };
    let value = text.trim_end_matches('.').to_string();
    let note = (prefixes.len() > 1).then_some(Note { field: "part", value, from });
    Ok(Some(Prefix { text: text.to_string(), note }))
}

/// A name without the segments that training puts around modules.
pub(crate) fn unwrapped(name: &str) -> String {
    WRAPPERS.iter().fold(name.to_string(), |name, wrapper| name.replace(wrapper, ""))
}

/// The first segments in which two prefixes differ. A model without a prefix counts as `model`.
fn differing<'a>(one: &'a str, other: &'a str) -> Option<(&'a str, &'a str)> {
    let segments = |prefix: &'a str| match prefix {
        "" => "model".split('.'),
        prefix => prefix.trim_end_matches('.').split('.'),
    };
    segments(one).zip(segments(other)).find(|(one, other)| one != other)
}

fn shown(prefix: &str) -> String {
    match prefix {
        "" => "without a prefix".into(),
        prefix => format!("\"{}\"", prefix.trim_end_matches('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segments_that_differ_tell_two_models_apart() {
        let pair = differing("module.student.backbone.", "module.teacher.backbone.");
        assert_eq!(pair, Some(("student", "teacher")));
        assert_eq!(differing("", "ema."), Some(("model", "ema")));
        assert_eq!(differing("a.", "a.b."), None);
    }

    #[test]
    fn wrappers_of_compilers_and_shards_are_no_part_of_a_name() {
        let name = "blocks.3._orig_mod.attn._fsdp_wrapped_module.qkv.weight";
        assert_eq!(unwrapped(name), "blocks.3.attn.qkv.weight");
    }
}
