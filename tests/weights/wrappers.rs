//! Files in which a model is not alone, or not under its own names: wrappers of training, several
//! models in one file, parts that only training needs.

use vit22b::params;
use vit22b::vit::ViT22B;
use vit22b::weights::{LoadOptions, LoadedModel, WeightsFile};

use crate::files::{File, own_fixture};
use crate::golden::device;

/// The fixtures that are renamed have two heads, where the shapes do not show it.
fn options() -> LoadOptions {
    LoadOptions::new().with_num_heads(Some(2))
}

#[track_caller]
fn load(file: &File, options: &LoadOptions) -> LoadedModel {
    let loaded = WeightsFile::from_bytes("a file", file.bytes())
        .and_then(|weights| weights.load(options, &device()));
    loaded.unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(file: &File, options: &LoadOptions) -> String {
    let weights = WeightsFile::from_bytes("a file", file.bytes()).unwrap();
    weights.load(options, &device()).unwrap_err().to_string()
}

/// Both models have the same parameters.
#[track_caller]
fn assert_same(got: &ViT22B, expected: &ViT22B) {
    assert_eq!(got.config(), expected.config());
    let expected = params::collect(expected);
    for ((path, got), (_, expected)) in params::collect(got).iter().zip(expected.iter()) {
        assert_eq!(got.to_data(), expected.to_data(), "{path}");
    }
}

/// A model of timm under `before`.
fn under(before: &str) -> File {
    own_fixture("timm_xp/model.safetensors").rename_all(|name| format!("{before}{name}"))
}

/// The same with zeros, to be another one.
fn zeros_under(before: &str) -> File {
    own_fixture("timm_xp/model.safetensors").shrink(&[]).rename_all(|n| format!("{before}{n}"))
}

#[test]
fn of_student_and_teacher_the_one_that_is_evaluated_is_taken() {
    let expected = load(&under(""), &options()).model;
    for (taken, left) in [
        ("teacher.backbone.", "student.backbone."),
        ("model_ema.", "model."),
        ("ema.", "model."),
        ("ema.", ""),
        ("state_dict_ema.module.", "state_dict.module."),
        ("module.base_encoder.", "module.momentum_encoder."),
        ("target_encoder.", "encoder."),
    ] {
        let mut file = under(taken);
        file.extend(zeros_under(left));
        let loaded = load(&file, &options());
        assert_same(&loaded.model, &expected);
        let part = taken.trim_end_matches('.');
        let said =
            format!("guessed: part = {part}, the model of the file that its authors evaluate");
        assert!(loaded.remarks().contains(&said), "{:?}", loaded.remarks());
    }
}

#[test]
fn where_no_convention_says_which_model_it_is_asked_for() {
    let mut file = under("left.net.");
    file.extend(zeros_under("right.net."));
    assert_eq!(
        refusal(&file, &options()),
        "part does not follow from the file: the file holds the models \"left.net\" and \
         \"right.net\", and it is not known which is the one to use; say it with \
         `LoadOptions::part`"
    );
    let part = |part: &str| options().with_part(Some(part.into()));
    let expected = load(&under(""), &options()).model;
    for name in ["left", "left.net", "left.net."] {
        assert_same(&load(&file, &part(name)).model, &expected);
    }
    assert!(refusal(&file, &part("lef")).contains("and \"lef\" is none of these"));
}

#[test]
fn wrappers_chunks_and_parts_of_training_are_seen_through() {
    let expected = load(&under(""), &options()).model;
    let wrapped = under("").rename_all(|name| {
        let name = match name.strip_prefix("blocks.") {
            Some(rest) => format!("blocks.0.{rest}").replace("attn_out", "_orig_mod.attn_out"),
            None => name.into(),
        };
        format!("module._orig_mod.{name}")
    });
    assert_same(&load(&wrapped, &options()).model, &expected);

    let mut file = own_fixture("timm_dinov2/model.safetensors");
    file.take("head.weight");
    file.take("head.bias");
    let expected = load(&file, &options().with_num_heads(Some(3))).model;
    file.set("decoder_embed.weight", &[3, 4]);
    file.set("decoder_blocks.0.mlp.fc1.weight", &[3, 4]);
    file.set("head.0.weight", &[3, 4]);
    file.set("mask_token", &[1, 48]);
    let loaded = load(&file, &options().with_num_heads(Some(3)));
    assert_same(&loaded.model, &expected);
    for said in
        ["\"decoder_blocks.0.mlp.fc1.weight\", \"decoder_embed.weight\"", "\"head.0.weight\""]
    {
        assert!(loaded.remarks().iter().any(|line| line.contains(said)), "{:?}", loaded.remarks());
    }
}

#[test]
fn the_names_of_transformers_5_are_read() {
    for fixture in ["hf_vit/model.safetensors", "hf_dinov2/model.safetensors"] {
        let old = own_fixture(fixture);
        let new = old.clone().rename_all(|name| {
            let mut name = name.replace("attention.attention.query", "attention.q_proj");
            for (old, new) in [
                ("attention.attention.key", "attention.k_proj"),
                ("attention.attention.value", "attention.v_proj"),
                ("attention.output.dense", "attention.o_proj"),
                ("intermediate.dense", "mlp.fc1"),
                ("output.dense", "mlp.fc2"),
                ("encoder.layer.", "layers."),
            ] {
                name = name.replace(old, new);
            }
            name
        });
        assert_same(&load(&new, &options()).model, &load(&old, &options()).model);
        // A classifier behind the same prefix as the model.
        let module = new.rename_all(|name| format!("module.{name}"));
        assert_same(&load(&module, &options()).model, &load(&old, &options()).model);
    }
}

#[test]
fn what_the_family_does_not_compute_is_refused_by_name() {
    let with = |name: &str| {
        let mut file = own_fixture("timm_dinov2/model.safetensors");
        file.set(name, &[1, 1, 48]);
        refusal(&file, &options())
    };
    // A distillation token has a position of its own.
    assert!(with("dist_token").contains("the number of positions"));
    // No name says whether the model turns queries and keys.
    assert!(
        with("blocks.0.gamma_1").contains("\"blocks.0.gamma_1\" as models with rotary positions")
    );
    for (layer, name) in [
        ("rotary positions", "rope_embed.periods"),
        ("a gated MLP (SwiGLU)", "blocks.0.mlp.w12.weight"),
    ] {
        assert_eq!(
            with(name),
            format!(
                "{layer} under the names of DINOv2's and DINOv3's own files (\"{name}\") is not a part of \
                 this model family; take the file of the same model that transformers or timm publish"
            )
        );
    }
    // As DINOv2's giant has it, in place of the usual MLP.
    let mut giant = own_fixture("timm_dinov2/model.safetensors");
    for name in ["blocks.0.mlp.fc1.weight", "blocks.0.mlp.fc2.weight"] {
        giant.take(name);
    }
    giant.set("blocks.0.mlp.w12.weight", &[64, 48]);
    assert!(refusal(&giant, &options()).starts_with("a gated MLP (SwiGLU)"));
    let mut file = own_fixture("timm_dinov2/model.safetensors");
    file.take("pos_embed");
    assert!(refusal(&file, &options()).contains("it has no learned positions, and only"));
    let mut file = File::default();
    file.set("embeddings.patch_embeddings.weight", &[24, 3, 8, 8]);
    assert!(refusal(&file, &options()).contains("DINOv3"));
}
