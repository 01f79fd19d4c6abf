//! Files that `weights::save` wrote in format 1 are read for good, whatever becomes of the code.
//!
//! The folders of `tests/fixtures/native_v1` were written once, by the last commit before the model
//! was rebuilt from public layers: `VIT22B_WRITE_NATIVE=DIR cargo test --test weights -- --ignored
//! write_native_models` ran the generator below. `model.safetensors` is the model, its parameters
//! drawn uniformly from [-1, 1) (which leaves none at its initial zero or one); `io.safetensors`
//! holds two images, a larger one, and what that code computed of them. The generator is kept to
//! show how the files were made; today it would write today's format.

use std::path::Path;

use burn::tensor::{DType, Tensor, TensorData};
use serde_json::{Value, json};
use vit22b::params::{self, AnyTensor, NamedTensors};
use vit22b::vit::{
    FeatureRequest, Gelu, Interpolation, NormKind, Pool, Positions, QkNorm, ViT22B, ViT22BConfig,
};
use vit22b::weights::{ElementChoice, LoadOptions, LoadedModel, Origin, WeightsFile, save};

use crate::files::File;
use crate::golden::{assert_close, device, own_path, read, values};

const NAMES: [&str; 3] = ["parallel_map", "classic_token", "bf16_average"];
const STEPS: &str = "resize_shorter(8, bicubic)|central_crop(4, 6)|normalize(imagenet)";

fn load(name: &str, options: &LoadOptions) -> LoadedModel {
    let file = own_path("native_v1").join(name).join("model.safetensors");
    let loaded = WeightsFile::open(file).and_then(|file| file.load(options, &device()));
    loaded.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What is computed of the images of a fixture: the features of all names for two images, the
/// pooled vector for a larger one, to whose grid learned positions are resampled.
fn outputs(model: &ViT22B, images: Tensor<4>, larger: Tensor<4>) -> Vec<(String, AnyTensor)> {
    let request = FeatureRequest::all(model.config().depth);
    let features = model.features(images, &request).unwrap();
    let mut outputs = features.in_order();
    let pooled = model.features(larger, &FeatureRequest::new().pooled()).unwrap().pooled.unwrap();
    outputs.push(("larger_pooled".into(), AnyTensor::new(pooled)));
    outputs
}

#[test]
fn options_hold_for_files_of_this_crate_or_are_refused() {
    let file = own_path("native_v1").join(NAMES[0]).join("model.safetensors");
    let file = WeightsFile::open(file).unwrap();
    let steps = "resize(8, 8, bilinear)|value_range(0, 1)";
    let options = LoadOptions::new().with_preprocess(Some(steps.parse().unwrap()));
    let described = file.describe(&options).unwrap();
    assert_eq!(described.preprocessing.to_string(), steps);
    assert!(described.to_string().contains("from the options"), "{described}");

    let error = file.describe(&LoadOptions::new().with_part(Some("encoder".into()))).unwrap_err();
    assert!(error.to_string().contains("\"encoder\" is none of these"), "{error}");
}

/// A model that learned from values in [0, 1] is shown such values.
#[test]
fn a_checkpoint_has_the_values_of_its_training() {
    let folder = std::env::temp_dir().join(format!("vit22b_values_{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for entry in std::fs::read_dir(own_path("checkpoint_v2")).unwrap().flatten() {
        std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let manifest = folder.join("manifest.json");
    let mut said: Value = serde_json::from_slice(&std::fs::read(&manifest).unwrap()).unwrap();
    let values = |folder: &Path| {
        let described = WeightsFile::open(folder).unwrap().describe(&LoadOptions::new()).unwrap();
        described.preprocessing.values().map(ToString::to_string)
    };
    for (steps, expected) in [
        (json!(null), "value_range(-1, 1)"),
        (
            json!({ "preprocess": "inception_crop(8, 5, 100, \"bilinear\")|value_range(0, 1)" }),
            "value_range(0, 1)",
        ),
        (json!({ "preprocess": "resize(8, 8)|normalize(imagenet)" }), "normalize(imagenet)"),
    ] {
        said["data"] = steps;
        std::fs::write(&manifest, said.to_string()).unwrap();
        assert_eq!(values(&folder).as_deref(), Some(expected));
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// 1e-5: the same sums in f32, whose order is free.
#[test]
fn format_1_is_read_and_computes_what_it_did() {
    for name in NAMES {
        let io = read(&own_path("native_v1").join(name).join("io.safetensors"));
        let loaded = load(name, &LoadOptions::new());
        assert!(loaded.report.fits(), "{name}: {}", loaded.report);
        let (images, larger) = (io.get("images").unwrap(), io.get("larger").unwrap());
        let outputs = outputs(&loaded.model, images, larger);
        // The two images are inputs.
        assert_eq!(outputs.len(), io.len() - 2, "{name}");
        for (output, got) in outputs {
            let expected = io.iter().find(|(n, _)| **n == output).unwrap().1;
            assert_close(&format!("{name} {output}"), &got, expected, 1e-5);
        }
    }
}

#[test]
fn format_1_keeps_config_preprocessing_and_element_types() {
    let keep = LoadOptions::new().with_elements(ElementChoice::Keep);
    for name in NAMES {
        let LoadedModel { model, description, .. } = load(name, &keep);
        assert_eq!(description.origin, Origin::Native);
        assert_eq!(description.preprocessing.to_string(), STEPS);
        let expected = if name == "bf16_average" { DType::BF16 } else { DType::F32 };
        assert_eq!(model.head.as_ref().unwrap().weight.val().dtype(), expected, "{name}");
    }
    let classic = load("classic_token", &keep).model;
    let config = classic.config();
    assert_eq!((config.image, config.patch, config.num_heads), ([4, 6], 2, 2));
    assert_eq!((config.pool, config.registers, config.gelu), (Pool::ClassToken, 3, Gelu::Erf));
    assert_eq!((config.layer_scale, config.epsilon), (Some(0.1), 1e-5));
}

/// The forms of model. Fields that configs had in format 1 alone are set by name.
fn configs() -> [ViT22BConfig; 3] {
    let small = ViT22BConfig::new(3).with_image([4, 6]).with_patch(2);
    let small = small.with_width(8).with_depth(2).with_mlp_dim(12).with_num_heads(2);
    let classic = small.clone().classic().with_pool(Pool::ClassToken).with_gelu(Gelu::Erf);
    let average = small.clone().with_pool(Pool::Average).with_norm_pooled(true);
    let parallel = small.with_norm_embedding(true);
    let classic = classic.with_registers(3).with_layer_scale(Some(0.1)).with_epsilon(1e-5);
    let classic = classic.with_interpolation(Interpolation::BicubicAntialias);
    let average = average.with_norm(NormKind::Layer).with_qk_norm(QkNorm::Layer);
    [
        with(parallel, json!({"projections": "fused"})),
        with(classic, json!({"dropout": 0.1, "stochastic_depth": 0.2})),
        average.with_positions(Positions::SinCos2d),
    ]
}

fn with(config: ViT22BConfig, fields: Value) -> ViT22BConfig {
    let mut all = serde_json::to_value(config).unwrap();
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

#[test]
#[ignore = "writes the fixtures anew"]
fn write_native_models() {
    let folder = std::env::var_os("VIT22B_WRITE_NATIVE").expect("a folder to write to");
    let mut random = fastrand::Rng::with_seed(22);
    for (name, config) in NAMES.into_iter().zip(configs()) {
        let folder = Path::new(&folder).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let mut drawn = |shape: &[usize]| {
            let count = shape.iter().product();
            let values: Vec<f32> = (0..count).map(|_| 2.0 * random.f32() - 1.0).collect();
            TensorData::new(values, shape.to_vec())
        };
        let elements = if name == "bf16_average" { DType::BF16 } else { DType::F32 };
        let model = config.init(&device()).unwrap();
        let parameters: NamedTensors = params::shapes(&model)
            .into_iter()
            .map(|(path, shape)| {
                let data = drawn(shape.as_slice()).convert_dtype(elements);
                (path, AnyTensor::from_data(data, &device()))
            })
            .collect();
        let model = params::overwrite(model, parameters).unwrap();
        let file = folder.join("model.safetensors");
        save(&model, &STEPS.parse().unwrap(), &file).unwrap();

        // In f32, also where the file is in bfloat16.
        let model = WeightsFile::open(&file).unwrap().load(&LoadOptions::new(), &device());
        let model = model.unwrap().model;
        let [images, larger] = [drawn(&[2, 3, 4, 6]), drawn(&[1, 3, 8, 6])];
        let [images, larger] = [images, larger].map(|data| Tensor::<4>::from_data(data, &device()));
        let mut io = File::default();
        let inputs = [("images", images.clone()), ("larger", larger.clone())];
        let inputs = inputs.map(|(name, tensor)| (name.to_string(), AnyTensor::new(tensor)));
        for (name, tensor) in inputs.into_iter().chain(outputs(&model, images, larger)) {
            io.put(&name, tensor.shape().as_slice(), &values(&tensor));
        }
        std::fs::write(folder.join("io.safetensors"), io.bytes()).unwrap();
    }
}
