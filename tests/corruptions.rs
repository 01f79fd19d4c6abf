//! The corruptions of ImageNet-C beside those of a published package, from a folder that it wrote.
//!
//! `VIT22B_FIXTURES=DIR` takes another folder of the same form where DIR, or its folder `parts`, has one.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::Value;
use vit22b::data::{Corruption, FloatImage};

fn folder() -> PathBuf {
    let given = std::env::var_os("VIT22B_FIXTURES").map(PathBuf::from);
    let given = given.into_iter().flat_map(|dir| [dir.clone(), dir.join("parts")]);
    let copies = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parts");
    let mut folders = given.chain([copies]).map(|dir| dir.join("corruptions"));
    folders.find(|folder| folder.join("statistics.json").exists()).expect("a folder of corruptions")
}

/// Pictures of the package, and what it makes of them.
struct Published {
    tensors: Vec<u8>,
    statistics: Value,
}

impl Published {
    fn read() -> Self {
        let folder = folder();
        let statistics = std::fs::read_to_string(folder.join("statistics.json")).unwrap();
        Self {
            tensors: std::fs::read(folder.join("pictures.safetensors")).unwrap(),
            statistics: serde_json::from_str(&statistics).unwrap(),
        }
    }

    fn pictures(&self) -> Vec<String> {
        self.statistics["pictures"].as_object().unwrap().keys().cloned().collect()
    }

    fn bytes(&self, name: &str) -> (Vec<usize>, Vec<u8>) {
        let tensors = SafeTensors::deserialize(&self.tensors).unwrap();
        let tensor = tensors.tensor(name).unwrap();
        (tensor.shape().to_vec(), tensor.data().to_vec())
    }

    fn picture(&self, name: &str) -> FloatImage {
        let (shape, bytes) = self.bytes(name);
        let values = bytes.iter().map(|byte| f32::from(*byte) / 255.0).collect();
        FloatImage::new(shape[0], shape[1], values).unwrap()
    }

    fn named(&self, list: &str) -> Vec<Corruption> {
        let names: Vec<&str> =
            self.statistics[list].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let known = |name: &&str| Corruption::ALL.into_iter().find(|one| one.name() == *name);
        let found: Vec<Corruption> = names.iter().filter_map(known).collect();
        assert_eq!(found.len(), names.len(), "{names:?}");
        found
    }
}

/// The package cuts values to bytes where ours are rounded, and computes some in other precisions: a
/// difference of 1. Encoders of JPEG choose otherwise among equal roundings, and decoders interpolate colour in
/// their own ways: 2 on average.
#[test]
fn what_is_not_random_is_as_published() {
    let published = Published::read();
    let crop = published.statistics["crop"].as_u64().unwrap() as usize;
    for picture in published.pictures() {
        let image = published.picture(&picture);
        for corruption in published.named("exact") {
            let (_, expected) = published.bytes(&format!("{picture}.{corruption}"));
            let at = &published.statistics["crop_at"];
            let at = at.get(corruption.name()).unwrap_or(&at["default"]);
            let [top, left] = [0, 1].map(|axis| at[axis].as_u64().unwrap() as usize);
            for (level, expected) in expected.chunks(crop * crop * 3).enumerate() {
                let harmed = corruption.apply_unscaled(&image, level + 1, 0).unwrap();
                let bytes = harmed.to_bytes();
                let rows = (top..top + crop).flat_map(|y| {
                    let start = (y * image.width() + left) * 3;
                    bytes[start..start + crop * 3].to_vec()
                });
                let differences: Vec<f64> = rows
                    .zip(expected)
                    .map(|(got, expected)| f64::from(got.abs_diff(*expected)))
                    .collect();
                let most = differences.iter().copied().fold(0.0, f64::max);
                let mean = differences.iter().sum::<f64>() / differences.len() as f64;
                let what = format!("{picture}, {corruption} {}", level + 1);
                match corruption {
                    Corruption::Jpeg => assert!(mean <= 2.0, "{what}: {mean} on average"),
                    _ => assert!(most <= 1.0, "{what}: {most}"),
                }
            }
        }
    }
}

/// Draws of each random corruption: their mean statistics lie within four standard errors of the difference
/// between two means, and a hundredth of the value, of those of the package. Two are not compared: frost is drawn
/// here and photographed there, and elastic distortion has other strengths there.
#[test]
fn what_is_random_has_the_published_statistics() {
    const DRAWS: u64 = 8;
    let published = Published::read();
    let seeds = published.statistics["seeds"].as_f64().unwrap();
    let mut wrong = Vec::new();
    for picture in published.pictures() {
        let image = published.picture(&picture);
        let clean = bytes_of(&image);
        for corruption in published.named("random") {
            if matches!(corruption, Corruption::Frost | Corruption::Elastic) {
                continue;
            }
            for level in 0..5 {
                let draws = (0..DRAWS).map(|seed| {
                    let harmed = corruption.apply_unscaled(&image, level + 1, seed).unwrap();
                    statistics(&bytes_of(&harmed), &clean, image.width())
                });
                let mut mean = [0.0; 8];
                for draw in draws {
                    mean.iter_mut().zip(draw).for_each(|(sum, value)| *sum += value / DRAWS as f64);
                }
                let expected =
                    &published.statistics["pictures"][&picture][corruption.name()][level];
                for (field, got) in mean.into_iter().enumerate() {
                    let value = expected["mean"][field].as_f64().unwrap();
                    let deviation = expected["deviation"][field].as_f64().unwrap();
                    let error = deviation * (1.0 / DRAWS as f64 + 1.0 / seeds).sqrt();
                    if (got - value).abs() > 4.0 * error + 0.01 * value.abs() {
                        let name = &published.statistics["fields"][field];
                        wrong.push(format!(
                            "{picture}, {corruption} {}: {name} {got}, published {value}",
                            level + 1
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} figures:\n{}", wrong.len(), wrong.join("\n"));
}

fn bytes_of(image: &FloatImage) -> Vec<f64> {
    image.to_bytes().into_iter().map(f64::from).collect()
}

/// Means and deviations of red, green and blue, the mean absolute difference from the clean picture, and the
/// share of high frequencies beside the clean picture's.
fn statistics(harmed: &[f64], clean: &[f64], width: usize) -> [f64; 8] {
    let pixels = harmed.len() as f64 / 3.0;
    let channel = |c: usize| harmed.iter().skip(c).step_by(3);
    let means = [0, 1, 2].map(|c| channel(c).sum::<f64>() / pixels);
    let deviations = [0, 1, 2]
        .map(|c| (channel(c).map(|value| (value - means[c]).powi(2)).sum::<f64>() / pixels).sqrt());
    let pairs = harmed.iter().zip(clean);
    let difference = pairs.map(|(a, b)| (a - b).abs()).sum::<f64>() / (3.0 * pixels);
    let high = high_frequencies(harmed, width) / high_frequencies(clean, width);
    let mut all = [0.0; 8];
    all[..3].copy_from_slice(&means);
    all[3..6].copy_from_slice(&deviations);
    all[6..].copy_from_slice(&[difference, high]);
    all
}

/// The share of the energy of the grey picture, without its mean, above half of the highest frequency along
/// either axis.
fn high_frequencies(bytes: &[f64], side: usize) -> f64 {
    let grey: Vec<f64> = bytes.chunks(3).map(|pixel| pixel.iter().sum::<f64>() / 3.0).collect();
    let mean = grey.iter().sum::<f64>() / grey.len() as f64;
    let wave = |turns: usize| std::f64::consts::TAU * (turns % side) as f64 / side as f64;
    let waves: Vec<(f64, f64)> =
        (0..side).map(|turns| (wave(turns).cos(), wave(turns).sin())).collect();
    // The transform along rows, then along columns.
    let mut rows = vec![(0.0, 0.0); side * side];
    for (y, line) in grey.chunks(side).enumerate() {
        for k in 0..side {
            rows[y * side + k] =
                line.iter().enumerate().fold((0.0, 0.0), |(re, im), (x, value)| {
                    let (cos, sin) = waves[k * x % side];
                    (re + (value - mean) * cos, im - (value - mean) * sin)
                });
        }
    }
    let (mut high, mut all) = (0.0, 0.0);
    let frequency = |k: usize| k.min(side - k) as f64 / side as f64;
    for k in 0..side {
        for l in 0..side {
            let (re, im) = (0..side).fold((0.0, 0.0), |(re, im), y| {
                let ((cos, sin), (a, b)) = (waves[l * y % side], rows[y * side + k]);
                (re + a * cos + b * sin, im + b * cos - a * sin)
            });
            let energy = re * re + im * im;
            all += energy;
            if frequency(k).max(frequency(l)) > 0.25 {
                high += energy;
            }
        }
    }
    high / all
}
