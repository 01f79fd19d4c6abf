//! Models written and loaded again.

use std::path::PathBuf;

use vit22b::data::Preprocess;
use vit22b::params;
use vit22b::vit::{BlockKind, Gelu, HeadInput, Pool, Positions, QkNorm, ViT22B, ViT22BConfig};
use vit22b::weights::{
    ElementChoice, HeadChoice, LoadOptions, LoadedModel, Origin, WeightsFile, export_big_vision,
    export_timm, save,
};

use crate::files::{Scratch, fixture};
use crate::golden::{device, path};

fn load(path: PathBuf) -> LoadedModel {
    let loaded = WeightsFile::open(path).and_then(|f| f.load(&LoadOptions::new(), &device()));
    loaded.unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn assert_same(got: &ViT22B, expected: &ViT22B) {
    assert_eq!(got.config(), expected.config());
    let (got, expected) = (params::collect(got), params::collect(expected));
    assert_eq!(got.len(), expected.len());
    for ((path, got), (_, expected)) in got.iter().zip(expected.iter()) {
        assert_eq!(got.to_data(), expected.to_data(), "{path}");
    }
}

#[test]
fn a_model_of_timm_comes_back_with_its_names() {
    for name in ["timm_vit", "timm_map", "timm_dinov2", "timm_pwee", "timm_xp", "timm_dinov2_reg"] {
        let scratch = Scratch::new(name);
        let original = load(path(name).join("model.safetensors"));
        let preprocessing = &original.description.preprocessing;
        export_timm(&original.model, preprocessing, &scratch.0).unwrap();
        let again = load(scratch.0.clone());
        assert_eq!(again.description.origin, Origin::Timm);
        assert_eq!(again.description.preprocessing, *preprocessing);
        assert_same(&again.model, &original.model);

        // The file is the same too, but for the class token, which has taken its position in.
        let mut written = fixture_at(scratch.0.join("model.safetensors"));
        let mut theirs = fixture(&format!("{name}/model.safetensors"));
        assert_eq!(written.names(), theirs.names());
        for tensor in written.names() {
            let (written, theirs) = (written.take(&tensor), theirs.take(&tensor));
            assert_eq!(written.0, theirs.0, "{name} {tensor}");
            if tensor != "cls_token" && tensor != "pos_embed" {
                assert!(written.1 == theirs.1, "{name} {tensor}");
            }
        }
    }
}

fn fixture_at(path: PathBuf) -> crate::files::File {
    fixture(path.to_str().unwrap())
}

#[test]
fn a_model_of_big_vision_comes_back_with_its_names() {
    for name in ["big_vision_map", "big_vision_gap", "big_vision_tok"] {
        let scratch = Scratch::new(name);
        let original = load(path(name).join("checkpoint.npz"));
        let file = scratch.0.join("exported.npz");
        export_big_vision(&original.model, &file).unwrap();
        let again = load(file.clone());
        assert_eq!(again.description.origin, Origin::BigVision);
        assert_same(&again.model, &original.model);
        let (mut written, mut theirs) =
            (fixture_at(file), fixture(&format!("{name}/checkpoint.npz")));
        assert_eq!(written.names(), theirs.names());
        for tensor in written.names() {
            assert!(written.take(&tensor) == theirs.take(&tensor), "{name} {tensor}");
        }
    }
}

const PLAIN: &str = "resize(8, 12)|value_range(-1, 1)";

fn steps(text: &str) -> Preprocess {
    text.parse().unwrap()
}

fn small() -> ViT22BConfig {
    let config = ViT22BConfig::new(5).with_image([8, 12]).with_patch(4);
    config.with_width(32).with_depth(2).with_mlp_dim(64).with_num_heads(2)
}

#[test]
fn our_own_format_keeps_config_preprocessing_and_element_types() {
    let scratch = Scratch::new("native");
    for (index, config) in [
        small(),
        small().classic().with_pool(Pool::ClassToken).with_registers(3).with_epsilon(1e-5),
        small().with_pool(Pool::Average).with_norm_pooled(true).with_qk_norm(QkNorm::Layer),
        small().eva02(),
        small().beit(),
        small().clip().with_projection(Some(12)),
        small().with_num_heads(4).perception_encoder(),
        small().deit_distilled().with_head_input(Some(HeadInput::PooledAndMean)),
    ]
    .into_iter()
    .enumerate()
    {
        let file = scratch.0.join(format!("{index}.safetensors"));
        let model = config.init(&device()).unwrap();
        let preprocessing = steps("resize(8, 12, lanczos)|value_range(0, 1)");
        save(&model, &preprocessing, &file).unwrap();
        let loaded = load(file);
        assert_eq!(loaded.description.origin, Origin::Native);
        assert_eq!(loaded.description.preprocessing, preprocessing);
        assert_same(&loaded.model, &model);
    }
    let options = LoadOptions::new().with_elements(ElementChoice::Bf16);
    let options = options.with_head(HeadChoice::Drop).with_image(Some([16, 16]));
    let first = WeightsFile::open(scratch.0.join("0.safetensors")).unwrap();
    let model = first.load(&options, &device()).unwrap().model;
    let file = scratch.0.join("halves.safetensors");
    save(&model, &steps(PLAIN), &file).unwrap();
    let keep = LoadOptions::new().with_elements(ElementChoice::Keep);
    let again = WeightsFile::open(&file).unwrap().load(&keep, &device()).unwrap();
    assert_eq!(again.model.config().image, [16, 16]);
    assert_same(&again.model, &model);
}

#[test]
fn a_manifest_of_another_time_is_refused() {
    let scratch = Scratch::new("manifest");
    let file = scratch.0.join("a.safetensors");
    let model = small().init(&device()).unwrap();
    save(&model, &steps(PLAIN), &file).unwrap();
    let refused = |from: &str, to: &str| {
        let bytes = std::fs::read(&file).unwrap();
        let text = bytes.iter().map(|b| char::from(*b)).collect::<String>().replace(from, to);
        let bytes = text.chars().map(|c| c as u8).collect();
        let weights = WeightsFile::from_bytes("a file", bytes).unwrap();
        weights.describe(&LoadOptions::new()).unwrap_err().to_string()
    };
    assert_eq!(
        refused(r#"format\":1"#, r#"format\":7"#),
        "a file: the manifest at byte 8 is not valid: its format is 7, and this version reads 1"
    );
    assert!(refused(r#"\"width\":"#, r#"\"wudth\":"#).contains("missing field `width`"));
    assert_eq!(
        refused(r#"\"num_heads\":2"#, r#"\"num_heads\":5"#),
        "num_heads = 5 is not valid: divides width = 32; the nearest valid value is 4"
    );
}

#[test]
fn what_a_target_cannot_say_is_refused() {
    let scratch = Scratch::new("refused");
    let model = |config: ViT22BConfig| config.init(&device()).unwrap();
    let timm = |config| {
        let result = export_timm(&model(config), &steps(PLAIN), &scratch.0);
        result.unwrap_err().to_string()
    };
    assert_eq!(
        timm(small()),
        "timm has no form for biases.attn_out = false: attention and MLP have a bias at their exits"
    );
    assert_eq!(
        timm(small().classic().with_epsilon(1e-12)),
        "timm has no form for epsilon = 1e-12: it is 1e-6, and 1e-5 where a layer norm follows the \
         embedding; `LoadOptions::epsilon` changes it knowingly"
    );
    let full = |config: ViT22BConfig| config.with_epsilon(1e-6);
    for (config, field) in [
        (full(small().eva02()), "gate = Some(Silu)"),
        (small().dinov3(), "key_bias = Some(false)"),
        (full(small().clip()).with_projection(Some(3)), "projection = Some(3)"),
        (small().deit_distilled(), "pool = Distilled"),
        (small().classic().with_block(BlockKind::ResPostNorm), "block = ResPostNorm"),
        (small().classic().with_gelu(Gelu::Quick), "gelu = Quick"),
        (small().classic().with_positions(Positions::None), "positions = None"),
    ] {
        let text = timm(config);
        assert!(text.starts_with(&format!("timm has no form for {field}: ")), "{text}");
    }
    let big_vision = |config| {
        let result = export_big_vision(&model(config), scratch.0.join("a.npz"));
        result.unwrap_err().to_string()
    };
    assert_eq!(
        big_vision(small()),
        "big_vision has no form for block = Parallel: attention and MLP come one after the other"
    );
    assert_eq!(
        big_vision(small().classic().with_gelu(Gelu::Erf)),
        "big_vision has no form for gelu = Erf: GELU has its tanh form"
    );
    assert_eq!(std::fs::read_dir(&scratch.0).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn weights_may_be_read_by_whoever_may_read_new_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let scratch = Scratch::new("permissions");
    std::fs::create_dir_all(&scratch.0).unwrap();
    let mode = |name: &str| {
        scratch
            .0
            .join(name)
            .metadata()
            .unwrap_or_else(|e| panic!("{name}: {e}"))
            .permissions()
            .mode()
    };
    let original = load(path("timm_vit").join("model.safetensors"));
    std::fs::write(scratch.0.join("new"), "").unwrap();
    save(&original.model, &original.description.preprocessing, scratch.0.join("saved.safetensors"))
        .unwrap();
    assert_eq!(mode("saved.safetensors"), mode("new"));
}
