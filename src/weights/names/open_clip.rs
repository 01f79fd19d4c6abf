//! open_clip's own vision transformer, under the names of CLIP's authors: class token, norms before and behind the blocks,
//! a projection that is multiplied from the right.

use serde_json::Value;

use super::pieces::{activation, described, heads_unknown, split_block, square_patch};
use super::prefix::{prefix, unwrapped};
use super::tensors::{ANOTHER_PART, Fate, Tensors};
use super::term::Term;
use crate::vit::{Gelu, Pool, ViT22BConfig};
use crate::weights::container::Container;
use crate::weights::description::Description;
use crate::weights::error::WeightsError;
use crate::weights::options::LoadOptions;
use crate::weights::origin::Origin;
use crate::weights::positions;
use crate::weights::sidecar::Sidecar;

/// The tensor by which these files are recognised.
const MARK: &str = "ln_pre.weight";
const FILE: &str = "open_clip_config.json";
/// Entries of `vision_cfg` that are read, that tensors show, or that only training needs.
const KNOWN: [&str; 15] = [
    "head_width",
    "image_size",
    "layers",
    "ls_init_value",
    "mlp_ratio",
    "norm_kwargs",
    "output_tokens",
    "patch_dropout",
    "patch_size",
    "width",
    "act_kwargs",
    "embed_dim",
    "no_ln_pre",
    "pos_embed_type",
    "dynamic_img_size",
];
/// Entries that change nothing as long as they have this value.
const ONLY: [(&str, &str); 8] = [
    ("attentional_pool", "false"),
    ("final_ln_after_pool", "false"),
    ("global_average_pool", "false"),
    ("in_chans", "3"),
    ("pool_type", "\"tok\""),
    ("timm_model_pretrained", "false"),
    ("timm_model_name", "null"),
    ("dual_patchnorm", "false"),
];

/// The tensors of an image tower of open_clip, if the container holds one.
///
/// # Errors
///
/// Those of [`prefix`].
pub(crate) fn tensors<'a>(
    container: &'a Container,
    options: &LoadOptions,
) -> Result<Option<Tensors<'a>>, WeightsError> {
    let Some(prefix) = prefix(container, MARK, options.part.as_deref())? else { return Ok(None) };
    let tensors =
        Tensors::sort(Origin::OpenClip, container, |name| match name.strip_prefix(&prefix.text) {
            Some(name) => Fate::Known(unwrapped(name)),
            None => Fate::Aside(ANOTHER_PART),
        });
    Ok(Some(tensors.with_part(prefix.note)))
}

pub(crate) fn describe(
    tensors: &Tensors,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<Description, WeightsError> {
    let (model, vision) = (sidecar.open_clip(), &sidecar.open_clip()["vision_cfg"]);
    if options.assume.is_none() {
        check_entries(vision, &KNOWN, &ONLY)?;
    }
    let mut notes = tensors.notes();
    let [width, channels, patch] = square_patch(tensors, "conv1.weight")?;
    let block = |name: &str| format!("transformer.resblocks.0.{name}");
    let [mlp_dim, _] = tensors.axes("mlp_dim", &block("mlp.c_fc.weight"))?;
    let [rows, _] = tensors.axes("image", "positional_embedding")?;
    let side = vision["image_size"].as_u64().map(|side| [side as usize / patch; 2]);
    let (grid, _) = positions::grid(rows, &[1], options.grid.or(side))?;
    let heads = match vision.is_object() {
        true => Some(width / count(vision, "head_width")?.unwrap_or(64)),
        false => None,
    };
    let heads = notes.choose("num_heads", options.num_heads, heads, None);
    let num_heads = heads.ok_or_else(|| heads_unknown(width))?;
    let said = gelu(model, vision)?;
    let gelu = notes.choose_or("gelu", options.gelu, said, Gelu::Erf);
    let said = vision["norm_kwargs"]["eps"].as_f64();
    let epsilon = notes.choose_or("epsilon", options.epsilon, said, 1e-5);
    let projection = match tensors.has("proj") {
        true => Some(tensors.axes::<2>("projection", "proj")?[1]),
        false => None,
    };
    let mut config = ViT22BConfig::new(0)
        .with_image(grid.map(|side| side * patch))
        .with_channels(channels)
        .with_patch(patch)
        .with_width(width)
        .with_depth(tensors.count("transformer.resblocks."))
        .with_mlp_dim(mlp_dim)
        .with_num_heads(num_heads)
        .clip()
        .with_gelu(gelu)
        .with_pool(Pool::ClassToken)
        .with_interpolation(Origin::OpenClip.interpolation(0))
        .with_layer_scale(tensors.has(&block("ls_1.gamma")).then_some(1e-5))
        .with_projection(projection)
        .with_epsilon(epsilon);
    config.biases.embedding = tensors.has("conv1.bias");
    let described = described(Origin::OpenClip, config, sidecar, options, notes)?;
    Ok(Description { class_names: vec![], ..described })
}

/// Refuses an entry of a tower's config that may change what is computed.
pub(super) fn check_entries(
    entries: &Value,
    known: &[&str],
    only: &[(&str, &str)],
) -> Result<(), WeightsError> {
    for (key, value) in entries.as_object().into_iter().flatten() {
        let text = value.to_string();
        let is_known = value.is_null()
            || known.contains(&key.as_str())
            || only.iter().any(|(name, only)| name == key && *only == text);
        if !is_known {
            let expected = "an entry that is known, since it may change what is computed";
            return Err(refused(key, value, expected, "assume"));
        }
    }
    Ok(())
}

pub(super) fn refused(
    key: &str,
    value: &Value,
    expected: &str,
    option: &'static str,
) -> WeightsError {
    WeightsError::not_understood(FILE, key, Some(value), expected, option)
}

/// A whole number above 0.
pub(super) fn count(entries: &Value, key: &str) -> Result<Option<usize>, WeightsError> {
    let value = &entries[key];
    if value.is_null() {
        return Ok(None);
    }
    let number = value.as_u64().filter(|number| *number > 0);
    let expected = "a whole number above 0";
    let number = number.ok_or_else(|| refused(key, value, expected, "num_heads"))?;
    Ok(Some(number as usize))
}

/// The activation that the config of a model and of one of its towers say; none without a config.
pub(super) fn gelu(model: &Value, tower: &Value) -> Result<Option<Gelu>, WeightsError> {
    if !tower.is_object() {
        return Ok(None);
    }
    if model["quick_gelu"] == true {
        return Ok(Some(Gelu::Quick));
    }
    match &tower["act_kwargs"]["approximate"] {
        Value::Null => Ok(Some(Gelu::Erf)),
        Value::String(name) if name == "none" => Ok(Some(Gelu::Erf)),
        Value::String(name) if name == "tanh" => Ok(Some(Gelu::Tanh)),
        other => Err(activation(&other.to_string())),
    }
}

/// The tensors that make the parameter at `path`; none if open_clip has no name for it.
pub(crate) fn terms(path: &str, shape: &[usize], config: &ViT22BConfig) -> Vec<Term> {
    let rows = config.patches() + 1;
    match (path, shape) {
        ("embedding.weight", _) => return vec![Term::whole("conv1.weight", shape)],
        ("embedding.bias", _) => return vec![Term::whole("conv1.bias", shape)],
        ("pos_embedding", [patches, width]) => {
            let theirs = [rows, *width];
            return vec![Term::piece("positional_embedding", &theirs, |view| {
                view.narrow(0, 1, *patches)
            })];
        }
        ("class_token", [_, width]) => {
            let token = Term::piece("class_embedding", &[*width], |view| view.unsqueeze());
            let place =
                Term::piece("positional_embedding", &[rows, *width], |view| view.narrow(0, 0, 1));
            return vec![token, place];
        }
        // A matrix that is multiplied from the right is as this crate has it.
        ("projection.weight", _) => return vec![Term::whole("proj", shape)],
        _ => {}
    }
    let (module, leaf) = path.rsplit_once('.').unwrap_or(("", path));
    match module {
        "embedding_norm" => vec![Term::torch("ln_pre".into(), leaf, shape)],
        "norm" => vec![Term::torch("ln_post".into(), leaf, shape)],
        _ => of_block(path, shape, config.width),
    }
}

/// The parameters of a block, of images and of texts alike.
pub(super) fn of_block(path: &str, shape: &[usize], width: usize) -> Vec<Term> {
    let (block, rest) = split_block(path);
    let Some(index) = block.strip_prefix("blocks.") else { return vec![] };
    let scope = format!("transformer.resblocks.{index}");
    let (module, leaf) = rest.rsplit_once('.').unwrap_or(("", rest));
    let joint =
        |start| vec![Term::joint(format!("{scope}attn.in_proj_{leaf}"), shape, start, 3 * width)];
    let own = |name: &str| vec![Term::torch(format!("{scope}{name}"), leaf, shape)];
    match (module, leaf) {
        ("", "layer_scale") => vec![Term::whole(format!("{scope}ls_1.gamma"), shape)],
        ("", "mlp_layer_scale") => vec![Term::whole(format!("{scope}ls_2.gamma"), shape)],
        ("norm", _) => own("ln_1"),
        ("mlp_norm", _) => own("ln_2"),
        ("attn.query", _) => joint(0),
        ("attn.key", _) => joint(width),
        ("attn.value", _) => joint(2 * width),
        ("attn.out", _) => own("attn.out_proj"),
        ("mlp.fc1", _) => own("mlp.c_fc"),
        ("mlp.fc2", _) => own("mlp.c_proj"),
        _ => vec![],
    }
}
