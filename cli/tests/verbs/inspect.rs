use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::folder::Folder;
use crate::vit22b;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// The object that is printed, and what was said beside it.
fn inspect(weights: &Path) -> (Value, String) {
    let run =
        vit22b(["inspect".as_ref(), "--weights".as_ref(), weights.as_os_str(), "--json".as_ref()]);
    let said = run.stderr.clone();
    let printed = run.succeeded();
    assert_eq!(printed.lines().count(), 1, "{printed}");
    (serde_json::from_str(&printed).expect("one line of JSON"), said)
}

#[test]
fn every_field_of_a_model_of_timm() {
    let (printed, said) = inspect(&fixture("timm_xp/model.safetensors"));
    let expected = json!({
        "origin": "timm",
        "architecture": null,
        "num_classes": 10,
        "width": 48,
        "depth": 2,
        "num_heads": 3,
        "patch": 14,
        "image": [56, 56],
        "pool": "token",
        "preprocessing":
            "resize_shorter(62, bicubic)|center_crop(56, 56)|value_range(-1, 1)",
        "unused": [],
        "missing": [],
    });
    assert_eq!(printed, expected, "{said}");
    assert!(said.contains("guessed: preprocessing = resize_shorter(62, bicubic)"), "{said}");
}

#[test]
fn every_field_of_a_model_of_transformers() {
    let (printed, said) = inspect(&fixture("hf_dinov2"));
    let expected = json!({
        "origin": "transformers",
        "architecture": "Dinov2Model",
        "num_classes": 0,
        "width": 32,
        "depth": 2,
        "num_heads": 2,
        "patch": 7,
        "image": [28, 28],
        "pool": "token",
        "preprocessing":
            "resize_shorter(32, bicubic)|central_crop(28, 28)|normalize(imagenet)",
        "unused": ["embeddings.mask_token"],
        "missing": [],
    });
    assert_eq!(printed, expected, "{said}");
    assert!(said.contains("set aside: \"embeddings.mask_token\""), "{said}");
}

#[test]
fn a_text_for_people() {
    let folder = fixture("hf_dinov2");
    let text = vit22b(["inspect".as_ref(), "--weights".as_ref(), folder.as_os_str()]).succeeded();
    for line in ["origin         transformers", "patch          7", "pool           token"] {
        assert!(text.lines().any(|printed| printed == line), "{line}\n{text}");
    }
}

#[test]
fn a_model_whose_config_is_not_followed_is_refused_with_the_options_of_the_command() {
    let folder = std::env::temp_dir().join(format!("vit22b_inspect_{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let weights = fixture("timm_xp/model.safetensors");
    std::fs::copy(weights, folder.join("model.safetensors")).unwrap();
    std::fs::write(folder.join("config.json"), r#"{"architecture": "beit_base_patch16_224"}"#)
        .unwrap();
    let inspect = ["inspect".as_ref(), "--weights".as_ref(), folder.as_os_str()];
    let said = vit22b(inspect).failed();
    assert!(said.contains("architecture = \"beit_base_patch16_224\""), "{said}");
    assert!(said.ends_with("--assume goes on without it"), "{said}");
    let assumed = ["--assume".as_ref(), "vit_base_patch14_xp_224".as_ref()];
    vit22b(inspect.into_iter().chain(assumed)).succeeded();
    std::fs::remove_dir_all(folder).unwrap();
}

/// How the tiny model with QK norms is inspected with one option more.
fn inspected_with(option: &str, value: &str) -> crate::Run {
    let weights = fixture("timm_xp/model.safetensors");
    vit22b([
        "inspect".as_ref(),
        "--weights".as_ref(),
        weights.as_os_str(),
        option.as_ref(),
        value.as_ref(),
    ])
}

#[test]
fn options_that_the_file_contradicts_are_refused() {
    for (option, value, found) in [("--num-heads", "4", "3"), ("--grid", "3x4", "4x4")] {
        let error = inspected_with(option, value).failed();
        let expected = format!(
            "{option} {value}: the file is of a model with {found}, which no option changes; leave {option} out"
        );
        assert_eq!(error, expected);
    }
    for (option, value) in [("--num-heads", "0"), ("--grid", "0x4"), ("--side", "0")] {
        let run = inspected_with(option, value);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains(option), "{}", run.stderr);
    }
    let error = inspected_with("--assume", "foo").failed();
    assert!(error.starts_with("--assume foo: no architecture that is computed here"), "{error}");
    let weights = fixture("timm_vit/model.safetensors");
    let inspect = ["inspect".as_ref(), "--weights".as_ref(), weights.as_os_str()];
    let heads = ["--num-heads".as_ref(), "7".as_ref()];
    let error = vit22b(inspect.into_iter().chain(heads)).failed();
    assert!(error.starts_with("--num-heads: num_heads = 7 is not valid"), "{error}");
    let error = inspected_with("--part", "teacher").failed();
    assert!(error.starts_with("--part: the file holds the model without a prefix"), "{error}");
}

#[test]
fn options_that_replace_something_and_those_that_change_nothing_are_said() {
    let said = |option: &str, value: &str| {
        let run = inspected_with(option, value);
        let said = run.stderr.clone();
        run.succeeded();
        said
    };
    assert!(said("--gelu", "tanh").contains("--gelu tanh in place of erf"));
    assert!(
        said("--assume", "vit_base_patch14").contains("--assume vit_base_patch14 changes nothing")
    );
    assert!(!said("--num-heads", "3").contains("--num-heads"));
}

/// A file of both towers without the JSON that says their heads.
#[test]
fn heads_of_a_text_tower_can_be_given() {
    let root = Folder::new("inspect-text");
    let file = root.path().join("model.safetensors");
    std::fs::copy(fixture("parts/siglip/model.safetensors"), &file).unwrap();
    let run = |more: &[&str]| {
        let options = ["inspect", "--weights", file.to_str().unwrap(), "--json"];
        vit22b(options.iter().chain(more))
    };
    let json = |more: &[&str]| -> Value {
        serde_json::from_str(&run(more).succeeded()).expect("one line of JSON")
    };
    let without = json(&["--num-heads", "4"]);
    let problem = without["text_problem"].as_str().unwrap();
    assert!(problem.ends_with("give --text-heads"), "{problem}");
    let with = json(&["--num-heads", "4", "--text-heads", "3"]);
    assert_eq!((&with["text"]["num_heads"], &with["text_problem"]), (&json!(3), &Value::Null));
    let error = run(&["--num-heads", "4", "--text-heads", "5"]).failed();
    assert!(error.starts_with("--text-heads: num_heads = 5 is not valid"), "{error}");
    let plain = fixture("timm_map");
    let error = vit22b(["inspect", "--weights", plain.to_str().unwrap(), "--text-heads", "3"]);
    assert_eq!(error.failed(), "--text-heads: the file has no text tower; leave --text-heads out");
}
