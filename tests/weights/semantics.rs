//! What `config.json` says and no tensor shows: it is followed, or refused by its key.

use burn::tensor::Tensor;
use serde_json::{Value, json};
use vit22b::params::AnyTensor;
use vit22b::vit::{FeatureRequest, Gelu, Pool};
use vit22b::weights::{LoadOptions, LoadedModel, WeightsError, WeightsFile};

use crate::files::{File, Scratch, own_fixture};
use crate::golden::{assert_close, device, own_path, read};

fn options() -> LoadOptions {
    LoadOptions::new().with_num_heads(Some(3))
}

/// Loads a file that lies beside a `config.json`.
fn load(file: &File, config: Value, options: &LoadOptions) -> Result<LoadedModel, WeightsError> {
    let scratch = Scratch::new("semantics");
    std::fs::write(scratch.0.join("model.safetensors"), file.bytes()).unwrap();
    std::fs::write(scratch.0.join("config.json"), config.to_string()).unwrap();
    WeightsFile::open(&scratch.0)?.load(options, &device())
}

fn refusal(file: &File, config: Value) -> String {
    load(file, config, &options()).unwrap_err().to_string()
}

fn images() -> Tensor<4> {
    read(&own_path("timm_vit").join("io.safetensors")).get("images").unwrap()
}

/// Models that were tuned from MAE: the mean of the patches, and a class token that nothing reads.
#[test]
fn average_pooling_leaves_the_class_token_out() {
    let token = own_fixture("timm_vit/model.safetensors");
    let average = token.clone().rename_all(|name| name.replace("norm.", "fc_norm."));
    let average = average.rename_all(|name| name.replace("fc_norm.fc_norm.", "fc_norm."));

    // By hand: the last block's patches, their mean, the norm.
    let of_token = load(&token, json!({}), &options()).unwrap().model;
    assert_eq!(of_token.config().pool, Pool::ClassToken);
    let last = of_token.config().depth - 1;
    let request = FeatureRequest::new().block(last);
    let tokens = of_token.features(images(), &request).unwrap().blocks[&last].clone();
    let [b, n, d] = tokens.dims();
    let mean = tokens.narrow(1, 1, n - 1).mean_dim(1);
    let expected = AnyTensor::new(of_token.norm.forward(mean).reshape([b, d]));

    for config in
        [json!({}), json!({"global_pool": "avg"}), json!({"model_args": {"global_pool": "avg"}})]
    {
        let loaded = load(&average, config.clone(), &options()).unwrap();
        let model = loaded.model;
        assert_eq!((model.config().pool, model.config().registers), (Pool::Average, 1));
        let pooled = model.features(images(), &FeatureRequest::new().pooled()).unwrap().pooled;
        // One sum in another order.
        assert_close("pooled", &AnyTensor::new(pooled.unwrap()), &expected, 1e-5);
        let guessed =
            loaded.description.to_string().contains("pool = average: the origin's default");
        assert_eq!(guessed, config == json!({}), "{}", loaded.description);
    }
}

#[test]
fn a_pool_that_is_not_computed_is_refused() {
    let file = own_fixture("timm_vit/model.safetensors");
    assert_eq!(
        refusal(&file, json!({"global_pool": "avgmax"})),
        "config.json says global_pool = \"avgmax\", which is not followed: expected token, avg or \
         map, with the tensors that it needs; `LoadOptions::pool` goes on without it"
    );
    assert!(refusal(&file, json!({"global_pool": "map"})).contains("global_pool = \"map\""));
    let chosen = options().with_pool(Some(Pool::ClassToken));
    load(&file, json!({"global_pool": "avgmax"}), &chosen).unwrap();
}

#[test]
fn an_architecture_that_is_not_known_is_refused_and_may_be_assumed() {
    let file = own_fixture("timm_vit/model.safetensors");
    for (config, key) in [
        (
            json!({"architecture": "beit_base_patch16_224"}),
            "architecture = \"beit_base_patch16_224\"",
        ),
        (
            json!({"architecture": "vit_small_patch16_18x2_224"}),
            "architecture = \"vit_small_patch16_18x2_224\"",
        ),
        (json!({"model_args": {"attn_layer": "diff"}}), "attn_layer = \"diff\""),
        (json!({"model_args": {"norm_layer": "simplenorm"}}), "norm_layer = \"simplenorm\""),
        (json!({"model_args": {"block_fn": "DiffBlock"}}), "block_fn = \"DiffBlock\""),
        (json!({"model_args": {"pool_include_prefix": true}}), "pool_include_prefix = true"),
    ] {
        let error = refusal(&file, config.clone());
        let expected = format!("config.json says {key}, which is not followed: expected ");
        assert!(error.starts_with(&expected), "{error}");
        assert!(error.ends_with("; `LoadOptions::assume` goes on without it"), "{error}");
        let assumed = options().with_assume(Some("vit_base_patch16_224".into()));
        load(&file, config, &assumed).unwrap();
    }
    let plain = json!({"architecture": "deit3_small_patch16_224", "model_args": {"img_size": 56,
        "norm_layer": "layernorm", "drop_path_rate": 0.1, "pool_include_prefix": false}});
    load(&file, plain, &options()).unwrap();

    let file = own_fixture("hf_vit/model.safetensors");
    let error = load(&file, json!({"model_type": "dpt"}), &options()).unwrap_err().to_string();
    assert!(error.starts_with("config.json says model_type = \"dpt\", which is not"), "{error}");
}

/// An entry of transformers' config that is not known, or that says otherwise than the tensors.
#[test]
fn each_entry_of_transformers_config_is_followed_or_refused() {
    let folder = own_path("families/hf_dinov3");
    let file = own_fixture("families/hf_dinov3/model.safetensors");
    let config = std::fs::read_to_string(folder.join("config.json")).unwrap();
    let config: Value = serde_json::from_str(&config).unwrap();
    let none = LoadOptions::new();
    let with = |key: &str, value: Value| {
        let mut config = config.clone();
        config[key] = value;
        load(&file, config, &none)
    };
    for (key, value) in [
        ("rope_scaling", json!({"factor": 2.0})),
        ("window_size", json!(7)),
        ("use_gated_mlp", json!(true)),
        ("num_hidden_layers", json!(3)),
        ("hidden_size", json!(64)),
        ("intermediate_size", json!(64)),
        ("num_register_tokens", json!(0)),
        ("patch_size", json!([4, 8])),
        ("pruned_heads", json!({"0": [1]})),
        ("is_decoder", json!(true)),
        ("rope_theta", json!("100")),
        ("layer_norm_eps", json!(-1.0)),
        ("num_attention_heads", json!(2.5)),
        ("model_type", json!("dinov4")),
        ("quantization_config", json!({"bits": 8})),
    ] {
        let error = with(key, value.clone()).unwrap_err().to_string();
        let expected = format!("config.json says {key} = {value}, which is not followed");
        assert!(error.starts_with(&expected), "{error}");
    }
    let error = with("hidden_act", json!("relu")).unwrap_err().to_string();
    assert!(error.starts_with("the activation relu"), "{error}");
    for (key, value) in [
        ("window_size", Value::Null),
        ("output_attentions", json!(false)),
        ("_name_or_path", json!("a/b")),
        ("pos_embed_jitter", json!(1.2)),
        ("torch_dtype", json!("bfloat16")),
        ("patch_size", json!([4, 4])),
    ] {
        with(key, value).unwrap();
    }
    // The options go on in its place.
    let mut other = config.clone();
    other["window_size"] = json!(7);
    load(&file, other, &LoadOptions::new().with_assume(Some("dinov3_vit".into()))).unwrap();
}

/// transformers' classes have defaults of their own, which files leave out.
#[test]
fn what_a_config_leaves_out_is_its_classs_default() {
    let described = |family: &str, keep: &[&str]| {
        let folder = own_path(&format!("families/{family}"));
        let file = own_fixture(&format!("families/{family}/model.safetensors"));
        let config = std::fs::read_to_string(folder.join("config.json")).unwrap();
        let mut config: Value = serde_json::from_str(&config).unwrap();
        config.as_object_mut().unwrap().retain(|key, _| keep.contains(&key.as_str()));
        let loaded = load(&file, config, &LoadOptions::new().with_num_heads(Some(2))).unwrap();
        let config = loaded.model.config().clone();
        (config.gelu, config.epsilon, config.rotary.map(|rotary| rotary.theta))
    };
    let keep = ["model_type", "image_size"];
    assert_eq!(described("hf_clip", &keep), (Gelu::Quick, 1e-5, None));
    assert_eq!(described("hf_siglip_vision", &keep), (Gelu::Tanh, 1e-6, None));
    assert_eq!(described("hf_vit", &keep), (Gelu::Erf, 1e-12, None));
    assert_eq!(described("hf_dinov2_cls", &keep), (Gelu::Erf, 1e-6, None));
    assert_eq!(described("hf_dinov3", &keep), (Gelu::Erf, 1e-5, Some(100.0)));
}
