//! Features of many images in parts: runs that end early, sets that change, forms, and what is refused.

#[path = "folder/mod.rs"]
mod folder;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use vit22b::Runtime;
use vit22b::data::{Drawings, ImageSet};
use vit22b::params;
use vit22b::probe::{
    Embedder, FeatureFolder, FeatureForm, FeatureKey, FeatureTable, PartsConfig, PartsError,
    PartsReport,
};
use vit22b::vit::{ViT22B, ViT22BConfig};

use crate::folder::Folder;

const STEPS: &str = "resize(8)|value_range(-1, 1)";

fn model() -> ViT22B {
    let config = ViT22BConfig::new(0).with_image([8, 8]).with_patch(4).with_width(8);
    let config = config.with_depth(1).with_mlp_dim(16).with_num_heads(2);
    let device = Runtime::flex().device();
    params::with_seed(&device, 3, || params::initialize(config.init(&device).unwrap()))
}

/// An embedder of batches of 2, and the digest of its parameters.
fn embedder(steps: &str) -> (Embedder, String) {
    let model = model();
    let parameters = FeatureKey::new("parameters").params(&model).digest();
    let embedder = Embedder::new(&Runtime::flex(), model, steps.parse().unwrap()).unwrap();
    (embedder.with_batch(2).with_threads(2), parameters)
}

/// A picture as a file of PPM.
fn picture(index: u64) -> Vec<u8> {
    let pixels = Drawings::new(8, 7).example(index).pixels;
    let planes: Vec<&[f32]> = pixels.chunks(64).collect();
    let mut file = b"P6 8 8 255\n".to_vec();
    for pixel in 0..64 {
        file.extend(planes.iter().map(|plane| (127.5 * (plane[pixel] + 1.0)) as u8));
    }
    file
}

/// Pictures in a folder of images, which lies beside those of features.
fn pictures(folder: &Folder, indices: impl IntoIterator<Item = u64>) -> PathBuf {
    let images = folder.path().join("images");
    std::fs::create_dir_all(&images).unwrap();
    for index in indices {
        std::fs::write(images.join(format!("{index:03}.ppm")), picture(index)).unwrap();
    }
    images
}

/// Parts of 6 images.
fn parts(out: &Path) -> PartsConfig {
    let mut config = PartsConfig::new(out);
    config.images_per_part = Some(6);
    config
}

fn update(out: &Path) -> PartsConfig {
    let mut config = parts(out);
    config.update = true;
    config
}

fn embed(set: &ImageSet, config: &PartsConfig) -> Result<PartsReport, PartsError> {
    let (embedder, parameters) = embedder(STEPS);
    embedder.embed_in_parts(set, &parameters, config, |_| ())
}

/// The files of a folder by name, without the lock.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let files = entries.map(|entry| {
        (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
    });
    files.filter(|(name, _)| name != ".lock").collect()
}

/// Features by name.
fn by_name(table: &FeatureTable) -> BTreeMap<String, Vec<f32>> {
    let rows = table.names().iter().cloned().zip(table.matrix().iter().map(<[f32]>::to_vec));
    let map: BTreeMap<_, _> = rows.collect();
    assert_eq!(map.len(), table.rows(), "no name comes twice");
    map
}

/// What a folder holds is what an embedder makes of the set in one piece.
#[track_caller]
fn holds(out: &Path, set: &ImageSet) {
    let table = FeatureFolder::open(out).unwrap().table().unwrap();
    let (fresh, _) = embedder(STEPS).0.embed(set, |_| ()).unwrap();
    let (table_rows, fresh_rows) = (by_name(&table), by_name(&fresh));
    assert!(table_rows.keys().eq(fresh_rows.keys()), "{:?}", table_rows.keys());
    for (name, row) in &table_rows {
        let same = row.iter().zip(&fresh_rows[name]).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(same, "{name}");
    }
}

#[test]
fn runs_that_end_early_go_on_and_give_the_same_bytes() {
    let folder = Folder::new("parts-resume");
    let images = pictures(&folder, 0..23);
    // One that cannot be read, in the second part.
    std::fs::write(images.join("008.ppm"), &picture(8)[..50]).unwrap();
    let set = ImageSet::folder(&images).unwrap();
    let whole = folder.path().join("whole");
    let report = embed(&set, &parts(&whole)).unwrap();
    assert_eq!((report.rows, report.columns, report.parts, report.seen), (22, 8, 4, 23));
    let (kind, skipped) = &report.skipped[0];
    assert_eq!((&**kind, skipped.count), ("broken PNM files", 1));
    assert_eq!(skipped.examples, ["008.ppm"]);
    holds(&whole, &set);
    // A batch has two images and a part three batches.
    for stop in [1, 3, 4, 8, 11] {
        let out = folder.path().join(format!("stopped-{stop}"));
        let (embedder, parameters) = embedder(STEPS);
        let mut batches = 0;
        let stopped = catch_unwind(AssertUnwindSafe(|| {
            embedder.embed_in_parts(&set, &parameters, &parts(&out), |progress| {
                batches += usize::from(progress.now > 0);
                assert!(batches < stop, "stopped");
            })
        }));
        assert!(stopped.is_err());
        let error = FeatureFolder::open(&out).unwrap_err().to_string();
        assert!(error.contains("of 23 images are done"), "{error}");
        // What a killed run leaves: half a part under its other name, and whole files that no manifest names.
        std::fs::write(out.join("part-00003.safetensors.partial"), "half").unwrap();
        std::fs::write(out.join("part-00003.safetensors"), "whole").unwrap();
        let report = embed(&set, &parts(&out)).unwrap();
        assert_eq!(report.seen, 23 - 6 * (stop / 3), "whole parts stay, after {stop} batches");
        assert_eq!(files(&out), files(&whole), "after {stop} batches");
    }
    // Nothing is left to do.
    let report = embed(&set, &parts(&whole)).unwrap();
    assert_eq!((report.rows, report.seen), (22, 0));
    holds(&whole, &set);
}

/// What a step draws for an image follows from the seed and from the image's place among all, and not from where a run went on.
#[test]
fn random_steps_draw_the_same_after_a_break() {
    let folder = Folder::new("parts-random");
    let set = ImageSet::folder(&pictures(&folder, 0..17)).unwrap();
    let random = "inception_crop(8, 8, 20, 100, bilinear)|flip_lr|value_range(-1, 1)";
    let embedder = |steps: &str, seed: u64| {
        let (embedder, parameters) = embedder(steps);
        (embedder.with_seed(seed), parameters)
    };
    let embed = |steps: &str, seed: u64, out: &Path| {
        let (embedder, parameters) = embedder(steps, seed);
        embedder.embed_in_parts(&set, &parameters, &parts(out), |_| ())
    };
    let whole = folder.path().join("whole");
    embed(random, 5, &whole).unwrap();
    let stopped = folder.path().join("stopped");
    let (embedder_of_run, parameters) = embedder(random, 5);
    let run = catch_unwind(AssertUnwindSafe(|| {
        embedder_of_run.embed_in_parts(&set, &parameters, &parts(&stopped), |progress| {
            assert!(progress.done < 14, "stopped");
        })
    }));
    assert!(run.is_err());
    let report = embed(random, 5, &stopped).unwrap();
    assert!(report.seen < 17, "a whole part stayed");
    assert_eq!(files(&stopped), files(&whole));
    let error = embed(random, 6, &whole).unwrap_err().to_string();
    assert!(error.contains("seed was 5, is 6"), "{error}");
    // A seed from which nothing is drawn makes no difference.
    let plain = folder.path().join("plain");
    embed(STEPS, 5, &plain).unwrap();
    assert_eq!(embed(STEPS, 6, &plain).unwrap().seen, 0);
}

/// Parts with other bytes than were written are an error where they are read, and done again.
#[test]
fn parts_that_were_damaged_are_noticed_and_done_again() {
    let folder = Folder::new("parts-damaged");
    let set = ImageSet::folder(&pictures(&folder, 0..23)).unwrap();
    let out = folder.path().join("out");
    embed(&set, &parts(&out)).unwrap();
    let whole = files(&out);
    let table = |out: &Path| FeatureFolder::open(out).unwrap().table();
    for (name, cut) in [
        ("part-00001.safetensors", true),
        ("part-00001.safetensors", false),
        ("part-00003.images.jsonl", false),
    ] {
        let path = out.join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        if cut {
            bytes.truncate(40);
        } else {
            // The lowest bit of a value; a letter of a name or label.
            let last = bytes.len() - 5;
            bytes[last] ^= 1;
        }
        std::fs::write(&path, bytes).unwrap();
        let error = table(&out).unwrap_err();
        assert!(matches!(&error, PartsError::Damaged { path } if path.ends_with(name)), "{error}");
        let parts_read = FeatureFolder::open(&out).unwrap();
        assert!(parts_read.parts().any(|part| part.is_err()));
        let report = embed(&set, &parts(&out)).unwrap();
        let images = if name.contains("00003") { 5 } else { 6 };
        assert_eq!((report.damaged, report.seen, report.rows), (1, images, 23));
        holds(&out, &set);
        std::fs::remove_dir_all(&out).unwrap();
        std::fs::create_dir(&out).unwrap();
        whole.iter().for_each(|(name, bytes)| std::fs::write(out.join(name), bytes).unwrap());
    }
    assert_eq!(table(&out).unwrap().rows(), 23);
}

/// Without an update nothing is written where images have changed, be the folder complete or not.
#[test]
fn images_that_have_changed_are_told_without_an_update() {
    let folder = Folder::new("parts-changed");
    let images = pictures(&folder, 0..20);
    let whole = folder.path().join("whole");
    std::fs::write(images.join("003.ppm"), "no image").unwrap();
    let set = ImageSet::folder(&images).unwrap();
    embed(&set, &parts(&whole)).unwrap();
    let cut = folder.path().join("cut");
    let (embedder, parameters) = embedder(STEPS);
    let stopped = catch_unwind(AssertUnwindSafe(|| {
        embedder.embed_in_parts(&set, &parameters, &parts(&cut), |progress| {
            assert!(progress.now < 16, "stopped");
        })
    }));
    assert!(stopped.is_err());
    // One with the same bytes at another time, one with others, one that is mended, and one that comes after the cut.
    let later = SystemTime::now() + Duration::from_secs(3_600);
    for (name, number) in [("000.ppm", 0), ("001.ppm", 99), ("003.ppm", 3), ("019.ppm", 98)] {
        std::fs::write(images.join(name), picture(number)).unwrap();
        std::fs::File::open(images.join(name)).unwrap().set_modified(later).unwrap();
    }
    for (out, expected) in
        [(&whole, &["001.ppm", "003.ppm", "019.ppm"][..]), (&cut, &["001.ppm", "003.ppm"])]
    {
        let before = files(out);
        match embed(&set, &parts(out)).unwrap_err() {
            PartsError::ChangedImages { count, names, .. } => {
                assert_eq!(count, expected.len());
                assert_eq!(names, expected);
            }
            error => panic!("{error}"),
        }
        assert_eq!(files(out), before);
        let report = embed(&set, &update(out)).unwrap();
        assert_eq!((report.changed, report.rows), (expected.len(), 20));
        holds(out, &set);
        assert_eq!(embed(&set, &parts(out)).unwrap().seen, 0);
    }
    // Of several, three are named.
    (5..10)
        .for_each(|number| std::fs::remove_file(images.join(format!("{number:03}.ppm"))).unwrap());
    let error = embed(&set, &parts(&whole)).unwrap_err().to_string();
    let said =
        "5 of its images have changed since they were embedded (005.ppm, 006.ppm, 007.ppm, …)";
    assert!(error.contains(said), "{error}");
}

/// An image whose file cannot be opened is no other one at the next run, until it can be.
#[test]
fn images_that_cannot_be_opened_are_as_they_were() {
    let folder = Folder::new("parts-closed");
    pictures(&folder, 0..3);
    let list = folder.path().join("images/list.csv");
    std::fs::create_dir(folder.path().join("images/d.ppm")).unwrap();
    std::fs::write(&list, "path\n000.ppm\nd.ppm\nnowhere.ppm\n001.ppm\n").unwrap();
    let set = ImageSet::list(&list).unwrap();
    let out = folder.path().join("out");
    let report = embed(&set, &parts(&out)).unwrap();
    assert_eq!((report.rows, report.skipped_images()), (2, 2));
    assert_eq!(embed(&set, &parts(&out)).unwrap().seen, 0);
    assert_eq!(embed(&set, &update(&out)).unwrap().seen, 0);
    std::fs::write(folder.path().join("images/nowhere.ppm"), picture(7)).unwrap();
    let error = embed(&set, &parts(&out)).unwrap_err();
    assert!(matches!(error, PartsError::ChangedImages { count: 1, .. }), "{error}");
    assert_eq!(embed(&set, &update(&out)).unwrap().rows, 3);
}

#[test]
fn another_size_of_parts_takes_an_update() {
    let folder = Folder::new("parts-size");
    let set = ImageSet::folder(&pictures(&folder, 0..20)).unwrap();
    let out = folder.path().join("out");
    let of = |images: usize, update: bool| {
        let mut config = PartsConfig::new(&out);
        (config.images_per_part, config.update) = (Some(images), update);
        embed(&set, &config)
    };
    // Rounded up to whole batches of two, and the same number again.
    assert_eq!(of(3, false).unwrap().parts, 5);
    assert_eq!(of(3, false).unwrap().seen, 0);
    assert_eq!(embed(&set, &PartsConfig::new(&out)).unwrap().seen, 0);
    let error = of(10, false).unwrap_err();
    assert!(matches!(error, PartsError::OtherSize { was: 3, is: 10, .. }), "{error}");
    assert_eq!(of(10, true).unwrap().parts, 3);
    assert_eq!(of(10, false).unwrap().seen, 0);
    holds(&out, &set);
}

#[test]
fn an_update_embeds_what_is_new_or_changed_and_drops_what_is_gone() {
    let folder = Folder::new("parts-update");
    let images = pictures(&folder, 0..20);
    let out = folder.path().join("out");
    let open = || ImageSet::folder(&images).unwrap();
    assert_eq!(embed(&open(), &parts(&out)).unwrap().seen, 20);

    // An hour later one is new, one has changed, one is gone, and of one the time alone is another.
    pictures(&folder, [30]);
    std::fs::write(images.join("007.ppm"), picture(99)).unwrap();
    std::fs::remove_file(images.join("013.ppm")).unwrap();
    let later = SystemTime::now() + Duration::from_secs(3_600);
    for name in ["007.ppm", "001.ppm"] {
        std::fs::File::open(images.join(name)).unwrap().set_modified(later).unwrap();
    }
    let error = embed(&open(), &parts(&out)).unwrap_err();
    assert!(matches!(error, PartsError::OtherImages { was: 20, is: 20, .. }), "{error}");
    let before = files(&out);
    let report = embed(&open(), &update(&out)).unwrap();
    assert_eq!((report.seen, report.changed, report.gone, report.rows), (2, 1, 1, 20));
    holds(&out, &open());
    // The last part was not touched.
    let after = files(&out);
    assert_eq!(before["part-00003.safetensors"], after["part-00003.safetensors"]);
    assert!(!after.contains_key("part-00000.safetensors"), "{:?}", after.keys());
    // The time that was changed is known now: nothing is read or written again.
    let report = embed(&open(), &update(&out)).unwrap();
    assert_eq!((report.seen, report.changed, report.gone), (0, 0, 0));

    // An image that could not be read is tried again when it has changed, and not before.
    std::fs::write(images.join("040.ppm"), "no image").unwrap();
    let report = embed(&open(), &update(&out)).unwrap();
    assert_eq!((report.seen, report.skipped.len(), report.rows), (1, 1, 20));
    assert_eq!(embed(&open(), &update(&out)).unwrap().seen, 0);
    pictures(&folder, [40]);
    let report = embed(&open(), &update(&out)).unwrap();
    assert_eq!((report.seen, report.skipped.len(), report.rows), (1, 0, 21));
    holds(&out, &open());
    // Small parts of many updates become one: those of 4, 1 and 1 images here.
    for index in 50..56 {
        pictures(&folder, [index]);
        embed(&open(), &update(&out)).unwrap();
    }
    holds(&out, &open());
    let parts = files(&out).into_keys().filter(|name| name.ends_with(".safetensors")).count();
    assert!(parts <= 8, "{parts} parts of 27 images");
}

#[test]
fn an_update_that_ends_early_holds_each_image_once() {
    let folder = Folder::new("parts-update-resume");
    let images = pictures(&folder, 0..20);
    let out = folder.path().join("out");
    let open = || ImageSet::folder(&images).unwrap();
    embed(&open(), &parts(&out)).unwrap();
    pictures(&folder, 20..36);
    for index in [2, 3, 9] {
        std::fs::remove_file(images.join(format!("{index:03}.ppm"))).unwrap();
    }
    let (embedder, parameters) = embedder(STEPS);
    let stopped = catch_unwind(AssertUnwindSafe(|| {
        embedder.embed_in_parts(&open(), &parameters, &update(&out), |progress| {
            assert!(progress.now < 8, "stopped");
        })
    }));
    assert!(stopped.is_err());
    // The images are those that the update was begun with, so the run goes on without it.
    let report = embed(&open(), &parts(&out)).unwrap();
    assert_eq!((report.rows, report.seen), (33, 10));
    holds(&out, &open());

    // An update that ends before it has rewritten a part is gone on with too.
    std::fs::write(images.join("020.ppm"), picture(99)).unwrap();
    let later = SystemTime::now() + Duration::from_secs(3_600);
    std::fs::File::open(images.join("020.ppm")).unwrap().set_modified(later).unwrap();
    pictures(&folder, [50]);
    let before = files(&out);
    embed(&open(), &update(&out)).unwrap();
    let manifest = |files: &BTreeMap<String, Vec<u8>>| -> serde_json::Value {
        serde_json::from_slice(&files["manifest.json"]).unwrap()
    };
    let begun = folder.path().join("begun");
    std::fs::create_dir(&begun).unwrap();
    before.iter().for_each(|(name, bytes)| std::fs::write(begun.join(name), bytes).unwrap());
    let mut of_begun = manifest(&before);
    of_begun["images"] = manifest(&files(&out))["images"].clone();
    of_begun["complete"] = false.into();
    of_begun["updating"] = true.into();
    std::fs::write(begun.join("manifest.json"), of_begun.to_string()).unwrap();
    let report = embed(&open(), &parts(&begun)).unwrap();
    assert_eq!((report.seen, report.changed), (2, 1));
    assert_eq!(files(&begun), files(&out));
}

#[test]
fn labels_follow_the_list_and_a_name_may_come_twice() {
    let folder = Folder::new("parts-labels");
    pictures(&folder, 0..7);
    let list = folder.path().join("images/list.csv");
    let write = |text: &str| {
        std::fs::write(&list, text).unwrap();
        ImageSet::list(&list).unwrap()
    };
    let set = write("path,label\n000.ppm,cat\n001.ppm,dog\n000.ppm,cat\n002.ppm,\n");
    let out = folder.path().join("out");
    for form in FeatureForm::ALL {
        let out = folder.path().join(form.ending());
        let mut config = parts(&out);
        config.form = Some(*form);
        embed(&set, &config).unwrap();
        let table = FeatureFolder::open(&out).unwrap().table().unwrap();
        assert_eq!(table.names(), ["000.ppm", "001.ppm", "000.ppm", "002.ppm"], "{form:?}");
        assert_eq!(table.classes(), ["cat", "dog"]);
        assert_eq!(table.labels(), [vec![0], vec![1], vec![0], vec![]]);
        let (fresh, _) = embedder(STEPS).0.embed(&set, |_| ()).unwrap();
        assert_eq!(table.matrix(), fresh.matrix(), "{form:?}");
    }
    embed(&set, &parts(&out)).unwrap();
    let set = write("path,label\n000.ppm,cat\n001.ppm,bird\n003.ppm,bird\n000.ppm,cat\n");
    assert!(matches!(embed(&set, &parts(&out)), Err(PartsError::OtherImages { .. })));
    let report = embed(&set, &update(&out)).unwrap();
    assert_eq!((report.seen, report.changed, report.gone), (1, 0, 1));
    let table = FeatureFolder::open(&out).unwrap().table().unwrap();
    assert_eq!(table.names(), ["000.ppm", "001.ppm", "000.ppm", "003.ppm"]);
    assert_eq!(table.classes(), ["bird", "cat"]);
    assert_eq!(table.labels(), [vec![1], vec![0], vec![1], vec![0]]);
}

#[test]
fn features_that_were_made_otherwise_are_refused_by_what_differs() {
    let folder = Folder::new("parts-refused");
    let set = ImageSet::folder(&pictures(&folder, 0..3)).unwrap();
    let out = folder.path().join("out");
    embed(&set, &parts(&out)).unwrap();
    let text = |steps: &str, parameters: Option<&str>, config: &PartsConfig| {
        let (embedder, digest) = embedder(steps);
        let parameters = parameters.unwrap_or(&digest);
        embedder.embed_in_parts(&set, parameters, config, |_| ()).unwrap_err().to_string()
    };
    let error = text("resize(16)|value_range(-1, 1)", None, &parts(&out));
    assert!(error.contains("made otherwise: preprocess was \"resize(8"), "{error}");
    assert!(error.contains(", is \"resize(16") && error.contains("another folder"), "{error}");
    let error = text(STEPS, Some("another"), &parts(&out));
    assert!(error.contains("the parameters are those of other weights"), "{error}");
    let config = PartsConfig { form: Some(FeatureForm::Npy), ..parts(&out) };
    let error = text(STEPS, None, &config);
    assert!(error.contains("the form was safetensors, is npy"), "{error}");
    let error = text(STEPS, None, &parts(&folder.path().join("images")));
    assert!(error.contains("holds other files and no manifest.json"), "{error}");
    assert!(FeatureFolder::open(&folder.path().join("images")).is_err());

    // A pixel of full brightness overflows.
    let bright = folder.path().join("bright");
    std::fs::create_dir(&bright).unwrap();
    for (name, value) in [("a.ppm", 0), ("b.ppm", 255)] {
        let file = [&b"P6 8 8 255\n"[..], &[value; 192]].concat();
        std::fs::write(bright.join(name), file).unwrap();
    }
    let set = ImageSet::folder(&bright).unwrap();
    let (embedder, parameters) = embedder("resize(8)|value_range(0, 3e38)");
    let out = folder.path().join("nan");
    let error = embedder.embed_in_parts(&set, &parameters, &parts(&out), |_| ()).unwrap_err();
    assert!(error.to_string().starts_with("the features of b.ppm are not finite"), "{error}");
    assert!(files(&out).keys().eq(["manifest.json"]), "nothing of it is written");
    let error = embedder.embed(&set, |_| ()).unwrap_err().to_string();
    assert!(error.starts_with("the features of b.ppm are not finite"), "{error}");
}
