//! Small models of published vision transformers, each saved by its own library, against what that
//! library computes: pixels from a picture, tokens, pooled vector, logits, also on a larger grid.
//!
//! `VIT22B_FIXTURES=DIR` takes the models from the folders of another folder, which may be of other
//! widths, depths, patches and seeds. The test prints a table: `-- --nocapture` shows it.
//!
//! Each folder holds the files of a model as they are published, and `io.safetensors`:
//!
//! | tensor | what it is |
//! | --- | --- |
//! | `image` | a picture that is not square, `[rows, columns, 3]` in bytes |
//! | `pixel_values` | that picture through the origin's own processor, `[1, 3, h, w]` |
//! | `tokens`, `pooled`, `logits` | what the origin computes from `pixel_values` |
//! | `image_embeds` | the projection of the pooled vector, where the model has one |
//! | `…_large` | the same for another grid of patches, where the origin can do that |

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use safetensors::SafeTensors;
use vit22b::data::{ExampleKey, Image};
use vit22b::params::{AnyTensor, NamedTensors};
use vit22b::vit::{FeatureRequest, ViT22B};
use vit22b::weights::{LoadOptions, LoadedModel, WeightsFile};

/// Of each element, relative to the larger of 1 and its size. The origins compute in f32, as we do,
/// in another order: in float64 their outputs differ by up to 5e-6, and ours by as much again. A wrong
/// epsilon, activation, rotation or kernel of resampling gives more than 1e-4.
const OUTPUTS: f32 = 1e-4;
/// Steps of a byte by which a pixel may differ: Pillow 13 resamples the vertical direction first for some
/// sizes, and rounds to bytes between the directions. Others are the same to the bit. A thousandth more
/// for normalising in f32, and for origins that resize in f32.
const STEPS: f32 = 1.001;

/// Models that are refused, and the words of the refusal that say why: they are not read yet.
const REFUSED: [(&str, &str); 0] = [];

#[test]
fn families_are_computed_as_their_origins_do() {
    let mut lines = Vec::new();
    let mut failures = Vec::new();
    for folder in folders() {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let expected = REFUSED.iter().find(|(refused, _)| *refused == name);
        match (load(&folder, &LoadOptions::new()), expected) {
            (Ok(loaded), None) => {
                let differences = compare(&folder, &loaded);
                for Difference { what, worst, allowed } in &differences {
                    if worst.is_nan() || worst > allowed {
                        failures.push(format!("{name}: {what} differs by {worst:.1e}"));
                    }
                }
                let shown: Vec<_> = differences.iter().map(Difference::to_string).collect();
                lines.push(format!("{name:<22} {}", shown.join("  ")));
            }
            (Ok(_), Some(_)) => failures.push(format!("{name}: read, but expected to be refused")),
            (Err(error), Some((_, words))) if error.contains(words) => {
                lines.push(format!("{name:<22} refused: {error}"));
            }
            (Err(error), _) => failures.push(format!("{name}: {error}")),
        }
    }
    println!("{}", lines.join("\n"));
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert!(!lines.is_empty(), "no folders of models");
}

/// The folders with a model and its outputs.
fn folders() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families");
    let root = std::env::var_os("VIT22B_FIXTURES").map_or(own.clone(), PathBuf::from);
    let of = |root: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(root).into_iter().flatten();
        let mut found: Vec<_> =
            entries.map(|entry| entry.unwrap().path()).filter(|path| is_family(path)).collect();
        found.sort();
        found
    };
    // A folder that holds other fixtures leaves these to the copy.
    match [root.clone(), root.join("families")].iter().map(|root| of(root)).find(|f| !f.is_empty())
    {
        Some(found) => found,
        None => of(&own),
    }
}

fn is_family(path: &Path) -> bool {
    let io = path.join("io.safetensors");
    let Ok(bytes) = std::fs::read(io) else { return false };
    SafeTensors::deserialize(&bytes).is_ok_and(|io| io.tensor("pixel_values").is_ok())
}

fn load(folder: &Path, options: &LoadOptions) -> Result<LoadedModel, String> {
    let file = WeightsFile::open(folder).map_err(|error| error.to_string())?;
    file.load(options, &Device::flex()).map_err(|error| error.to_string())
}

/// The float tensors of a file.
fn read(path: &Path) -> NamedTensors {
    WeightsFile::open(path).and_then(|file| file.tensors(&Device::flex())).unwrap()
}

/// The largest difference of an output.
struct Difference {
    what: String,
    worst: f32,
    allowed: f32,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:.1e}", self.what, self.worst)
    }
}

fn compare(folder: &Path, loaded: &LoadedModel) -> Vec<Difference> {
    let io = read(&folder.join("io.safetensors"));
    let mut found = vec![pixels(folder, loaded, &io)];
    found.extend(outputs(&loaded.model, &io, ""));
    let Some(large) = io.get::<4>("pixel_values_large") else { return found };
    // Positions are resampled at each call, and once where a model is loaded for that size.
    found.extend(outputs(&loaded.model, &io, "_large"));
    let [_, _, height, width] = large.dims();
    let options = LoadOptions::new().with_image(Some([height, width]));
    let resampled = load(folder, &options).unwrap_or_else(|error| panic!("{error}"));
    let again = outputs(&resampled.model, &io, "_large");
    found.extend(
        again.into_iter().map(|d| Difference { what: format!("{} (loaded)", d.what), ..d }),
    );
    found
}

/// The picture through the preprocessing that the files describe. The difference is in steps of a byte.
fn pixels(folder: &Path, loaded: &LoadedModel, io: &NamedTensors) -> Difference {
    let preprocessing = &loaded.description.preprocessing;
    let values = preprocessing.apply(&picture(folder), ExampleKey::new(0, 0, 0));
    let expected = io.get::<4>("pixel_values").unwrap().into_data();
    let what = "pixels".to_string();
    if values.shape()[..] != expected.shape()[1..] {
        let what = format!("{what} {:?}, not {:?}:", values.shape(), expected.shape());
        return Difference { what, worst: f32::INFINITY, allowed: 0.0 };
    }
    let [_, std] = preprocessing.normalisation();
    let plane = values.shape()[1] * values.shape()[2];
    let pairs = values.iter::<f32>().zip(expected.iter::<f32>()).enumerate();
    let worst = pairs.map(|(i, (got, want))| (got - want).abs() * 255.0 * std[i / plane]);
    Difference { what, worst: worst.fold(0.0, worse), allowed: STEPS }
}

fn picture(folder: &Path) -> Image {
    let bytes = std::fs::read(folder.join("io.safetensors")).unwrap();
    let io = SafeTensors::deserialize(&bytes).unwrap();
    let image = io.tensor("image").unwrap();
    let [rows, columns, _] = image.shape()[..] else { panic!("image: {:?}", image.shape()) };
    Image::new(columns, rows, image.data().to_vec()).unwrap()
}

/// What the model makes of the origin's own pixels.
fn outputs(model: &ViT22B, io: &NamedTensors, end: &str) -> Vec<Difference> {
    let images: Tensor<4> = io.get(&format!("pixel_values{end}")).unwrap();
    let request = FeatureRequest::new().encoded().pooled();
    let has_logits = io.contains(&format!("logits{end}"));
    let request = if has_logits { request.logits() } else { request };
    let has_projection = io.contains(&format!("image_embeds{end}"));
    let request = if has_projection { request.projected() } else { request };
    let got = model.features(images, &request).unwrap();
    let got = [
        ("tokens", got.encoded.map(AnyTensor::new)),
        ("pooled", got.pooled.map(AnyTensor::new)),
        ("logits", got.logits.map(AnyTensor::new)),
        ("image_embeds", got.projected.map(AnyTensor::new)),
    ];
    let compared = got.into_iter().filter_map(|(name, got)| {
        let what = format!("{name}{end}");
        let (_, expected) = io.iter().find(|(name, _)| **name == what)?;
        let worst = match got {
            Some(got) if got.shape() == expected.shape() => worst(&got, expected),
            _ => f32::INFINITY,
        };
        Some(Difference { what, worst, allowed: OUTPUTS })
    });
    compared.collect()
}

/// The largest difference of an element, relative to the larger of 1 and its size.
fn worst(got: &AnyTensor, expected: &AnyTensor) -> f32 {
    let [got, expected] = [got, expected].map(AnyTensor::to_data);
    let pairs = got.iter::<f32>().zip(expected.iter::<f32>());
    pairs.map(|(got, want)| (got - want).abs() / want.abs().max(1.0)).fold(0.0, worse)
}

/// The larger of two differences; NaN if there is one.
fn worse(worst: f32, difference: f32) -> f32 {
    if difference > worst || difference.is_nan() { difference } else { worst }
}

/// A real DINOv2 of a wheel: `VIT22B_DINOV2=FOLDER` says where `scripts/dinov2_from_wheel.py FOLDER
/// --features FOLDER/io.safetensors` wrote it. Values go up to 8, and twelve blocks of f32 lie between:
/// 1e-4 of the larger of 1 and each.
#[test]
fn a_real_dinov2_is_what_onnx_runtime_computes() {
    let Some(folder) = std::env::var_os("VIT22B_DINOV2").map(PathBuf::from) else {
        println!("skipped: VIT22B_DINOV2 names no folder");
        return;
    };
    let model = load(&folder, &LoadOptions::new()).unwrap().model;
    let io = read(&folder.join("io.safetensors"));
    let differences = outputs(&model, &io, "");
    assert_eq!(differences.len(), 1);
    for Difference { what, worst, allowed } in differences {
        println!("{what} {worst:.1e}");
        assert!(worst <= allowed, "{what} differs by {worst:.1e}");
    }
}
