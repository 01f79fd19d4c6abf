//! Random numbers as a function of a seed that is a tensor.
//!
//! A compiled program is the same at every step, so its random numbers must follow from an input.
//! [`RandomKey`] is such an input: the state of a counter-based generator in integer tensor
//! operations. A key gives the same numbers on every device, however often and in whatever order they
//! are drawn. Dropout, stochastic depth and mixup draw from keys.
//!
//! The generator hashes key and counter on 31 bits, by multiplications and shifts. Every step of the
//! hash is a bijection of the counter, so that one draw never repeats a value. It is meant for
//! augmentation and regularisation, not for cryptography.

use burn::tensor::{Device, Int, Shape, Tensor};
use burn_trace::{Leaves, TensorTree, TreeError, Visitor, materialize_int};

/// All values of the hash have 31 bits, so that they are not negative in an `i32` either.
const MASK: i64 = 0x7fff_ffff;

/// A seed on a device, of which random tensors are functions.
///
/// ```
/// use burn::tensor::Device;
/// use vit22b::RandomKey;
///
/// let key = RandomKey::new(7, &Device::flex());
/// let (a, b) = (key.fold_in(0).uniform::<2>([2, 3]), key.fold_in(1).uniform::<2>([2, 3]));
/// assert_ne!(a.to_data(), b.to_data());
/// assert_eq!(a.to_data(), key.fold_in(0).uniform::<2>([2, 3]).to_data());
/// ```
#[derive(Debug, Clone)]
pub struct RandomKey {
    state: Tensor<1, Int>,
}

impl RandomKey {
    /// The key of a seed.
    pub fn new(seed: u64, device: &Device) -> Self {
        let low = (seed as i64) & MASK;
        let high = ((seed >> 31) as i64) & MASK;
        let key = Self { state: Tensor::from_ints([low], device) };
        if high == 0 { key } else { key.fold_in_tensor(Tensor::from_ints([high], device)) }
    }

    /// The key of a seed that is a tensor of one non-negative element.
    pub fn from_tensor(seed: Tensor<1, Int>) -> Self {
        Self { state: seed.bitwise_and_scalar(MASK) }
    }

    /// The key as a tensor of one element, of which [`from_tensor`](Self::from_tensor) makes it again.
    pub fn to_tensor(&self) -> Tensor<1, Int> {
        self.state.clone()
    }

    pub(crate) fn state(&self) -> &Tensor<1, Int> {
        &self.state
    }

    pub(crate) fn with_state(&self, state: Tensor<1, Int>) -> Self {
        Self { state }
    }

    /// An independent key for the `index`-th use of this one.
    pub fn fold_in(&self, index: usize) -> Self {
        Self::folded(hash(hash(self.state.clone().add_scalar(1 + index as i64))))
    }

    /// An independent key for a number that is a tensor of one non-negative element, such as the number
    /// of a step.
    pub fn fold_in_tensor(&self, index: Tensor<1, Int>) -> Self {
        let mixed = hash(self.state.clone()).bitwise_xor(index.add_scalar(1));
        Self::folded(hash(hash(mixed)))
    }

    /// A compiled program computes each key once. Inside the kernels that draw from it the hashes of a key that is folded
    /// in several times take XLA's compiler for the CPU hours.
    fn folded(state: Tensor<1, Int>) -> Self {
        Self { state: materialize_int(state) }
    }

    /// Numbers in [0, 1), multiples of 2⁻²⁴.
    pub fn uniform<const D: usize>(&self, shape: impl Into<Shape>) -> Tensor<D> {
        let shape = shape.into();
        let device = self.state.device();
        let counter = Tensor::<1, Int>::arange(0..shape.num_elements() as i64, &device);
        let bits =
            hash(hash(counter.bitwise_xor(hash(self.state.clone()))).add(self.state.clone()));
        let bits = bits.bitwise_right_shift_scalar(7);
        (bits.float() * (1.0 / (1 << 24) as f64)).reshape(shape)
    }

    /// Ones with probability `probability`, else zeros.
    pub fn bernoulli<const D: usize>(
        &self,
        probability: f64,
        shape: impl Into<Shape>,
    ) -> Tensor<D> {
        self.uniform(shape).lower_scalar(probability).float()
    }

    /// Sets each element to zero with probability `rate`, and scales the others by `1 / (1 - rate)`.
    pub fn dropout<const D: usize>(&self, input: Tensor<D>, rate: f64) -> Tensor<D> {
        let shape = input.shape();
        self.drop(input, rate, shape)
    }

    /// As [`dropout`](Self::dropout), for all elements of an entry of the first axis together, as in
    /// stochastic depth.
    pub fn drop_path<const D: usize>(&self, input: Tensor<D>, rate: f64) -> Tensor<D> {
        let mut shape = [1; D];
        shape[0] = input.dims()[0];
        self.drop(input, rate, shape.into())
    }

    /// As [`drop_path`](Self::drop_path), with a rate that is a tensor of one element.
    pub fn drop_path_at<const D: usize>(&self, input: Tensor<D>, rate: Tensor<1>) -> Tensor<D> {
        let mut shape = [1; D];
        shape[0] = input.dims()[0];
        let keep = rate.neg().add_scalar(1.0).reshape([1; D]);
        let kept = self.uniform::<D>(shape).lower(keep.clone().expand(shape)).float() / keep;
        let dtype = input.dtype();
        input * kept.cast(dtype)
    }

    fn drop<const D: usize>(&self, input: Tensor<D>, rate: f64, mask: Shape) -> Tensor<D> {
        if rate == 0.0 {
            return input;
        }
        let keep = self.bernoulli::<D>(1.0 - rate, mask) * (1.0 / (1.0 - rate));
        let dtype = input.dtype();
        input * keep.cast(dtype)
    }
}

impl TensorTree for RandomKey {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        TensorTree::visit(self.state(), visitor);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(self.with_state(self.state().rebuild(leaves)?))
    }
}

/// A bijection of 31-bit integers that sends neighbours far apart.
fn hash(x: Tensor<1, Int>) -> Tensor<1, Int> {
    // 31-bit odd multipliers: the products fit an i64, and where an i32 wraps, its low 31 bits,
    // all that is kept, are the same.
    let x = xor_shift(x.bitwise_and_scalar(MASK), 15);
    let x = x.mul_scalar(0x2c1b_3c6d_i64).bitwise_and_scalar(MASK);
    let x = xor_shift(x, 12);
    let x = x.mul_scalar(0x297a_2d39_i64).bitwise_and_scalar(MASK);
    xor_shift(x, 15)
}

fn xor_shift(x: Tensor<1, Int>, by: i64) -> Tensor<1, Int> {
    let shifted = x.clone().bitwise_right_shift_scalar(by);
    x.bitwise_xor(shifted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(key: &RandomKey, n: usize) -> Vec<f32> {
        key.uniform::<1>([n]).into_data().try_to_vec().unwrap()
    }

    #[test]
    fn draws_are_uniform_and_uncorrelated() {
        let n = 1 << 16;
        for seed in [0, 1, 2, u64::MAX] {
            let x = draw(&RandomKey::new(seed, &Device::flex()), n);
            assert!(x.iter().all(|x| (0.0..1.0).contains(x)));
            // 64 cells of 1,024 expected: chi-square has mean 63 and standard deviation 11.2.
            let mut cells = [0.0f64; 64];
            x.iter().for_each(|x| cells[(x * 64.0) as usize] += 1.0);
            let chi_square: f64 = cells.iter().map(|c| (c - 1024.0).powi(2) / 1024.0).sum();
            assert!(chi_square < 63.0 + 5.0 * 11.2, "seed {seed}: {chi_square}");
            // Neighbours and values 64 apart: the standard deviation of r is 1 / √n = 0.004.
            for lag in [1, 2, 64] {
                let r: f64 = x
                    .iter()
                    .zip(&x[lag..])
                    .map(|(a, b)| f64::from((a - 0.5) * (b - 0.5)))
                    .sum::<f64>()
                    / (n as f64 / 12.0);
                assert!(r.abs() < 0.02, "seed {seed}, lag {lag}: {r}");
            }
        }
    }

    #[test]
    fn keys_folded_in_are_independent() {
        let key = RandomKey::new(3, &Device::flex());
        let n = 1 << 14;
        let keys: Vec<_> = (0..4)
            .map(|i| key.fold_in(i))
            .chain([key.clone(), RandomKey::new(4, &Device::flex())])
            .collect();
        let draws: Vec<_> = keys.iter().map(|key| draw(key, n)).collect();
        for (i, a) in draws.iter().enumerate() {
            for b in &draws[..i] {
                let r: f64 =
                    a.iter().zip(b).map(|(a, b)| f64::from((a - 0.5) * (b - 0.5))).sum::<f64>()
                        / (n as f64 / 12.0);
                assert!(r.abs() < 0.04, "{r}");
            }
        }
    }

    #[test]
    fn dropout_keeps_the_mean() {
        let device = Device::flex();
        let key = RandomKey::new(1, &device);
        let x = key.dropout(Tensor::<2>::ones([100, 100], &device), 0.3);
        let values: Vec<f32> = x.into_data().try_to_vec().unwrap();
        assert!(values.iter().all(|v| *v == 0.0 || (*v - 1.0 / 0.7).abs() < 1e-6));
        let mean = values.iter().sum::<f32>() / 1e4;
        assert!((mean - 1.0).abs() < 0.03, "{mean}");
        let paths = key.drop_path(Tensor::<2>::ones([50, 4], &device), 0.5);
        let rows: Vec<f32> = paths.into_data().try_to_vec().unwrap();
        assert!(rows.chunks(4).all(|row| row.iter().all(|v| *v == row[0])));
        assert!(rows.contains(&0.0) && rows.contains(&2.0));
        let rate = Tensor::from_floats([0.5], &device);
        let paths = key.drop_path_at(Tensor::<2>::ones([50, 4], &device), rate);
        assert_eq!(paths.into_data().try_to_vec::<f32>().unwrap(), rows);
    }
}
