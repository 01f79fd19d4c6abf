//! Random numbers on the host: those that a compiled program would draw.
//!
//! A program draws from Threefry bits (`lower/ops/random.rs`): the key is the seed, the high half of the counter
//! is the number of the random operation in its program. The order of the bits in a tensor is that of XLA's
//! generator.

use burn_backend::{DType, Distribution, TensorData};
use burn_ir::RandomOpIr;
use half::{bf16, f16};

/// What a random operation draws; the `number` counts those of its program from 0. `None` for distributions that
/// are drawn by programs alone.
pub(super) fn draw(seed: u64, number: u64, op: &RandomOpIr) -> Option<TensorData> {
    let (dims, dtype) = (&*op.out.shape, op.out.dtype);
    if dims.contains(&0) {
        return Some(data(&[], dims, dtype, |_: &f32| [0u8; 0]));
    }
    let counter = number << 32;
    let words = || words(seed, counter, dims).into_iter();
    let uniform = || words().map(|word| (word >> 8) as f32 * 2f32.powi(-24));
    Some(match op.distribution {
        Distribution::Default if dtype.is_float() && dtype != DType::F64 => {
            floats(uniform().collect(), dims, dtype)
        }
        Distribution::Uniform(low, high) if dtype.is_float() && dtype != DType::F64 => {
            let (low, range) = (low as f32, (high - low) as f32);
            floats(uniform().map(|u| u * range + low).collect(), dims, dtype)
        }
        Distribution::Normal(mean, deviation) if dtype.is_float() && dtype != DType::F64 => {
            let (mean, deviation) = (mean as f32, deviation as f32);
            let normal = |u: f32| {
                let step = 2f64.powi(-24);
                let centred = u * (2.0 - 2.0 * step) as f32 + (step - 1.0) as f32;
                erf_inv(centred) * std::f32::consts::SQRT_2
            };
            floats(uniform().map(|u| normal(u) * deviation + mean).collect(), dims, dtype)
        }
        Distribution::Default if dtype == DType::F64 => doubles(seed, counter, dims, |u| u),
        Distribution::Uniform(low, high) if dtype == DType::F64 => {
            doubles(seed, counter, dims, |u| u * (high - low) + low)
        }
        Distribution::Bernoulli(p) if dtype.is_float() => {
            let values = uniform().map(|u| f32::from(u < p as f32)).collect();
            floats(values, dims, dtype)
        }
        Distribution::Bernoulli(p) => {
            let values: Vec<i64> = uniform().map(|u| i64::from(u < p as f32)).collect();
            integers(&values, dims, dtype)
        }
        Distribution::Default if dtype.is_bool() => {
            let values: Vec<i64> = uniform().map(|u| i64::from(u < 0.5)).collect();
            integers(&values, dims, dtype)
        }
        Distribution::Default if matches!(dtype, DType::I32 | DType::U32) => {
            let values: Vec<i64> = words().map(i64::from).collect();
            integers(&values, dims, dtype)
        }
        Distribution::Default if matches!(dtype, DType::I64 | DType::U64) => {
            let values: Vec<_> = long_words(seed, counter, dims).map(|word| word as i64).collect();
            integers(&values, dims, dtype)
        }
        Distribution::Uniform(low, high) if dtype.is_int() || dtype.is_uint() => {
            let (low, high) = (low as i128, high as i128);
            let range = u64::try_from(high - low).ok().filter(|&range| range > 0)?;
            let value = |word: u64| (word % range).wrapping_add(low as u64) as i64;
            let values: Vec<_> = long_words(seed, counter, dims).map(value).collect();
            integers(&values, dims, dtype)
        }
        _ => return None,
    })
}

/// Random words of 32 bits, two for each count. XLA cuts the tensor in two halves along its first dimension of
/// even length, or else along its longest: elements at even places there have the first words.
fn words(seed: u64, counter: u64, dims: &[usize]) -> Vec<u32> {
    let cut = dims.iter().position(|dim| dim % 2 == 0).unwrap_or_else(|| {
        let longest = dims.iter().max().copied().unwrap_or_default();
        dims.iter().position(|&dim| dim == longest).unwrap_or_default()
    });
    let behind: usize = dims[cut + 1..].iter().product();
    let length = dims[cut];
    let mut words = vec![0; dims.iter().product()];
    let mut next = counter;
    for whole in words.chunks_exact_mut(length * behind) {
        // Neighbours of one count are `behind` apart; of the last row of an odd number the second is left out.
        for rows in whole.chunks_mut(2 * behind) {
            let (first, second) = rows.split_at_mut(behind);
            let mut second = second.iter_mut();
            for word in first {
                let pair = threefry(seed, next);
                next = next.wrapping_add(1);
                *word = pair.0;
                if let Some(second) = second.next() {
                    *second = pair.1;
                }
            }
        }
    }
    words
}

/// Random words of 64 bits, one for each count.
fn long_words(seed: u64, counter: u64, dims: &[usize]) -> impl Iterator<Item = u64> {
    let count = dims.iter().product::<usize>() as u64;
    (0..count).map(move |i| {
        let (low, high) = threefry(seed, counter.wrapping_add(i));
        u64::from(low) | u64::from(high) << 32
    })
}

/// Threefry-2x32 of 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
fn threefry(key: u64, counter: u64) -> (u32, u32) {
    const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
    let (low, high) = (key as u32, (key >> 32) as u32);
    let keys = [low, high, low ^ high ^ 0x1bd1_1bda];
    let mut x = (counter as u32).wrapping_add(keys[0]);
    let mut y = ((counter >> 32) as u32).wrapping_add(keys[1]);
    for round in 0..5 {
        for rotation in ROTATIONS[round % 2] {
            x = x.wrapping_add(y);
            y = y.rotate_left(rotation) ^ x;
        }
        x = x.wrapping_add(keys[(round + 1) % 3]);
        y = y.wrapping_add(keys[(round + 2) % 3]).wrapping_add(round as u32 + 1);
    }
    (x, y)
}

/// The inverse of the error function in single precision (Giles 2010, "Approximating the erfinv function"), which
/// is the one that StableHLO's operation becomes.
fn erf_inv(x: f32) -> f32 {
    const CENTRE: [f32; 9] = [
        2.810_226_4e-8,
        3.432_739_4e-7,
        -3.523_387_7e-6,
        -4.391_506_5e-6,
        0.000_218_580_87,
        -0.001_253_725,
        -0.004_177_681_6,
        0.246_640_73,
        1.501_409_4,
    ];
    const TAIL: [f32; 9] = [
        -0.000_200_214_26,
        0.000_100_950_56,
        0.001_349_343_2,
        -0.003_673_428_4,
        0.005_739_507_7,
        -0.007_622_461_3,
        0.009_438_870_5,
        1.001_674,
        2.832_976_8,
    ];
    let w = -(-x * x).ln_1p();
    let (w, terms) = if w < 5.0 { (w - 2.5, CENTRE) } else { (w.sqrt() - 3.0, TAIL) };
    terms.iter().fold(0.0, |sum, term| sum * w + term) * x
}

fn doubles(seed: u64, counter: u64, dims: &[usize], of: impl Fn(f64) -> f64) -> TensorData {
    let uniform = |word: u64| (word >> 11) as f64 * 2f64.powi(-53);
    let values: Vec<_> = long_words(seed, counter, dims).map(|word| of(uniform(word))).collect();
    data(&values, dims, DType::F64, |value| value.to_le_bytes())
}

fn floats(values: Vec<f32>, dims: &[usize], dtype: DType) -> TensorData {
    match dtype {
        DType::F16 => data(&values, dims, dtype, |&v| f16::from_f32(v).to_le_bytes()),
        DType::BF16 => data(&values, dims, dtype, |&v| bf16::from_f32(v).to_le_bytes()),
        DType::F64 => data(&values, dims, dtype, |&v| f64::from(v).to_le_bytes()),
        _ => TensorData::new(values, dims.to_vec()),
    }
}

/// Integers and truth values, wrapped to the type.
fn integers(values: &[i64], dims: &[usize], dtype: DType) -> TensorData {
    data(values, dims, dtype, |value| value.to_le_bytes().into_iter().take(dtype.size()))
}

fn data<T, B: IntoIterator<Item = u8>>(
    values: &[T],
    dims: &[usize],
    dtype: DType,
    bytes: impl Fn(&T) -> B,
) -> TensorData {
    let bytes = values.iter().flat_map(bytes).collect();
    TensorData::from_bytes_vec(bytes, dims.to_vec(), dtype)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers of Random123, the generator's reference.
    #[test]
    fn threefry_has_its_known_answers() {
        assert_eq!(threefry(0, 0), (0x6b20_0159, 0x99ba_4efe));
        assert_eq!(threefry(u64::MAX, u64::MAX), (0x1cb9_96fc, 0xbb00_2be7));
        let key = 0x0370_7344_1319_8a2e;
        assert_eq!(threefry(key, 0x85a3_08d3_243f_6a88), (0xc492_3a9c, 0x483d_f7a0));
    }

    #[test]
    fn the_inverse_undoes_the_error_function() {
        // erf(0.5) and erf(2), Abramowitz and Stegun, table 7.1.
        for (x, y) in [(0.5, 0.520_499_9), (2.0, 0.995_322_2), (0.0, 0.0)] {
            assert!((erf_inv(y) - x).abs() < 2e-5, "{}", erf_inv(y));
        }
    }
}
