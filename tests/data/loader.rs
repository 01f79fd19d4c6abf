//! Batches of images from disk.

use std::sync::Arc;

use burn::tensor::TensorData;
use vit22b::data::{
    BatchSource, DecodeOptions, ExampleKey, ImageBatch, ImageLoader, ImageSet, OnBroken, Prefetch,
};

use crate::folder::Folder;
use crate::pillow::file;

const STEPS: &str =
    "inception_crop(8)|flip_lr|randaug(1, 5)|value_range(-1, 1)|random_erasing(0.3)";

/// Eleven files, each a class of its own, the second and the eighth being broken if asked for.
fn loader(folder: &Folder, broken: bool) -> ImageLoader {
    let mut list = String::from("path,label\n");
    for index in 0..11 {
        let bytes = file(["photo.jpg", "scene.png", "lossy.webp"][index % 3]);
        let end = if broken && index % 6 == 1 { bytes.len() / 2 } else { bytes.len() };
        folder.write(&format!("{index}.jpg"), &bytes[..end]);
        list += &format!("{index}.jpg,{index}\n");
    }
    let set = ImageSet::list(&folder.write("list.csv", list)).unwrap();
    ImageLoader::new(set, STEPS.parse().unwrap()).unwrap().with_seed(3)
}

fn values(batch: &ImageBatch) -> [TensorData; 2] {
    [batch.images.to_data(), batch.targets.to_data()]
}

/// The classes of a batch, each row having one.
fn classes(batch: &ImageBatch) -> Vec<usize> {
    let targets: Vec<f32> = batch.targets.to_data().try_to_vec().unwrap();
    let class = |row: &[f32]| {
        assert_eq!(row.iter().sum::<f32>(), 1.0);
        row.iter().position(|value| *value == 1.0).unwrap()
    };
    targets.chunks(11).map(class).collect()
}

#[test]
fn batches_follow_from_seed_and_position_alone() {
    let folder = Folder::new("positions");
    let one = Arc::new(loader(&folder, false));
    let all: Vec<ImageBatch> = (0..9).map(|index| one.batch(index * 4, 4).unwrap()).collect();
    for threads in [1, 2, 5] {
        // From the fourth batch on, by another loader.
        let source = Arc::new(loader(&folder, false));
        let resumed: Vec<ImageBatch> =
            Prefetch::new(source, 12, 4, 6, threads).collect::<Result<_, _>>().unwrap();
        assert!(resumed.iter().map(values).eq(all[3..].iter().map(values)), "{threads} threads");
    }
    assert_eq!(all[0].images.dims(), [4, 3, 8, 8]);
    let other = loader(&folder, false).with_seed(4).batch(0, 4).unwrap();
    assert!(values(&other) != values(&all[0]));
    // Batches may be cut at any place.
    let whole = one.batch(0, 8).unwrap();
    assert_eq!(classes(&whole), [classes(&all[0]), classes(&all[1])].concat());
}

#[test]
fn each_epoch_has_every_image_once_in_its_own_order() {
    let folder = Folder::new("epochs");
    let loader = loader(&folder, false);
    let epoch = |epoch: u64| loader.batch(epoch * 11, 11).unwrap();
    let orders: Vec<Vec<usize>> = (0..4).map(|index| classes(&epoch(index))).collect();
    for order in &orders {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..11));
    }
    assert!((0..4).all(|i| (0..i).all(|j| orders[i] != orders[j])), "{orders:?}");
    assert!((0..4).all(|i| !orders[i].is_sorted()), "{orders:?}");
    // The same image is cut differently in another epoch.
    let row = |batch: &ImageBatch, class: usize| {
        let row = classes(batch).iter().position(|other| *other == class).unwrap();
        let values: Vec<f32> = batch.images.to_data().try_to_vec().unwrap();
        values[row * 192..(row + 1) * 192].to_vec()
    };
    assert_ne!(row(&epoch(0), 4), row(&epoch(1), 4));
}

#[test]
fn broken_images_are_replaced_and_named() {
    let folder = Folder::new("broken");
    let loader = loader(&folder, true);
    assert_eq!(loader.broken().to_string(), "0 of 11 images skipped");
    let classes: Vec<usize> =
        (0..3).flat_map(|i| classes(&loader.batch(11 * i, 11).unwrap())).collect();
    assert!(!classes.contains(&1) && !classes.contains(&7));
    assert!((0..11).filter(|class| ![1, 7].contains(class)).all(|class| classes.contains(&class)));
    let broken = loader.broken();
    let names: Vec<&str> = broken.images.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["1.jpg", "7.jpg"]);
    let text = broken.to_string();
    assert!(text.starts_with("2 of 11 images skipped\n  1.jpg: broken PNG: "), "{text}");

    // A file that is gone counts as broken.
    std::fs::remove_file(folder.path().join("3.jpg")).unwrap();
    for index in 0..3 {
        loader.batch(11 * index, 11).unwrap();
    }
    assert_eq!(loader.broken().images.len(), 3);
}

#[test]
fn a_broken_image_is_an_error_if_asked() {
    let folder = Folder::new("fail");
    let loader = loader(&folder, true).with_broken(OnBroken::Fail);
    let error = loader.batch(22, 11).unwrap_err().to_string();
    assert!(error.starts_with("cannot make the batch that begins with example 22: "), "{error}");
    assert!(error.contains("1.jpg: broken PNG") || error.contains("7.jpg: broken PNG"), "{error}");
    let error = Arc::new(loader).epoch(4, 2).find_map(Result::err).unwrap().to_string();
    assert!(error.contains("example 0: 1.jpg: broken PNG"), "{error}");
}

#[test]
fn a_set_of_broken_images_ends() {
    let folder = Folder::new("all-broken");
    folder.write("1.jpg", b"no");
    folder.write("2.jpg", b"no");
    let set = ImageSet::folder(folder.path()).unwrap();
    let loader = ImageLoader::new(set, STEPS.parse().unwrap()).unwrap();
    let error = loader.batch(0, 1).unwrap_err().to_string();
    assert!(error.contains("2 images in a row cannot be read; the last is "), "{error}");
    let none = ImageSet::new(vec![], vec![]).unwrap();
    let error = ImageLoader::new(none, STEPS.parse().unwrap()).unwrap_err().to_string();
    assert_eq!(error, "the set has no images; read it from another place");
}

/// The mean over all images does not depend on the size of batches, if rows without an image do not
/// count.
#[test]
fn an_epoch_is_exact_whatever_the_size_of_batches() {
    let folder = Folder::new("masks");
    let steps = "resize(6)|value_range(0, 1)";
    let set = loader(&folder, true).set().clone();
    let loader = Arc::new(ImageLoader::new(set.clone(), steps.parse().unwrap()).unwrap());
    let mut expected = Vec::new();
    for index in (0..11).filter(|index| ![1, 7].contains(index)) {
        let image = set.decode(index, DecodeOptions::default()).unwrap();
        let values = loader.preprocess().apply(&image, ExampleKey::new(0, 0, index as u64));
        expected.push((index, values.try_to_vec::<f32>().unwrap()));
    }
    for size in [1, 3, 4, 11, 16] {
        let mut got = Vec::new();
        for batch in loader.epoch(size, 3) {
            let batch = batch.unwrap();
            assert_eq!(batch.batch.images.dims(), [size, 3, 6, 6]);
            let images: Vec<f32> = batch.batch.images.to_data().try_to_vec().unwrap();
            let targets: Vec<f32> = batch.batch.targets.to_data().try_to_vec().unwrap();
            let weights: Vec<f32> = batch.weights().into_data().try_to_vec().unwrap();
            assert_eq!(weights.iter().sum::<f32>() as usize, batch.indices().count());
            for (row, index) in batch.indices() {
                assert_eq!((weights[row], targets[row * 11 + index]), (1.0, 1.0));
                got.push((index, images[row * 108..(row + 1) * 108].to_vec()));
            }
            let empty = (0..size).filter(|row| !batch.mask[*row]);
            for row in empty {
                assert!(images[row * 108..(row + 1) * 108].iter().all(|value| *value == 0.0));
                assert!(targets[row * 11..(row + 1) * 11].iter().all(|value| *value == 0.0));
            }
        }
        assert!(got == expected, "batches of {size}");
    }
    assert_eq!(loader.broken().images.len(), 2);
}
