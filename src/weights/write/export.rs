//! Writes models under the names of other libraries.

use std::collections::HashMap;
use std::path::Path;

use serde_json::json;

use crate::data::preprocess::Preprocess;
use crate::vit::{
    Biases, BlockKind, Gelu, HeadInput, NormKind, Pool, Positions, QkNorm, ViT22B, ViT22BConfig,
};
use crate::weights::container::write;
use crate::weights::error::WeightsError;
use crate::weights::names::{Names, big_vision, timm};
use crate::weights::origin::Origin;
use crate::weights::preprocessing;

use super::tensors::new_tensors;

/// Writes a model for timm: a folder with `model.safetensors` and the `config.json` by which
/// `timm.create_model("local-dir:FOLDER", pretrained=True)` builds the model. The folder may be
/// there already.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let model = vit22b::vit::Variant::parse("mu/16")?.config(10).init(&Default::default())?;
/// let preprocessing = "resize(224)|value_range(-1, 1)".parse()?;
/// vit22b::weights::export_timm(&model, &preprocessing, "out/for_timm")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`WeightsError::NotExportable`] for a config that timm's model cannot have, and
/// [`WeightsError::Io`].
pub fn export_timm(
    model: &ViT22B,
    preprocessing: &Preprocess,
    folder: impl AsRef<Path>,
) -> Result<(), WeightsError> {
    let config = model.config();
    timm_can(config)?;
    let names = timm_names(config);
    let folder = folder.as_ref();
    let io = |reason| WeightsError::Io { file: folder.display().to_string(), reason };
    std::fs::create_dir_all(folder).map_err(io)?;
    let tensors = new_tensors(model, Names::Timm(names));
    let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
    write::safetensors(&folder.join("model.safetensors"), &tensors, metadata).map_err(io)?;
    let text = format!("{:#}\n", timm_config(config, names, preprocessing));
    std::fs::write(folder.join("config.json"), text).map_err(io)
}

/// Writes a model for big_vision: an `.npz` with the parameters under `params/`, a block in each
/// `encoderblock_N`.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let model = vit22b::vit::Variant::parse("mu/16")?.config(10).classic().init(&Default::default())?;
/// vit22b::weights::export_big_vision(&model, "out/checkpoint.npz")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`WeightsError::NotExportable`] for a config that big_vision's model cannot have, and
/// [`WeightsError::Io`].
pub fn export_big_vision(model: &ViT22B, file: impl AsRef<Path>) -> Result<(), WeightsError> {
    big_vision_can(model.config())?;
    let names = big_vision::Names { class_position: false, stacked: false };
    let mut tensors = new_tensors(model, Names::BigVision(names));
    for tensor in &mut tensors {
        tensor.name.insert_str(0, "params/");
    }
    let file = file.as_ref();
    write::npz(file, &tensors)
        .map_err(|reason| WeightsError::Io { file: file.display().to_string(), reason })
}

/// Refuses a config whose field has a value that an origin cannot express.
fn rule<T: core::fmt::Debug>(
    origin: Origin,
    field: &'static str,
    value: T,
    holds: bool,
    rule: &'static str,
) -> Result<(), WeightsError> {
    if holds {
        return Ok(());
    }
    let value = format!("{value:?}");
    Err(WeightsError::NotExportable { origin, field, value, rule })
}

/// Refuses the parts that neither timm's plain `VisionTransformer` nor big_vision's has.
fn plain_parts(origin: Origin, config: &ViT22BConfig) -> Result<(), WeightsError> {
    let ViT22BConfig { gate, sub_norm, key_bias, rotary, patch_norm, map_head, .. } = config;
    let ViT22BConfig { head_input, projection, pool, biases, .. } = config;
    let rule =
        |field, value: &dyn core::fmt::Debug, holds, text| rule(origin, field, value, holds, text);
    rule("gate", gate, gate.is_none(), "the MLP is not gated")?;
    let text = "no norm stands before the last products of a block";
    rule("sub_norm", sub_norm, sub_norm.is_none(), text)?;
    let with_keys = key_bias.is_none_or(|bias| bias == biases.qkv);
    rule("key_bias", key_bias, with_keys, "queries, keys and values have a bias or have none")?;
    rule("rotary", rotary, rotary.is_none(), "positions are added to the tokens")?;
    rule("patch_norm", patch_norm, patch_norm.is_none(), "no norm stands before the positions")?;
    let text = "attention pooling is of the size of a block";
    rule("map_head", map_head, map_head.is_none(), text)?;
    let pooled = head_input.is_none_or(|input| input == HeadInput::Pooled);
    rule("head_input", head_input, pooled, "the classifier reads the pooled vector alone")?;
    rule("projection", projection, projection.is_none(), "there is no projection")?;
    let known = matches!(pool, Pool::Map | Pool::Average | Pool::ClassToken);
    rule("pool", pool, known, "it is map, average or class_token")
}

fn timm_can(config: &ViT22BConfig) -> Result<(), WeightsError> {
    plain_parts(Origin::Timm, config)?;
    let ViT22BConfig { biases, norm, qk_norm, positions, epsilon, .. } = config;
    let map = config.pool == Pool::Map;
    let rms = *norm == NormKind::Rms;
    let usual = timm::usual_epsilon(config.norm_embedding, biases.norm);
    let learned = *positions == Positions::Learned;
    let qk_fits = *qk_norm == QkNorm::None || *qk_norm == QkNorm::Rms && rms;
    let rule = |field, value: &dyn core::fmt::Debug, holds, text| {
        rule(Origin::Timm, field, value, holds, text)
    };
    rule("positions", positions, learned, "positions are learned")?;
    let (block, gelu) = (config.block, config.gelu);
    let text = "blocks are parallel or sequential";
    rule("block", &block, block != BlockKind::ResPostNorm, text)?;
    rule("gelu", &gelu, gelu != Gelu::Quick, "GELU is exact or has its tanh form")?;
    rule(
        "epsilon",
        epsilon,
        *epsilon == usual,
        "it is 1e-6, and 1e-5 where a layer norm follows the embedding; `LoadOptions::epsilon` \
         changes it knowingly",
    )?;
    let text = "layer norms have a bias and RMS norms have none";
    rule("biases.norm", &biases.norm, biases.norm != rms, text)?;
    let text = "the QK norm is of the same kind as the others, and a layer norm has a bias";
    rule("qk_norm", qk_norm, qk_fits, text)?;
    let text = "the embedding has a bias where no norm follows it";
    let bias = biases.embedding;
    rule("biases.embedding", &bias, bias != config.norm_embedding, text)?;
    let text = "attention and MLP have a bias at their exits";
    rule("biases.attn_out", &biases.attn_out, biases.attn_out, text)?;
    rule("biases.mlp", &biases.mlp, biases.mlp, text)?;
    let text = "the pooling head has all its biases";
    rule("biases.map_qkv", &biases.map_qkv, biases.map_qkv || !map, text)?;
    rule("biases.map_out", &biases.map_out, biases.map_out || !map, text)?;
    let headless = config.num_classes == 0;
    rule("biases.head", &biases.head, biases.head || headless, "the classifier has a bias")
}

fn big_vision_can(config: &ViT22BConfig) -> Result<(), WeightsError> {
    plain_parts(Origin::BigVision, config)?;
    let ViT22BConfig { block, norm, qk_norm, gelu, epsilon, registers, layer_scale, .. } = config;
    let ViT22BConfig { norm_embedding, norm_pooled, biases, .. } = config;
    // A layer that the model does not have needs no bias.
    let map = config.pool == Pool::Map;
    let needed = Biases {
        map_qkv: biases.map_qkv || !map,
        map_out: biases.map_out || !map,
        head: biases.head || config.num_classes == 0,
        ..*biases
    };
    let all = needed == ViT22BConfig::new(1).classic().biases;
    let rule = |field, value: &dyn core::fmt::Debug, holds, text| {
        rule(Origin::BigVision, field, value, holds, text)
    };
    let sequential = *block == BlockKind::Sequential;
    rule("block", block, sequential, "attention and MLP come one after the other")?;
    rule("norm", norm, *norm == NormKind::Layer, "all norms are layer norms")?;
    let none = *qk_norm == QkNorm::None;
    rule("qk_norm", qk_norm, none, "queries and keys are not normalised")?;
    rule("biases", biases, all, "every layer has a bias")?;
    rule("gelu", gelu, *gelu == Gelu::Tanh, "GELU has its tanh form")?;
    let text = "it is 1e-6; `LoadOptions::epsilon` changes it knowingly";
    rule("epsilon", epsilon, *epsilon == 1e-6, text)?;
    rule("registers", registers, *registers == 0, "there are no register tokens")?;
    let text = "residual branches have no scale";
    rule("layer_scale", layer_scale, layer_scale.is_none(), text)?;
    let text = "no norm follows the embedding";
    rule("norm_embedding", norm_embedding, !norm_embedding, text)?;
    let text = "the last norm comes before the pooling";
    rule("norm_pooled", norm_pooled, !norm_pooled, text)?;
    let positions = config.positions;
    let added = matches!(positions, Positions::Learned | Positions::SinCos2d);
    rule("positions", &positions, added, "they are learned, or sines and cosines")
}

/// timm's classic models have a position for the class token, and only they.
fn timm_names(config: &ViT22BConfig) -> timm::Names {
    let class = config.pool == Pool::ClassToken;
    let classic = config.block == BlockKind::Sequential && config.registers == 0;
    timm::Names { prefix_positions: usize::from(class && classic), ..Default::default() }
}

/// The `config.json` by which timm's `create_model` builds the model: a registered model with
/// blocks of this kind, and the arguments in which the exported model differs from it.
fn timm_config(
    config: &ViT22BConfig,
    names: timm::Names,
    preprocess: &Preprocess,
) -> serde_json::Value {
    let architecture = match config.block {
        BlockKind::Parallel => "vit_base_patch16_xp_224",
        _ => "vit_base_patch16_224",
    };
    let pool = match config.pool {
        Pool::Map => "map",
        Pool::Average => "avg",
        _ => "token",
    };
    let [height, width] = config.image;
    let mut pretrained = preprocessing::for_timm(preprocess);
    pretrained["input_size"] = json!([config.channels, height, width]);
    pretrained["num_classes"] = json!(config.num_classes);
    pretrained["first_conv"] = json!("patch_embed.proj");
    pretrained["classifier"] = json!("head");
    json!({
        "architecture": architecture,
        "num_classes": config.num_classes,
        "global_pool": pool,
        "model_args": {
            "img_size": [height, width],
            "patch_size": config.patch,
            "in_chans": config.channels,
            "embed_dim": config.width,
            "depth": config.depth,
            "num_heads": config.num_heads,
            // timm multiplies by the width and rounds down. Half a unit is added, so that rounding
            // does not lose one.
            "mlp_ratio": (config.mlp_dim as f64 + 0.5) / config.width as f64,
            "qkv_bias": config.biases.qkv,
            "qk_norm": config.qk_norm != QkNorm::None,
            "init_values": config.layer_scale,
            "class_token": config.pool == Pool::ClassToken,
            "no_embed_class": names.prefix_positions == 0,
            "reg_tokens": config.registers,
            "pre_norm": config.norm_embedding,
            "fc_norm": config.norm_pooled,
            "norm_layer": if config.norm == NormKind::Rms { "rmsnorm" } else { "layernorm" },
            "act_layer": if config.gelu == Gelu::Tanh { "gelu_tanh" } else { "gelu" },
        },
        "pretrained_cfg": pretrained,
    })
}
