//! `DPTForDepthEstimation` and `DepthAnythingForDepthEstimation`.

use serde_json::{Value, json};

use crate::dense::{BlockChoice, DepthConfig};
use crate::heads::{DepthOutput, DptConfig, Readout};
use crate::vit::Gelu;
use crate::weights::container::Container;
use crate::weights::error::WeightsError;
use crate::weights::names::tensors::Fate;
use crate::weights::names::term::Term;
use crate::weights::options::LoadOptions;
use crate::weights::sidecar::Sidecar;

use super::entries::Entries;
use super::{DenseFile, HeadTerms, Whole, of_norm, whole};

/// Types of models, and the entries that each has beside those of a tower.
const TYPES: [(&str, &[&str]); 2] = [
    (
        "dpt",
        &[
            "add_projection",
            "backbone_config",
            "backbone_featmap_shape",
            "backbone_out_indices",
            "fusion_hidden_size",
            "head_in_index",
            "is_hybrid",
            "neck_hidden_sizes",
            "neck_ignore_stages",
            "readout_type",
            "reassemble_factors",
            "semantic_classifier_dropout",
            "use_batch_norm_in_fusion_residual",
            "use_bias_in_fusion_residual",
        ],
    ),
    (
        "depth_anything",
        &[
            "backbone_config",
            "depth_estimation_type",
            "fusion_hidden_size",
            "head_hidden_size",
            "head_in_index",
            "max_depth",
            "neck_hidden_sizes",
            "reassemble_factors",
            "reassemble_hidden_size",
        ],
    ),
];

/// A model for depth.
pub(crate) fn depth<'a>(
    container: &'a Container,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<DenseFile<'a, DepthConfig>, WeightsError> {
    let (entries, kind) = Entries::of("depth", sidecar, &TYPES)?;
    if entries.flag("is_hybrid", false)? {
        return Err(entries.refuse("is_hybrid", "false: a tower without convolutions before it"));
    }
    let has_backbone = entries.get("backbone_config").is_some();
    if kind == "depth_anything" && !has_backbone {
        return Err(entries.refuse("backbone_config", "the config of the backbone"));
    }
    let mark = "neck.convs.0.weight";
    let Whole { tensors, description, names, mut blocks, norm } =
        whole(container, &entries, options, mark, |name| {
            // The coarsest map is fused with nothing before it.
            if name.starts_with("neck.fusion_stage.layers.0.residual_layer1.") {
                return Some(Fate::Aside(
                    "the coarsest map has none before it, which this unit is for",
                ));
            }
            let known = name.starts_with("neck.") || name.starts_with("head.");
            known.then(|| Fate::Known(name.to_string()))
        })?;
    let maps = tensors.count("neck.convs.");
    if let Some(backbone) = entries.get("backbone_config").and_then(Value::as_object) {
        // The class reads the class token, which maps no longer have.
        let backbone = Entries { task: "depth", map: backbone };
        if backbone.flag("reshape_hidden_states", true)? {
            return Err(backbone.refuse("reshape_hidden_states", "false: tokens, and not maps"));
        }
    } else {
        let all = entries.numbers("backbone_out_indices", &[2.0, 5.0, 8.0, 11.0])?;
        let depth = description.config.depth;
        blocks = (0..depth).filter(|block| all.contains(&(*block as f64))).collect();
    }
    if blocks.len() != maps {
        let key = if has_backbone { "backbone_config" } else { "backbone_out_indices" };
        return Err(entries.refuse(key, &format!("{maps} blocks of the tower, one for each map")));
    }
    let last = json!(maps as i64 - 1);
    if entries.get("head_in_index") != Some(&last) {
        entries.expect("head_in_index", &json!(-1))?;
    }

    let widths = (0..maps).map(|index| {
        let name = format!("neck.convs.{index}.weight");
        Ok(tensors.axes::<4>("neck_widths", &name)?[1])
    });
    let widths = widths.collect::<Result<Vec<usize>, WeightsError>>()?;
    let [channels, ..] = tensors.axes::<4>("channels", mark)?;
    entries.expect("neck_hidden_sizes", &json!(widths))?;
    entries.expect("fusion_hidden_size", &json!(channels))?;
    let width = description.config.width;
    let unit = "neck.fusion_stage.layers.0.residual_layer2";
    let residual_norm = tensors.has(&format!("{unit}.batch_norm1.weight"));
    entries.expect("use_batch_norm_in_fusion_residual", &json!(residual_norm))?;
    let mut head = DptConfig::new(width)
        .with_neck_widths(widths)
        .with_factors(entries.numbers("reassemble_factors", &[4.0, 2.0, 1.0, 0.5])?)
        .with_channels(channels)
        .with_residual_norm(residual_norm)
        .with_residual_bias(tensors.has(&format!("{unit}.convolution1.bias")));
    let terms: HeadTerms = match kind {
        "dpt" => {
            let projected = entries.flag("add_projection", false)?;
            head = head.with_head_projection(projected);
            head = head.with_readout(match entries.text("readout_type").unwrap_or("project") {
                "project" => Readout::Project,
                "add" => Readout::Add,
                "ignore" => Readout::Ignore,
                _ => return Err(entries.refuse("readout_type", "project, add or ignore")),
            });
            head.gelu = match entries.text("hidden_act").unwrap_or("gelu") {
                "gelu" | "gelu_python" => Gelu::Erf,
                "gelu_pytorch_tanh" | "gelu_new" | "gelu_fast" => Gelu::Tanh,
                "quick_gelu" => Gelu::Quick,
                _ => return Err(entries.refuse("hidden_act", "a GELU")),
            };
            head.head_width = tensors.axes::<4>("head_width", "head.head.2.weight")?[0];
            dpt_terms
        }
        _ => {
            entries.expect("reassemble_hidden_size", &json!(width))?;
            let patch = description.config.patch;
            let said = entries.count("patch_size", 14)?;
            if said != patch {
                return Err(
                    entries.refuse("patch_size", &format!("{patch}, as the tensors have it"))
                );
            }
            head = head.depth_anything(patch);
            head.head_width = tensors.axes::<4>("head_width", "head.conv2.weight")?[0];
            entries.expect("head_hidden_size", &json!(head.head_width))?;
            let scale = entries.number("max_depth", 1.0)?;
            head.output = match entries.text("depth_estimation_type").unwrap_or("relative") {
                "relative" => DepthOutput::Relu(scale),
                "metric" => DepthOutput::Sigmoid(scale),
                _ => return Err(entries.refuse("depth_estimation_type", "relative or metric")),
            };
            depth_anything_terms
        }
    };
    let blocks = BlockChoice::new(blocks).with_norm(norm);
    let config = DepthConfig::new(description.config.clone(), blocks, head.into());
    config.validate()?;
    let has_norm = norm || tensors.has("layernorm.weight") || tensors.has("norm.weight");
    Ok(DenseFile { tensors, description, config, names, head: terms, has_norm })
}

fn dpt_terms(path: &str, shape: &[usize]) -> Vec<Term> {
    let of_head = |module: &str| match module {
        "projection" => Some("head.projection"),
        "conv1" => Some("head.head.0"),
        "conv2" => Some("head.head.2"),
        "conv3" => Some("head.head.4"),
        _ => None,
    };
    terms(path, shape, of_head)
}

fn depth_anything_terms(path: &str, shape: &[usize]) -> Vec<Term> {
    let of_head = |module: &str| match module {
        "conv1" => Some("head.conv1"),
        "conv2" => Some("head.conv2"),
        "conv3" => Some("head.conv3"),
        _ => None,
    };
    terms(path, shape, of_head)
}

/// The tensors of a parameter beside the tower.
fn terms(path: &str, shape: &[usize], of_head: impl Fn(&str) -> Option<&'static str>) -> Vec<Term> {
    let named = path.strip_prefix("head.").and_then(|path| path.rsplit_once('.'));
    let Some((module, leaf)) = named else { return vec![] };
    let parts: Vec<&str> = module.split('.').collect();
    let name = match parts[..] {
        ["reassemble", index, "readout"] => {
            format!("neck.reassemble_stage.readout_projects.{index}.0")
        }
        ["reassemble", index, "projection"] => {
            format!("neck.reassemble_stage.layers.{index}.projection")
        }
        ["reassemble", index, "up" | "down"] => {
            format!("neck.reassemble_stage.layers.{index}.resize")
        }
        ["convs", index] => format!("neck.convs.{index}"),
        ["fusion", index, "projection"] => format!("neck.fusion_stage.layers.{index}.projection"),
        ["fusion", index, unit, layer] => {
            let unit = if unit == "skip" { "residual_layer1" } else { "residual_layer2" };
            let layer = layer.replace("conv", "convolution").replace("norm", "batch_norm");
            format!("neck.fusion_stage.layers.{index}.{unit}.{layer}")
        }
        ["head", module] => match of_head(module) {
            Some(module) => module.to_string(),
            None => return vec![],
        },
        _ => return vec![],
    };
    vec![Term::torch(name, of_norm(leaf), shape)]
}
