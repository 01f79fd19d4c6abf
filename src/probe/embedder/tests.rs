//! Features of images in files and in memory, by small models.

use std::path::{Path, PathBuf};
#[cfg(feature = "xla")]
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::{Device, Tensor, TensorData};

use super::*;
use crate::params;

const IMAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images");

fn config() -> ViT22BConfig {
    let config = ViT22BConfig::new(0).with_image([32, 32]).with_patch(16).with_width(24);
    config.with_depth(2).with_mlp_dim(48).with_num_heads(3)
}

fn embedder() -> Embedder {
    let model = config().init(&Device::flex()).unwrap();
    let preprocess = "resize(32)|value_range(-1, 1)".parse().unwrap();
    Embedder::new(&Runtime::flex(), model, preprocess).unwrap()
}

/// Two images of each of two classes in folders, and a list of the same with a file that is no image.
fn sets(name: &str) -> (PathBuf, [ImageSet; 2]) {
    let root = std::env::temp_dir().join(format!("vit22b-{name}-{}", std::process::id()));
    let files =
        [("cat", "scene.png"), ("cat", "dark.png"), ("dog", "photo.jpg"), ("dog", "grey.png")];
    let mut list = String::from("path,label\n");
    for (class, file) in files {
        std::fs::create_dir_all(root.join("classes").join(class)).unwrap();
        let path = Path::new("classes").join(class).join(file);
        std::fs::copy(Path::new(IMAGES).join(file), root.join(&path)).unwrap();
        list += &format!("{},{class}\n", path.display());
    }
    std::fs::write(root.join("no.png"), "no image").unwrap();
    list.insert_str("path,label\n".len(), "no.png,dog\n");
    std::fs::write(root.join("list.csv"), list).unwrap();
    let folders = ImageSet::class_folders(&root.join("classes")).unwrap();
    let list = ImageSet::list(&root.join("list.csv")).unwrap();
    (root, [folders, list])
}

#[test]
fn a_folder_and_a_list_become_tables_with_names_and_labels() {
    let (root, [folders, list]) = sets("embed");
    let embedder = embedder().with_batch(3);
    let mut done = Vec::new();
    let (of_folders, broken) = embedder.embed(&folders, |images| done.push(images)).unwrap();
    assert_eq!((done, broken.images.len()), (vec![3, 4], 0));
    assert_eq!(
        of_folders.names(),
        ["cat/dark.png", "cat/scene.png", "dog/grey.png", "dog/photo.jpg"]
    );
    assert_eq!(of_folders.classes(), ["cat", "dog"]);
    assert_eq!(of_folders.first_labels().unwrap(), [0, 0, 1, 1]);
    let (of_list, broken) = embedder.embed(&list, |_| ()).unwrap();
    assert_eq!((broken.of, broken.images.len()), (5, 1));
    assert_eq!(broken.images[0].0, list.name(0));
    assert_eq!(of_list.first_labels().unwrap(), [0, 0, 1, 1]);
    // The list has scene.png before dark.png.
    let row = |table: &FeatureTable, row| table.matrix().row(row).to_vec();
    for (here, there) in [(0, 1), (1, 0), (2, 3), (3, 2)] {
        assert_eq!(row(&of_list, here), row(&of_folders, there));
    }
    std::fs::remove_dir_all(root).unwrap();
}

#[test]
fn features_do_not_depend_on_the_batch_and_are_those_of_the_model() {
    let set = ImageSet::folder(Path::new(IMAGES)).unwrap();
    let embedder = embedder();
    let loader = ImageLoader::new(set.clone(), embedder.preprocess().clone()).unwrap();
    let batch = Arc::new(loader).epoch(set.len(), 1).next().unwrap().unwrap();
    let images = batch.batch.images;
    let (table, _) = embedder.embed(&set, |_| ()).unwrap();
    let values = embedder.tensor(images.clone()).unwrap().into_data();
    let far = |(a, b): (f32, &f32)| (a - b).abs() > 1e-5;
    assert_eq!(values.iter::<f32>().zip(table.matrix().values()).filter(|x| far(*x)).count(), 0);
    let embedder = embedder.with_batch(7);
    let again = embedder.tensor(images.clone()).unwrap().into_data();
    assert_eq!(again.iter::<f32>().zip(table.matrix().values()).filter(|x| far(*x)).count(), 0);
    assert_eq!(again.shape()[..], [set.len(), 24]);

    let tokens = embedder.tokens(images).unwrap();
    assert_eq!(tokens.dims(), [set.len(), 4, 24]);
    let tokens: Vec<f32> = tokens.into_data().iter().collect();
    let visit = embedder.visit(&set, &FeatureRequest::new().encoded(), |index, features| {
        let visited = features.values("encoded").unwrap().iter();
        let here = &tokens[index * 4 * 24..][..4 * 24];
        assert!(visited.zip(here).all(|(a, b)| !far((*a, b))), "{index}");
        Ok::<_, EmbedError>(())
    });
    assert!(visit.unwrap().images.is_empty());
}

/// Numbers for parameters: matrices as they are drawn when a training begins, vectors near the values that they have then.
struct Draw(fastrand::Rng);

impl params::TensorFn for Draw {
    fn call<const D: usize>(&mut self, path: &str, tensor: Tensor<D>) -> Tensor<D> {
        let shape = tensor.shape();
        let bound = (3.0 / shape[0] as f32).sqrt();
        let mut number = || {
            let spread = 2.0 * self.0.f32() - 1.0;
            match D {
                1 => f32::from(u8::from(path.ends_with("scale"))) + 0.1 * spread,
                _ => bound * spread,
            }
        };
        let numbers: Vec<f32> = (0..shape.num_elements()).map(|_| number()).collect();
        Tensor::from_data(TensorData::new(numbers, shape), &tensor.device())
    }
}

#[test]
fn features_in_bf16_are_those_in_f32_but_for_rounding() {
    let set = ImageSet::folder(Path::new(IMAGES)).unwrap();
    // Drawn apart from Burn's generator, which other tests use meanwhile.
    let model = config().init(&Device::flex()).unwrap();
    let model = params::map(model, &mut Draw(fastrand::Rng::with_seed(6)));
    let make = |precision| {
        let preprocess = "resize(32)|value_range(-1, 1)".parse().unwrap();
        Embedder::in_precision(&Runtime::flex(), model.clone(), preprocess, precision).unwrap()
    };
    let [wide, narrow] =
        [Precision::F32, Precision::Bf16].map(|p| make(p).embed(&set, |_| ()).unwrap().0);
    let length = |values: &[f32]| values.iter().map(|x| x * x).sum::<f32>().sqrt();
    let mut differ = false;
    for row in 0..set.len() {
        let (wide, narrow) = (wide.matrix().row(row), narrow.matrix().row(row));
        let off: Vec<_> = wide.iter().zip(narrow).map(|(x, y)| x - y).collect();
        // Some roundings to 8 bits, each of which is off by 1/512 on average, in two blocks.
        assert!(length(&off) < 0.02 * length(wide), "{wide:?} {narrow:?}");
        differ |= length(&off) > 0.0;
    }
    assert!(differ);
}

#[test]
fn tokens_attention_and_functions_are_visited_image_by_image() {
    let (root, [set, _]) = sets("visit");
    let embedder = embedder().with_batch(3);
    let (table, _) = embedder.embed(&set, |_| ()).unwrap();
    let request = FeatureRequest::new().block(0).attention(1).pooled();
    let mut seen = Vec::new();
    let each = |index: usize, features: ImageFeatures<'_>| {
        assert_eq!(features.names().collect::<Vec<_>>(), ["attention1", "block0", "pooled"]);
        assert_eq!(features.shape("block0"), Some(&[4, 24][..]));
        let attention = features.values("attention1").unwrap();
        assert!(attention.chunks_exact(4).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5));
        let pooled = features.values("pooled").unwrap();
        assert!(pooled.iter().zip(table.matrix().row(index)).all(|(a, b)| (a - b).abs() < 1e-5));
        assert_eq!(features.values("logits"), None);
        seen.push(index);
        Ok::<_, EmbedError>(())
    };
    embedder.visit(&set, &request, each).unwrap();
    assert_eq!(seen, [0, 1, 2, 3]);
    let mut sums: Vec<f32> = Vec::new();
    let sum = FeatureFunction::new(|model, images| {
        let mut out = NamedTensors::default();
        out.insert("sum", model.pooled(images).sum_dim(1));
        out
    });
    let each = |_: usize, features: ImageFeatures<'_>| {
        sums.extend(features.values("sum").unwrap());
        Ok::<_, EmbedError>(())
    };
    embedder.visit_with(&set, &sum, each).unwrap();
    for (sum, row) in sums.iter().zip(table.matrix().iter()) {
        assert!((sum - row.iter().sum::<f32>()).abs() < 1e-4);
    }
    std::fs::remove_dir_all(root).unwrap();
}

#[cfg(feature = "xla")]
#[test]
fn a_function_is_compiled_once() {
    let (root, [folders, list]) = sets("compiled-once");
    let model = config().init(&Device::flex()).unwrap();
    let steps = "resize(32)|value_range(-1, 1)".parse().unwrap();
    let runtime = Runtime::named("xla:cpu").unwrap();
    let embedder = Embedder::new(&runtime, model, steps).unwrap().with_batch(3);
    // A function runs when it is recorded, and not when its program runs.
    let recorded = Arc::new(AtomicUsize::new(0));
    let counted = |name: &'static str, recorded: Arc<AtomicUsize>| {
        FeatureFunction::new(move |model, images| {
            recorded.fetch_add(1, Ordering::Relaxed);
            let mut out = NamedTensors::default();
            out.insert(name, model.pooled(images).sum_dim(1));
            out
        })
    };
    let sums = counted("sum", Arc::clone(&recorded));
    for set in [&folders, &folders, &list] {
        let each = |_: usize, features: ImageFeatures<'_>| {
            assert!(features.values("sum").is_some());
            Ok::<_, EmbedError>(())
        };
        embedder.visit_with(set, &sums, each).unwrap();
        assert_eq!(recorded.load(Ordering::Relaxed), 1);
    }
    // Another function of the same code, and a request in between.
    embedder.embed(&folders, |_| ()).unwrap();
    let other = counted("other", Arc::clone(&recorded));
    let each = |_: usize, features: ImageFeatures<'_>| {
        assert_eq!(features.names().collect::<Vec<_>>(), ["other"]);
        Ok::<_, EmbedError>(())
    };
    embedder.visit_with(&folders, &other, each).unwrap();
    assert_eq!(recorded.load(Ordering::Relaxed), 2);
    std::fs::remove_dir_all(root).unwrap();
}

#[cfg(feature = "xla")]
#[test]
fn a_runtime_that_compiles_answers_every_request_from_one_copy_of_the_model() {
    let (root, [set, _]) = sets("compiled");
    let model = config().init(&Device::flex()).unwrap();
    let new = |runtime: Runtime| {
        let steps = "resize(32)|value_range(-1, 1)".parse().unwrap();
        Embedder::new(&runtime, model.clone(), steps).unwrap().with_batch(3)
    };
    let [eager, compiled] = [Runtime::flex(), Runtime::named("xla:cpu").unwrap()].map(new);
    let request = FeatureRequest::new().block(0).attention(1);
    let views = super::super::PatchViews { patches: true, attention: true, rollout: false };
    let all = |embedder: &Embedder| {
        let mut values: Vec<f32> = Vec::new();
        let mut each = |_: usize, features: ImageFeatures<'_>| {
            for name in features.names() {
                values.extend(features.values(name).unwrap());
            }
            Ok::<_, EmbedError>(())
        };
        embedder.visit(&set, &request, &mut each).unwrap();
        embedder.visit_with(&set, &views.function(), &mut each).unwrap();
        embedder.visit(&set, &request, &mut each).unwrap();
        let (table, _) = embedder.embed(&set, |_| ()).unwrap();
        values.extend(table.matrix().values());
        values
    };
    let (expected, got) = (all(&eager), all(&compiled));
    assert_eq!(expected.len(), got.len());
    for (a, b) in expected.iter().zip(&got) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
    std::fs::remove_dir_all(root).unwrap();
}

#[test]
fn what_does_not_fit_is_an_error() {
    let new = |config: ViT22BConfig, steps: &str| {
        let model = config.init(&Device::flex()).unwrap();
        Embedder::new(&Runtime::flex(), model, steps.parse().unwrap()).unwrap_err().to_string()
    };
    assert_eq!(
        new(config(), "resize(40, 32)|value_range(-1, 1)"),
        "resize(40, 32, bilinear)|value_range(-1, 1): makes 40 × 32 pixels, expected multiples of \
         the patch, 16"
    );
    assert_eq!(
        new(config().with_channels(1), "resize(32)|value_range(-1, 1)"),
        "the model takes 1 channels, and images have 3"
    );
    let embedder = embedder().with_broken(OnBroken::Fail);
    let error = embedder.tensor(Tensor::zeros([1, 3, 32, 30], &Device::flex())).unwrap_err();
    assert!(error.to_string().ends_with("multiples of 16, got [1, 3, 32, 30]"), "{error}");
    let (root, [_, list]) = sets("broken");
    let error = embedder.embed(&list, |_| ()).unwrap_err().to_string();
    assert!(error.contains("no.png"), "{error}");
    let request = FeatureRequest::new().block(2);
    let visited = embedder.visit(&list, &request, |_, _| Ok::<_, EmbedError>(()));
    let error = visited.unwrap_err().to_string();
    assert_eq!(error, "feature \"block2\" is not known: the last one is block1");
    std::fs::remove_dir_all(root).unwrap();
}
