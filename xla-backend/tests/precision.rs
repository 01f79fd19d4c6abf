//! How accurately products of f32 are computed: what programs tell the compiler.

use std::sync::OnceLock;

use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{DType, Device, Tensor};
use burn_xla::program::{Precision, Xla};

fn xla() -> Xla {
    static XLA: OnceLock<Xla> = OnceLock::new();
    XLA.get_or_init(|| Xla::cpu().expect("the CPU plugin")).clone()
}

/// A matrix product, and a convolution.
fn products((x, image): (Tensor<2>, Tensor<4>)) -> (Tensor<2>, Tensor<4>) {
    let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
    (x.clone().matmul(x), conv2d(image.clone(), image, None, options))
}

/// The precisions of the four operands.
fn precisions(xla: &Xla, own: Option<Precision>, dtype: DType) -> Vec<&'static str> {
    let device = Device::flex();
    let mut jit = xla.jit(products);
    if let Some(own) = own {
        jit = jit.precision(own);
    }
    let (x, image) =
        (Tensor::<2>::zeros([4, 4], &device), Tensor::<4>::zeros([2, 2, 3, 3], &device));
    let arguments = (x.cast(dtype), image.cast(dtype));
    let text = jit.lower(&arguments).unwrap().program.text;
    let lines = text.lines().filter(|line| line.contains("precision"));
    let words = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_uppercase()));
    let names = ["DEFAULT", "HIGHEST", "HIGH"];
    words.filter_map(|word| names.into_iter().find(|name| *name == word)).collect()
}

#[test]
fn f32_products_keep_the_accuracy_of_f32_unless_told_otherwise() {
    let default = precisions(&xla(), None, DType::F32);
    assert_eq!(default, ["HIGHEST"; 4]);
    assert_eq!(precisions(&xla(), Some(Precision::High), DType::F32), ["HIGH"; 4]);
    assert_eq!(precisions(&xla(), Some(Precision::Fast), DType::F32), ["DEFAULT"; 4]);
}

#[test]
fn a_function_has_the_precision_of_its_devices_or_one_of_its_own() {
    let fast = xla().with_precision(Precision::Fast);
    assert_eq!(precisions(&fast, None, DType::F32), ["DEFAULT"; 4]);
    assert_eq!(precisions(&fast, Some(Precision::Full), DType::F32), ["HIGHEST"; 4]);
}

/// They are exact in products of fewer bits already, or never computed in fewer.
#[test]
fn products_of_other_types_say_nothing() {
    for dtype in [DType::BF16, DType::F16, DType::F64] {
        assert_eq!(precisions(&xla(), None, dtype), ["DEFAULT"; 4]);
    }
}
