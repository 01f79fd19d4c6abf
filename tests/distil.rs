//! A teacher's answers: kept and online they are the same, they survive being interrupted, and others are refused.

mod folder;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::tensor::{Device, TensorData};
use folder::Folder;
use image::{Rgb, RgbImage};
use vit22b::data::{BatchSource, Drawings, ImageSet, Preprocess, Views};
use vit22b::distil::{Answers, Distil, DistilBatch, Kept, Teacher, TeacherCache};
use vit22b::train::{Duration, Engine, Recipe, Start, Task, TrainStep};
use vit22b::vit::{ViT22B, ViT22BConfig};
use vit22b::{Runtime, params};

const CLASSES: usize = 3;
const IMAGES: usize = 11;

/// Drawings in a folder for each class.
fn images(root: &Path) -> ImageSet {
    let drawings = Drawings::new(24, 5);
    for index in 0..IMAGES {
        let folder = root.join(format!("class {}", index % CLASSES));
        std::fs::create_dir_all(&folder).unwrap();
        let pixels = drawings.example(index as u64).pixels;
        let value = |at: usize| (127.5 * (pixels[at] + 1.0)) as u8;
        let image = RgbImage::from_fn(24, 24, |x, y| {
            let at = (24 * y + x) as usize;
            Rgb([value(at), value(576 + at), value(1152 + at)])
        });
        image.save(folder.join(format!("{index}.png"))).unwrap();
    }
    ImageSet::class_folders(root).unwrap()
}

fn steps(side: usize, range: &str) -> Preprocess {
    format!("inception_crop({side}, {side}, 30, 100, bilinear)|flip_lr|value_range({range})")
        .parse()
        .unwrap()
}

fn config(width: usize, depth: usize, side: usize) -> ViT22BConfig {
    let config =
        ViT22BConfig::new(CLASSES).with_image([side, side]).with_patch(4).with_head_bias(0.0);
    config.with_width(width).with_depth(depth).with_mlp_dim(2 * width).with_num_heads(2)
}

/// A model with parameters that follow from the seed.
fn drawn(config: &ViT22BConfig, seed: u64) -> ViT22B {
    let device = Device::flex();
    params::with_seed(&device, seed, || params::initialize(config.init(&device).unwrap()))
}

/// A model whose classifier says something.
fn model(config: &ViT22BConfig, seed: u64) -> ViT22B {
    let mut model = drawn(config, seed);
    let mut head = model.head.clone().unwrap();
    let [d, c] = head.weight.dims();
    let values: Vec<f32> = (0..d * c).map(|i| ((i as f32 + seed as f32) * 1.7).sin()).collect();
    head.weight = head
        .weight
        .map(|old| burn::tensor::Tensor::from_data(TensorData::new(values, [d, c]), &old.device()));
    model.head = Some(head);
    model
}

/// The teacher takes larger images in another range of values.
fn teacher(runtime: &Runtime, seed: u64, batch: usize) -> Teacher {
    Teacher::new(runtime, model(&config(32, 2, 16), seed), steps(16, "0, 1"), batch).unwrap()
}

fn views(set: &ImageSet, side: usize) -> Views {
    let range = if side == 16 { "0, 1" } else { "-1, 1" };
    Views::new(set.clone(), steps(side, range), 3, 9).unwrap()
}

fn build(folder: &Path, teacher: &Teacher, views: &Views, kept: Kept) -> TeacherCache {
    let stop = AtomicBool::new(false);
    TeacherCache::build(folder, (teacher, views), kept, 2, &stop, |_| ()).unwrap().unwrap()
}

fn runtimes() -> Vec<Runtime> {
    let xla = cfg!(feature = "xla").then(|| Runtime::named("xla").unwrap());
    [Some(Runtime::flex()), xla].into_iter().flatten().collect()
}

fn train(runtime: &Runtime, answers: Answers) -> Vec<u32> {
    let task = Distil::new(config(16, 1, 8), 2.0).unwrap();
    let recipe = Recipe::distil(4, Duration::Steps(7), 1e-2);
    let step = TrainStep::new(task, &recipe, None).unwrap();
    let start = Start::From(model(&config(16, 1, 8), 1), 0);
    let mut engine = Engine::start(runtime, step, start).unwrap();
    let mut losses = vec![];
    engine
        .train(Arc::new(answers), |progress| losses.push(progress.reading.loss.to_bits()))
        .unwrap();
    losses
}

/// The strongest test of a cache: nothing can tell it from the teacher.
#[test]
fn epochs_from_the_cache_are_those_of_the_teacher_bit_for_bit() {
    let folder = Folder::new("distil-bits");
    let set = images(&folder.path().join("images"));
    for runtime in runtimes() {
        let (of_teacher, of_student) = (views(&set, 16), views(&set, 8));
        let teacher = || teacher(&runtime, 3, 4);
        let at = folder.path().join(runtime.name().replace(':', "-"));
        let cache = build(&at, &teacher(), &of_teacher, Kept::All);
        let kept = Answers::kept(of_student.clone(), cache).unwrap();
        let online = Answers::online(of_student, teacher()).unwrap();
        // More than one epoch, and batches that do not divide it.
        for position in [0, 4, 8, 31, 60] {
            let [kept, online] =
                [&kept, &online].map(|answers| answers.batch(position, 5).unwrap());
            let DistilBatch { images, targets, teacher } = kept;
            assert_eq!(images.to_data(), online.images.to_data());
            assert_eq!(targets.to_data(), online.targets.to_data());
            assert_eq!(teacher.to_data(), online.teacher.to_data(), "{runtime} at {position}");
        }
        let losses = train(&runtime, kept);
        assert_eq!(losses, train(&runtime, online), "{runtime}");
        assert_eq!(losses.len(), 7);
    }
}

#[test]
fn a_cache_that_was_interrupted_goes_on() {
    let folder = Folder::new("distil-resume");
    let set = images(&folder.path().join("images"));
    let (runtime, views) = (Runtime::flex(), views(&set, 16));
    let teacher = teacher(&runtime, 3, 4);
    for kept in [Kept::All, Kept::Best(2)] {
        let whole = folder.path().join(format!("whole {kept:?}"));
        build(&whole, &teacher, &views, kept);
        let parts = folder.path().join(format!("parts {kept:?}"));
        let stop = AtomicBool::new(true);
        let mut seen = vec![];
        // Stopped after each batch; in the middle of a row once, as a process that is killed leaves a file.
        loop {
            let ended =
                TeacherCache::build(&parts, (&teacher, &views), kept, 1, &stop, |n| seen.push(n));
            let open = TeacherCache::open(&parts);
            if ended.unwrap().is_some() {
                assert_eq!(open.unwrap().rows(), 3 * IMAGES);
                break;
            }
            let error = open.unwrap_err().to_string();
            assert!(error.contains("of 3 views are there"), "{error}");
            let part = parts.join("view-00001.part");
            if part.exists() && seen.len() == 4 {
                let bytes = std::fs::read(&part).unwrap();
                std::fs::write(&part, &bytes[..bytes.len() - 3]).unwrap();
            }
        }
        for view in 0..3 {
            let name = format!("view-{view:05}.bin");
            let [whole, parts] =
                [&whole, &parts].map(|root| std::fs::read(root.join(&name)).unwrap());
            assert_eq!(whole, parts, "{kept:?} {name}");
        }
    }
}

#[test]
fn a_cache_knows_its_teacher() {
    let folder = Folder::new("distil-verify");
    let set = images(&folder.path().join("images"));
    let (runtime, of_teacher) = (Runtime::flex(), views(&set, 16));
    let right = teacher(&runtime, 3, 4);
    let at = folder.path().join("answers");
    let cache = build(&at, &right, &of_teacher, Kept::All);
    let verified = cache.verify(&right, &of_teacher, 20).unwrap();
    assert_eq!((verified.rows, verified.largest_difference), (20, 0.0));
    // Another batch size may round otherwise.
    let verified = cache.verify(&teacher(&runtime, 3, 7), &of_teacher, 20).unwrap();
    assert!(verified.largest_difference < 1e-5);

    let other = teacher(&runtime, 4, 4);
    let error = cache.verify(&other, &of_teacher, 3).unwrap_err().to_string();
    assert!(error.contains("the answers there were made otherwise: teacher is"), "{error}");
    let seed = Views::new(set.clone(), steps(16, "0, 1"), 3, 10).unwrap();
    let error = cache.verify(&right, &seed, 3).unwrap_err().to_string();
    assert!(error.contains("seed is 9 there and 10 here"), "{error}");
    let stop = AtomicBool::new(false);
    let again = TeacherCache::build(&at, (&right, &of_teacher), Kept::Best(2), 1, &stop, |_| ());
    let error = again.unwrap_err().to_string();
    assert!(error.contains(r#"kept is "all" there and {"best":2} here"#), "{error}");

    let message = |student: Views| {
        let cache = TeacherCache::open(&at).unwrap();
        Answers::kept(student, cache).unwrap_err().to_string()
    };
    let text = message(Views::new(set.clone(), steps(8, "-1, 1"), 4, 9).unwrap());
    assert_eq!(text, "views of the student's views: expected 3 as the teacher's, got 4");
    let text = message(views(&set, 8).with_mixup(false));
    assert_eq!(text, "mixup of the student's views: expected true as the teacher's, got false");
    let flipped = "flip_lr|inception_crop(8, 8, 30, 100, bilinear)|value_range(-1, 1)".parse();
    let text = message(Views::new(set.clone(), flipped.unwrap(), 3, 9).unwrap());
    assert!(text.starts_with("preprocessing of the student: expected the random steps"), "{text}");
    let few = set.select(0..5);
    let text = message(Views::new(few, steps(8, "-1, 1"), 3, 9).unwrap());
    assert!(text.starts_with("images of the student's views: expected "), "{text}");

    let file = at.join("view-00002.bin");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[7] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let error = cache.verify(&right, &of_teacher, 3).unwrap_err().to_string();
    assert!(error.contains("view-00002.bin is damaged: expected SHA-256"), "{error}");
    std::fs::write(&file, &bytes[1..]).unwrap();
    let error = TeacherCache::open(&at).unwrap_err().to_string();
    assert!(error.contains("is damaged: expected 132 bytes, got 131"), "{error}");
}

/// Probabilities from 1e-3 to 1 in f16, and the rest spread over one class: within 1e-3.
#[test]
fn the_best_classes_are_near_all_classes() {
    let folder = Folder::new("distil-best");
    let set = images(&folder.path().join("images"));
    let (runtime, views) = (Runtime::flex(), views(&set, 16));
    let teacher = teacher(&runtime, 3, 4);
    let all = build(&folder.path().join("all"), &teacher, &views, Kept::All);
    let best = build(&folder.path().join("best"), &teacher, &views, Kept::Best(2));
    let softmax = |logits: Vec<f32>| {
        let sum: f32 = logits.iter().map(|x| x.exp()).sum();
        logits.into_iter().map(|x| x.exp() / sum).collect::<Vec<_>>()
    };
    for image in 0..IMAGES {
        let [all, best] = [&all, &best].map(|cache| softmax(cache.logits(image, 1).unwrap()));
        for (all, best) in all.iter().zip(best) {
            assert!((all - best).abs() < 1e-3, "image {image}: {all} and {best}");
        }
    }
    assert!(all.logits(IMAGES, 0).is_err() && all.logits(0, 3).is_err());
    let task = Distil::new(config(16, 1, 8), 0.0).unwrap_err().to_string();
    assert_eq!(task, "temperature = 0 is not valid: a finite number above 0");
    assert_eq!(Distil::new(config(16, 1, 8), 1.0).unwrap().unit(), "images");
}
