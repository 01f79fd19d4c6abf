//! Locked-image tuning: the losses of the task beside the origin's, what a mask hides, pairs that follow from their place, and files.

use std::path::Path;

use burn::tensor::{Device, Int, Tensor, TensorData};
use vit22b::data::{BatchSource, Captions, HeldOut, ImageSet};
use vit22b::lit::{Contrast, ImageViews, Lit, LitBatch, Pairs, TextHalf};
use vit22b::params;
use vit22b::probe::{Embedder, FeatureCache, FeatureKey, FeatureTable};
use vit22b::text::{TextConfig, TextEncoder, Tokenizer, words_json};
use vit22b::train::{Recipe, Task, TrainStep};
use vit22b::vit::Variant;
use vit22b::weights::{LoadOptions, WeightsFile, save_two_towers};
use vit22b::{RandomKey, Runtime};

use super::towers::{FOLDERS, inputs, load};
use super::{folder, json};

/// The five pairs of a folder, and the half of the model that is trained.
fn fixture(name: &str) -> (Lit, TextHalf, LitBatch) {
    let folder = folder(name);
    let (io, ids) = inputs(&folder);
    let loaded = load(&folder);
    let contrast = match loaded.model.bias {
        Some(_) => Contrast::Sigmoid,
        None => Contrast::Softmax,
    };
    let task = Lit::new(loaded.text.config, contrast).unwrap();
    let images = io.get::<2>("image_embeds_raw").unwrap();
    let [count, _] = ids.dims();
    let images = images.narrow(0, 0, count);
    (task, TextHalf::of(loaded.model), LitBatch { images, ids })
}

fn number(tensor: Tensor<1>) -> f64 {
    tensor.into_scalar()
}

fn scores(task: &Lit, model: &TextHalf, batch: LitBatch, weights: &[f32]) -> [f64; 3] {
    let weights = Tensor::from_data(TensorData::from(weights), &Device::flex());
    let mut scores = task.scores(model, batch, weights);
    ["loss", "precision_image_to_text", "precision_text_to_image"]
        .map(|name| number(scores.take::<1>(name).unwrap()))
}

/// 1e-4: sums of five logits, each 2e-5 away at most, as for the towers.
#[test]
fn the_loss_is_the_origins() {
    for name in FOLDERS {
        let (task, model, batch) = fixture(name);
        let expected = json(&folder(name).join("expected.json"));
        let key = if model.bias.is_some() { "sigmoid_loss" } else { "softmax_loss" };
        let expected = expected[key].as_f64().unwrap();
        let loss = number(task.loss(&model, batch.clone(), None));
        assert!((loss - expected).abs() < 1e-4, "{name}: {loss} not {expected}");
        let [sum, ..] = scores(&task, &model, batch, &[1.0; 5]);
        assert!((sum / 5.0 - expected).abs() < 1e-4, "{name}: {sum} of scores");
    }
}

#[test]
fn rows_that_are_masked_are_no_answers() {
    for name in ["lit", "siglip"] {
        let (task, model, batch) = fixture(name);
        let [_, e] = batch.images.dims();
        let [_, n] = batch.ids.dims();
        let part = LitBatch {
            images: batch.images.clone().slice([0..3, 0..e]),
            ids: batch.ids.clone().slice([0..3, 0..n]),
        };
        let alone = scores(&task, &model, part, &[1.0; 3]);
        let masked = scores(&task, &model, batch, &[1.0, 1.0, 1.0, 0.0, 0.0]);
        for (masked, alone) in masked.iter().zip(alone) {
            assert!((masked - alone).abs() < 1e-5, "{name}: {masked} not {alone}");
        }
    }
}

/// The same vector for all images and all texts: nothing is found, whatever the order.
#[test]
fn equal_similarities_count_against_the_model() {
    let (task, model, batch) = fixture("lit");
    let [_, e] = batch.images.dims();
    let [_, n] = batch.ids.dims();
    let same = LitBatch {
        images: batch.images.clone().slice([0..1, 0..e]).repeat_dim(0, 4),
        ids: batch.ids.slice([0..1, 0..n]).repeat_dim(0, 4),
    };
    assert_eq!(scores(&task, &model, same, &[1.0; 4])[1..], [0.0, 0.0]);
}

#[test]
fn a_batch_is_not_cut_into_micro_batches() {
    let (task, ..) = fixture("lit");
    let recipe = Recipe { micro_batches: 2, ..Recipe::lit(8, 10, 1e-3) };
    assert_eq!(
        TrainStep::new(task, &recipe, None).unwrap_err().to_string(),
        "micro_batches = 2 is not valid: 1, since the loss compares all examples of a batch; take a smaller batch"
    );
}

#[test]
fn batches_that_do_not_fit_are_errors() {
    let (task, _, batch) = fixture("lit");
    let step = TrainStep::new(task, &Recipe::lit(5, 10, 1e-3), None).unwrap();
    let device = Device::flex();
    let draw = || params::initialize(step.task().init(&device));
    let state = step.init(params::with_seed(&device, 0, draw), 0);
    let [_, e] = batch.images.dims();
    let images = batch.images.clone().slice([0..5, 0..e - 1]);
    let error = step.run(state, LitBatch { images, ..batch }).unwrap_err().to_string();
    let expected = format!("images axis 1 (length of a vector): expected {e}, got {}", e - 1);
    assert_eq!(error, expected);
}

fn encoder(words: &[&str], length: usize) -> (TextEncoder, TextConfig) {
    let tokenizer = Tokenizer::from_bytes("words", words_json(words).as_bytes()).unwrap();
    let config = TextConfig::new(tokenizer.vocabulary(), length, 1).with_pad(1);
    (TextEncoder::new(tokenizer, &config).unwrap(), config)
}

/// Eight images of which the third has no text, with two views whose vectors tell image and view.
fn pairs(seed: u64) -> Pairs {
    let table = |view: usize| {
        let values = (0..8).flat_map(|image| [image as f32, view as f32]);
        FeatureTable::new(values.collect(), 2).unwrap()
    };
    let views = ImageViews::new(vec![table(0), table(1)]).unwrap();
    let words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "again"];
    let texts = (0..8).map(|image| match image {
        2 => vec![],
        _ => vec![words[image].to_string(), format!("{} again", words[image])],
    });
    let (encoder, _) = encoder(&words, 4);
    Pairs::new(&views, &Captions::new(texts.collect()), &encoder, seed).unwrap()
}

fn batch_at(pairs: &Pairs, position: u64, size: usize) -> LitBatch {
    BatchSource::batch(pairs, position, size).unwrap()
}

/// Image, view and ids of each row.
fn rows(batch: &LitBatch) -> Vec<(usize, usize, Vec<i64>)> {
    let images: Vec<f32> = batch.images.to_data().iter().collect();
    let [b, n] = batch.ids.dims();
    let ids: Vec<i64> = batch.ids.to_data().iter().collect();
    let row = |row: usize| {
        let [image, view] = [images[2 * row], images[2 * row + 1]].map(|x| x as usize);
        (image, view, ids[row * n..][..n].to_vec())
    };
    (0..b).map(row).collect()
}

#[test]
fn pairs_follow_from_their_place() {
    let pairs = pairs(3);
    assert_eq!((pairs.images(), pairs.ids().len()), (7, 14));
    let whole = rows(&batch_at(&pairs, 0, 28));
    // In other batches, the same.
    let parts: Vec<_> = (0..4).flat_map(|part| rows(&batch_at(&pairs, 7 * part, 7))).collect();
    assert_eq!(whole, parts);
    let mut orders = vec![];
    for (epoch, rows) in whole.chunks(7).enumerate() {
        let mut images: Vec<usize> = rows.iter().map(|row| row.0).collect();
        orders.push(images.clone());
        images.sort_unstable();
        assert_eq!(images, [0, 1, 3, 4, 5, 6, 7], "each once");
        for (image, view, ids) in rows {
            assert_eq!(*view, epoch % 2, "views take turns");
            // Its own text: the words begin at id 3, "again" is 11.
            assert_eq!(ids[0], *image as i64 + 3);
            assert!([1, 11].contains(&ids[1]), "{ids:?}");
        }
    }
    assert_ne!(orders[0], orders[1]);
    assert!(whole.iter().any(|row| row.2[1] == 1) && whole.iter().any(|row| row.2[1] == 11));
    assert_ne!(whole, rows(&batch_at(&self::pairs(4), 0, 28)), "another seed, another order");

    let [train, held_out] = pairs.held_out(3);
    assert_eq!((train.images(), held_out.images()), (4, 3));
    let masked = HeldOut::batch(&held_out, 0, 4).unwrap();
    assert_eq!(masked.mask, [true, true, true, false]);
    let images: Vec<usize> = rows(&masked.batch)[..3].iter().map(|row| row.0).collect();
    assert_eq!(images, [0, 4, 7]);
    assert_ne!(BatchSource::describe(&train), BatchSource::describe(&held_out));
}

#[test]
fn captions_of_another_set_are_an_error() {
    let table = FeatureTable::new(vec![0.0; 6], 2).unwrap();
    let views = ImageViews::new(vec![table]).unwrap();
    let (encoder, _) = encoder(&["a"], 4);
    let new = |texts| Pairs::new(&views, &Captions::new(texts), &encoder, 0);
    let error = new(vec![vec!["a".into()]; 2]).unwrap_err().to_string();
    assert_eq!(error, "captions: expected those of 3 images, got 2");
    let error = new(vec![vec![]; 3]).unwrap_err().to_string();
    assert_eq!(error, "captions: expected a text of an image that can be read, got none");
}

fn images() -> ImageSet {
    ImageSet::folder(&super::copies().join("images")).unwrap()
}

#[test]
fn views_are_asked_for_once() {
    let runtime = Runtime::flex();
    let folder = std::env::temp_dir().join(format!("vit22b-views-{}", std::process::id()));
    let config = Variant::parse("mu/16").unwrap().config(0).with_image([32, 32]);
    let model = params::with_seed(&runtime.device(), 1, || {
        config.init(&runtime.device()).map(params::initialize)
    });
    let model = model.unwrap();
    let key = FeatureKey::new("model").params(&model);
    let mut asked = 0;
    let mut embed = |views: u64, seed: u64| {
        let steps = "inception_crop(32, 32, 20, 100, bilinear)|flip_lr|value_range(-1, 1)";
        let embedder = Embedder::new(&runtime, model.clone(), steps.parse().unwrap()).unwrap();
        let cache = FeatureCache::new(&folder);
        let views =
            ImageViews::embed(embedder, &images(), (views, seed), (&cache, &key), |_, _| {
                asked += 1
            });
        (views.unwrap(), std::mem::take(&mut asked))
    };
    let (two, first) = embed(2, 5);
    assert_eq!(two.tables().len(), 2);
    assert_ne!(two.tables()[0], two.tables()[1], "views differ");
    let read = two.indices().len();
    assert_eq!(first, 2 * read);
    // A third view is all that is computed for three.
    let (three, more) = embed(3, 5);
    assert_eq!((&three.tables()[..2], more), (two.tables(), read));
    let (other, again) = embed(2, 6);
    assert_eq!(again, 2 * read);
    assert_ne!(other.tables()[0], two.tables()[0], "another seed, other views");
    std::fs::remove_dir_all(folder).unwrap();
}

/// A folder of its own for a test.
fn temporary(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("vit22b-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn captions_are_read_from_lines_of_json() {
    let (folder, set) = (temporary("captions"), images());
    let file = folder.join("c.JSONL");
    let name = |index: usize| set.name(index);
    let read = |text: &str| {
        std::fs::write(&file, text).unwrap();
        Captions::open(&file, &set)
    };
    let text = format!(
        "\u{feff}{{\"image\": \"{}\", \"text\": \" a cat \"}}\n\n{{\"Path\": \"{}\", \"captions\": [\"b\", \"c\"], \"label\": 3}}\n{{\"file_name\": \"{}\", \"caption\": \"d\"}}\n",
        name(0),
        name(1),
        name(0)
    );
    let captions = read(&text).unwrap();
    assert_eq!(captions.of(0), ["a cat", "d"]);
    assert_eq!(captions.of(1), ["b", "c"]);
    assert_eq!((captions.len(), captions.images()), (4, set.len()));
    let failed = |text: &str| {
        let error = read(text).unwrap_err().to_string();
        error.split_once("c.JSONL").unwrap().1.to_string()
    };
    let form = "expected an object as {\"image\": \"a/1.jpg\", \"text\": \"a red cat\"}, got";
    assert_eq!(
        failed(&format!("{{\"image\": \"{}\"}}", name(0))),
        format!(", line 1: {form} no field `text` with a text")
    );
    assert_eq!(
        failed("\n{\"text\": \"a\"}"),
        format!(", line 2: {form} no field `image` with a text")
    );
    assert_eq!(
        failed("{\"image\": \"x.png\", \"text\": \"a\"}"),
        format!(
            ", line 1: expected the name of an image of the set, such as \"{}\", got \"x.png\"",
            name(0)
        )
    );
    let number = format!("{{\"image\": \"{}\", \"text\": 7}}", name(0));
    assert_eq!(failed(&number), format!(", line 1: {form} 7 in text, which is no text"));
    assert_eq!(failed("\n"), ": no text of an image");
    let error = Captions::open(Path::new("c.csv"), &set).unwrap_err().to_string();
    assert_eq!(
        error,
        "c.csv: expected captions as lines of JSON (.jsonl, .ndjson) or shards (.tar)"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn captions_are_read_from_shards() {
    let folder = temporary("caption-shards");
    let photo = std::fs::read(super::copies().join("images/photo.jpg")).unwrap();
    let shard = |name: &str, members: &[(&str, &[u8])]| {
        let mut tar = tar::Builder::new(std::fs::File::create(folder.join(name)).unwrap());
        for (name, bytes) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, *bytes).unwrap();
        }
        tar.finish().unwrap();
    };
    shard(
        "a-0.tar",
        &[
            ("1.txt", b"a red cat\n"),
            ("1.jpg", &photo),
            ("2.jpg", &photo),
            ("2.json", br#"{"caption": "two", "texts": ["and more", ""], "label": "x"}"#),
            ("3.jpg", &photo),
            ("3.txt", b"17"),
        ],
    );
    // The same name in another shard is another image.
    shard(
        "a-1.tar",
        &[("1.jpg", &photo), ("1.txt", "caf\u{e9}".as_bytes()), ("4.txt", b"of none")],
    );
    let pattern = folder.join("a-{0..1}.tar");
    let set = ImageSet::open(&pattern).unwrap();
    let captions = Captions::open(&pattern, &set).unwrap();
    let all: Vec<_> = (0..set.len()).map(|index| captions.of(index).join("|")).collect();
    assert_eq!(all, ["a red cat", "and more|two", "", "caf\u{e9}"]);
    // Some of the set, in another order.
    let some = set.select([3, 0]);
    let captions = Captions::open(&pattern, &some).unwrap();
    assert_eq!(
        (captions.of(0), captions.of(1)),
        (&["caf\u{e9}".into()][..], &["a red cat".into()][..])
    );
    shard("b.tar", &[("1.jpg", &photo), ("1.txt", b"\xff\xfe")]);
    let path = folder.join("b.tar");
    let error = Captions::open(&path, &ImageSet::open(&path).unwrap()).unwrap_err().to_string();
    assert!(error.contains("1.txt: expected a text in UTF-8, got"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// Whatever the origin, this crate's own file gives the same towers, both or the image model alone.
#[test]
fn two_towers_are_written_and_read() {
    let folder = temporary("two-towers");
    let file = folder.join("model.safetensors");
    for name in FOLDERS {
        let source = self::folder(name);
        let (_, ids) = inputs(&source);
        let first = load(&source);
        save_two_towers(&first.model, &first.image.preprocessing, &file).unwrap();
        let opened = WeightsFile::open(&folder).unwrap();
        let again = opened.load_two_towers(&LoadOptions::new(), &Device::flex()).unwrap();
        assert!(again.report.fits() && again.remarks().is_empty(), "{name}: {}", again.report);
        assert_eq!(again.text.config, first.text.config, "{name}");
        assert_eq!(again.image.config, *first.model.image.config(), "{name}");
        assert_eq!(again.image.preprocessing, first.image.preprocessing, "{name}");
        let same = |a: Tensor<2>, b: Tensor<2>| a.into_data() == b.into_data();
        let texts =
            |model: &vit22b::contrast::TwoTower, ids: Tensor<2, Int>| model.embed_texts(ids);
        assert!(same(texts(&first.model, ids.clone()), texts(&again.model, ids)), "{name}");
        let [height, width] = first.model.image.config().image;
        let pixels = Tensor::<1, Int>::arange(0..(3 * height * width) as i64, &Device::flex());
        let pixels = pixels.float().sin().reshape([1, 3, height, width]);
        let (one, other) =
            (first.model.embed_images(pixels.clone()), again.model.embed_images(pixels.clone()));
        assert!(same(one, other), "{name}");
        let scales = [first.model.scale(), again.model.scale()].map(Tensor::into_data);
        assert_eq!(scales[0], scales[1], "{name}");
        assert_eq!(first.model.bias.is_some(), again.model.bias.is_some(), "{name}");

        let image = opened.load(&LoadOptions::new(), &Device::flex()).unwrap();
        assert!(image.report.fits(), "{name}: {}", image.report);
        let (one, other) = (first.model.image.forward(pixels.clone()), image.model.forward(pixels));
        assert!(same(one, other), "{name}");
        opened.load_text(&LoadOptions::new(), &Device::flex()).unwrap();
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// Four images that are told apart by three words: an untrained tower learns to find them in a few steps.
#[test]
fn a_tower_learns_its_pairs() {
    let device = Device::flex();
    let words = ["a", "red", "blue", "disc", "bar"];
    let (encoder, config) = encoder(&words, 6);
    let config = config.with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(4);
    let texts: Vec<Vec<String>> = ["a red disc", "a red bar", "a blue disc", "a blue bar"]
        .map(|text| vec![text.to_string()])
        .into();
    let vectors = vec![1.0, 0.0, 0.2, 1.0, 0.2, 0.0, 0.0, 1.0, 0.2, 0.3, 0.3, -1.0];
    let views = ImageViews::new(vec![FeatureTable::new(vectors, 3).unwrap()]).unwrap();
    let pairs = Pairs::new(&views, &Captions::new(texts), &encoder, 0).unwrap();
    for contrast in [Contrast::Softmax, Contrast::Sigmoid] {
        let task = Lit::new(config.clone().with_output(Some(3)), contrast).unwrap();
        let step = TrainStep::new(task, &Recipe::lit(4, 60, 0.01), Some(4)).unwrap();
        let model = params::with_seed(&device, 3, || params::initialize(step.task().init(&device)));
        let mut state = step.init(model, 0);
        for index in 0..60 {
            let (next, _) = step.run(state, batch_at(&pairs, 4 * index, 4)).unwrap();
            state = next;
        }
        let key: Option<&RandomKey> = None;
        let batch = HeldOut::batch(&pairs, 0, 4).unwrap().batch;
        let loss = number(step.task().loss(&state.model, batch.clone(), key));
        let found = scores(step.task(), &state.model, batch, &[1.0; 4]);
        assert_eq!(found[1..], [4.0, 4.0], "{contrast:?}: {loss}");
    }
}
