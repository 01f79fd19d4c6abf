//! `UperNetForSemanticSegmentation`.

use serde_json::{Value, json};

use crate::dense::{AuxiliaryConfig, BlockChoice, SegmentationConfig};
use crate::heads::{FcnConfig, MapNormKind, PyramidConfig, UperNetConfig};
use crate::weights::container::Container;
use crate::weights::error::WeightsError;
use crate::weights::names::tensors::Fate;
use crate::weights::names::term::Term;
use crate::weights::options::LoadOptions;
use crate::weights::sidecar::Sidecar;

use super::entries::Entries;
use super::{DenseFile, Whole, of_norm, whole};

/// The type of models, and the entries that it has beside those of a tower.
const TYPES: [(&str, &[&str]); 1] =
    [("upernet", &["backbone_config", "hidden_size", "loss_ignore_index"])];

/// The auxiliary head reads this map of the backbone, counted from 0.
const AUXILIARY_LEVEL: usize = 2;

/// A model for segmentation.
pub(crate) fn segmentation<'a>(
    container: &'a Container,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<DenseFile<'a, SegmentationConfig>, WeightsError> {
    let (entries, _) = Entries::of("segmentation", sidecar, &TYPES)?;
    let backbone = entries.get("backbone_config").and_then(Value::as_object);
    let Some(backbone) = backbone else {
        return Err(entries.refuse("backbone_config", "the config of a vision transformer"));
    };
    let backbone = Entries { task: "segmentation", map: backbone };
    let mark = "decode_head.classifier.weight";
    let Whole { tensors, mut description, names, blocks, norm } =
        whole(container, &entries, options, mark, |name| {
            let pyramid = ["backbone.fpn.", "backbone."];
            let pyramid = pyramid.iter().find_map(|prefix| name.strip_prefix(prefix));
            if let Some(name) = pyramid.filter(|name| name.starts_with("fpn")) {
                return Some(Fate::Known(format!("fpn.{}", with_newer_names(name))));
            }
            let known = ["decode_head.", "auxiliary_head."];
            let known = known.iter().any(|head| name.starts_with(head));
            known.then(|| Fate::Known(name.to_string()))
        })?;
    description.class_names = sidecar.class_names();
    if !backbone.flag("reshape_hidden_states", true)? {
        return Err(backbone.refuse("reshape_hidden_states", "true: maps, and not tokens"));
    }
    let has_pyramid = tensors.has("fpn.fpn2.weight");
    let said = backbone.flag("add_fpn", false)?;
    if said != has_pyramid {
        return Err(backbone.refuse("add_fpn", &format!("{has_pyramid}, as the tensors show")));
    }
    let width = description.config.width;
    let [classes, channels, ..] = tensors.axes::<4>("classes", mark)?;
    entries.expect("hidden_size", &json!(channels))?;
    let pools = tensors.count("decode_head.psp_modules.");
    let pool_sizes = entries.counts("pool_scales", &[1, 2, 3, 6])?;
    if pool_sizes.len() != pools {
        return Err(entries.refuse("pool_scales", &format!("{pools} sizes, as the tensors show")));
    }
    let head = UperNetConfig::new(vec![width; blocks.len()], channels, classes)
        .with_pool_sizes(pool_sizes)
        .with_norm(MapNormKind::FrozenBatch);
    let auxiliary = match tensors.has("auxiliary_head.classifier.weight") {
        true => {
            let name = "auxiliary_head.classifier.weight";
            let [_, channels, ..] = tensors.axes::<4>("auxiliary.head.channels", name)?;
            let head = FcnConfig::new(width, channels, classes)
                .with_convs(tensors.count("auxiliary_head.convs."))
                .with_joins_input(tensors.has("auxiliary_head.conv_cat.conv.weight"))
                .with_norm(MapNormKind::FrozenBatch);
            let weight = entries.number("auxiliary_loss_weight", 0.4)?;
            Some(AuxiliaryConfig::new(head).with_level(AUXILIARY_LEVEL).with_weight(weight))
        }
        false => None,
    };
    if entries.flag("use_auxiliary_head", true)? != auxiliary.is_some() {
        let shown = format!("{}, as the tensors show", auxiliary.is_some());
        return Err(entries.refuse("use_auxiliary_head", &shown));
    }
    let pyramid = PyramidConfig::new(width).with_norm(MapNormKind::FrozenBatch);
    let blocks = BlockChoice::new(blocks).with_norm(norm);
    let config = SegmentationConfig::new(description.config.clone(), blocks, head.into())
        .with_pyramid(has_pyramid.then_some(pyramid))
        .with_auxiliary(auxiliary);
    config.validate()?;
    let has_norm = norm || tensors.has("layernorm.weight") || tensors.has("norm.weight");
    Ok(DenseFile { tensors, description, config, names, head: terms, has_norm })
}

/// Published files have numbers where the modules of the pyramid have names today.
fn with_newer_names(name: &str) -> String {
    const NAMES: [(&str, &str); 4] = [
        ("fpn1.0.", "fpn1.conv_transpose1."),
        ("fpn1.1.", "fpn1.normalization."),
        ("fpn1.3.", "fpn1.conv_transpose2."),
        ("fpn2.0.", "fpn2."),
    ];
    let newer = NAMES.iter().find_map(|(old, new)| Some((new, name.strip_prefix(old)?)));
    newer.map_or(name.to_string(), |(new, leaf)| format!("{new}{leaf}"))
}

/// The tensors of a parameter beside the tower.
fn terms(path: &str, shape: &[usize]) -> Vec<Term> {
    let Some((module, leaf)) = path.rsplit_once('.') else { return vec![] };
    let parts: Vec<&str> = module.split('.').collect();
    let layer = |name: &str| name.replace("norm", "batch_norm");
    let name = match parts[..] {
        ["pyramid", "four", "first"] => "fpn.fpn1.conv_transpose1".into(),
        ["pyramid", "four", "norm"] => "fpn.fpn1.normalization".into(),
        ["pyramid", "four", "second"] => "fpn.fpn1.conv_transpose2".into(),
        ["pyramid", "two"] => "fpn.fpn2".into(),
        ["head", "pools", index, last] => {
            format!("decode_head.psp_modules.{index}.1.{}", layer(last))
        }
        ["head", "bottleneck", last] => format!("decode_head.bottleneck.{}", layer(last)),
        ["head", "laterals", index, last] => {
            format!("decode_head.lateral_convs.{index}.{}", layer(last))
        }
        ["head", "levels", index, last] => format!("decode_head.fpn_convs.{index}.{}", layer(last)),
        ["head", "join", last] => format!("decode_head.fpn_bottleneck.{}", layer(last)),
        ["head", "classifier"] => "decode_head.classifier".into(),
        ["auxiliary", "convs", index, last] => {
            format!("auxiliary_head.convs.{index}.{}", layer(last))
        }
        ["auxiliary", "join", last] => format!("auxiliary_head.conv_cat.{}", layer(last)),
        ["auxiliary", "classifier"] => "auxiliary_head.classifier".into(),
        _ => return vec![],
    };
    vec![Term::torch(name, of_norm(leaf), shape)]
}
