//! What a device reaches at best, for utilisation where no data sheet says it.

use std::time::Instant;

use burn::tensor::{DType, Distribution, Tensor};

use crate::runtime::{Runtime, RuntimeError};

use crate::train::precision::Precision;

/// Side of the matrices: large enough that a device multiplies at its best.
const SIDE: usize = 1_536;
/// Products in a call, which hide what the call costs.
const PRODUCTS: usize = 4;
const CALLS: usize = 5;

/// Floating-point operations in a second that a chain of square matrix products reaches on a
/// runtime: the best of a few runs, which take a second or so on a CPU.
///
/// ```no_run
/// use vit22b::Runtime;
/// use vit22b::train::{Precision, measure_peak_flops};
///
/// let peak = measure_peak_flops(&Runtime::auto(), Precision::F32)?;
/// println!("{:.0} GFLOP/s", peak / 1e9);
/// # Ok::<(), vit22b::RuntimeError>(())
/// ```
///
/// # Errors
///
/// [`RuntimeError::Xla`] if the product cannot be compiled or run, [`RuntimeError::NoBf16`] for bf16 on a device that has
/// none.
pub fn measure_peak_flops(runtime: &Runtime, precision: Precision) -> Result<f64, RuntimeError> {
    precision.check_on(runtime)?;
    let spread = Distribution::Normal(0.0, 1.0 / (SIDE as f64).sqrt());
    let matrix = Tensor::<2>::random([SIDE, SIDE], spread, &runtime.device());
    let chain = runtime.bind(precision.cast_tensor(matrix), |matrix, x: Tensor<2>| {
        let x = x.cast(matrix.dtype());
        (0..PRODUCTS).fold(x, |x, _| x.matmul(matrix.clone())).cast(DType::F32).sum()
    })?;
    let x = Tensor::<2>::ones([SIDE, SIDE], &runtime.device());
    let mut best = f64::INFINITY;
    // The first call compiles.
    for call in 0..=CALLS {
        let start = Instant::now();
        let _: f32 = chain.call(x.clone())?.into_scalar();
        if call > 0 {
            best = best.min(start.elapsed().as_secs_f64());
        }
    }
    Ok(2.0 * (SIDE as f64).powi(3) * PRODUCTS as f64 / best)
}
