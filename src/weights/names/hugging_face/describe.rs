//! The config of a model of transformers: shapes say its sizes, `config.json` the rest.

use crate::vit::{Gate, Gelu, HeadInput, NormKind, Pool, Positions, RotaryConfig, ViT22BConfig};
use crate::weights::description::{Description, Notes};
use crate::weights::error::WeightsError;
use crate::weights::names::pieces::{activation, described, heads_unknown, square_patch};
use crate::weights::names::tensors::Tensors;
use crate::weights::options::{HeadChoice, LoadOptions};
use crate::weights::origin::Origin;
use crate::weights::positions;
use crate::weights::sidecar::Sidecar;

use super::embedding;
use super::json::{Json, refused};
use super::terms::{Names, layers};

/// What is known of a file before its config is made.
struct File<'t, 'a> {
    tensors: &'t mut Tensors<'a>,
    json: Json<'t>,
    options: &'t LoadOptions,
    notes: Notes,
    origin: Origin,
}

pub(crate) fn describe(
    tensors: &mut Tensors,
    sidecar: &Sidecar,
    options: &LoadOptions,
) -> Result<(Description, Names), WeightsError> {
    let (origin, notes) = (tensors.origin, tensors.notes());
    let json = Json::of(sidecar, options.assume.as_deref())?;
    let mut file = File { tensors, json, options, notes, origin };
    let (config, names) = file.config()?;
    let File { notes, .. } = file;
    Ok((described(origin, config, sidecar, options, notes)?, names))
}

impl File<'_, '_> {
    fn has(&self, name: &str) -> bool {
        self.tensors.has(name)
    }

    /// Whether the first block has this tensor.
    fn block_has(&self, name: &str) -> bool {
        self.has(&self.in_block(name))
    }

    fn in_block(&self, name: &str) -> String {
        format!("{}0.{name}", layers(self.origin))
    }

    /// The name of a module of the blocks.
    fn module(&self, of_vit: &'static str, of_tower: &'static str, newer: &'static str) -> String {
        self.in_block(match self.origin {
            Origin::HfVit | Origin::HfDinov2 | Origin::HfBeit => of_vit,
            Origin::HfSiglip | Origin::HfClip => of_tower,
            _ => newer,
        })
    }

    fn config(&mut self) -> Result<(ViT22BConfig, Names), WeightsError> {
        let origin = self.origin;
        let ([width, channels, patch], linear_patches) = self.patches()?;
        let (mlp_dim, gate, joint_gate) = self.mlp()?;
        let gelu = self.gelu(gate)?;
        let depth = self.tensors.count(layers(origin));
        let num_heads = self.num_heads(width)?;
        let epsilon = self.epsilon()?;
        let distilled = self.has("embeddings.distillation_token");
        let registers = match self.has("embeddings.register_tokens") {
            true => self.tensors.axes::<3>("registers", "embeddings.register_tokens")?[1],
            false => 0,
        };
        let has_class_token = match origin {
            Origin::HfClip => self.has("embeddings.class_embedding"),
            _ => self.has("embeddings.cls_token"),
        };
        let (num_classes, head_input) = self.classifier(width)?;
        let pool = self.pool(num_classes > 0)?;
        let class_as_register = has_class_token && !pool.has_class_token();
        let beside = distilled && !pool.has_distillation_token();
        let flat = matches!(origin, Origin::HfClip);
        let prefix_positions = match flat || self.has("embeddings.position_embeddings") {
            true => usize::from(has_class_token) + usize::from(distilled),
            false => 0,
        };
        let (grid, positions) = self.grid(patch, prefix_positions)?;
        self.json.agree(&[
            ("hidden_size", width),
            ("num_channels", channels),
            ("num_hidden_layers", depth),
            ("num_register_tokens", registers),
            ("patch_size", patch),
        ])?;
        if origin != Origin::HfDinov2 {
            self.json.agree(&[("intermediate_size", mlp_dim)])?;
        }
        let scaled = ["layer_scale1.lambda1", "lambda_1"].iter().any(|name| self.block_has(name));
        let projection = match self.has("visual_projection.weight") {
            true => Some(self.tensors.axes::<2>("projection", "visual_projection.weight")?[0]),
            false => None,
        };
        let interpolation = match linear_patches {
            true => crate::vit::Interpolation::BilinearAntialias,
            false => origin.interpolation(registers),
        };
        let mut config = ViT22BConfig::new(num_classes)
            .with_image(grid.map(|side| side * patch))
            .with_channels(channels)
            .with_patch(patch)
            .with_width(width)
            .with_depth(depth)
            .with_mlp_dim(mlp_dim)
            .with_num_heads(num_heads)
            .classic()
            .with_gelu(gelu)
            .with_gate(gate)
            .with_pool(pool)
            .with_head_input(head_input)
            .with_projection(projection)
            .with_norm_embedding(origin == Origin::HfClip)
            .with_norm_pooled(origin == Origin::HfClip || self.has("pooler.layernorm.weight"))
            .with_positions(positions)
            .with_interpolation(interpolation)
            .with_rotary(self.rotary()?)
            .with_registers(registers + usize::from(class_as_register) + usize::from(beside))
            .with_layer_scale(scaled.then_some(1e-5))
            .with_epsilon(epsilon)
            .with_head_bias(0.0);
        if origin == Origin::HfAimv2 {
            config = config.with_norm(NormKind::Rms).with_patch_norm(Some(NormKind::Rms));
            config.biases.norm = false;
        }
        self.biases(&mut config);
        let names = Names {
            origin,
            prefix_positions,
            class_as_register,
            distilled,
            joint_gate,
            linear_patches,
        };
        Ok((config, names))
    }

    /// Width, channels and patch, and whether the patches are embedded by a linear layer.
    fn patches(&self) -> Result<([usize; 3], bool), WeightsError> {
        let name = format!("{}.weight", embedding(self.origin));
        if self.tensors.shape(&name).is_none_or(|shape| shape.len() != 2) {
            return Ok((square_patch(self.tensors, &name)?, false));
        }
        let [width, inputs] = self.tensors.axes("patch", &name)?;
        let channels = self.json.count("num_channels")?.unwrap_or(3);
        let patch = (inputs / channels.max(1)).isqrt();
        if channels.checked_mul(patch * patch) != Some(inputs) || patch == 0 {
            return Err(WeightsError::NotInferred {
                field: "patch",
                origin: self.origin,
                tensor: name,
                problem: format!(
                    "whose {inputs} inputs are no square patches of {channels} channels"
                ),
            });
        }
        Ok(([width, channels, patch], true))
    }

    /// The hidden width, the gate, and whether gate and value are one tensor.
    fn mlp(&self) -> Result<(usize, Option<Gate>, bool), WeightsError> {
        if self.block_has("mlp.weights_in.weight") {
            let [joint, _] =
                self.tensors.axes("mlp_dim", &self.in_block("mlp.weights_in.weight"))?;
            self.json.flag_agrees("use_swiglu_ffn", true)?;
            return Ok((joint / 2, Some(Gate::Silu), true));
        }
        let gated = ["mlp.gate_proj.weight", "ffn.gate_proj.weight"];
        let gated = gated.iter().any(|name| self.block_has(name));
        let module = match (self.origin, gated) {
            (Origin::HfVit | Origin::HfBeit, _) => "intermediate.dense",
            (Origin::HfDinov3, _) | (Origin::HfDinov2, true) => "mlp.up_proj",
            (Origin::HfAimv2, _) => "ffn.up_proj",
            _ => "mlp.fc1",
        };
        let name = self.in_block(&format!("{module}.weight"));
        let [mlp_dim, _] = self.tensors.axes("mlp_dim", &name)?;
        match self.origin {
            Origin::HfDinov2 => self.json.flag_agrees("use_swiglu_ffn", gated)?,
            Origin::HfDinov3 => self.json.flag_agrees("use_gated_mlp", gated)?,
            _ => {}
        }
        let silu = self.origin == Origin::HfDinov2
            || match self.json.text("hidden_act") {
                Some(name) => matches!(name, "silu" | "swish"),
                None => self.origin == Origin::HfAimv2,
            };
        let gate = if silu { Gate::Silu } else { Gate::Gelu };
        Ok((mlp_dim, gated.then_some(gate), false))
    }

    /// The activation; one that is not read, since the gate has its own, is not noted.
    fn gelu(&mut self, gate: Option<Gate>) -> Result<Gelu, WeightsError> {
        let usual = match self.origin {
            Origin::HfSiglip => Gelu::Tanh,
            Origin::HfClip => Gelu::Quick,
            _ => Gelu::Erf,
        };
        if gate == Some(Gate::Silu) {
            return Ok(usual);
        }
        let said = match self.json.text("hidden_act") {
            Some("gelu" | "gelu_python") => Some(Gelu::Erf),
            Some("gelu_pytorch_tanh" | "gelu_new" | "gelu_fast") => Some(Gelu::Tanh),
            Some("quick_gelu") => Some(Gelu::Quick),
            Some(other) if self.options.gelu.is_none() => return Err(activation(other)),
            _ => None,
        };
        Ok(self.notes.choose_or("gelu", self.options.gelu, said, usual))
    }

    /// The heads, or the class's default where a config leaves them out.
    fn num_heads(&mut self, width: usize) -> Result<usize, WeightsError> {
        let usual = self.json.model_type().map(|_| match self.origin {
            Origin::HfDinov3 => 6,
            Origin::HfAimv2 => 8,
            _ => 12,
        });
        let said = self.json.count("num_attention_heads")?;
        let heads = self.notes.choose("num_heads", self.options.num_heads, said, usual);
        heads.ok_or_else(|| heads_unknown(width))
    }

    fn epsilon(&mut self) -> Result<f64, WeightsError> {
        let (key, usual) = match self.origin {
            Origin::HfAimv2 => ("rms_norm_eps", 1e-5),
            Origin::HfClip | Origin::HfDinov3 => ("layer_norm_eps", 1e-5),
            Origin::HfVit if self.json.model_type() == Some("vit_msn") => ("layer_norm_eps", 1e-6),
            Origin::HfVit | Origin::HfBeit => ("layer_norm_eps", 1e-12),
            _ => ("layer_norm_eps", 1e-6),
        };
        let said = self.json.number(key)?;
        Ok(self.notes.choose_or("epsilon", self.options.epsilon, said, usual))
    }

    /// The number of classes, 0 without a classifier, and what it reads.
    fn classifier(&self, width: usize) -> Result<(usize, Option<HeadInput>), WeightsError> {
        if self.options.head != HeadChoice::Keep {
            return Ok((0, None));
        }
        let name = match self.has("cls_classifier.weight") {
            true => "cls_classifier.weight",
            false => "classifier.weight",
        };
        if !self.has(name) {
            return Ok((0, None));
        }
        if self.origin == Origin::HfClip {
            return Err(WeightsError::Unsupported {
                what: "CLIP's classifier of the mean of tokens that no norm has passed".into(),
                next: "`LoadOptions::head` drops or replaces it",
            });
        }
        let [classes, inputs] = self.tensors.axes("num_classes", name)?;
        let both = inputs == 2 * width;
        Ok((classes, both.then_some(HeadInput::PooledAndMean)))
    }

    fn pool(&mut self, classifier: bool) -> Result<Pool, WeightsError> {
        let pool = match self.origin {
            Origin::HfSiglip if classifier => {
                let reason = "the classifier reads the mean of the patches, not this head";
                self.tensors.leave(reason, |name| name.starts_with("head."));
                Pool::Average
            }
            Origin::HfSiglip if self.has("head.probe") => Pool::Map,
            Origin::HfAimv2 if self.has("head.cls_token") => Pool::Query,
            Origin::HfSiglip | Origin::HfAimv2 => Pool::Average,
            Origin::HfBeit => {
                let mean = self.has("pooler.layernorm.weight");
                self.json.flag_agrees("use_mean_pooling", mean)?;
                if mean { Pool::Average } else { Pool::ClassToken }
            }
            Origin::HfVit if self.has("distillation_classifier.weight") => {
                Pool::ClassBesideDistillation
            }
            Origin::HfVit if !self.has("embeddings.cls_token") => Pool::Average,
            _ => Pool::ClassToken,
        };
        if self.origin == Origin::HfSiglip && !classifier {
            self.json.flag_agrees("vision_use_head", pool == Pool::Map)?;
        }
        if self.origin == Origin::HfAimv2 {
            self.json.flag_agrees("use_head", pool == Pool::Query)?;
        }
        let Some(chosen) = self.options.pool.filter(|chosen| *chosen != pool) else {
            return Ok(pool);
        };
        let token = ["embeddings.cls_token", "embeddings.class_embedding"];
        let possible = match chosen {
            Pool::Average => true,
            Pool::ClassToken => token.iter().any(|name| self.has(name)),
            _ => false,
        };
        if !possible {
            return Err(WeightsError::Unsupported {
                what: format!("the pool {chosen:?} of {}", self.origin).to_lowercase(),
                next: "take another pool, or leave that of the file",
            });
        }
        Ok(self.notes.choose_or("pool", Some(chosen), None, pool))
    }

    /// Rows and columns of patches, and how they are known to the model.
    fn grid(
        &mut self,
        patch: usize,
        before: usize,
    ) -> Result<([usize; 2], Positions), WeightsError> {
        let side = |size: [usize; 2]| size.map(|side| side / patch);
        let hint = self.options.grid.or(self.json.size("image_size")?.map(side));
        let rows = match self.origin {
            Origin::HfSiglip | Origin::HfClip | Origin::HfAimv2 => {
                let name = "embeddings.position_embedding.weight";
                let there = self.origin != Origin::HfAimv2 || self.has(name);
                there.then(|| self.tensors.axes::<2>("image", name).map(|[rows, _]| rows))
            }
            Origin::HfDinov3 => None,
            Origin::HfBeit if !self.has("embeddings.position_embeddings") => None,
            _ => {
                let rows = self.tensors.axes::<3>("image", "embeddings.position_embeddings");
                Some(rows.map(|[_, rows, _]| rows))
            }
        };
        let relative = self.relative_bias()?;
        if self.origin == Origin::HfAimv2 {
            self.json.flag_agrees("is_native", rows.is_none())?;
        }
        if let Some(rows) = rows.transpose()? {
            if relative.is_some() {
                return Err(WeightsError::Unsupported {
                    what: "positions that are added to the tokens beside relative ones".into(),
                    next: "take a model that has one of the two",
                });
            }
            // SigLIP 2 says how many positions there are.
            if self.origin == Origin::HfSiglip {
                self.json.agree(&[("num_patches", rows)])?;
            }
            return Ok((positions::grid(rows, &[before], hint)?.0, Positions::Learned));
        }
        if let Some(offsets) = relative {
            // A grid of r x c has (2r - 1) (2c - 1) offsets.
            let fits = |[rows, columns]: [usize; 2]| (2 * rows - 1) * (2 * columns - 1) == offsets;
            let root = offsets.isqrt().div_ceil(2);
            let grid = hint.filter(|grid| grid.iter().all(|side| *side > 0) && fits(*grid));
            let grid = grid.or(Some([root; 2]).filter(|grid| root > 0 && fits(*grid)));
            let ambiguous = || WeightsError::Ambiguous {
                field: "image",
                why: format!("{offsets} relative positions are those of no square grid"),
                option: "grid",
            };
            return Ok((grid.ok_or_else(ambiguous)?, Positions::RelativeBias));
        }
        let positions = match self.origin {
            Origin::HfAimv2 => Positions::SinCos2dMae,
            _ => Positions::None,
        };
        // Computed for any grid, so that the usual size will do where none is said.
        let usual = [(224 / patch).max(1); 2];
        let hint = hint.filter(|grid| grid.iter().all(|side| *side > 0));
        Ok((hint.unwrap_or_else(|| self.notes.usual("grid", usual)), positions))
    }

    /// The number of relative positions of patches, if the blocks have a table of them.
    fn relative_bias(&self) -> Result<Option<usize>, WeightsError> {
        if self.origin != Origin::HfBeit {
            return Ok(None);
        }
        let flag = "use_shared_relative_position_bias";
        if self.json.flag(flag)? == Some(true) {
            return Err(refused(flag, &true.into(), "a table of positions in each block"));
        }
        let name = self
            .in_block("attention.attention.relative_position_bias.relative_position_bias_table");
        let shown = self.has(&name);
        self.json.flag_agrees("use_relative_position_bias", shown)?;
        self.json.flag_agrees(
            "use_absolute_position_embeddings",
            self.has("embeddings.position_embeddings"),
        )?;
        if !shown {
            return Ok(None);
        }
        let [rows, _] = self.tensors.axes("image", &name)?;
        Ok(Some(rows.saturating_sub(3)))
    }

    fn rotary(&mut self) -> Result<Option<RotaryConfig>, WeightsError> {
        if self.origin != Origin::HfDinov3 {
            return Ok(None);
        }
        let said = self.json.number("rope_theta")?;
        let theta = self.notes.choose_or("rope_theta", None, said, 100.0);
        Ok(Some(RotaryConfig { theta, ..RotaryConfig::dinov3() }))
    }

    /// Which layers add a bias: those that have one in the file.
    fn biases(&self, config: &mut ViT22BConfig) {
        let has = |module: &str| self.has(&format!("{module}.bias"));
        let of_block = |of_vit, of_tower, newer| has(&self.module(of_vit, of_tower, newer));
        let query = of_block("attention.attention.query", "self_attn.q_proj", "attention.q_proj");
        let key = of_block("attention.attention.key", "self_attn.k_proj", "attention.k_proj");
        let out = match self.origin {
            Origin::HfDinov3 => has(&self.in_block("attention.o_proj")),
            _ => of_block("attention.output.dense", "self_attn.out_proj", "attention.out_proj"),
        };
        let mlp = ["mlp.fc2", "output.dense", "mlp.weights_out", "mlp.down_proj", "ffn.down_proj"];
        config.biases.embedding = has(embedding(self.origin));
        config.biases.qkv = query;
        config.key_bias = (key != query).then_some(key);
        config.biases.attn_out = out;
        config.biases.mlp = mlp.iter().any(|module| has(&self.in_block(module)));
        if self.origin == Origin::HfAimv2 {
            config.biases.map_qkv = has("head.k_proj");
            config.biases.map_out = has("head.output_proj");
        }
    }
}
