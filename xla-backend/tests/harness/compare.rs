//! Comparing answers.

use anyhow::{Result, ensure};
use burn_backend::{DType, TensorData};
use burn_std::Tolerance;
use half::{bf16, f16};

/// Compares two tensors: shapes, dtypes, floats within Burn's default tolerance, all else exactly.
pub(crate) fn compare(expected: &TensorData, got: &TensorData) -> Result<()> {
    ensure!(
        expected.shape() == got.shape(),
        "expected the shape {:?}, got {:?}",
        expected.shape().to_vec(),
        got.shape().to_vec()
    );
    let (want, have) = (expected.dtype(), got.dtype());
    ensure!(want == have, "expected {want:?}, got {have:?}");
    match want {
        DType::F32 | DType::Flex32 => close::<f32, 4>(expected, got, f32::from_le_bytes),
        DType::F64 => close::<f64, 8>(expected, got, f64::from_le_bytes),
        DType::F16 => close::<f16, 2>(expected, got, f16::from_le_bytes),
        DType::BF16 => close::<bf16, 2>(expected, got, bf16::from_le_bytes),
        dtype => {
            let width = dtype.size().max(1);
            let pairs = expected.as_bytes().chunks(width).zip(got.as_bytes().chunks(width));
            for (place, (want, got)) in pairs.enumerate() {
                ensure!(want == got, "element {place} of {dtype:?}: bytes {want:?}, got {got:?}");
            }
            Ok(())
        }
    }
}

fn close<F, const N: usize>(
    expected: &TensorData,
    got: &TensorData,
    read: fn([u8; N]) -> F,
) -> Result<()>
where
    F: num_traits::Float + std::fmt::Display,
{
    let tolerance = Tolerance::<F>::default();
    let values = |data: &TensorData| -> Vec<F> {
        data.as_bytes().as_chunks::<N>().0.iter().map(|&c| read(c)).collect()
    };
    for (place, (want, got)) in values(expected).into_iter().zip(values(got)).enumerate() {
        let same = (want.is_nan() && got.is_nan()) || tolerance.approx_eq(want, got);
        ensure!(same, "element {place} of {:?}: {want}, got {got}", expected.shape().to_vec());
    }
    Ok(())
}
