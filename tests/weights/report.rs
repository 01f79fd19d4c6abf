//! What is told of a load: descriptions, reports, and errors that name the option.

use vit22b::vit::{Gelu, Pool};
use vit22b::weights::{ElementChoice, HeadChoice, LoadOptions, Origin, WeightsError, WeightsFile};

use crate::files::{File, own_fixture};
use crate::golden::{device, own_path};

fn options() -> LoadOptions {
    LoadOptions::new().with_num_heads(Some(3))
}

fn load_error(file: File, options: &LoadOptions) -> WeightsError {
    let weights = WeightsFile::from_bytes("a file", file.bytes()).unwrap();
    weights.load(options, &device()).unwrap_err()
}

#[test]
fn a_description_says_what_the_shapes_do_not() {
    let weights = WeightsFile::open(own_path("timm_map").join("model.safetensors")).unwrap();
    let options = LoadOptions::new().with_gelu(Some(Gelu::Tanh));
    let description = weights.describe(&options).unwrap();
    assert_eq!(description.origin, Origin::Timm);
    assert_eq!((description.config.pool, description.config.gelu), (Pool::Map, Gelu::Tanh));
    let text = description.to_string();
    for line in [
        "origin: timm",
        "num_heads = 3: from the JSON beside the file",
        "gelu = tanh: from the options",
        "epsilon = 1e-6: the origin's default; the file does not say",
        "preprocessing = resize_shorter(62, bicubic)|center_crop(56, 56)|value_range(-1, 1): \
         the origin's default; the file does not say",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
}

#[test]
fn what_is_ambiguous_is_asked_for() {
    let error = load_error(own_fixture("timm_vit/model.safetensors"), &LoadOptions::new());
    assert_eq!(
        error.to_string(),
        "num_heads does not follow from the file: the shapes are the same for any number of heads \
         that divides 48; say it with `LoadOptions::num_heads`"
    );
    let error =
        load_error(own_fixture("timm_vit/model.safetensors"), &options().with_num_heads(Some(5)));
    assert_eq!(
        error.to_string(),
        "num_heads = 5 is not valid: divides width = 48; the nearest valid value is 4"
    );
    // The QK norm of these has the width of a head.
    WeightsFile::from_bytes("a file", own_fixture("timm_xp/model.safetensors").bytes())
        .unwrap()
        .load(&LoadOptions::new(), &device())
        .unwrap();
}

#[test]
fn a_report_names_what_is_missing_unused_and_mismatched() {
    let mut file = own_fixture("timm_vit/model.safetensors");
    file.rename("blocks.1.norm1.weight", "blocks.1.norm_1.weight");
    file.set("blocks.0.mlp.fc2.bias", &[47]);
    file.set("extra", &[2, 2]);
    let error = load_error(file.clone(), &options());
    assert_eq!(
        error.to_string(),
        "the file does not fit the model; with `LoadOptions::strict` false what fits is loaded\n\
         38 parameters loaded, 1 missing, 1 mismatched; 2 tensors unused, 0 set aside\n\
         missing:\n  \
           blocks.1.norm.scale: the file has no \"blocks.1.norm1.weight\" [48]; \
           the nearest is \"blocks.1.norm_1.weight\"\n\
         mismatched:\n  \
           blocks.0.mlp.fc2.bias: \"blocks.0.mlp.fc2.bias\" is [47], expected [48]\n\
         unused:\n  \
           \"blocks.1.norm_1.weight\" [48]; the nearest is \"blocks.1.norm1.weight\"\n  \
           \"extra\" [2, 2]"
    );
    let lenient = options().with_strict(false);
    let loaded = WeightsFile::from_bytes("a file", file.bytes()).unwrap();
    let report = loaded.load(&lenient, &device()).unwrap().report;
    assert_eq!((report.loaded.len(), report.fits()), (38, false));
}

#[test]
fn heads_are_dropped_and_replaced_and_what_serves_training_is_set_aside() {
    let mut file = own_fixture("timm_dinov2/model.safetensors");
    file.set("mask_token", &[1, 48]);
    let weights = WeightsFile::from_bytes("a file", file.bytes()).unwrap();
    let load = |head| weights.load(&options().with_head(head), &device()).unwrap();

    let kept = load(HeadChoice::Keep);
    assert_eq!((kept.model.config().num_classes, kept.report.set_aside.len()), (10, 1));
    let dropped = load(HeadChoice::Drop);
    assert_eq!(dropped.model.config().num_classes, 0);
    assert!(dropped.report.to_string().contains(
        "set aside:\n  \"mask_token\": it serves masked training alone\n  \
         \"head.bias\": the head is dropped or replaced"
    ));
    let replaced = load(HeadChoice::Replace(7));
    assert_eq!(replaced.model.config().num_classes, 7);
    assert_eq!(replaced.report.new, ["head.weight", "head.bias"]);
}

#[test]
fn element_types_are_converted_or_kept_and_the_model_runs() {
    use burn::tensor::{DType, Tensor};
    let mut file = own_fixture("timm_dinov2/model.safetensors");
    file.halve();
    let weights = WeightsFile::from_bytes("a file", file.bytes()).unwrap();
    let run = |elements, dtype| {
        let model = weights.load(&options().with_elements(elements), &device()).unwrap().model;
        assert_eq!(model.blocks[0].attn.query.weight.val().dtype(), dtype);
        let images = Tensor::<4>::ones([1, 3, 56, 56], &device()).cast(dtype);
        let logits = model.forward(images).cast(DType::F32);
        logits.into_data().try_to_vec::<f32>().unwrap()
    };
    let exact = run(ElementChoice::F32, DType::F32);
    for elements in [ElementChoice::Keep, ElementChoice::Bf16] {
        for (got, exact) in run(elements, DType::BF16).iter().zip(&exact) {
            // Eight bits of mantissa through two blocks.
            assert!((got - exact).abs() <= 0.05 * exact.abs().max(1.0), "{got} {exact}");
        }
    }
}
