//! Burn's public operations on a remote device, beside its CPU backend.

use anyhow::{Result, ensure};
use burn::tensor::activation as act;
use burn::tensor::module;
use burn::tensor::ops::{ConvOptions, InterpolateMode, InterpolateOptions, PadMode};
use burn::tensor::{Bool, DType, Device, Float, IndexingUpdateOp, Int, Tensor, TensorData, s};

use super::compare::compare;
use super::{remote, turn};

type Later = Box<dyn FnOnce() -> TensorData>;

/// Results by name, which nobody has read yet: all of them are one graph.
#[derive(Default)]
struct Results(Vec<(String, Later)>);

/// A tensor of any kind and rank.
trait Read {
    fn later(self) -> Later;
}

macro_rules! read {
    ($($kind:ty),+) => { $(
        impl<const D: usize> Read for Tensor<D, $kind> {
            fn later(self) -> Later {
                Box::new(move || self.into_data())
            }
        }
    )+ };
}

read!(Float, Int, Bool);

/// Puts results in, each under the code that computes it.
macro_rules! put {
    ($results:ident, $case:expr; $($tensor:expr),+ $(,)?) => { $(
        $results.0.push((format!("{} of {:?}", stringify!($tensor), $case), $tensor.later()));
    )+ };
}

/// Numbers in -2..2 that are no fractions of small powers of two.
fn numbers(count: usize, salt: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 37 + salt * 11) % 101) as f32 / 25.5 - 1.97).collect()
}

fn floats<const D: usize>(
    dims: [usize; D],
    salt: usize,
    (device, dtype): (&Device, DType),
) -> Tensor<D> {
    let data = TensorData::new(numbers(dims.iter().product(), salt), dims).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}

fn ints<const D: usize>(
    values: &[i32],
    dims: [usize; D],
    device: &Device,
    dtype: DType,
) -> Tensor<D, Int> {
    let data = TensorData::new(values.to_vec(), dims).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}

fn check(sweep: impl Fn(&Device, &mut Results)) {
    let _turn = turn();
    let mut sides = [Device::flex(), remote(10)].map(|device| {
        let mut results = Results::default();
        sweep(&device, &mut results);
        results.0.into_iter()
    });
    let [expected, got] = &mut sides;
    let (mut wrong, mut count) = (Vec::new(), 0);
    for ((name, want), (_, got)) in expected.zip(got) {
        count += 1;
        if let Err(error) = agree(want(), got()) {
            wrong.push(format!("{name}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether the answers are equal, within what both sides promise.
fn agree(want: TensorData, got: TensorData) -> Result<()> {
    if got.dtype() == DType::BF16 {
        // XLA keeps what one kernel computes in f32: a rounding or two less than operation by
        // operation.
        const ROUNDINGS: f32 = 2. / 128.;
        let values = |data: &TensorData| data.clone().convert_dtype(DType::F32).try_to_vec::<f32>();
        let (want, got) = (values(&want)?, values(&got)?);
        for (want, got) in want.iter().zip(got) {
            let allowed = ROUNDINGS * want.abs().max(0.25);
            let same = (want.is_nan() && got.is_nan()) || (want - got).abs() <= allowed;
            ensure!(same || *want == got, "{want}, got {got}");
        }
        return Ok(());
    }
    // Burn's CPU backend gives some indices as i64, whatever the operation declares.
    let is_index = want.dtype() == DType::I64;
    compare(&if is_index { want.convert_dtype(got.dtype()) } else { want }, &got)
}

#[test]
fn float_operations() {
    check(|device, r| {
        for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16] {
            let of = |salt| floats([3, 4], salt, (device, dtype));
            let (x, y) = (|| of(0), || of(5));
            let positive = || x().abs() + 0.5;
            let unit = || x() / 2.5;
            let index = || ints(&[2, 0, 1], [3], device, DType::I32);
            let places = || ints(&[0, 3, 1, 1, 2, 0], [3, 2], device, DType::I32);
            let mask = || x().greater(y());
            put!(r, dtype;
                x() + y(), x() - y(), x() * y(), x() / y(), x() + 0.3, x() - 0.3, x() * 0.3, x() / 0.3,
                x().remainder(y()), x().remainder_scalar(0.7), -x(), x().sign(), x().abs(),
                x().sum(), x().mean(), x().sum_dim(1), x().mean_dim(0), x().prod_dim(1),
                unit().cumsum(1), unit().cumprod(0), x().triu(0), x().tril(-1),
                positive().powf(y()), positive().powf_scalar(0.3), x().powi_scalar(3),
                x().exp(), positive().log(), unit().log1p(), positive().sqrt(), positive().recip(),
                x().cos(), x().sin(), unit().tan(), x().tanh(), x().cosh(), x().sinh(),
                unit().acos(), unit().asin(), x().atan(), x().atan2(y()), unit().erf(),
                x().round(), x().floor(), x().ceil(), x().square(), x().var(1),
                x().is_nan(), (x() / 0.0).is_inf(), x().cast(DType::F32), x().int(),
                x().max(), x().min(), x().max_dim(1), x().min_dim(0), x().argmax(1), x().argmin(0),
                x().max_pair(y()), x().min_pair(y()), x().clamp(-0.5, 0.5), x().clamp_min(0.1),
                x().sort(1), x().argsort_descending(0), x().topk(2, 1),
                x().greater(y()), x().lower_equal(y()), x().equal(x()), x().not_equal(y()),
                x().greater_scalar(0.2), x().lower_scalar(0.2), x().equal_scalar(0.5),
                x().reshape([2, 6]), x().transpose(), x().flip([0, 1]), x().repeat_dim(0, 2),
                x().unsqueeze::<3>().expand([2, 3, 4]), x().slice(s![1..3, ..2]),
                x().slice(s![.., ..;2]), x().slice_assign(s![0..2, 1..3], y().slice(s![1..3, 0..2])),
                x().select(0, index()), x().select_assign(0, index(), y(), IndexingUpdateOp::Add),
                x().gather(1, places()), Tensor::cat(vec![x(), y()], 1),
                x().scatter(1, places(), y().slice(s![.., ..2]), IndexingUpdateOp::Add),
                x().mask_fill(mask(), 7.5), x().mask_where(mask(), y()), x().pad((1, 2, 0, 1), PadMode::Constant(0.5)),
                x().roll_dim(1, 0), x().unfold::<3, _>(1, 2, 1),
                Tensor::<2>::full([2, 2], 1.5, (device, dtype)),
                Tensor::<2>::zeros([2, 2], (device, dtype)),
                Tensor::<2>::ones([2, 2], (device, dtype)),
            );
        }
        let x = || floats([2, 5, 7], 1, (device, DType::F32));
        let w = || floats([2, 7, 3], 4, (device, DType::F64)).cast(DType::F32);
        put!(r, "a batch"; x().matmul(w()), x().swap_dims(0, 2), x().permute([2, 0, 1]));
    });
}

#[test]
fn int_and_bool_operations() {
    check(|device, r| {
        let signed = [DType::I64, DType::I32, DType::I16, DType::I8];
        let unsigned = [DType::U64, DType::U32, DType::U16, DType::U8];
        for dtype in signed.into_iter().chain(unsigned) {
            let sign = if signed.contains(&dtype) { -1 } else { 1 };
            let x = || ints(&[3, 9, 5 * sign, 0, 7, 2 * sign], [2, 3], device, dtype);
            let y = || ints(&[2, 4, 3, 1, 6, 5], [2, 3], device, dtype);
            let index = || ints(&[1, 0, 1], [3], device, DType::I32);
            let mask = || x().greater(y());
            put!(r, dtype;
                x() + y(), x() * y(), x() / y(), x().remainder(y()), x() + 3, x() * 3, x() / 3,
                x().remainder_scalar(4), x().abs(), x().sum(), x().sum_dim(0), x().prod_dim(1),
                x().cumsum(1), x().powi_scalar(2), x().max_dim(1), x().argmax(0), x().min(),
                x().clamp(1, 6), x().max_pair(y()), x().sort(1), x().argsort(1),
                x().bitwise_and(y()), x().bitwise_or_scalar(8), x().bitwise_xor(y()),
                x().bitwise_left_shift_scalar(1), x().bitwise_right_shift(y()),
                x().greater_equal(y()), x().equal(y()), x().equal_scalar(9), x().lower_scalar(4),
                x().transpose(), x().flip([1]), x().repeat_dim(1, 2), x().slice(s![.., 1..]),
                x().select(1, index()), Tensor::cat(vec![x(), y()], 0), x().mask_fill(mask(), 4),
                x().mask_where(mask(), y()), x().float(), x().bool(),
            );
        }
        let a = || Tensor::<2, Bool>::from_bool([[true, false], [true, true]], device);
        let b = || Tensor::<2, Bool>::from_bool([[false, false], [true, false]], device);
        put!(r, "bool";
            a().bool_and(b()), a().bool_or(b()), a().bool_xor(b()), a().bool_not(), a().any(),
            a().all(), a().any_dim(1), a().all_dim(0), a().int(), a().float(), a().equal(b()),
            a().transpose(), Tensor::cat(vec![a(), b()], 1), a().slice(s![1.., ..]),
            Tensor::<1, Int>::arange(2..9, device), Tensor::<2, Bool>::triu_mask([3, 3], 1, device),
        );
    });
}

#[test]
fn module_operations_and_gradients() {
    check(|device, r| {
        let at = (device, DType::F32);
        let image = || floats([2, 4, 6, 6], 1, at);
        let kernel = || floats([6, 2, 3, 3], 2, at);
        let options = || ConvOptions::new([2, 1], [1, 1], [1, 1], 2);
        let (x, w) = (|| floats([3, 8], 3, at), || floats([8, 5], 4, at));
        let (scale, bias) = (|| floats([8], 5, at), || floats([5], 6, at));
        let resize = || InterpolateOptions::new(InterpolateMode::Bilinear).with_output_size([9, 4]);
        let q = |salt| floats([2, 2, 5, 4], salt, at);
        let tokens = || ints(&[1, 4, 7, 0], [2, 2], device, DType::I32);
        put!(r, "modules";
            module::conv2d(image(), kernel(), None, options()),
            module::linear(x(), w(), Some(bias())),
            module::layer_norm(x(), scale(), Some(scale()), 1e-5),
            module::embedding(w(), tokens()),
            module::interpolate(image(), resize()),
            module::adaptive_avg_pool2d(image(), [2, 3]),
            module::attention(q(1), q(2), q(3), None, None, Default::default()),
            act::relu(x()), act::gelu(x()), act::softmax(x(), 1), act::log_softmax(x(), 0),
            act::sigmoid(x()), act::log_sigmoid(x()), act::silu(x()), act::mish(x()),
            act::leaky_relu(x(), 0.1), act::softplus(x(), 1.5), act::hard_sigmoid(x(), 0.2, 0.5),
        );

        // A small network through all of it.
        let device = device.clone().autodiff();
        let at = (&device, DType::F32);
        let leaf = |dims, salt| floats::<4>(dims, salt, at).require_grad();
        let (image, kernel) = (leaf([2, 4, 6, 6], 1), leaf([6, 2, 3, 3], 2));
        let weight = floats([108, 5], 7, at).require_grad();
        let scale = floats([108], 8, at).require_grad();
        let hidden = module::conv2d(image.clone(), kernel.clone(), None, options());
        let hidden = act::gelu(hidden).reshape([2, 108]);
        let hidden = module::layer_norm(hidden, scale.clone(), None, 1e-5);
        let logits = act::log_softmax(hidden.matmul(weight.clone()), 1);
        let classes = ints(&[3, 1], [2, 1], &device, DType::I32);
        let gradients = logits.gather(1, classes).mean().neg().backward();
        put!(r, "a loss"; image.grad(&gradients).unwrap(), kernel.grad(&gradients).unwrap(),
            weight.grad(&gradients).unwrap(), scale.grad(&gradients).unwrap());
    });
}
