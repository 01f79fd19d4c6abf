//! How accurately products of f32 are computed: what programs tell the compiler.

use std::sync::OnceLock;

use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{DType, Device, Int, Tensor};
use burn_xla::program::{Lowering, MatmulPrecision, Xla};

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
fn precisions(xla: &Xla, own: Option<MatmulPrecision>, dtype: DType) -> Vec<&'static str> {
    let device = Device::flex();
    let mut jit = xla.jit(products);
    if let Some(own) = own {
        jit = jit.matmul_precision(own);
    }
    let (x, image) =
        (Tensor::<2>::zeros([4, 4], &device), Tensor::<4>::zeros([2, 2, 3, 3], &device));
    let arguments = (x.cast(dtype), image.cast(dtype));
    said(&jit.lower(&arguments).unwrap().program.text)
}

/// The precisions that a program names.
fn said(text: &str) -> Vec<&'static str> {
    let lines = text.lines().filter(|line| line.contains("precision"));
    let words = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_uppercase()));
    let names = ["DEFAULT", "HIGHEST", "HIGH"];
    words.filter_map(|word| names.into_iter().find(|name| *name == word)).collect()
}

#[test]
fn f32_products_keep_the_accuracy_of_f32_unless_told_otherwise() {
    let default = precisions(&xla(), None, DType::F32);
    assert_eq!(default, ["HIGHEST"; 4]);
    assert_eq!(precisions(&xla(), Some(MatmulPrecision::High), DType::F32), ["HIGH"; 4]);
    assert_eq!(precisions(&xla(), Some(MatmulPrecision::Fast), DType::F32), ["DEFAULT"; 4]);
}

#[test]
fn a_function_has_the_precision_of_its_devices_or_one_of_its_own() {
    let fast = xla().with_matmul_precision(MatmulPrecision::Fast);
    assert_eq!(precisions(&fast, None, DType::F32), ["DEFAULT"; 4]);
    assert_eq!(precisions(&fast, Some(MatmulPrecision::Full), DType::F32), ["HIGHEST"; 4]);
}

#[test]
fn a_function_for_devices_that_are_not_here_has_the_precision_that_is_asked_for() {
    let make =
        |device: &Device| (Tensor::zeros([4, 4], device), Tensor::zeros([2, 2, 3, 3], device));
    for (precision, word) in [
        (MatmulPrecision::Full, "HIGHEST"),
        (MatmulPrecision::High, "HIGH"),
        (MatmulPrecision::Fast, "DEFAULT"),
    ] {
        let lowering = Lowering::new().on("tpu").matmul_precision(precision);
        let made = lowering.lower_made(products, make).unwrap();
        let given = lowering.lower(products, &make(&Device::flex())).unwrap();
        for lowered in [made, given] {
            assert_eq!(said(&lowered.program.text), [word; 4]);
        }
    }
    let lowered = Lowering::new().lower_made(products, make).unwrap();
    assert_eq!(said(&lowered.program.text), ["HIGHEST"; 4]);
}

/// They are exact in products of fewer bits already, or never computed in fewer.
#[test]
fn products_of_other_types_say_nothing() {
    for dtype in [DType::BF16, DType::F16, DType::F64] {
        assert_eq!(precisions(&xla(), None, dtype), ["DEFAULT"; 4]);
    }
}

/// The CPU's compiler gets such a product in another form where there are many rows, an even number of them.
#[test]
fn products_of_bf16_over_rows_differ_from_those_of_f32_by_their_rounding() {
    let device = Device::flex();
    let jit = xla().jit(|(x, y): (Tensor<2>, Tensor<2>)| x.transpose().matmul(y));
    for (rows, is_turned) in [(64, true), (67, false), (130, true), (8, false)] {
        let values = |columns: usize, step: i64| {
            let x = Tensor::<1, Int>::arange(0..(rows * columns) as i64, &device) * step % 255;
            ((x.float() - 127.0) / 128.0).reshape([rows, columns])
        };
        let (x, y) = (values(5, 37), values(7, 91));
        let arguments = (x.clone().cast(DType::BF16), y.clone().cast(DType::BF16));
        let text = jit.lower(&arguments).unwrap().program.text;
        assert_eq!(text.contains("dims = [2, 0, 1]"), is_turned, "{text}");
        let got = jit.call(arguments).unwrap().cast(DType::F32);
        let exact = x.clone().transpose().matmul(y.clone());
        // Half a unit in the last of 8 bits, and of f32 for each addend.
        let bound = exact.clone().abs() / 256.0 + rows as f32 * 1e-6;
        let excess = ((got - exact).abs() - bound).max().into_scalar::<f32>();
        assert!(excess <= 0.0, "{rows} rows: {excess}");
    }
}
