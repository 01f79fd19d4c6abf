//! Grids of positions to other grids, as the origins do it.

use burn::tensor::Tensor;
use vit22b::params::AnyTensor;
use vit22b::vit::{Interpolation, resample};
use vit22b::weights::{LoadOptions, WeightsFile};

use crate::files::File;
use crate::golden::{assert_close, device, path, read};

/// 1e-5: two products and a sum in f32, in another order than the originals.
#[test]
fn every_origin_has_its_own_resampling() {
    let tensors = read(&path("positions.safetensors"));
    let mut compared = 0;
    for (name, expected) in tensors.iter() {
        let Some((method, sizes)) = name.split_once('_').filter(|(m, _)| *m != "from") else {
            continue;
        };
        let by = match method {
            "timm" => Interpolation::BicubicAntialias,
            "transformers" => Interpolation::Bicubic,
            _ => Interpolation::Bilinear,
        };
        let sizes: Vec<usize> = sizes.split(['x', '_']).map(|side| side.parse().unwrap()).collect();
        let (from, to) = ([sizes[0], sizes[1]], [sizes[2], sizes[3]]);
        if method == "scipy" && (from, to) == ([8, 8], [26, 26]) {
            continue; // The next test's.
        }
        let positions: Tensor<2> = tensors.get(&format!("from_{}x{}", from[0], from[1])).unwrap();
        let got = AnyTensor::new(resample(positions, from, to, by));
        assert_close(name, &got, expected, 1e-5);
        compared += 1;
    }
    assert_eq!(compared, 26);
}

/// scipy's rounding makes the last row and column zero on some grids, and big_vision's models
/// have been tuned with that.
#[test]
fn a_lost_edge_is_lost_here_too() {
    let tensors = read(&path("positions.safetensors"));
    let table: Tensor<2> = tensors.get("from_8x8").unwrap();
    let mut file = File::big_vision(4);
    file.put("pos_embedding", &[1, 64, 4], &table.into_data().try_to_vec().unwrap());
    let weights = WeightsFile::from_bytes("a file", file.npz()).unwrap();
    let options = LoadOptions::new().with_image(Some([52, 52]));
    let loaded = weights.load(&options, &device()).unwrap();
    let got = AnyTensor::new(loaded.model.pos_embedding.unwrap().val());
    let expected = AnyTensor::new(tensors.get::<2>("scipy_8x8_26x26").unwrap());
    assert_close("26 x 26", &got, &expected, 1e-5);
    assert!(loaded.report.to_string().contains(
        "positions resampled from 8 x 8 to 26 x 26, bilinear; the last row is zero, as scipy's \
         rounding makes it; the last column is zero"
    ));
}
