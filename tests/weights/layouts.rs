//! Layouts that one origin has had, and files that hold more than the model.

use burn::tensor::Tensor;
use vit22b::params::AnyTensor;
use vit22b::vit::Pool;
use vit22b::weights::{ElementChoice, HeadChoice, LoadOptions, WeightsFile};

use crate::files::{File, fixture, own_fixture};
use crate::golden::{assert_close, device, path, read};

/// The logits of the fixture by the file; 1e-4 as for the present layout.
#[track_caller]
fn compare(fixture: &str, bytes: Vec<u8>) {
    let io = read(&path(fixture).join("io.safetensors"));
    let images: Tensor<4> = io.get("images").unwrap();
    let weights = WeightsFile::from_bytes("a file", bytes).unwrap();
    let loaded = weights.load(&LoadOptions::new(), &device());
    let loaded = loaded.unwrap_or_else(|error| panic!("{error}"));
    let got = AnyTensor::new(loaded.model.forward(images));
    assert_close(fixture, &got, &AnyTensor::new(io.get::<2>("logits").unwrap()), 1e-4);
}

fn big_vision(pool: &str) -> File {
    fixture(&format!("big_vision_{pool}/checkpoint.npz"))
}

#[test]
fn blocks_stacked_by_a_scan() {
    let mut file = big_vision("map");
    let first = "Transformer/encoderblock_0/";
    for name in file.names().iter().filter_map(|name| name.strip_prefix(first)) {
        let (mut stacked, mut shape, mut depth) = (vec![], vec![], 0);
        while file.names().contains(&format!("Transformer/encoderblock_{depth}/{name}")) {
            let (of_one, values) = file.take(&format!("Transformer/encoderblock_{depth}/{name}"));
            shape = of_one;
            stacked.extend(values);
            depth += 1;
        }
        shape.insert(0, depth);
        file.put(&format!("Transformer/encoderblock/{name}"), &shape, &stacked);
    }
    compare("big_vision_map", file.clone().npz());
    compare("big_vision_map", file.rename_all(|name| format!("params/{name}")).npz_compressed());
}

/// The names of the original vision transformer, with the position of the class token and the
/// optimizer of the time.
#[test]
fn modules_under_one_count_and_a_class_token_with_a_position() {
    let mut file = big_vision("tok");
    let (shape, mut class) = file.take("cls");
    let (_, positions) = file.take("pos_embedding");
    let of_class: Vec<f32> = (0..class.len()).map(|i| (i % 7) as f32 - 3.0).collect();
    class.iter_mut().zip(&of_class).for_each(|(class, position)| *class -= position);
    file.put("cls", &shape, &class);
    let rows = 1 + positions.len() / class.len();
    let all = [of_class, positions].concat();
    for place in ["Transformer/posembed_input/pos_embedding", "Transformer/pos_embedding"] {
        let mut file = file.clone();
        file.put(place, &[1, rows, class.len()], &all);
        let old = |name: &str| {
            let name =
                name.replace("MultiHeadDotProductAttention_0", "MultiHeadDotProductAttention_1");
            let name = name.replace("LayerNorm_1", "LayerNorm_2");
            format!("opt/target/{}", name.replace("MlpBlock_0", "MlpBlock_3"))
        };
        let mut file = file.rename_all(old);
        file.set("opt/state/param_states/embedding/kernel/grad_ema", &[1]);
        compare("big_vision_tok", file.npz());
    }
}

#[test]
fn a_pooling_head_inlined_into_the_model() {
    let file = big_vision("map").rename_all(|name| name.replace("MAPHead_0/", ""));
    compare("big_vision_map", file.npz());
}

#[test]
fn one_tower_of_two() {
    let mut file = big_vision("gap").rename_all(|name| format!("params/img/{name}"));
    file.set("params/txt/Embed_0/embedding", &[3, 4]);
    file.set("params/t", &[1]);
    compare("big_vision_gap", file.npz());

    let mut file = fixture("timm_xp/model.safetensors").rename_all(|n| format!("visual.trunk.{n}"));
    file.set("text.token_embedding.weight", &[3, 4]);
    compare("timm_xp", file.bytes());
}

#[test]
fn arrays_in_every_form_of_numpy() {
    compare("big_vision_gap", big_vision("gap").npz_compressed());
    compare("big_vision_map", big_vision("map").npz_column_major());

    let weights = WeightsFile::from_bytes("a file", big_vision("gap").npz_bf16()).unwrap();
    let options = LoadOptions::new().with_elements(ElementChoice::Keep);
    let model = weights.load(&options, &device()).unwrap().model;
    let rounded = model.blocks[0].mlp.fc1.weight.val();
    assert_eq!(rounded.dtype(), burn::tensor::DType::BF16);
    let exact = WeightsFile::from_bytes("a file", big_vision("gap").npz()).unwrap();
    let exact = exact.load(&LoadOptions::new(), &device()).unwrap().model;
    let exact = AnyTensor::new(exact.blocks[0].mlp.fc1.weight.val());
    // Eight bits of mantissa, values below 1.
    let rounded = AnyTensor::new(rounded.cast(burn::tensor::DType::F32));
    assert_close("rounded", &rounded, &exact, 1.0 / 256.0);
}

#[test]
fn sines_and_cosines_need_no_positions() {
    let mut file = big_vision("gap");
    file.take("pos_embedding");
    let weights = WeightsFile::from_bytes("a file", file.npz()).unwrap();
    let loaded = weights.load(&LoadOptions::new(), &device()).unwrap();
    assert_eq!(loaded.model.config().image, [224, 224]);
    assert!(loaded.model.pos_embedding.is_none());
}

#[test]
fn what_the_family_has_not_is_said() {
    let error = |bytes: Vec<u8>, options: &LoadOptions| {
        let weights = WeightsFile::from_bytes("a file", bytes).unwrap();
        weights.load(options, &device()).unwrap_err().to_string()
    };
    let options = LoadOptions::new().with_num_heads(Some(2));

    let mut file = own_fixture("big_vision_tok/checkpoint.npz");
    file.set("pre_logits/kernel", &[48, 48]);
    file.set("pre_logits/bias", &[48]);
    assert_eq!(
        error(file.npz(), &options),
        "a layer between pooling and classifier (\"pre_logits\") is not a part of this model family; \
         `LoadOptions::head` drops or replaces both"
    );
    let weights = WeightsFile::from_bytes("a file", file.npz()).unwrap();
    let dropped = options.clone().with_head(HeadChoice::Drop);
    let report = weights.load(&dropped, &device()).unwrap().report;
    assert_eq!((report.fits(), report.set_aside.len()), (true, 4));

    let mut file = own_fixture("families/hf_clip/model.safetensors");
    file.set("classifier.weight", &[5, 32]);
    file.set("classifier.bias", &[5]);
    assert_eq!(
        error(file.bytes(), &options),
        "CLIP's classifier of the mean of tokens that no norm has passed is not a part of this model \
         family; `LoadOptions::head` drops or replaces it"
    );
    let dropped = options.clone().with_head(HeadChoice::Drop);
    let weights = WeightsFile::from_bytes("a file", file.bytes()).unwrap();
    weights.load(&dropped, &device()).unwrap();
    // To look at it asks for no choice.
    let inspection = weights.inspect(&options).unwrap();
    assert_eq!(inspection.num_classes, 5);
    assert!(inspection.unused.contains(&"classifier.weight".to_string()));

    let mut file = own_fixture("timm_vit/model.safetensors");
    file.set("blocks.0.mlp.fc2.weight", &[48, 96]);
    assert_eq!(
        error(file.bytes(), &options),
        "architecture does not follow from the file: its MLP is gated, and only the name of a model \
         says by which activation; say it with `LoadOptions::assume`"
    );
}

/// SigLIP's own head pools by attention; a classifier that was trained on top of it reads the mean.
#[test]
fn a_classifier_on_siglip_reads_the_mean() {
    let shards = ["00001-of-00003", "00002-of-00003", "00003-of-00003"];
    let mut file = File::default();
    for shard in shards {
        file.extend(own_fixture(&format!("hf_siglip/model-{shard}.safetensors")));
    }
    file.set("classifier.weight", &[5, 32]);
    file.set("classifier.bias", &[5]);
    let weights = WeightsFile::from_bytes("a file", file.bytes()).unwrap();
    let options = LoadOptions::new().with_num_heads(Some(2));
    let load = |options: LoadOptions| weights.load(&options, &device()).unwrap().model;
    assert_eq!(load(options.clone()).config().pool, Pool::Average);
    assert_eq!(load(options.with_head(HeadChoice::Drop)).config().pool, Pool::Map);
}
