//! Positions for another grid against timm's and SciPy's.

use burn::tensor::{Device, Tensor};
use vit22b::vit::{Interpolation, ViT22BConfig, resample};
use vit22b::weights::WeightsFile;

use crate::{path, worst};

/// 1e-5: sums of a few products in f32 of numbers up to about 3, against f64.
#[test]
fn positions_are_resampled_as_published_code_does() {
    let file = WeightsFile::open(path("fine_tune/positions.safetensors")).unwrap();
    let tensors = file.tensors(&Device::flex()).unwrap();
    let patches = |tensor: &Tensor<3>| {
        let [_, count, d] = tensor.dims();
        tensor.clone().narrow(1, 1, count - 1).reshape([count - 1, d])
    };
    let side = |text: &str| text.parse::<usize>().unwrap();
    let grid = |text: &str| match text.split_once('x') {
        Some((rows, columns)) => [side(rows), side(columns)],
        None => [side(text); 2],
    };
    let (from, learned) = tensors
        .iter()
        .find_map(|(name, _)| {
            let from = grid(name.strip_prefix("positions_")?);
            Some((from, tensors.get::<3>(name)?))
        })
        .unwrap();
    let mut compared = 0;
    for (name, _) in tensors.iter() {
        let (method, to) = name.rsplit_once('_').unwrap();
        let by = match method {
            "bicubic_antialias" => Interpolation::BicubicAntialias,
            "zoom_bilinear" => Interpolation::Bilinear,
            _ => continue,
        };
        let expected = tensors.get::<3>(name).unwrap();
        let got = resample(patches(&learned), from, grid(to), by);
        let difference = worst(&got, &patches(&expected));
        assert!(difference < 1e-5, "{name}: {difference}");
        // A model that is made ready for images of this size has these positions, and its other tokens as before.
        let [_, count, d] = learned.dims();
        let config = ViT22BConfig::new(0).classic().with_patch(4).with_depth(1).with_mlp_dim(4);
        let config = config.with_width(d).with_num_heads(1).with_interpolation(by);
        let config = config.with_image(from.map(|side| 4 * side)).with_registers(1);
        let mut model = config.init(&Device::flex()).unwrap();
        assert_eq!(count - 1, from[0] * from[1]);
        model.pos_embedding = model.pos_embedding.map(|p| p.map(|_| patches(&learned)));
        let registers = model.registers.as_ref().unwrap().val();
        let model = model.with_image(grid(to).map(|side| 4 * side)).unwrap();
        assert!(worst(&model.pos_embedding.unwrap().val(), &patches(&expected)) < 1e-5, "{name}");
        assert_eq!(worst(&model.registers.unwrap().val(), &registers), 0.0);
        compared += 1;
    }
    assert!(compared >= 4, "{compared}");
}
